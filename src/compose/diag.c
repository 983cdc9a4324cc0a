/* Mistakes collected: each has a place, a message, a hint and a rule.
 *
 * A rule is a stable name for a kind of mistake, for machines. It is made of the message's format,
 * the words of it that say something, so that nobody keeps a list beside the messages; a message
 * that is worded anew gets another rule.
 *
 * They are told in the order of the files, then lines. The same mistake at the same place is told
 * once: a file may be read twice, and a value be seen by two passes. */
#include "compose/diag.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void compose_diagnostics_done(struct compose_diagnostics *d)
{
    if (!d)
        return;
    arena_free(d->arena);
    *d = (struct compose_diagnostics){0};
}

void compose_diagnose(
    struct compose_diagnostics *d,
    enum compose_severity severity,
    struct yaml_pos pos,
    const char *hint,
    const char *fmt,
    ...)
{
    if (!d)
        return;
    if (!d->arena)
        d->arena = arena_new();
    if (d->len == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 16;
        struct compose_diagnostic *items = arena_array(d->arena, struct compose_diagnostic, cap);
        if (d->len)
            memcpy(items, d->items, d->len * sizeof *items);
        d->items = items;
        d->cap = cap;
    }

    cleanup_str struct str text = STR_INIT;
    va_list ap;
    va_start(ap, fmt);
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    pos.file = arena_strdup(d->arena, pos.file);
    d->items[d->len++] = (struct compose_diagnostic){
        .severity = severity,
        .pos = pos,
        .message = arena_strdup(d->arena, str_get(&text)),
        .hint = arena_strdup(d->arena, hint),
        .rule = compose_rule(d, "compose", fmt)};
}

static bool says_nothing(const char *word)
{
    static const char *const words[] = {"a",    "an",      "and",      "are", "be",  "by", "every",
                                        "has",  "in",      "is",       "it",  "its", "of", "on",
                                        "that", "service", "services", "the", "to",  NULL};

    for (const char *const *w = words; *w; w++)
        if (strcmp(*w, word) == 0)
            return true;
    return false;
}

/* "%s", "%zu", "%5.2f" */
static const char *skip_conversion(const char *p)
{
    p += 1 + strspn(p + 1, "-+ #0123456789.*hlzjt");
    return *p ? p + 1 : p;
}

#define RULE_WORDS 5

const char *compose_rule(struct compose_diagnostics *d, const char *prefix, const char *fmt)
{
    cleanup_str struct str id = STR_INIT;
    size_t words = 0;

    for (const char *p = fmt;
         *p && words < RULE_WORDS && !(words > 1 && (*p == ':' || *p == ';'));) {
        char word[32];
        size_t n = 0;
        if (*p == '%') {
            p = skip_conversion(p);
            continue;
        }
        for (; isalnum((unsigned char)*p) || *p == '_'; p++)
            if (n + 1 < sizeof word)
                word[n++] = (char)(*p == '_' ? '-' : tolower((unsigned char)*p));
        word[n] = '\0';
        if (n == 0)
            p++;
        else if (!says_nothing(word))
            str_appendf(&id, "%s%s", words++ ? "-" : "", word);
    }

    return arena_printf(d->arena, "%s/%s", prefix, id.len ? str_get(&id) : "mistake");
}

static void append_spot(struct str *out, const struct spot *spot)
{
    if (!spot)
        return;
    append_spot(out, spot->up);
    if (!spot->key)
        str_appendf(out, "[%zu]", spot->index);
    else
        str_appendf(out, "%s%s", out->len ? "." : "", spot->key);
}

const char *spot_text(struct arena *arena, const struct spot *spot)
{
    cleanup_str struct str text = STR_INIT;
    append_spot(&text, spot);
    return arena_strdup(arena, text.len ? str_get(&text) : "the file");
}

bool diag_has_errors(const struct compose_diagnostics *d)
{
    for (size_t i = 0; i < d->len; i++)
        if (d->items[i].severity == COMPOSE_ERROR)
            return true;
    return false;
}

int diag_to_error(const struct compose_diagnostics *d, struct error *err)
{
    size_t errors = 0;
    const struct compose_diagnostic *first = NULL;

    for (size_t i = 0; i < d->len; i++) {
        if (d->items[i].severity != COMPOSE_ERROR)
            continue;
        if (!errors++)
            first = &d->items[i];
    }

    if (!first)
        return 0;

    int rc = error_raise_errno(err, ERR_USAGE, EINVAL, "%s", first->message);
    if (first->pos.file)
        error_at(err, first->pos.file, first->pos.line, first->pos.column);
    if (first->hint)
        error_hint(err, "%s", first->hint);
    return rc;
}

void diag_add_error(struct compose_diagnostics *d, struct error *err)
{
    struct yaml_pos pos = {.file = err->file, .line = err->line, .column = err->column};
    compose_diagnose(
        d, COMPOSE_ERROR, pos, err->hint, "%s", err->message ? err->message : "unknown failure");
    error_done(err);
}

static size_t file_rank(const struct compose_diagnostics *d, const char *file)
{
    size_t i = 0;
    while (i < d->len && !text_eq(d->items[i].pos.file, file))
        i++;
    return i;
}

struct ranked {
    struct compose_diagnostic item;
    size_t rank, order;
};

static int compare_ranked(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->item.pos.line != b->item.pos.line)
        return a->item.pos.line < b->item.pos.line ? -1 : 1;
    if (a->item.pos.column != b->item.pos.column)
        return a->item.pos.column < b->item.pos.column ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool same_diagnostic(const struct compose_diagnostic *a, const struct compose_diagnostic *b)
{
    return text_eq(a->pos.file, b->pos.file) && a->pos.line == b->pos.line &&
           a->pos.column == b->pos.column && strcmp(a->message, b->message) == 0;
}

void diag_sort(struct compose_diagnostics *d)
{
    if (d->len < 2)
        return;

    struct ranked *all = arena_array(d->arena, struct ranked, d->len);
    for (size_t i = 0; i < d->len; i++)
        all[i] = (struct ranked){
            .item = d->items[i], .rank = file_rank(d, d->items[i].pos.file), .order = i};
    qsort(all, d->len, sizeof *all, compare_ranked);
    size_t kept = 0;
    for (size_t i = 0; i < d->len; i++)
        if (!kept || !same_diagnostic(&d->items[kept - 1], &all[i].item))
            d->items[kept++] = all[i].item;
    d->len = kept;
}
