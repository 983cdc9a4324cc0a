/* Which stage a name means. FROM looks at the stages before it, --from of COPY and RUN too (but one
 * may also be called by its number), the target at all of them. What is no stage is an additional
 * context of the build, or an image.
 *
 * An image without a registry and a team before its name is one of Docker Hub's own, of which there
 * are few: a name that is none of them is a stage that somebody meant (official.c). */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_context(const struct dockerfile_judge *j, const char *name)
{
    for (size_t i = 0; i < j->b->context_count; i++)
        if (strcasecmp(j->b->contexts[i], name) == 0)
            return true;
    return false;
}

/* The last of that name before `end`. */
static int find_stage(const struct dockerfile_judge *j, const char *name, size_t end)
{
    for (size_t i = end; i-- > 0;)
        if (j->d->stages[i].name && strcasecmp(j->d->stages[i].name, name) == 0)
            return (int)i;
    return DOCKERFILE_OUTSIDE;
}

static const char *nearest_stage(const struct dockerfile_judge *j, const char *name, size_t end)
{
    struct dockerfile_texts names = {0};
    cleanup_free char *lower = text_lower(name);

    for (size_t i = 0; i < end; i++)
        if (j->d->stages[i].name)
            dockerfile_texts_add(j->a, &names, j->d->stages[i].name);
    dockerfile_texts_add(j->a, &names, NULL);

    return text_nearest(lower, names.items);
}

/* ---- FROM ---- */

static void say_blank(struct dockerfile_judge *j, const struct dockerfile_stage *s)
{
    dockerfile_say(
        j->f,
        DOCKERFILE_ERROR,
        s->line,
        "blank-from",
        "Write ARG NAME=value before the first FROM, or give the build argument.",
        "FROM %s comes to nothing: no ARG before the first FROM gives it a value",
        s->base);
}

static const char *read_base(struct dockerfile_judge *j, const struct dockerfile_stage *s)
{
    const struct dockerfile_instruction *from = &j->d->items[s->first - 1];
    struct dockerfile_scope scope = j->global;
    struct dockerfile_expanded out;

    /* BuildKit sets these for FROM without an ARG. */
    scope.open = false;
    if (strstr(s->base, "TARGET") || strstr(s->base, "BUILD"))
        scope.open = true;
    if (!dockerfile_expand_in(j, &scope, from, s->base, &out) || out.unknown)
        return NULL;
    if (!*out.text)
        say_blank(j, s);

    return *out.text ? out.text : NULL;
}

void dockerfile_read_bases(struct dockerfile_judge *j)
{
    j->bases = arena_array(j->a, const char *, j->d->stage_count + 1);
    for (size_t i = 0; i < j->d->stage_count; i++)
        j->bases[i] = read_base(j, &j->d->stages[i]);
}

int dockerfile_base_of(const struct dockerfile_judge *j, size_t stage)
{
    const char *base = j->bases[stage];

    return base && !is_context(j, base) ? find_stage(j, base, stage) : DOCKERFILE_OUTSIDE;
}

/* ---- names that are neither ---- */

/* "nginx", and neither "nginx:1", "team/app" nor "localhost:5000/app". */
static bool is_bare(const char *name)
{
    return !strpbrk(name, "/:@.$");
}

static void check_outside(
    struct dockerfile_judge *j, const char *name, size_t stage, unsigned line, const char *in)
{
    const char *near = nearest_stage(j, name, stage);

    if (is_context(j, name) || !is_bare(name) || strcmp(name, "scratch") == 0)
        return;

    const char *hint = "If it is an image, write its registry and team before it: "
                       "docker.io/team/name, ghcr.io/team/name.";
    if (near)
        hint = arena_printf(j->a, "Did you mean %s?", near);

    if (find_stage(j, name, j->d->stage_count) >= (int)stage)
        dockerfile_say(
            j->f,
            DOCKERFILE_ERROR,
            line,
            "later-stage",
            "Move that stage before this one.",
            "%s %s: the stage of that name comes later, and a stage uses only those before it",
            in,
            name);
    else if (!dockerfile_official(name))
        dockerfile_say(
            j->f,
            DOCKERFILE_ERROR,
            line,
            "unknown-stage",
            hint,
            "%s %s: there is no stage of that name before it, and no image of Docker Hub that is "
            "called so alone",
            in,
            name);
}

