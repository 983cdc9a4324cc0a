/* What is said of names (view/aliases.c) before anything is planned; part of plan_check().
 *
 * Noted: a service that is called otherwise on AWS, with the number of values that were written
 * anew, one note for each; a name that several services share. Warned of: a name that another
 * service has, a name without a record that no value shows, and a value that names a service which
 * cannot be reached from there. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/rewrite.h"
#include "plan/network/network.h"
#include <string.h>

struct notes {
    struct arena *a;
    const struct plan_view *v;
    struct plan_diag *g;
    unsigned *values; /* for each alias: in how many values it is written otherwise */
    bool *counted;    /* for each alias: in the value that is looked at now */

    /* The value that is looked at now. */
    const struct plan_service *asker;
    const char *where;
    struct yaml_pos pos;
};

static const char *kind_of(const struct plan_alias *alias)
{
    switch (alias->called) {
    case PLAN_CALLED_CONTAINER:
        return "container_name";
    case PLAN_CALLED_HOST:
        return "hostname";
    case PLAN_CALLED_LINK:
        return "link";
    case PLAN_CALLED_SERVICE:
    case PLAN_CALLED_IMPLIED:
    case PLAN_CALLED_ALIAS:
        break;
    }
    return "alias";
}

/* ---- values ---- */

static void cannot_reach(struct notes *n, const struct plan_service *of)
{
    const struct plan_service *task = plan_task_of(of);
    const char *name = of->s->name;
    const char *hint = "Put both on one network.", *why = "and they share no network";

    if (of->once) {
        hint = "Let it run on, or wait for its end with depends_on.";
        why = "which runs once and has no address";
    } else if (of->kind == PLAN_STATIC) {
        hint = "Name its public address.";
        why = "which is files and has no address in the VPC";
    } else if (of->kind == PLAN_SIDECAR && task == plan_task_of(n->asker)) {
        hint = "Name localhost: both are in one task.";
        why = "which has no address of its own";
    } else if (of->kind == PLAN_SIDECAR) {
        hint = arena_printf(n->a, "Name %s: it has the address of that service.", task->s->name);
        why = "which has no address of its own";
    }
    plan_warn(
        n->g,
        n->pos,
        hint,
        "service %s: %s names service %s, %s",
        n->asker->s->name,
        n->where,
        name,
        why);
}

static void see(void *arg, const struct plan_name_use *use)
{
    struct notes *n = arg;
    size_t i = (size_t)(use->name - n->v->aliases);
    const struct plan_service *of = use->name->of;
    bool itself = plan_task_of(of) == of && of == n->asker;
    bool reached = itself || (plan_has_name(of) && plan_share_network(of, n->asker));

    if (n->counted[i])
        return;
    n->counted[i] = true;
    n->values[i] += use->written != NULL;
    if (!reached && use->sure)
        cannot_reach(n, of);
}

static void look(struct notes *n, const struct plan_value *of, const struct compose_part *first)
{
    plan_names_in(n->a, n->v, of, first, see, n);
}

static void begin_value(struct notes *n, const char *where, struct yaml_pos pos)
{
    memset(n->counted, 0, n->v->alias_count * sizeof *n->counted);
    n->where = where;
    n->pos = pos;
}

static void look_at_words(
    struct notes *n,
    const char *where,
    const char **words,
    const struct compose_text *texts,
    size_t count)
{
    if (!count)
        return;

    begin_value(n, where, texts ? texts[0].pos : n->asker->s->pos);
    for (size_t i = 0; i < count; i++) {
        struct compose_part part = {.text = words[i]};
        struct plan_value of = {.asker = n->asker, .before = i ? words[i - 1] : NULL};
        look(n, &of, &part);
    }
}

static void look_at_variables(struct notes *n, const struct compose_env *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct compose_env *e = &list[i];
        struct plan_value of = {.asker = n->asker, .variable = e->name};

        if (e->is_null || text_empty(e->name))
            continue;
        begin_value(n, e->name, e->value.pos);
        look(n, &of, e->value.first);
    }
}

static void look_at_service(struct notes *n, const struct plan_service *s)
{
    const struct compose_service *x = s->s;

    if (!plan_is_task(s))
        return;
    n->asker = s;
    look_at_variables(n, x->environment, x->environment_count);
    if (plan_builds_image(x))
        look_at_variables(n, x->build.args, x->build.arg_count);
    look_at_words(n, "its command", x->command, x->command_texts, x->command_count);
    look_at_words(n, "its entrypoint", x->entrypoint, x->entrypoint_texts, x->entrypoint_count);
}

/* ---- names ---- */

