/* What follows an instruction's name, cut into parts. Each instruction has its own way: flags first
 * for all of them; then words that keep their quotes (ENV, LABEL, ARG), plain words (FROM, EXPOSE),
 * a list in JSON, or the text as it is.
 *
 * Quotes are cut off flags here, and off everything else only where variables are expanded: until
 * then nobody knows whether a dollar inside of them counts. */
#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "dockerfile/internal.h"

#include <string.h>

/* One flag, its quotes and escapes taken away. *blank: there were quotes, so that nothing between
 * them counts too. */
static const char *read_flag(const char *p, char escape, struct str *out, bool *quoted)
{
    char quote = 0;

    for (; *p; p++) {
        if (!quote && dockerfile_blank(p) == 1)
            break;
        if (!quote && (*p == '\'' || *p == '"')) {
            quote = *p;
            *quoted = true;
            continue;
        }
        if (quote && *p == quote) {
            quote = 0;
            continue;
        }
        if (*p == escape && !*++p)
            break;
        str_append_char(out, *p);
    }

    return p;
}

void dockerfile_split_flags(
    struct arena *a,
    char escape,
    const char *line,
    struct dockerfile_texts *flags,
    const char **rest)
{
    const char *p = dockerfile_skip_blanks(line);

    while (p[0] == '-' && p[1] == '-') {
        cleanup_str struct str word = STR_INIT;
        bool quoted = false;

        p = read_flag(p, escape, &word, &quoted);
        if (strcmp(str_get(&word), "--") == 0)
            break;
        if (quoted || word.len)
            dockerfile_texts_add(a, flags, arena_strdup(a, str_get(&word)));
        p = dockerfile_skip_blanks(p);
    }

    *rest = dockerfile_trim(a, p);
}

/* The end of a word that begins at p. */
static const char *word_end(const char *p, char escape)
{
    char quote = 0;

    while (*p) {
        if (!quote && dockerfile_blank(p))
            break;
        if (!quote && (*p == '\'' || *p == '"'))
            quote = *p;
        else if (quote && *p == quote)
            quote = 0;
        else if (*p == escape && quote != '\'' && p[1])
            p++;
        p++;
    }

    return p;
}

/* An escape at the very end escapes nothing and is left out. */
static const char *word_text(struct arena *a, const char *p, const char *end, char escape)
{
    size_t n = (size_t)(end - p), escapes = 0;

    if (!*end)
        while (escapes < n && end[-1 - (ptrdiff_t)escapes] == escape)
            escapes++;
    return arena_strndup(a, p, n - escapes % 2);
}

void dockerfile_split_words(
    struct arena *a, char escape, const char *text, struct dockerfile_texts *words)
{
    for (const char *p = text; *(p = dockerfile_skip_blanks(p));) {
        const char *end = word_end(p, escape);
        const char *word = word_text(a, p, end, escape);

        if (*word)
            dockerfile_texts_add(a, words, word);
        p = end;
    }
}

void dockerfile_split_blanks(struct arena *a, const char *text, struct dockerfile_texts *words)
{
    static const char blanks[] = "\t\v\f\r ";

    for (const char *p = text; *(p += strspn(p, blanks));) {
        size_t n = strcspn(p, blanks);

        dockerfile_texts_add(a, words, arena_strndup(a, p, n));
        p += n;
    }
}

int dockerfile_split_json(struct arena *a, const char *text, struct dockerfile_texts *words)
{
    cleanup_json json_t *list = NULL;

    text = dockerfile_skip_blanks(text);
    if (*text != '[' || json_parse(text, strlen(text), &list, NULL) < 0 || !json_is_array(list))
        return 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));

        if (!item)
            return -1;
        dockerfile_texts_add(a, words, arena_strdup(a, item));
    }

    return 1;
}

bool dockerfile_split_commas(struct arena *a, const char *text, struct dockerfile_texts *fields)
{
    for (const char *p = text;; p++) {
        cleanup_str struct str field = STR_INIT;

        if (*p == '"') {
            for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
                p += *p == '"';
                str_append_char(&field, *p);
            }
            if (*p != '"' || (p[1] && p[1] != ','))
                return false;
            p++;
        } else {
            size_t n = strcspn(p, ",");

            if (memchr(p, '"', n))
                return false;
            str_append_bytes(&field, p, n);
            p += n;
        }

        dockerfile_texts_add(a, fields, arena_strdup(a, str_get(&field)));
        if (!*p)
            return true;
    }
}
