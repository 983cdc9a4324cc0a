#include "client/time_arg.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int parse_clock(const char *text, int64_t now_ms, int64_t *wall_ms)
{
    int h, m, s, used = 0;
    if (sscanf(text, "%2d:%2d:%2d%n", &h, &m, &s, &used) != 3 || h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60)
        return -EINVAL;
    long long fraction_ms = 0;
    if (text[used] == '.') {
        const char *digits = text + used + 1;
        long long unit = 100;
        for (; *digits >= '0' && *digits <= '9'; digits++, unit /= 10)
            fraction_ms += (*digits - '0') * unit;
        used = (int)(digits - text);
    }
    if (text[used] != '\0')
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

static int parse_unix(const char *text, int64_t *wall_ms)
{
    cleanup_free char *whole = xstrndup(text, strcspn(text, "."));
    const char *fraction = strchr(text, '.');
    long long value = 0, ms = 0, unit = 100;
    if (text_parse_int(whole, 0, 99999999999999LL, &value) < 0)
        return -EINVAL;
    for (const char *p = fraction ? fraction + 1 : ""; *p; p++, unit /= 10) {
        if (*p < '0' || *p > '9')
            return -EINVAL;
        ms += (*p - '0') * unit;
    }
    bool is_ms = strlen(whole) == 13 && !fraction;
    *wall_ms = is_ms ? value : value * 1000 + ms;
    return 0;
}

int time_arg_parse(const char *option, const char *text, int64_t now_ms, int64_t *wall_ms, struct error *err)
{
    int64_t back_ms = 0;
    /* A bare number is a point in time, everything with a unit is a duration. */
    if (text_parse_int(text, 0, 0, &(long long){0}) < 0 && clock_parse_duration(text, &back_ms) == 0) {
        *wall_ms = now_ms - back_ms;
        return 0;
    }
    if (clock_parse_iso(text, wall_ms) == 0 || parse_clock(text, now_ms, wall_ms) == 0 || parse_unix(text, wall_ms) == 0)
        return 0;
    error_raise(err, ERR_USAGE, "%s does not understand the time \"%s\"", option, text);
    error_hint(err, "examples: 10m, 2h30m, 7d12h, 15:04:05, 2026-11-22T15:04:05Z, 1795000000");
    return -EINVAL;
}
