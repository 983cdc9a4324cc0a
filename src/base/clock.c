/* Time and random bytes from the kernel, and time as text.
 *
 * One door, so that a test which calls clock_replace() decides both. A source may leave a function
 * out: then the system's is asked. Monotonic time is CLOCK_BOOTTIME, which goes on while the
 * machine sleeps. When the kernel refuses there is no sound answer to give, and the process aborts.
 *
 * The second half is pure: the formats of clock.h in both directions. What has no room for a fifth
 * digit of the year is held at the end of 9999.
 */
#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define YEAR_9999_END_MS 253402300799999LL /* no format here has room for a fifth digit */

static const struct clock_source *replaced;

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    if (clock_gettime(id, &ts) != 0)
        abort();
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return replaced && replaced->wall_ms ? replaced->wall_ms(replaced->arg)
                                         : read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return replaced && replaced->mono_ms ? replaced->mono_ms(replaced->arg)
                                         : read_ms(CLOCK_BOOTTIME);
}

void clock_random(void *buf, size_t n)
{
    if (replaced && replaced->random) {
        replaced->random(replaced->arg, buf, n);
        return;
    }
    unsigned char *p = buf;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        p += got;
        n -= (size_t)got;
    }
}

uint64_t clock_random_below(uint64_t bound)
{
    if (bound < 2)
        return 0;
    uint64_t uneven =
        (UINT64_MAX - bound + 1) % bound; /* 2^64 mod bound: these would favour small results */
    uint64_t value;
    do
        clock_random(&value, sizeof value);
    while (value < uneven);
    return value % bound;
}

void clock_replace(const struct clock_source *source)
{
    replaced = source;
}

/* Time as text, both ways. */

static int64_t split_ms(int64_t wall_ms, struct tm *tm)
{
    if (wall_ms < 0)
        wall_ms = 0;
    if (wall_ms > YEAR_9999_END_MS)
        wall_ms = YEAR_9999_END_MS;
    time_t seconds = (time_t)(wall_ms / 1000);
    gmtime_r(&seconds, tm);
    return wall_ms % 1000;
}

static void put_digits(char *out, int n, unsigned value)
{
    for (; n > 0; n--, value /= 10)
        out[n - 1] = (char)('0' + value % 10);
}

/* Without strftime(): each signature asks for it. */
void clock_format_basic(int64_t wall_ms, char out[17])
{
    struct tm tm;
    split_ms(wall_ms, &tm);
    put_digits(out, 4, (unsigned)tm.tm_year + 1900);
    put_digits(out + 4, 2, (unsigned)tm.tm_mon + 1);
    put_digits(out + 6, 2, (unsigned)tm.tm_mday);
    out[8] = 'T';
    put_digits(out + 9, 2, (unsigned)tm.tm_hour);
    put_digits(out + 11, 2, (unsigned)tm.tm_min);
    put_digits(out + 13, 2, (unsigned)tm.tm_sec);
    out[15] = 'Z';
    out[16] = '\0';
}

void clock_format_iso(int64_t wall_ms, char out[25])
{
    struct tm tm;
    int64_t ms = split_ms(wall_ms, &tm);
    size_t n = strftime(out, 25, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, 25 - n, ".%03uZ", (unsigned)ms % 1000);
}

/* Exactly n digits. */
static bool digits(const char **p, int n, int *out)
{
    int value = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        value = value * 10 + (**p - '0');
    }
    *out = value;
    return true;
}

static bool literal(const char **p, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(*p, text, n) != 0)
        return false;
    *p += n;
    return true;
}

static bool to_ms(const struct tm *fields, int64_t *out)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct tm tm = *fields;
    int year = tm.tm_year + 1900;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
        tm.tm_mday > days[tm.tm_mon] + (tm.tm_mon == 1 && leap) || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    *out = (int64_t)timegm(&tm) * 1000;
    return true;
}

/* "Z", "UTC", "+hh:mm", "+hhmm"; minutes east of Greenwich. */
static bool parse_zone(const char *p, int *offset_min)
{
    *offset_min = 0;
    if (!strcmp(p, "Z") || !strcmp(p, "z") || !strcmp(p, "UTC"))
        return true;
    int sign = *p == '-' ? -1 : 1, hours, minutes;
    if (*p != '+' && *p != '-')
        return false;
    p++;
    if (!digits(&p, 2, &hours))
        return false;
    if (*p == ':')
        p++;
    if (!digits(&p, 2, &minutes) || *p || hours > 23 || minutes > 59)
        return false;
    *offset_min = sign * (hours * 60 + minutes);
    return true;
}

