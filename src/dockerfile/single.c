/* What a kind of instruction asks for beside the number of its arguments: a stage's name that is
 * one, a destination that is no heredoc, a list in JSON. As much as BuildKit refuses when it reads
 * the file, no more. */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/read.h"

#include <string.h>
#include <strings.h>

static bool check_arg(struct dockerfile_read *r)
{
    for (size_t i = 0; i < r->args.len; i++)
        if (*r->args.items[i] == '=')
            return DOCKERFILE_WRONG(
                r, "blank-name", "Write ARG NAME=value.", "ARG: a name is missing before the =");
    return true;
}

static bool is_stage_name(const char *name)
{
    static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    cleanup_free char *lower = text_lower(name);

    return *lower >= 'a' && *lower <= 'z' && strspn(lower, more) == strlen(lower);
}

static bool check_from(struct dockerfile_read *r)
{
    const struct dockerfile_texts *args = &r->args;

    if (args->len == 1)
        return true;
    if (args->len != 3 || strcasecmp(args->items[1], "AS") != 0)
        return DOCKERFILE_WRONG(
            r,
            "from-form",
            "Write FROM image, or FROM image AS name.",
            "FROM has neither one argument nor three");
    if (!is_stage_name(args->items[2]))
        return DOCKERFILE_WRONG(
            r,
            "stage-name",
            "Begin it with a letter; letters, digits, \"-\", \"_\" and \".\" may follow.",
            "\"%s\" is no name of a stage",
            args->items[2]);

    return true;
}

static bool check_copy(struct dockerfile_read *r)
{
    struct dockerfile_heredoc h;
    bool is = false;

    if (dockerfile_heredoc_of(r->a, r->args.items[r->args.len - 1], &is, &h) == 0 && is)
        return DOCKERFILE_WRONG(
            r,
            "heredoc-destination",
            "Name the destination behind the heredoc.",
            "%s: a heredoc is no destination",
            dockerfile_kind_name(r->in->kind));

    return true;
}

static bool check_volume(struct dockerfile_read *r)
{
    for (size_t i = 0; i < r->args.len; i++)
        if (!*dockerfile_skip_blanks(r->args.items[i]))
            return DOCKERFILE_WRONG(r, "empty-volume", "Remove it.", "VOLUME: an empty path");
    return true;
}

static bool check_shell(struct dockerfile_read *r)
{
    if (r->in->json)
        return true;
    return DOCKERFILE_WRONG(
        r, "shell-json", "Write SHELL [\"/bin/bash\", \"-c\"].", "SHELL takes a list in JSON");
}

static bool check_run(struct dockerfile_read *r)
{
    static const char *const networks[] = {"default", "none", "host", NULL};
    static const char *const securities[] = {"insecure", "sandbox", NULL};
    const struct {
        const char *flag;
        const char *const *values;
    } rows[] = {{"network", networks}, {"security", securities}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *said = dockerfile_flag(r->in, rows[i].flag);
        bool ok = !said;

        for (const char *const *v = rows[i].values; *v; v++)
            ok = ok || strcmp(said, *v) == 0;
        if (!ok)
            return DOCKERFILE_WRONG(
                r,
                "flag-value",
                "See RUN in the Dockerfile reference.",
                "RUN --%s=%s is not known",
                rows[i].flag,
                said);
    }

    size_t at = 0;
    for (const char *mount; (mount = dockerfile_flag_next(r->in, "mount", &at));) {
        struct dockerfile_mount m;

        if (!dockerfile_read_mount(r->in, mount, false, &m, r->f))
            return false;
    }

    return true;
}

bool dockerfile_check_single(struct dockerfile_read *r)
{
    struct dockerfile_health health;

    switch (r->in->kind) {
    case DOCKERFILE_ARG:
        return check_arg(r);
    case DOCKERFILE_FROM:
        return check_from(r);
    case DOCKERFILE_ADD:
    case DOCKERFILE_COPY:
        return check_copy(r);
    case DOCKERFILE_VOLUME:
        return check_volume(r);
    case DOCKERFILE_SHELL:
        return check_shell(r);
    case DOCKERFILE_RUN:
        return check_run(r);
    case DOCKERFILE_HEALTHCHECK:
        return dockerfile_read_health(r->in, &health, r->f);
    default:
        return true;
    }
}
