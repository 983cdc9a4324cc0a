/* Durations, numbers and command lines in the notations of Compose files.
 *
 * Durations are Go's with days and weeks beside, and printed as Go prints them, for the canonical
 * text is compared with the reference's. Command lines are split as Docker splits them: quotes and
 * backslashes are read, nothing is expanded, and the first sign that only a shell understands ends
 * the line. */
#include "compose/units.h"

#include "base/text_size.h"
#include "base/vec.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_CHARS_MAX 64

static const struct unit {
    const char *name;
    int64_t ns;
} UNITS[] = {
    {"ns", 1},
    {"us", 1000},
    {"µs", 1000},
    {"μs", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", 60000000000},
    {"h", 3600000000000},
    {"d", 86400000000000},
    {"w", 604800000000000},
};

static const struct unit *match_unit(const char *text, size_t *length)
{
    *length = strcspn(text, "0123456789.+-");
    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++)
        if (strlen(UNITS[i].name) == *length && strncmp(UNITS[i].name, text, *length) == 0)
            return &UNITS[i];
    return NULL;
}

int units_parse_duration_ns(const char *text, int64_t *ns)
{
    bool negative = *text == '-';

    if (*text == '-' || *text == '+')
        text++;
    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return 0;
    }

    if (!*text)
        return -EINVAL;

    long double total = 0;
    while (*text) {
        size_t digits = strspn(text, "0123456789.");
        if (!digits || digits > 30 || strspn(text, ".") == digits)
            return -EINVAL;
        char *end;
        long double amount = strtold(text, &end);
        if (end != text + digits)
            return -EINVAL;
        size_t length;
        const struct unit *unit = match_unit(end, &length);
        if (!unit)
            return -EINVAL;
        total += amount * (long double)unit->ns;
        text = end + length;
    }

    if (total > 9.2e18L)
        return -EINVAL;
    *ns = (int64_t)roundl(negative ? -total : total);
    return 0;
}

static void format_fraction(int64_t value, int64_t unit, const char *name, struct str *out)
{
    str_appendf(out, "%lld", (long long)(value / unit));
    int64_t rest = value % unit;
    if (rest) {
        str_append_char(out, '.');
        for (int64_t place = unit / 10; rest && place; place /= 10) {
            str_append_char(out, (char)('0' + rest / place));
            rest %= place;
        }
    }

    str_append(out, name);
}

void units_format_duration_ns(int64_t ns, struct str *out)
{
    if (ns == 0) {
        str_append(out, "0s");
        return;
    }

    if (ns < 0) {
        str_append_char(out, '-');
        ns = -ns;
    }

    if (ns < 1000000000) {
        int64_t unit = ns < 1000 ? 1 : ns < 1000000 ? 1000 : 1000000;
        format_fraction(ns, unit, unit == 1 ? "ns" : unit == 1000 ? "µs" : "ms", out);
        return;
    }

    int64_t minutes = ns / 60000000000;
    if (minutes >= 60)
        str_appendf(out, "%lldh", (long long)(minutes / 60));
    if (minutes)
        str_appendf(out, "%lldm", (long long)(minutes % 60));
    format_fraction(ns % 60000000000, 1000000000, "s", out);
}

int64_t compose_parse_duration_ms(const char *text)
{
    int64_t ns;
    return units_parse_duration_ns(text, &ns) < 0 || ns < 0 ? -1 : ns / 1000000;
}

int64_t compose_parse_bytes(const char *text)
{
    int64_t bytes;
    return text_parse_bytes(text, &bytes) < 0 ? -1 : bytes;
}

/* The fewest digits that mean this number; without an exponent where it is from `least` to below
 * `most`. */
static void format_float(double value, long least, long most, char out[FLOAT_CHARS_MAX])
{
    int decimals = 0;

    for (; decimals < 17; decimals++) {
        snprintf(out, FLOAT_CHARS_MAX, "%.*e", decimals, value);
        if (strtod(out, NULL) == value)
            break;
    }

    const char *mark = strchr(out, 'e');
    long exponent = mark ? strtol(mark + 1, NULL, 10) : 0;
    if (exponent >= least && exponent < most)
        snprintf(out, FLOAT_CHARS_MAX, "%.*f", (int)MAX(decimals - exponent, 0), value);
}

