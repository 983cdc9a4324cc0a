/* Text from outside as a person can see it: what prints nothing, or moves the cursor, is written as
 * an escape.
 *
 * A carriage return behind a key or a region is the classic: the terminal shows "us-west-2", and
 * the message reads as nonsense. */
#include "base/mem.h"
#include "base/str.h"
#include <stdint.h>
#include <string.h>

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
