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
        } else if (strcasecmp(key, "id") == 0) {
            out->id = said;
        } else if (
            strcasecmp(key, "target") == 0 || strcasecmp(key, "dst") == 0 ||
            strcasecmp(key, "destination") == 0) {
            out->target = said;
        } else if (strcasecmp(key, "required") == 0) {
            out->required = !equals || text_eq_nocase(said, "true") || text_eq(said, "1");
        }
    }

    return true;
}

/* ---- what the builder can mount ---- */

static bool is_given(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(list[i], name))
            return true;
    return false;
}

/* BuildKit leaves a secret out that the build is not given; a RUN that needs it fails by itself. */
static void check_secret(
    struct dockerfile_judge *j,
    const struct dockerfile_instruction *in,
    const struct dockerfile_mount *m)
{
    const char *slash = m->target ? strrchr(m->target, '/') : NULL;
    const char *base = slash ? slash + 1 : m->target;
    const char *id = !text_empty(m->id) ? m->id : base;

    if (text_empty(id) || strchr(id, '$') || is_given(j->b->secrets, j->b->secret_count, id))
        return;
    dockerfile_say(
        j->f,
        m->required ? DOCKERFILE_ERROR : DOCKERFILE_WARNING,
        in->line,
        "secret-not-given",
        arena_printf(
            j->a,
            "Add it to the Compose file: build.secrets: [%s], and secrets: {%s: {environment: "
            "NAME}} or {file: PATH}.",
            id,
            id),
        "RUN mounts the secret %.80s, which the build is not given",
        id);
}

/* Kaniko leaves out a mount of another stage's files or of an image's, with a line in its log. A
 * folder that is an additional context lies beside the context, and is bound from there. */
static void check_from(
    struct dockerfile_judge *j,
    const struct dockerfile_instruction *in,
    const struct dockerfile_mount *m)
{
    bool is_bind = !m->type || text_eq_nocase(m->type, "bind");

    if (is_bind && is_given(j->b->folders, j->b->folder_count, m->from))
        return;
    dockerfile_say(
        j->f,
        DOCKERFILE_WARNING,
        in->line,
        "mount-from",
        arena_printf(
            j->a, "Write COPY --from=%s before it, and remove what it copied after.", m->from),
        "RUN --mount: the builder mounts nothing of %.80s, the RUN finds no files there",
        m->from);
}

void dockerfile_check_mount(
    struct dockerfile_judge *j,
    const struct dockerfile_instruction *in,
    const struct dockerfile_mount *m)
{
    if (!j->b->by_kaniko)
        return;
    if (text_eq_nocase(m->type, "secret"))
        check_secret(j, in, m);
    else if (!text_empty(m->from))
        check_from(j, in, m);
}
