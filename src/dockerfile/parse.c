/* dockerfile_parse(): lines → instructions → stages. ARG may stand before the first FROM, nothing
 * else may. A wrong instruction is said and left out, and the next one read. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <string.h>

static bool can_be_read(const char *text, size_t n, struct dockerfile_findings *f)
{
    if (n > LIMIT_DOCKERFILE_BYTES) {
        dockerfile_say(
            f,
            DOCKERFILE_ERROR,
            0,
            "too-large",
            "Put what is long into files that are copied.",
            "the Dockerfile has %zu bytes; at most %zu are read",
            n,
            LIMIT_DOCKERFILE_BYTES);
        return false;
    }
    if (memchr(text, '\0', n)) {
        dockerfile_say(
            f,
            DOCKERFILE_ERROR,
            0,
            "no-text",
            "Save it as UTF-8.",
            "the Dockerfile holds a NUL byte: it is no text, or one in UTF-16");
        return false;
    }

    return true;
}

static void begin_stage(struct dockerfile *d, const struct dockerfile_instruction *from)
{
    struct dockerfile_stage *s = &d->stages[d->stage_count++];

    *s = (struct dockerfile_stage){
        .name = from->arg_count == 3 ? from->args[2] : NULL,
        .base = from->args[0],
        .platform = dockerfile_flag(from, "platform"),
        .line = from->line,
        .first = d->len,
        .end = d->len};
}

static const char *lower(struct arena *a, const char *text)
{
    cleanup_free char *copy = text ? text_lower(text) : NULL;
    return arena_strdup(a, copy);
}

static bool has_room(struct dockerfile *d, unsigned line, struct dockerfile_findings *f)
{
    if (d->len < LIMIT_DOCKERFILE_INSTRUCTIONS && d->stage_count < LIMIT_DOCKERFILE_STAGES)
        return true;

    dockerfile_say(
        f,
        DOCKERFILE_ERROR,
        line,
        "too-long",
        "Split it into several Dockerfiles.",
        "the Dockerfile has more than %u instructions or %u stages",
        LIMIT_DOCKERFILE_INSTRUCTIONS,
        LIMIT_DOCKERFILE_STAGES);

    return false;
}

static void
add(struct dockerfile *d,
    const struct dockerfile_instruction *in,
    bool lost_stage,
    struct dockerfile_findings *f)
{
    d->items[d->len++] = *in;
    if (in->kind == DOCKERFILE_FROM) {
        begin_stage(d, in);
        d->stages[d->stage_count - 1].name = lower(f->arena, d->stages[d->stage_count - 1].name);
    } else if (d->stage_count) {
        d->stages[d->stage_count - 1].end = d->len;
    } else if (in->kind != DOCKERFILE_ARG && !lost_stage) {
        dockerfile_say(
            f,
            DOCKERFILE_ERROR,
            in->line,
            "before-from",
            "Begin with FROM and the image to start from; only ARG may stand before it.",
            "%s stands before the first FROM",
            dockerfile_kind_name(in->kind));
    }
}

/* No file has more instructions than lines. */
static size_t most_instructions(const char *text, size_t n)
{
    size_t lines = 1;

    for (size_t i = 0; i < n && lines < LIMIT_DOCKERFILE_INSTRUCTIONS; i++)
        lines += text[i] == '\n';
    return lines;
}

void dockerfile_parse(
    const char *text, size_t n, struct dockerfile *out, struct dockerfile_findings *f)
{
    size_t most = most_instructions(text, n);
    struct dockerfile_reader r;
    struct dockerfile_line line;
    struct dockerfile_instruction in;
    bool any = false, lost_stage = false;

    *out = (struct dockerfile){
        .escape = '\\',
        .items = arena_array(f->arena, struct dockerfile_instruction, most + 1),
        .stages =
            arena_array(f->arena, struct dockerfile_stage, MIN(most, LIMIT_DOCKERFILE_STAGES) + 1)};
    if (!can_be_read(text, n, f))
        return;

    dockerfile_reader_init(&r, text, n, f);
    while (dockerfile_reader_next(&r, &line)) {
        any = true;
        if (!has_room(out, line.line, f))
            break;
        if (dockerfile_read_instruction(&line, r.escape, &in, f))
            add(out, &in, lost_stage, f);
        else
            lost_stage = lost_stage || in.kind == DOCKERFILE_FROM;
    }
    out->escape = r.escape;

    if (!any && !f->errors)
        dockerfile_say(
            f,
            DOCKERFILE_ERROR,
            0,
            "empty",
            "Begin with FROM and the image to start from.",
            "the Dockerfile has no instruction");
    else if (!out->stage_count && !f->errors)
        dockerfile_say(
            f,
            DOCKERFILE_ERROR,
            0,
            "no-from",
            "Begin with FROM and the image to start from.",
            "the Dockerfile has no FROM");
}
