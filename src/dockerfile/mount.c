/* `RUN --mount=type=bind,source=x,from=stage`: fields between commas. As BuildKit does it, only the
 * commas and `from` are looked at when the file is read; keys and types when the stage is built
 * (`whole`), and not what holds a variable: that is known when the build runs. */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <string.h>
#include <strings.h>

static const char *const TYPES[] = {"bind", "cache", "tmpfs", "secret", "ssh", NULL};
static const char *const KEYS[] = {"type",      "from",        "source",   "src",      "target",
                                   "dst",       "destination", "readonly", "ro",       "rw",
                                   "readwrite", "id",          "sharing",  "required", "size",
                                   "mode",      "uid",         "gid",      "env",      NULL};

static bool is_one_of(const char *const *list, const char *word)
{
    for (; *list; list++)
        if (strcasecmp(*list, word) == 0)
            return true;
    return false;
}

static bool wrong(
    struct dockerfile_findings *f,
    const struct dockerfile_instruction *in,
    const char *what,
    const char *value,
    const char *const *known)
{
    const char *near = known ? text_nearest(value, known) : NULL;

    dockerfile_say(
        f,
        DOCKERFILE_ERROR,
        in->line,
        "mount",
        near ? arena_printf(f->arena, "Did you mean %s?", near)
             : "See RUN --mount in the Dockerfile reference.",
        "RUN --mount: %s \"%.80s\"",
        what,
        value);

    return false;
}

bool dockerfile_read_mount(
    const struct dockerfile_instruction *in,
    const char *value,
    bool whole,
    struct dockerfile_mount *out,
    struct dockerfile_findings *f)
{
    struct dockerfile_texts fields = {0};

    *out = (struct dockerfile_mount){0};
    if (!dockerfile_split_commas(f->arena, value, &fields))
        return wrong(f, in, "the quotes are wrong in", value, NULL);

    for (size_t i = 0; i < fields.len; i++) {
        const char *field = fields.items[i], *equals = strchr(field, '=');
        const char *key =
            arena_strndup(f->arena, field, equals ? (size_t)(equals - field) : strlen(field));
        const char *said = equals ? equals + 1 : "";

        if (whole && !is_one_of(KEYS, key))
            return wrong(f, in, "there is no key", key, KEYS);

        const char *dollar = strchr(said, '$');
        if (strcasecmp(key, "from") == 0) {
            if (dollar && dollar[1])
                return wrong(f, in, "from takes no variables; name a stage instead of", said, NULL);
            out->from = said;
        } else if (strcasecmp(key, "type") == 0) {
            if (whole && !dollar && !is_one_of(TYPES, said))
                return wrong(f, in, "there is no type", said, TYPES);
            out->type = said;
        } else if (strcasecmp(key, "source") == 0 || strcasecmp(key, "src") == 0) {
            out->source = said;
        }
    }

    return true;
}
