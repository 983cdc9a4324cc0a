/* Sources of COPY, ADD and bind mounts, looked for in what is sent to the builder. What is missing
 * there was left out by the ignore file, by the built-in list, or is not in the folder at all: a
 * person has to hear which.
 *
 * What the built-in list leaves out (node_modules, .git …) is said once with all names: one
 * .dockerignore mends it. A pattern that nothing matches is no error to a builder, but hardly what
 * somebody wanted. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <string.h>

/* "https://…", "git@host:…": nothing of this folder. */
static bool is_remote(const char *source)
{
    size_t host = strcspn(source, "/ ");
    const char *at = memchr(source, '@', host),
               *colon = at ? memchr(at, ':', host - (size_t)(at - source)) : NULL;

    return strstr(source, "://") != NULL || colon != NULL;
}

static void
say_ignored(struct dockerfile_judge *j, const struct dockerfile_instruction *in, const char *path)
{
    const struct dockerfile_context *c = j->b->context;

    if (!c->ignore_file) {
        if (!j->built_in.len)
            j->built_in_line = in->line;
        for (size_t i = 0; i < j->built_in.len; i++)
            if (strcmp(j->built_in.items[i], path) == 0)
                return;
        dockerfile_texts_add(j->a, &j->built_in, path);
        return;
    }

    dockerfile_say(
        j->f,
        DOCKERFILE_ERROR,
        in->line,
        "ignored-source",
        arena_printf(
            j->a, "Take the rule out of %s, or add a line !%s at its end.", c->ignore_file, path),
        "%s: %s is left out by %s",
        dockerfile_kind_name(in->kind),
        path,
        c->ignore_file);
}

static void say_missing(
    struct dockerfile_judge *j,
    const struct dockerfile_instruction *in,
    const char *source,
    const char *path)
{
    const char *other =
        j->walks++ < LIMIT_DOCKERFILE_WALKS ? dockerfile_other_case(j->b->context, path) : NULL;
    const char *hint = "Paths are relative to the build context, not to the Dockerfile.";

    if (other)
        hint = arena_printf(j->a, "Did you mean %.*s?", (int)strlen(path), other);
    else if (text_starts(source, "../"))
        hint = "Nothing above the build context is sent: set build.context to the folder above.";

    dockerfile_say(
        j->f,
        DOCKERFILE_ERROR,
        in->line,
        "missing-source",
        hint,
        "%s: %s is not in the build context",
        dockerfile_kind_name(in->kind),
        source);
}

static void
check_pattern(struct dockerfile_judge *j, const struct dockerfile_instruction *in, const char *path)
{
    const struct dockerfile_context *c = j->b->context;

    if (j->walks++ >= LIMIT_DOCKERFILE_WALKS || dockerfile_matches_any(c, path))
        return;
    dockerfile_say(
        j->f,
        DOCKERFILE_WARNING,
        in->line,
        "empty-pattern",
        c->ignore_file ? arena_printf(j->a, "See whether %s leaves them out.", c->ignore_file)
                       : "Paths are relative to the build context, not to the Dockerfile.",
        "%s: nothing that is sent matches %s",
        dockerfile_kind_name(in->kind),
        path);
}

void dockerfile_check_source(
    struct dockerfile_judge *j, const struct dockerfile_instruction *in, const char *source)
{
    const struct dockerfile_context *c = j->b->context;

    if (is_remote(source)) {
        if (in->kind == DOCKERFILE_COPY)
            dockerfile_say(
                j->f,
                DOCKERFILE_ERROR,
                in->line,
                "copy-url",
                "Write ADD.",
                "COPY: %.200s is a URL",
                source);
        return;
    }

    const char *path = dockerfile_clean_path(j->a, source);
    if (!c || !*path)
        return;
    if (dockerfile_is_pattern(path))
        check_pattern(j, in, path);
    else if (dockerfile_is_sent(j->a, c, path))
        return;
    else if (c->in_folder && c->in_folder(c->arg, path))
        say_ignored(j, in, path);
    else
        say_missing(j, in, source, path);
}

void dockerfile_tell_built_in(struct dockerfile_judge *j)
{
    cleanup_str struct str names = STR_INIT;

    if (!j->built_in.len)
        return;
    for (size_t i = 0; i < j->built_in.len; i++)
        str_appendf(&names, "%s%s", i ? ", " : "", j->built_in.items[i]);
    dockerfile_say(
        j->f,
        DOCKERFILE_ERROR,
        j->built_in_line,
        "built-in-ignored",
        "Write a .dockerignore into the build context, an empty one sends everything; then these "
        "are sent as well.",
        "%s: without a .dockerignore a built-in list decides what is sent, and it leaves this out",
        str_get(&names));
}