static int parse_fraction_ms(const char **p)
{
    int ms = 0, scale = 100;
    for ((*p)++; **p >= '0' && **p <= '9'; (*p)++) {
        ms += (**p - '0') * scale;
        scale /= 10;
    }
    return ms;
}

int clock_parse_iso(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0};
    const char *p = text;
    int ms = 0, offset;
    int64_t base;
    if (!p || !digits(&p, 4, &tm.tm_year) || !literal(&p, "-") || !digits(&p, 2, &tm.tm_mon) ||
        !literal(&p, "-") || !digits(&p, 2, &tm.tm_mday) || (*p != 'T' && *p != 't' && *p != ' '))
        return -EINVAL;
    p++;
    if (!digits(&p, 2, &tm.tm_hour) || !literal(&p, ":") || !digits(&p, 2, &tm.tm_min) ||
        !literal(&p, ":") || !digits(&p, 2, &tm.tm_sec))
        return -EINVAL;
    if (*p == '.') {
        if (p[1] < '0' || p[1] > '9')
            return -EINVAL;
        ms = parse_fraction_ms(&p);
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (!parse_zone(p, &offset) || !to_ms(&tm, &base))
        return -EINVAL;
    *wall_ms = base + ms - (int64_t)offset * 60000;
    return 0;
}

int clock_parse_http_date(const char *text, int64_t *wall_ms)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = {.tm_mon = -1};
    const char *p = text;
    int day = 0;
    if (!p)
        return -EINVAL;
    while (day < 7 && !literal(&p, weekdays[day]))
        day++;
    if (day == 7 || !literal(&p, ", ") || !digits(&p, 2, &tm.tm_mday) || !literal(&p, " "))
        return -EINVAL;
    for (int i = 0; i < 12 && tm.tm_mon < 0; i++)
        if (literal(&p, months[i]))
            tm.tm_mon = i;
    if (!literal(&p, " ") || !digits(&p, 4, &tm.tm_year) || !literal(&p, " ") ||
        !digits(&p, 2, &tm.tm_hour) || !literal(&p, ":") || !digits(&p, 2, &tm.tm_min) ||
        !literal(&p, ":") || !digits(&p, 2, &tm.tm_sec) || !literal(&p, " GMT") || *p)
        return -EINVAL;
    tm.tm_year -= 1900;
    /* The weekday is not compared: a server with a wrong one still tells its time. */
    return to_ms(&tm, wall_ms) ? 0 : -EINVAL;
}

static bool parse_unit(const char **p, int64_t *ns)
{
    /* longer names first: "ms" before "m" */
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {
        {"ns", 1},
        {"us", 1000},
        {"\xc2\xb5s", 1000},
        {"\xce\xbcs", 1000},
        {"ms", 1000000},
        {"s", 1000000000},
        {"m", 60 * 1000000000LL},
        {"h", 3600 * 1000000000LL},
        {"d", 86400 * 1000000000LL},
    };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (literal(p, units[i].name)) {
            *ns = units[i].ns;
            return true;
        }
    return false;
}

/* One "12.5h"; adds to *total_ns. */
static bool parse_term(const char **p, int64_t *total_ns)
{
    int64_t whole = 0, part = 0, part_scale = 1, unit;
    bool any = false;
    for (; **p >= '0' && **p <= '9'; (*p)++, any = true)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, **p - '0', &whole))
            return false;
    if (**p == '.')
        for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, any = true)
            if (part_scale < 1000000000) { /* Go keeps nanoseconds, and no term needs more */
                part = part * 10 + (**p - '0');
                part_scale *= 10;
            }
    if (!any || !parse_unit(p, &unit))
        return false;
    int64_t term;
    return !__builtin_mul_overflow(whole, unit, &term) &&
           !__builtin_add_overflow(term, (int64_t)((__int128)unit * part / part_scale), &term) &&
           !__builtin_add_overflow(*total_ns, term, total_ns);
}

int clock_parse_duration(const char *text, int64_t *ms)
{
    int64_t total_ns = 0;
    const char *p = text;
    if (!p || !*p)
        return -EINVAL;
    if (!strcmp(p, "0")) {
        *ms = 0;
        return 0;
    }
    while (*p)
        if (!parse_term(&p, &total_ns))
            return -EINVAL;
    *ms = total_ns / 1000000;
    return 0;
}