void units_format_float(double value, struct str *out)
{
    char text[FLOAT_CHARS_MAX];

    /* as Go prints it: an exponent from a million on, however few the digits are */
    format_float(value, -4, 6, text);
    str_append(out, text);
}

void units_format_json_float(double value, struct str *out)
{
    char text[FLOAT_CHARS_MAX];

    format_float(value, -6, 21, text);

    /* as Go's JSON has it: e-7, but e+21 */
    char *padded = strstr(text, "e-0");
    if (padded)
        memmove(padded + 2, padded + 3, strlen(padded + 3) + 1);
    str_append(out, text);
}

struct splitter {
    struct arena *arena;
    struct str word;
    bool in_word;
    VEC(const char *) words;
};

static void end_word(struct splitter *s)
{
    if (s->in_word)
        vec_push(&s->words, arena_strndup(s->arena, str_get(&s->word), s->word.len));
    str_clear(&s->word);
    s->in_word = false;
}

/* *p stands behind the opening quote; moved behind the closing one. */
static int read_quoted(struct splitter *s, const char **p, char quote)
{
    for (const char *c = *p; *c; c++) {
        if (*c == quote) {
            *p = c + 1;
            return 0;
        }
        if (quote == '"' && *c == '\\' && c[1] && strchr("\"\\$`\n", c[1])) {
            c++;
            if (*c == '\n')
                continue;
        }
        str_append_char(&s->word, *c);
    }
    return -EINVAL;
}

/* `…` and $(…) stay as they are, blanks and all. */
static int copy_substitution(struct splitter *s, const char **p, char close)
{
    for (; **p; (*p)++) {
        str_append_char(&s->word, **p);
        if (**p == close) {
            (*p)++;
            return 0;
        }
    }

    return -EINVAL;
}

/* What Docker splits with ends at the first sign that only a shell would understand. */
static bool ends_line(struct splitter *s, char c)
{
    if (!strchr(";&|<>", c))
        return false;

    const char *word = str_get(&s->word);
    if (c == '>' && *word >= '0' && *word <= '9') { /* 2>file */
        str_clear(&s->word);
        s->in_word = false;
    }

    return true;
}

static int split(struct splitter *s, const char *p)
{
    while (*p) {
        char c = *p++;
        if (ends_line(s, c)) {
            end_word(s);
            return 1;
        }
        if (c == '(' && !text_ends(str_get(&s->word), "$"))
            return -EINVAL;
        if (c == '`' || c == '(') {
            s->in_word = true;
            str_append_char(&s->word, c);
            if (copy_substitution(s, &p, c == '`' ? '`' : ')') < 0)
                return -EINVAL;
            continue;
        }
        if (strchr(" \t\r\n", c)) {
            end_word(s);
            continue;
        }
        s->in_word = true;
        if (c == '\'' || c == '"') {
            if (read_quoted(s, &p, c) < 0)
                return -EINVAL;
        } else if (c == '\\') {
            if (!*p)
                return -EINVAL;
            if (*p != '\n')
                str_append_char(&s->word, *p);
            p++;
        } else {
            str_append_char(&s->word, c);
        }
    }

    end_word(s);

    return 0;
}

int units_split_words(struct arena *arena, const char *text, const char ***words, size_t *count)
{
    struct splitter s = {.arena = arena};
    int rc = split(&s, text);
    *words = NULL;
    *count = 0;
    if (rc >= 0 && s.words.len) {
        *words = arena_array(arena, const char *, s.words.len);
        memcpy(*words, s.words.items, s.words.len * sizeof **words);
        *count = s.words.len;
    }

    vec_free(&s.words);
    str_done(&s.word);
    return rc;
}
