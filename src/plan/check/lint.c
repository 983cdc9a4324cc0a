/* plan_lint(): for `compose lint`, beside the checks of an `up`: what is assumed where the files
 * say nothing, and what looks like a secret in clear.
 *
 * An assumption is a note with what to write to have it said: the project's name, the size,
 * platform and count of a task, the version of an image, config that the store must hold. Each has
 * a rule of its own. What both say is sorted by its place in the files. */
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/secrets.h"
#include "compose/diag.h"
#include "data/strmap.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include <string.h>

static void assume_name(struct plan_check *c)
{
    if (!c->p->name_assumed)
        return;
    c->diag.rule = "assumed project name";
    plan_note(
        &c->diag,
        c->p->root ? c->p->root->pos : (struct yaml_pos){0},
        arena_printf(c->a, "Write name: %s at the top, or give -p.", c->p->name),
        "the project is called %s, as its folder is: another folder would be another project",
        c->p->name);
}

/* Size, platform and count of a task: one line for all that is not said. */
static void assume_task(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_service *x = s->s;
    cleanup_str struct str what = STR_INIT, mend = STR_INIT;

    const struct {
        bool said;
        const char *what, *mend;
    } rows[] = {
        {x->platform || x->build.platform_count, "linux/amd64", "platform"},
        {s->vcpus > 0,
         "the least vCPU that its memory allows",
         "deploy.resources.reservations.cpus"},
        {x->deploy.present && x->deploy.replicas >= 0, "one replica", "deploy.replicas"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!rows[i].said) {
            str_appendf(&what, "%s%s", what.len ? ", " : "", rows[i].what);
            str_appendf(&mend, "%s%s", mend.len ? ", " : "Say ", rows[i].mend);
        }
    if (!what.len)
        return;
    str_append_char(&mend, '.');
    c->diag.rule = "assumed task";
    plan_note(
        &c->diag,
        x->pos,
        str_get(&mend),
        "service %s: not said, and so assumed: %s",
        x->name,
        str_get(&what));
}

static void assume_version(struct plan_check *c, const struct plan_service *s)
{
    const char *image = s->s->image;
    const char *slash = image ? strrchr(image, '/') : NULL;

    if (!image || plan_builds_image(s->s) || strpbrk(slash ? slash : image, ":@"))
        return;
    c->diag.rule = "assumed image version";
    plan_note(
        &c->diag,
        s->s->pos,
        "Name a version, or a digest.",
        "service %s: image %s names no version: latest is taken, whatever that is on the day",
        s->s->name,
        image);
}

static void assume_config(struct plan_check *c, struct strmap *seen, const struct compose_text *t)
{
    for (const struct compose_part *p = t->first; p; p = p->next) {
        if (!p->is_config || strmap_get(seen, p->text))
            continue;
        strmap_put(c->a, seen, p->text, 1);
        c->diag.rule = "assumed config";
        plan_note(
            &c->diag,
            t->pos,
            arena_printf(c->a, "Before `defangctl up`, run: defangctl config set %s", p->text),
            "%s is drawn from the config store, because nothing here defines it",
            p->text);
    }
}

static void assume(struct plan_check *c)
{
    struct strmap seen = {0};

    assume_name(c);
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];

        if (s->kind == PLAN_CONTAINER) {
            assume_task(c, s);
            assume_version(c, s);
        }
        for (size_t k = 0; k < s->s->environment_count; k++)
            assume_config(c, &seen, &s->s->environment[k].value);
        for (size_t k = 0; k < s->s->build.arg_count; k++)
            assume_config(c, &seen, &s->s->build.args[k].value);
    }
}

/* The search for secrets says more of a place than the check of an `up` does. */
static void drop_twice_said(struct compose_diagnostics *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->len; i++)
        if (!text_eq(d->items[i].rule, PLAN_RULE_SECRET))
            d->items[kept++] = d->items[i];
    d->len = kept;
}

int plan_lint(
    const struct compose_project *p,
    const struct plan_settings *s,
    struct compose_diagnostics *d,
    struct error *err)
{
    int rc = plan_bound(p, d, err);
    if (rc < 0)
        return rc;

    cleanup_arena struct arena *a = arena_new();
    struct plan_check c = {.p = p, .s = s, .a = a, .diag = {.d = d, .err = err}};

    rc = plan_check(p, s, d, err);
    plan_view_make(a, p, &c.v);
    drop_twice_said(d);
    secrets_find(p, d);
    assume(&c);
    diag_sort(d);
    return rc;
}
