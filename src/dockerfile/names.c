/* Variables: ARG before FROM, ARG and ENV of a stage, arguments that the build was given; and what
 * is said when a name is used that nothing sets.
 *
 * The mistakes that people make: an ARG before the first FROM counts for FROM lines only, and in a
 * stage it has to be declared again; TARGETARCH has to be declared as any other; an argument is
 * given that no ARG takes. What the image below brings along is not known here, so names that such
 * images set (PATH, NODE_VERSION, JAVA_HOME) are left alone. */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <ctype.h>
#include <string.h>

struct look {
    const struct dockerfile_scope *scope;
};

static int look_up(void *arg, const char *name, const char **value)
{
    const struct look *l = arg;
    const struct dockerfile_var *var = dockerfile_scope_get(l->scope, name);

    if (!var)
        return DOCKERFILE_UNSET;
    *value = var->value;
    return var->value ? DOCKERFILE_SET : DOCKERFILE_UNKNOWN;
}

static const struct dockerfile_arg *given(const struct dockerfile_judge *j, const char *name)
{
    for (size_t i = j->b->arg_count; i-- > 0;)
        if (strcmp(j->b->args[i].name, name) == 0)
            return &j->b->args[i];
    return NULL;
}

static bool often_set_below(const char *name)
{
    static const char *const ends[] = {
        "PATH",
        "HOME",
        "_VERSION",
        "_DIR",
        "_ROOT",
        "_HOME",
        "LANG",
        "USER",
        "SHELL",
        "PGDATA",
        "HOSTNAME",
        "TERM",
        "PWD",
        "_FLAGS",
        "_OPTS",
        "_ENV",
        NULL};

    for (const char *const *e = ends; *e; e++)
        if (text_ends(name, *e))
            return true;
    return text_starts(name, "LC_") || !isalpha((unsigned char)*name);
}

/* Once for each name in the whole file, unless it is about another line's mistake. */
static bool already_said(const struct dockerfile_judge *j, const char *message)
{
    for (size_t i = 0; i < j->f->len; i++)
        if (strcmp(j->f->items[i].message, message) == 0)
            return true;
    return false;
}

static void tell_unset(
    struct dockerfile_judge *j,
    const struct dockerfile_scope *s,
    const struct dockerfile_instruction *in,
    const char *name)
{
    const char *message, *hint = arena_printf(j->a, "Write ARG %s in this stage.", name);

    if (dockerfile_platform_arg(name))
        message = arena_printf(j->a, "%s is empty here: the stage does not declare it", name);
    else if (dockerfile_scope_get(&j->global, name))
        message =
            arena_printf(j->a, "%s is empty here: an ARG before FROM counts for FROM alone", name);
    else if (given(j, name))
        message = arena_printf(
            j->a, "%s is empty here: it is given to the build, but no ARG takes it", name);
    else if (s->open && often_set_below(name))
        return;
    else {
        message = arena_printf(
            j->a,
            "%s is declared by no ARG and no ENV%s",
            name,
            s->open ? ": unless the image below sets it, it is empty" : ", and so it is empty");
        hint = arena_printf(j->a, "Write ARG %s or ENV %s=… before it.", name, name);
    }

    if (!already_said(j, message))
        dockerfile_say(
            j->f, DOCKERFILE_WARNING, in->line, "undeclared-variable", hint, "%s", message);
}

static bool expand(
    struct dockerfile_judge *j,
    const struct dockerfile_scope *s,
    unsigned line,
    const char *text,
    struct dockerfile_expanded *out)
{
    struct look l = {.scope = s};
    struct dockerfile_expand e = {.escape = j->d->escape, .lookup = look_up, .arg = &l};
    const char *problem = NULL;

    if (dockerfile_expand(j->a, &e, text, out, &problem) == 0)
        return true;
    dockerfile_say(
        j->f,
        DOCKERFILE_ERROR,
        line,
        "variables",
        "Mend the quotes or the ${…}; a dollar that is none is written \\$.",
        "%.120s: %s",
        text,
        problem);

    return false;
}

bool dockerfile_expand_in(
    struct dockerfile_judge *j,
    const struct dockerfile_scope *s,
    const struct dockerfile_instruction *in,
    const char *text,
    struct dockerfile_expanded *out)
{
    if (!expand(j, s, in->line, text, out))
        return false;
    for (size_t i = 0; i < out->unset.len; i++)
        tell_unset(j, s, in, out->unset.items[i]);
    out->unknown = out->unknown || (out->unset.len && s->open);

    return true;
}

