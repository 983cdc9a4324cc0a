/* What is said of a Dockerfile, collected. A hundred findings are enough for anybody: those beyond
 * are counted, so that an error is one whether or not it is shown. The rule names the kind of
 * finding for machines, and does not change with the words. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <string.h>

static void
put(struct dockerfile_findings *f,
    struct dockerfile_finding item,
    const char *rule,
    const char *hint)
{
    if (item.severity == DOCKERFILE_ERROR)
        f->errors++;
    if (f->len >= LIMIT_DOCKERFILE_FINDINGS)
        return;

    if (f->len == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 8;
        struct dockerfile_finding *items = arena_array(f->arena, struct dockerfile_finding, cap);

        if (f->len)
            memcpy(items, f->items, f->len * sizeof *items);
        f->items = items;
        f->cap = cap;
    }

    item.rule = arena_printf(f->arena, "dockerfile/%s", rule);
    item.hint = arena_strdup(f->arena, hint);
    f->items[f->len++] = item;
}

#define TEXT(text)                                                                                 \
    cleanup_str struct str text = STR_INIT;                                                        \
    va_list ap;                                                                                    \
    va_start(ap, fmt);                                                                             \
    str_vappendf(&text, fmt, ap);                                                                  \
    va_end(ap)

void dockerfile_say(
    struct dockerfile_findings *f,
    enum dockerfile_severity severity,
    unsigned line,
    const char *rule,
    const char *hint,
    const char *fmt,
    ...)
{
    TEXT(text);
    put(f,
        (struct dockerfile_finding){
            .severity = severity,
            .about = DOCKERFILE_LINE,
            .line = line,
            .message = arena_strdup(f->arena, str_get(&text))},
        rule,
        hint);
}

void dockerfile_say_of(
    struct dockerfile_findings *f,
    enum dockerfile_severity severity,
    enum dockerfile_about about,
    size_t argument,
    const char *rule,
    const char *hint,
    const char *fmt,
    ...)
{
    TEXT(text);
    put(f,
        (struct dockerfile_finding){
            .severity = severity,
            .about = about,
            .argument = argument,
            .message = arena_strdup(f->arena, str_get(&text))},
        rule,
        hint);
}
