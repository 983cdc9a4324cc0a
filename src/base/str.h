/* struct str: a growing, NUL-terminated byte buffer with a hard maximum.
 * Growing past `max` sets `overflow` and drops the bytes: check once at the end (str_ok). data is
 * never NULL after the first append; str_get() gives "" for an empty one. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
    char *data;
    size_t len, cap;
    size_t max; /* 0 = STR_MAX_DEFAULT */
    bool overflow;
};

#define STR_MAX_DEFAULT ((size_t)64 << 20)
#define STR_INIT        {0}

void str_append(struct str *s, const char *text);
void str_append_bytes(struct str *s, const void *bytes, size_t n);
void str_append_char(struct str *s, char c);
void str_appendf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_vappendf(struct str *s, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Room for n more bytes: an append of so many moves nothing. */
void str_reserve(struct str *s, size_t n);
void str_clear(struct str *s); /* keeps the memory */
void str_truncate(struct str *s, size_t len);
void str_done(struct str *s);
void str_wipe(struct str *s);  /* cleanses, then frees: for anything secret */
char *str_take(struct str *s); /* malloc'd text, never NULL; the str is empty again */

static inline const char *str_get(const struct str *s)
{
    return s->data ? s->data : "";
}

static inline bool str_ok(const struct str *s)
{
    return !s->overflow;
}

#define cleanup_str __attribute__((cleanup(str_done)))

/* Small text helpers on plain C strings. */
bool text_eq(const char *a, const char *b); /* NULL equals NULL only */
bool text_eq_nocase(const char *a, const char *b);
bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);
bool text_empty(const char *s);  /* NULL or "" */
char *text_lower(const char *s); /* malloc'd, ASCII */
char *text_trim(const char *s);  /* malloc'd, blanks off both ends */
/* Control bytes, blanks that are none, and what is no UTF-8 as \r, \x1b, \u00a0; malloc'd. */
char *text_visible(const char *s);
/* As one word of a shell: quoted where it has to be; malloc'd. */
char *text_shell(const char *s);
bool text_utf8_valid(const char *s, size_t n);
/* The nearest of `names` (NULL-terminated) within edit distance max(1, len/3), or NULL: for "did
 * you mean". */
const char *text_nearest(const char *word, const char *const *names);
/* Decimal integer, whole string, within [min, max]; 0 or -EINVAL. */
int text_parse_int(const char *s, long long min, long long max, long long *out);