/* ---- --from ---- */

static int by_number(struct dockerfile_judge *j, size_t stage, unsigned line, const char *from)
{
    long n = strtol(from, NULL, 10);

    if (n >= 0 && n < (long)stage)
        return (int)n;
    dockerfile_say(
        j->f,
        DOCKERFILE_ERROR,
        line,
        "unknown-stage",
        stage ? arena_printf(j->a, "Stages before this one are 0 to %zu.", stage - 1)
              : "No stage comes before this one.",
        "--from=%s: there is no such stage before this one",
        from);

    return DOCKERFILE_WRONG;
}

static int from_of(struct dockerfile_judge *j, size_t stage, unsigned line, const char *from)
{
    const char *digits = from + (*from == '-' || *from == '+');
    const char *dollar = strchr(from, '$');

    if (dollar && dollar[1]) {
        dockerfile_say(
            j->f,
            DOCKERFILE_ERROR,
            line,
            "from-variable",
            "Write FROM with the variable and AS name, and use that name.",
            "--from=%s: it takes no variables",
            from);
        return DOCKERFILE_WRONG;
    }
    if (*digits && digits[strspn(digits, "0123456789")] == '\0')
        return by_number(j, stage, line, from);

    int found = is_context(j, from) ? DOCKERFILE_OUTSIDE : find_stage(j, from, stage);
    if (found < 0)
        check_outside(j, from, stage, line, "--from");

    return found;
}

/* ---- what is built ---- */

int dockerfile_target_of(struct dockerfile_judge *j)
{
    size_t count = j->d->stage_count;

    if (text_empty(j->b->target))
        return (int)count - 1;

    int found = find_stage(j, j->b->target, count);
    if (found >= 0)
        return found;

    cleanup_str struct str names = STR_INIT;
    for (size_t i = 0; i < count; i++)
        if (j->d->stages[i].name)
            str_appendf(&names, "%s%s", names.len ? ", " : "", j->d->stages[i].name);

    const char *near = nearest_stage(j, j->b->target, count);
    const char *hint = "Name a stage: FROM image AS name.";
    if (near)
        hint = arena_printf(j->a, "Did you mean %s?", near);
    else if (names.len)
        hint = arena_printf(j->a, "Its stages: %.200s.", str_get(&names));
    dockerfile_say_of(
        j->f,
        DOCKERFILE_ERROR,
        DOCKERFILE_TARGET,
        0,
        "unknown-target",
        hint,
        "the Dockerfile has no stage \"%s\"",
        j->b->target);

    return DOCKERFILE_WRONG;
}

static void mark(struct dockerfile_judge *j, int stage)
{
    if (stage >= 0)
        j->reached[stage] = true;
}

static void reach_from(struct dockerfile_judge *j, size_t stage)
{
    const struct dockerfile_stage *s = &j->d->stages[stage];

    for (size_t i = s->first; i < s->end; i++) {
        const struct dockerfile_instruction *in = &j->d->items[i];
        const char *from = in->kind == DOCKERFILE_COPY ? dockerfile_flag(in, "from") : NULL;
        size_t at = 0;

        if (!text_empty(from))
            mark(j, from_of(j, stage, in->line, from));

        for (const char *mount;
             in->kind == DOCKERFILE_RUN && (mount = dockerfile_flag_next(in, "mount", &at));) {
            struct dockerfile_mount m;

            if (dockerfile_read_mount(in, mount, false, &m, j->f) && !text_empty(m.from))
                mark(j, from_of(j, stage, in->line, m.from));
        }
    }
}

/* A stage uses only those before it, so one pass from the target down sees all. */
void dockerfile_reach(struct dockerfile_judge *j, size_t target)
{
    j->reached[target] = true;
    for (size_t i = target + 1; i-- > 0;) {
        if (!j->reached[i])
            continue;

        int base = dockerfile_base_of(j, i);
        mark(j, base);
        if (base < 0 && j->bases[i])
            check_outside(j, j->bases[i], i, j->d->stages[i].line, "FROM");
        reach_from(j, i);
    }
}
