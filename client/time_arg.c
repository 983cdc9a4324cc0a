/* The times that --since and --until take.
 *
 * What has a unit is a duration back from now, as Go writes it, with days before it; a bare number
 * is a point in time, seconds or, with 13 digits, milliseconds. A time of day is the last one of
 * that name: yesterday's when it is still to come. Facts: shared/reference/defang.md 1.4, whose CLI
 * takes the same forms; the extremes too (106751 days are what 64 bits of nanoseconds hold). */
#include "client/time_arg.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define DAYS_MAX 106751 /* as many as 64 bits of nanoseconds hold */

/* "-1h30m": a duration as Go writes it, which knows no days. */
static int parse_signed(const char *text, int64_t *ms)
{
    bool minus = *text == '-';
    const char *plain = text + (*text == '-' || *text == '+');
    if (strchr(plain, 'd') || clock_parse_duration(plain, ms) < 0)
        return -EINVAL;

    *ms = minus ? -*ms : *ms;
    return 0;
}

/* Whole days, then a duration: "7d", "7d12h", "7d-1h"; together never negative. */
static int parse_duration(const char *text, int64_t *ms)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != 'd')
        return parse_signed(text, ms);

    cleanup_free char *number = xstrndup(text, digits);
    const char *rest = text + digits + 1;
    long long days = 0;
    int64_t more_ms = 0;

    if (text_parse_int(number, 0, DAYS_MAX, &days) < 0 ||
        (*rest && parse_signed(rest, &more_ms) < 0))
        return -EINVAL;

    *ms = days * 86400000 + more_ms;

    return *ms < 0 ? -EINVAL : 0;
}

/* Two digits at *p that make at most `max`; moves *p behind them. */
static bool two_digits(const char **p, int max, int *out)
{
    const char *t = *p;

    if (t[0] < '0' || t[0] > '9' || t[1] < '0' || t[1] > '9')
        return false;

    *out = (t[0] - '0') * 10 + (t[1] - '0');
    *p += 2;
    return *out <= max;
}

/* Local time of the last such moment. mktime() finds the offset that holds on that day (tm_isdst
 * -1). */
static int parse_clock(const char *text, int64_t now_ms, int64_t *wall_ms)
{
    int h, m, s;
    const char *p = text;

    if (!two_digits(&p, 23, &h) || *p++ != ':' || !two_digits(&p, 59, &m) || *p++ != ':' ||
        !two_digits(&p, 59, &s))
        return -EINVAL;

    long long fraction_ms = 0, unit = 100;
    if (*p == '.' && p[1])
        for (p++; *p >= '0' && *p <= '9'; p++) {
            fraction_ms += (*p - '0') * unit;
            unit /= 10;
        }

    if (*p)
        return -EINVAL;

    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;

    localtime_r(&now, &tm);
    tm.tm_hour = h;
    tm.tm_min = m;
    tm.tm_sec = s;
    tm.tm_isdst = -1;

    time_t t = mktime(&tm);
    if (t > now) {
        tm.tm_mday--;
        tm.tm_isdst = -1;
        t = mktime(&tm);
    }

    *wall_ms = (int64_t)t * 1000 + fraction_ms;

    return 0;
}

/* Thirteen digits are milliseconds: as seconds they would lie thousands of years ahead. */
static int parse_unix(const char *text, int64_t *wall_ms)
{
    cleanup_free char *whole = xstrndup(text, strcspn(text, "."));
    const char *fraction = strchr(text, '.');
    long long value = 0, ms = 0, unit = 100;

    if (text_parse_int(whole, 0, 99999999999999LL, &value) < 0)
        return -EINVAL;

    for (const char *p = fraction ? fraction + 1 : ""; *p; p++) {
        if (*p < '0' || *p > '9')
            return -EINVAL;

        ms += (*p - '0') * unit;
        unit /= 10;
    }

    bool is_ms = strlen(whole) == 13 && !fraction;
    *wall_ms = is_ms ? value : value * 1000 + ms;

    return 0;
}

/* What has a unit is tried first, and the forms of a point in time after it: none of them reads
 * like another. */
int time_arg_parse(
    const char *option, const char *text, int64_t now_ms, int64_t *wall_ms, struct error *err)
{
    int64_t back_ms = 0;

    *wall_ms = 0;
    if (!*text)
        return 0; /* as if it were not said */

    /* A bare number is a point in time, everything with a unit is a duration. */
    bool number = text[strspn(text, "0123456789.")] == '\0';
    if (!number && parse_duration(text, &back_ms) == 0) {
        *wall_ms = now_ms - back_ms;
        return 0;
    }

    if (clock_parse_iso(text, wall_ms) == 0 || parse_clock(text, now_ms, wall_ms) == 0 ||
        parse_unix(text, wall_ms) == 0)
        return 0;

    error_raise(err, ERR_USAGE, "%s does not understand the time \"%s\"", option, text);
    error_hint(err, "examples: 10m, 2h30m, 7d12h, 15:04:05, 2026-11-22T15:04:05Z, 1795000000");

    return -EINVAL;
}