/* "NAME=default" or "NAME". */
static void declare_one(
    struct dockerfile_judge *j,
    struct dockerfile_scope *s,
    const struct dockerfile_instruction *in,
    const char *text)
{
    bool global = s == &j->global;
    const char *equals = strchr(text, '=');
    const char *name = equals ? arena_strndup(j->a, text, (size_t)(equals - text)) : text;
    const struct dockerfile_arg *argument = given(j, name);
    const struct dockerfile_var *above = global ? NULL : dockerfile_scope_get(&j->global, name);
    struct dockerfile_expanded value;

    if (argument) {
        dockerfile_scope_set(j->a, s, name, argument->value, false);
    } else if (equals) {
        bool ok = global ? expand(j, s, in->line, equals + 1, &value)
                         : dockerfile_expand_in(j, s, in, equals + 1, &value);
        if (ok)
            dockerfile_scope_set(j->a, s, name, value.unknown ? NULL : value.text, false);
    } else if (above) {
        dockerfile_scope_set(j->a, s, name, above->value, false);
    } else if (dockerfile_predefined_arg(name)) {
        dockerfile_scope_set(j->a, s, name, NULL, false);
    } else if (!global) {
        dockerfile_scope_set(j->a, s, name, "", false);
    }
}

void dockerfile_declare(
    struct dockerfile_judge *j, struct dockerfile_scope *s, const struct dockerfile_instruction *in)
{
    for (size_t i = 0; i < in->arg_count; i++)
        declare_one(j, s, in, in->args[i]);
}

void dockerfile_read_globals(struct dockerfile_judge *j)
{
    size_t end = j->d->stage_count ? j->d->stages[0].first - 1 : j->d->len;

    for (size_t i = 0; i < end; i++)
        if (j->d->items[i].kind == DOCKERFILE_ARG)
            dockerfile_declare(j, &j->global, &j->d->items[i]);
}

/* ---- arguments that nobody takes ---- */

static bool declares(const struct dockerfile_instruction *in, const char *name)
{
    size_t n = strlen(name);

    if (in->kind == DOCKERFILE_ONBUILD)
        return in->arg_count > 1 && text_eq_nocase(in->args[0], "ARG") &&
               strstr(in->args[1], name) != NULL;
    if (in->kind != DOCKERFILE_ARG)
        return false;
    for (size_t i = 0; i < in->arg_count; i++)
        if (strncmp(in->args[i], name, n) == 0 && (!in->args[i][n] || in->args[i][n] == '='))
            return true;

    return false;
}

/* The ARG whose name is nearest; NULL when none is near. */
static const char *nearest_arg(const struct dockerfile_judge *j, const char *name)
{
    struct dockerfile_texts names = {0};

    for (size_t i = 0; i < j->d->len; i++)
        for (size_t k = 0; j->d->items[i].kind == DOCKERFILE_ARG && k < j->d->items[i].arg_count;
             k++)
            dockerfile_texts_add(
                j->a,
                &names,
                arena_strndup(j->a, j->d->items[i].args[k], strcspn(j->d->items[i].args[k], "=")));
    dockerfile_texts_add(j->a, &names, NULL);

    return text_nearest(name, names.items);
}

void dockerfile_check_args(struct dockerfile_judge *j)
{
    for (size_t i = 0; i < j->b->arg_count; i++) {
        const char *name = j->b->args[i].name;
        bool taken = dockerfile_predefined_arg(name);

        for (size_t k = 0; k < j->d->len && !taken; k++)
            taken = declares(&j->d->items[k], name);
        if (taken)
            continue;

        const char *near = nearest_arg(j, name);
        dockerfile_say_of(
            j->f,
            DOCKERFILE_WARNING,
            DOCKERFILE_BUILD_ARG,
            i,
            "unused-argument",
            near ? arena_printf(j->a, "Did you mean %s?", near)
                 : arena_printf(j->a, "Write ARG %s into the Dockerfile, or remove it.", name),
            "build argument %s is given, but no ARG of the Dockerfile takes it",
            name);
    }
}

/* ---- RUN ---- */

/* Whether the shell itself sets the name in this text. */
static bool sets(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = text; (p = strstr(p, name)); p += n) {
        bool begins = p == text || (!isalnum((unsigned char)p[-1]) && p[-1] != '_' &&
                                    p[-1] != '$' && p[-1] != '{');
        if (begins && (p[n] == '=' || p[n] == ' ' || p[n] == ';'))
            return true;
    }

    return false;
}

static void check_text(
    struct dockerfile_judge *j,
    const struct dockerfile_scope *s,
    const struct dockerfile_instruction *in,
    const char *text)
{
    for (const char *p = text; (p = strchr(p, '$'));) {
        p += 1 + (p[1] == '{');

        size_t n = 0;
        while (isalnum((unsigned char)p[n]) || p[n] == '_')
            n++;
        if (!n || p[n] == ':' || p[n] == '-' || p[n] == '+')
            continue;

        const char *name = arena_strndup(j->a, p, n);
        bool known = dockerfile_platform_arg(name) || dockerfile_scope_get(&j->global, name);
        if (known && !dockerfile_scope_get(s, name) && !sets(text, name))
            tell_unset(j, s, in, name);
    }
}

/* The shell expands these, with variables of its own: only names that are meant to be arguments of
 * the build are looked at. */
void dockerfile_check_run(
    struct dockerfile_judge *j,
    const struct dockerfile_scope *s,
    const struct dockerfile_instruction *in)
{
    for (size_t i = 0; i < in->arg_count; i++)
        check_text(j, s, in, in->args[i]);
    for (size_t i = 0; i < in->heredoc_count; i++)
        if (in->heredocs[i].expand)
            check_text(j, s, in, in->heredocs[i].content);
}
