/* Sizes as people write them, in Docker's notation. Source: docker/go-units RAMInBytes. */
#include "base/text_size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 30 /* more is no number of bytes */

/* 1024 for "k", 1024² for "m" …; 1 for no letter or another one. */
static long double factor_of(char letter)
{
    static const char PREFIXES[] = "kmgtp";
    char lower = (char)(letter | 0x20);
    const char *prefix = letter && lower >= 'a' ? strchr(PREFIXES, lower) : NULL;
    long double factor = 1;

    for (const char *p = PREFIXES; prefix && p <= prefix; p++)
        factor *= 1024;
    return factor;
}

int text_parse_bytes(const char *text, int64_t *bytes)
{
    size_t digits = text ? strspn(text, "0123456789.") : 0;

    if (!digits || digits > DIGITS_MAX)
        return -EINVAL;

    char *end;
    long double amount = strtold(text, &end);
    if (end != text + digits)
        return -EINVAL;
    if (*end == ' ')
        end++;

    long double factor = factor_of(*end);
    if (factor > 1) {
        end++;
        if (*end == 'i' || *end == 'I')
            end++;
    }

    if (*end == 'b' || *end == 'B')
        end++;

    if (*end || amount * factor > 9.2e18L)
        return -EINVAL;
    *bytes = (int64_t)(amount * factor);
    return 0;
}