static const char *times(struct arena *a, unsigned values)
{
    return values == 1 ? "1 value" : arena_printf(a, "%u values", values);
}

static void tell_service(struct notes *n, const struct plan_alias *alias, unsigned values)
{
    const struct plan_service *s = alias->of;

    if (!plan_has_name(s) || text_eq_nocase(alias->text, s->label))
        return;
    plan_note(
        n->g,
        alias->pos,
        alias->record ? NULL : "What files in images name is not seen.",
        "service %s is %s on AWS; %s rewritten",
        s->s->name,
        s->label,
        times(n->a, values));
}

static void tell_taken(struct notes *n, const struct plan_alias *alias)
{
    const struct plan_service *other = alias->taken;
    bool together = plan_share_network(other, alias->of);
    bool own = text_eq_nocase(other->label, alias->text) || text_eq(other->s->name, alias->text);

    if (own && together && alias->called != PLAN_CALLED_LINK)
        plan_warn(
            n->g,
            alias->pos,
            "Choose another name.",
            "service %s: the %s %s is the name of service %s, which keeps it",
            alias->of->s->name,
            kind_of(alias),
            alias->text,
            other->s->name);
    else
        plan_warn(
            n->g,
            alias->pos,
            "Choose another name, if a file in an image has it.",
            "service %s: the %s %s leads to %s where files name it; variables and commands that "
            "mean %s are written so",
            alias->of->s->name,
            kind_of(alias),
            alias->text,
            other->s->name,
            alias->of->label);
}

static void tell_unfit(struct notes *n, const struct plan_alias *alias, unsigned values)
{
    if (values)
        plan_note(
            n->g,
            alias->pos,
            "What files in images name is not seen.",
            "service %s: the %s %s cannot be a name in the VPC; %s rewritten to %s",
            alias->of->s->name,
            kind_of(alias),
            alias->text,
            times(n->a, values),
            alias->of->label);
    else
        plan_warn(
            n->g,
            alias->pos,
            arena_printf(n->a, "Call it %s.", alias->of->label),
            "service %s: the %s %s cannot be a name in the VPC and leads nowhere",
            alias->of->s->name,
            kind_of(alias),
            alias->text);
}

static void tell_rewritten(struct notes *n, const struct plan_alias *alias, unsigned values)
{
    if (alias->called == PLAN_CALLED_IMPLIED)
        plan_note(
            n->g,
            alias->pos,
            NULL,
            "service %s: its container's name in Compose, %s, is %s on AWS; %s rewritten",
            alias->of->s->name,
            alias->text,
            alias->of->label,
            times(n->a, values));
    else
        plan_note(
            n->g,
            alias->pos,
            NULL,
            "service %s: the %s %s is %s on AWS; %s rewritten",
            alias->of->s->name,
            kind_of(alias),
            alias->text,
            alias->of->label,
            times(n->a, values));
}

static void tell(struct notes *n, const struct plan_alias *alias, unsigned values)
{
    /* A hostname is the container's own first of all; nobody need call it by that. */
    bool silent = alias->called == PLAN_CALLED_HOST || alias->called == PLAN_CALLED_IMPLIED;

    if (alias->called == PLAN_CALLED_SERVICE)
        tell_service(n, alias, values);
    else if (alias->taken)
        tell_taken(n, alias);
    else if (alias->shared)
        plan_note(
            n->g,
            alias->pos,
            NULL,
            "services %s and %s are both %s: whoever asks gets one of them at random",
            alias->shared->of->s->name,
            alias->of->s->name,
            alias->text);
    else if (alias->unfit && alias->called != PLAN_CALLED_IMPLIED && !(silent && !values))
        tell_unfit(n, alias, values);
    else if (values && !n->v->suffix)
        tell_rewritten(n, alias, values);
}

/* The same name on two networks of a service is said once. */
static bool said_before(const struct plan_view *v, size_t at)
{
    const struct plan_alias *alias = &v->aliases[at];

    for (size_t i = 0; i < at; i++)
        if (v->aliases[i].of == alias->of && text_eq_nocase(v->aliases[i].text, alias->text))
            return true;
    return false;
}

void plan_name_notes(struct arena *a, const struct plan_view *v, struct plan_diag *g)
{
    struct notes n = {
        .a = a,
        .v = v,
        .g = g,
        .values = arena_array(a, unsigned, v->alias_count + 1),
        .counted = arena_array(a, bool, v->alias_count + 1)};

    for (size_t i = 0; i < v->count; i++)
        look_at_service(&n, &v->services[i]);
    for (size_t i = 0; i < v->alias_count; i++)
        if (!said_before(v, i))
            tell(&n, &v->aliases[i], n.values[i]);
}
