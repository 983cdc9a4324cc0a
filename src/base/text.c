/* The plain C string helpers of base/str.h.
 *
 * ASCII only: no locale has a say in how a file is read. UTF-8 is checked strictly, without
 * overlong forms and surrogates, as what passes here goes into JSON, YAML and the messages of AWS.
 * The search for "did you mean" is bounded by the length of a word, since it is asked about text
 * from outside. What prints nothing is written out for people: a carriage return behind a region is
 * the classic, where the terminal shows "us-west-2" and the message reads as nonsense. */
#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool text_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool text_eq_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    while (*a && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) == lower(*b);
}

bool text_starts(const char *s, const char *prefix)
{
    return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix)
{
    if (!s)
        return false;
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool text_empty(const char *s)
{
    return !s || !*s;
}

char *text_lower(const char *s)
{
    char *out = xstrdup(s);
    for (char *p = out; *p; p++)
        *p = lower(*p);
    return out;
}

char *text_trim(const char *s)
{
    while (blank(*s))
        s++;
    size_t n = strlen(s);
    while (n && blank(s[n - 1]))
        n--;
    return xstrndup(s, n);
}

bool text_utf8_valid(const char *s, size_t n)
{
    const uint8_t *p = (const uint8_t *)s, *end = p + n;

    while (p < end) {
        uint32_t cp;
        size_t more;
        if (*p < 0x80) {
            p++;
            continue;
        }
        if (*p >= 0xc2 && *p <= 0xdf)
            cp = *p & 0x1fu, more = 1;
        else if (*p >= 0xe0 && *p <= 0xef)
            cp = *p & 0x0fu, more = 2;
        else if (*p >= 0xf0 && *p <= 0xf4)
            cp = *p & 0x07u, more = 3;
        else
            return false;
        if ((size_t)(end - p) <= more)
            return false;
        for (size_t i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
            cp = cp << 6 | (p[i] & 0x3fu);
        }
        /* overlong forms, surrogates and what lies past Unicode */
        if ((more == 2 && cp < 0x800) || (more == 3 && (cp < 0x10000 || cp > 0x10ffff)) ||
            (cp >= 0xd800 && cp <= 0xdfff))
            return false;
        p += more + 1;
    }

    return true;
}

#define NEAREST_MAX 64 /* longer words are no typing errors */

/* Insert, drop, replace, or swap two neighbours (the usual slip), each at a cost of one. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][NEAREST_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= m; j++)
        above[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t cost = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            if (cost > above[j] + 1)
                cost = above[j] + 1;
            if (cost > row[j - 1] + 1)
                cost = row[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped && cost > before[j - 2] + 1)
                cost = before[j - 2] + 1;
            row[j] = cost;
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }

    return above[m];
}

const char *text_nearest(const char *word, const char *const *names)
{
    size_t n = strlen(word), allowed = MAX((size_t)1, n / 3);
    const char *best = NULL;
    size_t best_distance = allowed + 1;

    if (n > NEAREST_MAX)
        return NULL;
    for (; *names; names++) {
        size_t m = strlen(*names);
        if (m > NEAREST_MAX)
            continue;
        size_t distance = edit_distance(word, n, *names, m);
        if (distance < best_distance) {
            best_distance = distance;
            best = *names;
        }
    }

    return best;
}

int text_parse_int(const char *s, long long min, long long max, long long *out)
{
    if (!s)
        return -EINVAL;

    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    if (!*s)
        return -EINVAL;

    long long value = 0; /* built downwards: LLONG_MIN has no positive twin */
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *s - '0', &value))
            return -EINVAL;
    }

    if (!negative && __builtin_sub_overflow(0, value, &value))
        return -EINVAL;
    if (value < min || value > max)
        return -EINVAL;
    *out = value;
    return 0;
}

/* --- text from outside, to be seen or pasted --- */

static void escape_byte(struct str *out, unsigned char c)
{
    static const char names[] = "\aa\bb\tt\nn\vv\ff\rr";

    for (const char *p = names; *p; p += 2)
        if ((unsigned char)*p == c) {
            str_appendf(out, "\\%c", p[1]);
            return;
        }

    str_appendf(out, "\\x%02x", c);
}

/* Bytes of the UTF-8 character at s; 1 for what is none. */
static size_t character(const char *s, uint32_t *code)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;

    *code = u[0];
    if (n == 1 || strnlen(s, n) < n || !text_utf8_valid(s, n))
        return 1;

    *code = n == 2 ? u[0] & 0x1fu : n == 3 ? u[0] & 0x0fu : u[0] & 0x07u;
    for (size_t i = 1; i < n; i++)
        *code = *code << 6 | (u[i] & 0x3fu);

    return n;
}

/* Blanks that look like one or like nothing, marks of direction and order. */
static bool unseen(uint32_t c)
{
    return (c >= 0x80 && c <= 0xa0) || c == 0xad || (c >= 0x2000 && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) || c == 0x3000 ||
           c == 0xfeff;
}

char *text_visible(const char *s)
{
    struct str out = STR_INIT;

    while (*s) {
        uint32_t code;
        size_t n = character(s, &code);

        if (n == 1 && (code < ' ' || code >= 0x7f))
            escape_byte(&out, (unsigned char)*s);
        else if (n > 1 && unseen(code))
            str_appendf(&out, "\\u%04x", code);
        else
            str_append_bytes(&out, s, n);
        s += n;
    }

    return str_take(&out);
}

char *text_shell(const char *s)
{
    struct str out = STR_INIT;
    bool plain = *s && strspn(
                           s,
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "_@%+=:,./-") == strlen(s);

    if (plain)
        return xstrdup(s);

    str_append_char(&out, '\'');
    for (; *s; s++)
        if (*s == '\'')
            str_append(&out, "'\\''");
        else
            str_append_char(&out, *s);
    str_append_char(&out, '\'');

    return str_take(&out);
}
