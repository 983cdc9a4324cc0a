/* Time arguments, by the table of shared/reference/defang.md 1.4. */
#include "client/time_arg.h"
#include "unit/lib/suite.h"

#include "base/mem.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW  INT64_C(1795385730000) /* 2026-11-22T22:15:30Z */
#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

static void check(const char *text, bool ok, int64_t wanted)
{
    struct error err = ERROR_INIT;
    int64_t at = -1;
    int rc = time_arg_parse("--since", text, NOW, &at, &err);

    ck_assert_msg((rc == 0) == ok, "\"%s\": rc %d", text, rc);

    if (ok)
        ck_assert_msg(
            at == wanted, "\"%s\": %lld instead of %lld", text, (long long)at, (long long)wanted);
    else
        ck_assert_msg(err.kind == ERR_USAGE && err.hint, "\"%s\"", text);

    error_done(&err);
}

START_TEST(accepted)
{
    static const struct {
        const char *text;
        int64_t at;
    } rows[] = {
        {"", 0},
        {"10m", NOW - 10 * 60000},
        {"2h", NOW - 2 * HOUR},
        {"1h30m", NOW - HOUR - 30 * 60000},
        {"1.5h", NOW - 90 * 60000},
        {"500ms", NOW - 500},
        {"7d", NOW - 7 * DAY},
        {"7d12h", NOW - 7 * DAY - 12 * HOUR},
        {"7d-1h", NOW - 7 * DAY + HOUR},
        {"1d-24h", NOW},
        {"-1h", NOW + HOUR},
        {"+1h", NOW - HOUR},
        {"106751d", NOW - 106751 * DAY},
        {"2026-11-22T15:04:05Z", INT64_C(1795359845000)},
        {"2026-11-22T15:04:05.25Z", INT64_C(1795359845250)},
        {"2026-11-22T17:04:05+02:00", INT64_C(1795359845000)},
        {"22:15:30", NOW},
        {"22:15:29", NOW - 1000},
        {"22:15:31", NOW + 1000 - DAY}, /* still to come today: yesterday's */
        {"15:04:05", INT64_C(1795359845000)},
        {"15:04:05.25", INT64_C(1795359845250)},
        {"1795359845", INT64_C(1795359845000)},
        {"1795359845.5", INT64_C(1795359845500)},
        {"1795359845500", INT64_C(1795359845500)},
        {"0", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check(rows[i].text, true, rows[i].at);
}
END_TEST

START_TEST(rejected)
{
    static const char *const rows[] = {
        "1.5d",      "-1d",   "+1d",       "d12h",      "d",           "7d1d",
        "7dd",       "7d12",  "1w",        "1d-25h",    "106752d",     "99999999999999999999d",
        "h",         "1",     "10 m",      "24:00:00",  "12:60:00",    "12:00:60",
        "1:2:3",     "12:00", "12:00:00.", "12:00:00x", "+1:02:03",    "2026-11-22",
        "yesterday", "1.2.3", ".5",        "-5",        "1795359845x", "7d--1h",
        "1h-30m"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!strcmp(rows[i], "1"))
            check(rows[i], true, 1000); /* a bare number is Unix seconds, not a duration */
        else
            check(rows[i], false, 0);
}
END_TEST

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();

    const TTest *const tests[] = {accepted, rejected};
    return suite_run("client/time_arg", tests, ARRAY_LEN(tests));
}
