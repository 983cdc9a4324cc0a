/* base/clock.h: both clocks, random numbers within bounds, time as text both ways and what is
 * refused. */
#include "base/clock.h"
#include "base/mem.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

START_TEST(format)
{
    static const struct {
        int64_t ms;
        const char *basic, *iso;
    } rows[] = {
        {0, "19700101T000000Z", "1970-01-01T00:00:00.000Z"},
        {1795385730123, "20261122T221530Z", "2026-11-22T22:15:30.123Z"},
        {951782400007, "20000229T000000Z", "2000-02-29T00:00:00.007Z"},
        {253402300799999, "99991231T235959Z", "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "99991231T235959Z", "9999-12-31T23:59:59.999Z"}, /* clamped, not overflowed */
        {-5, "19700101T000000Z", "1970-01-01T00:00:00.000Z"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char basic[17], iso[25];
        clock_format_basic(rows[i].ms, basic);
        clock_format_iso(rows[i].ms, iso);
        ck_assert_str_eq(basic, rows[i].basic);
        ck_assert_str_eq(iso, rows[i].iso);
    }
}
END_TEST

struct parse_row {
    const char *text;
    int64_t ms; /* -1: refused */
};

static void
check_rows(int (*parse)(const char *, int64_t *), const struct parse_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t ms = -77;
        int rc = parse(rows[i].text, &ms);
        ck_assert_msg(rc == (rows[i].ms < 0 ? -EINVAL : 0), "%s: rc %d", rows[i].text, rc);
        ck_assert_msg(
            ms == (rows[i].ms < 0 ? -77 : rows[i].ms), "%s: %lld", rows[i].text, (long long)ms);
    }
}

START_TEST(iso)
{
    static const struct parse_row rows[] = {
        {"2026-11-22T22:15:30Z", 1795385730000},
        {"2026-11-22T22:15:30.123Z", 1795385730123},
        {"2026-11-22T22:15:30.1Z", 1795385730100},
        {"2026-11-22T22:15:30.123456789Z", 1795385730123},
        {"2026-11-22T22:15:30UTC", 1795385730000},
        {"2026-11-22T22:15:30+00:00", 1795385730000},
        {"2026-11-23T00:15:30+02:00", 1795385730000},
        {"2026-11-22T14:15:30-0800", 1795385730000},
        {"2026-11-22 22:15:30z", 1795385730000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"1999-02-29T00:00:00Z", -1},
        {"1900-02-29T00:00:00Z", -1},
        {"2026-13-01T00:00:00Z", -1},
        {"2026-00-01T00:00:00Z", -1},
        {"2026-01-32T00:00:00Z", -1},
        {"2026-01-00T00:00:00Z", -1},
        {"2026-01-01T24:00:00Z", -1},
        {"2026-01-01T00:60:00Z", -1},
        {"2026-11-22T22:15:30", -1},
        {"2026-11-22T22:15:30.Z", -1},
        {"2026-11-22T22:15:30Zx", -1},
        {"2026-11-22", -1},
        {"26-11-22T22:15:30Z", -1},
        {"", -1},
        {NULL, -1},
    };
    check_rows(clock_parse_iso, rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(http_date)
{
    static const struct parse_row rows[] = {
        {"Sun, 22 Nov 2026 22:15:30 GMT", 1795385730000},
        {"Mon, 22 Nov 2026 22:15:30 GMT",
         1795385730000}, /* a wrong weekday does not hide the time */
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sun, 22 Nov 2026 22:15:30 UTC", -1},
        {"Sun, 22 Nov 2026 22:15:30 GMT ", -1},
        {"Sunday, 22-Nov-26 22:15:30 GMT", -1},
        {"Sun, 31 Feb 2026 22:15:30 GMT", -1},
        {"Sun, 2 Nov 2026 22:15:30 GMT", -1},
        {"Sun, 22 Foo 2026 22:15:30 GMT", -1},
        {"", -1},
    };
    check_rows(clock_parse_http_date, rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(duration)
{
    static const struct parse_row rows[] = {
        {"90s", 90000},
        {"1h30m", 5400000},
        {"7d12h", 648000000},
        {"250ms", 250},
        {"1.5h", 5400000},
        {"0", 0},
        {".5s", 500},
        {"1.s", 1000},
        {"1us", 0},
        {"1500us", 1},
        {"1\xc2\xb5s999999ns", 1},
        {"0.1h", 360000},
        {"1m1m", 120000},
        {"10s", 10000},
        {"1.123456789s", 1123},
        {"", -1},
        {"10", -1},
        {"s", -1},
        {"-1s", -1},
        {"1x", -1},
        {"1 s", -1},
        {"1h ", -1},
        {".s", -1},
        {"99999999999999999999s", -1},
        {"300000d", -1},
    };
    check_rows(clock_parse_duration, rows, ARRAY_LEN(rows));
}
END_TEST

static int64_t fixed_wall(void *arg)
{
    return *(int64_t *)arg;
}

static void count_up(void *arg, void *buf, size_t n)
{
    static uint64_t next;
    uint64_t value = UINT64_MAX - next++;
    memcpy(buf, &value, n < 8 ? n : 8);
}

START_TEST(replaced)
{
    int64_t now = 12345;
    struct clock_source source = {.wall_ms = fixed_wall, .arg = &now};
    clock_replace(&source);
    ck_assert_int_eq(clock_wall_ms(), 12345);
    ck_assert_int_gt(clock_mono_ms(), 0); /* what is not given stays real */
    clock_replace(NULL);
    ck_assert_int_gt(clock_wall_ms(), 1600000000000);
}
END_TEST

START_TEST(random_below)
{
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint64_t v = clock_random_below(7);
        ck_assert_uint_lt(v, 7);
        seen[v]++;
    }
    for (size_t i = 0; i < 7; i++)
        ck_assert_uint_gt(seen[i], 700); /* 1000 expected; 700 is more than ten deviations away */
    ck_assert_uint_eq(clock_random_below(0), 0);
    ck_assert_uint_eq(clock_random_below(1), 0);
    /* a bound that does not divide 2^64: the values that would make it uneven are drawn again */
    struct clock_source source = {.random = count_up};
    clock_replace(&source);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_lt(clock_random_below((UINT64_MAX / 2) + 2), UINT64_MAX / 2 + 2);
    clock_replace(NULL);
}
END_TEST

SUITE("base/clock", format, iso, http_date, duration, replaced, random_below)
