/* Adaptive retry mode: the published tables of the cubic curve and of the measured rate, and calls
 * that it holds back on the virtual clock. */
#include "aws/model/operations.h"
#include "aws/rate.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <math.h>

static void near(double expected, double actual, const char *what, size_t row)
{
    ck_assert_msg(
        fabs(expected - actual) < 1e-9,
        "%s, row %zu: %.12f instead of %.12f",
        what,
        row,
        actual,
        expected);
}

/* Facts: the cubic tables of the SDKs for adaptive mode (w_max 10, last throttled at 5 s). */
START_TEST(curve_is_the_published_one)
{
    static const struct {
        double at_s, rate;
    } grows[] = {
        {5, 7.0},
        {6, 9.64893600966},
        {7, 10.000030849917364},
        {8, 10.453284520772092},
        {9, 13.408697022224185},
        {10, 21.26626835427364},
        {11, 36.425998516920465}};

    static const struct {
        double at_s, rate;
        bool throttled;
    } mixed[] = {
        {5, 7.0, false},
        {6, 9.64893600966, false},
        {7, 6.754255206761999, true},
        {8, 4.727978644733399, true}};
    struct rate_cubic c;
    double rate = 0;

    rate_cubic_init(&c, 10, 5);
    for (size_t i = 0; i < ARRAY_LEN(grows); i++)
        near(grows[i].rate, rate_cubic_success(&c, grows[i].at_s), "growing", i);
    for (size_t i = 0; i < ARRAY_LEN(mixed); i++) {
        rate = mixed[i].throttled ? rate_cubic_throttled(&c, rate, mixed[i].at_s)
                                  : rate_cubic_success(&c, mixed[i].at_s);
        near(mixed[i].rate, rate, "mixed", i);
    }
    rate_cubic_init(&c, 10, 0);
    near(1.9574338205844317, c.k, "k at the start", 0);
    near(5.6, rate_cubic_throttled(&c, 8, 1), "seven tenths stay", 0);
    near(1.8171205928321397, c.k, "k after that", 0);
}
END_TEST

START_TEST(rates_are_the_published_ones)
{
    static const struct {
        double at_s, measured, fill;
        bool throttled;
    } rows[] = {
        {0.2, 0, 0.5, false},
        {0.4, 0, 0.5, false},
        {0.6, 4.8, 0.5, false},
        {0.8, 4.8, 0.5, false},
        {1.0, 4.16, 0.5, false},
        {1.2, 4.16, 0.6912, false},
        {1.4, 4.16, 1.0976, false},
        {1.6, 5.632, 1.6384, false},
        {1.8, 5.632, 2.3328, false},
        {2.0, 4.3264, 3.02848, true},
        {2.2, 4.3264, 3.4866391734702598, false},
        {2.4, 4.3264, 3.8218744160402554, false},
        {2.6, 5.66528, 4.053385727709987, false},
        {2.8, 5.66528, 4.200373108479455, false},
        {3.0, 4.333056, 4.282036558348658, false},
        {3.2, 4.333056, 2.99742559084406, true},
        {3.4, 4.333056, 3.4522263943863463, false}};
    struct rate_limiter r;

    rate_init(&r, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        rate_answered(&r, rows[i].at_s, rows[i].throttled);
        near(rows[i].measured, r.meter.measured_per_s, "measured", i);
        near(rows[i].fill, r.bucket.fill_per_s, "fill", i);
    }
}
END_TEST

START_TEST(meter_counts_in_half_seconds)
{
    static const double early[] = {0.1, 0.2, 0.3, 0.4, 0.49};
    struct rate_meter m = {0};

    for (size_t i = 0; i < ARRAY_LEN(early); i++)
        near(0, rate_meter_count(&m, early[i]), "first slice", i);
    near(12 * 0.8, rate_meter_count(&m, 0.5), "next slice", 0);
    near(12 * 0.8, rate_meter_count(&m, 0.5), "no time passed", 0);
    m = (struct rate_meter){0};
    for (int i = 1; i <= 20; i++)
        rate_meter_count(&m, i);
    ck_assert(fabs(m.measured_per_s - 1) < 1e-6);
}
END_TEST

START_TEST(nothing_waits_before_the_first_throttling)
{
    struct rate_limiter r;

    rate_init(&r, 100);
    for (int i = 0; i < 1000; i++) {
        ck_assert(rate_take(&r, 100) == 0);
        rate_answered(&r, 100, false);
    }
    rate_answered(&r, 100, true);
    ck_assert(rate_take(&r, 100) > 0);
    ck_assert(rate_take(&r, 102.1) == 0); /* a token every two seconds at least */
}
END_TEST

/* --- in a session --- */

struct calls {
    struct fixture f;
    int rc[4];
    struct error err;
};

static void two_calls(void *arg)
{
    struct calls *c = arg;
    struct aws_session *s = NULL;

    c->rc[0] = fixture_open(&c->f, NULL, NULL, &s, &c->err);
    for (int i = 1; c->rc[0] == 0 && i < 3; i++)
        c->rc[i] = aws_call(s, &aws_ecs_ListTasks, NULL, NULL, &c->err);
    aws_session_free(s);
}

/* How long the second call waited, in virtual time. */
static int64_t second_call_waits_ms(const char *mode)
{
    struct calls c = {0};

    fixture_init(&c.f);
    fixture_keys(&c.f);
    if (mode)
        fixture_env(&c.f, "AWS_RETRY_MODE", mode);
    fixture_env(&c.f, "AWS_MAX_ATTEMPTS", "1");
    script_http_add(
        c.f.script,
        &(struct script_step){
            .status = 400,
            .reply = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}"});
    script_http_add(c.f.script, &(struct script_step){.reply = "{\"taskArns\":[]}"});
    fixture_run(&c.f, two_calls, &c);
    script_http_assert_done(c.f.script);
    ck_assert_int_eq(c.rc[0], 0);
    ck_assert_int_eq(c.rc[1], -EAGAIN);
    ck_assert_int_eq(c.rc[2], 0);
    int64_t waited_ms =
        script_http_sent(c.f.script, 1)->at_mono_ms - script_http_sent(c.f.script, 0)->at_mono_ms;
    error_done(&c.err);
    fixture_done(&c.f);
    return waited_ms;
}

START_TEST(adaptive_mode_holds_calls_back)
{
    ck_assert_int_eq(second_call_waits_ms(NULL), 0);
    ck_assert_int_eq(second_call_waits_ms("standard"), 0);
    ck_assert_int_eq(second_call_waits_ms("adaptive"), 2000); /* half a token a second */
}
END_TEST

struct refusal {
    const char *variable, *value, *message;
};

static void refuse_in_env(const struct refusal *r)
{
    struct fixture f;
    struct aws_session *s = NULL;
    cleanup_error struct error err = ERROR_INIT;

    fixture_init(&f);
    fixture_keys(&f);
    fixture_env(&f, r->variable, r->value);
    int rc = fixture_open(&f, NULL, NULL, &s, &err);
    if (r->message) {
        ck_assert_int_eq(rc, -EINVAL);
        ck_assert_str_eq(err.message, r->message);
        ck_assert_int_eq(err.kind, ERR_USAGE);
    } else {
        ck_assert_msg(rc == 0, "%s=%s: %s", r->variable, r->value, err.message);
    }
    aws_session_free(s);
    fixture_done(&f);
}

START_TEST(modes_are_checked_as_the_cli_does)
{
    static const struct refusal rows[] = {
        {"AWS_RETRY_MODE", "standard", NULL},
        {"AWS_RETRY_MODE", "adaptive", NULL},
        {"AWS_RETRY_MODE",
         "legacy",
         "Invalid value provided to \"mode\": \"legacy\" must be one of: \"standard\" or "
         "\"adaptive\" (from AWS_RETRY_MODE)"},
        {"AWS_RETRY_MODE",
         "Standard",
         "Invalid value provided to \"mode\": \"Standard\" must be one of: \"standard\" or "
         "\"adaptive\" (from AWS_RETRY_MODE)"},
        {"AWS_RETRY_MODE",
         "",
         "Invalid value provided to \"mode\": \"\" must be one of: \"standard\" or \"adaptive\" "
         "(from AWS_RETRY_MODE)"},
        {"AWS_MAX_ATTEMPTS", " +7 ", NULL},
        {"AWS_MAX_ATTEMPTS", "99999999999999999999", NULL},
        {"AWS_MAX_ATTEMPTS",
         "0",
         "Value provided to \"max_attempts\": '0' must be an integer greater than or equal to one "
         "(from AWS_MAX_ATTEMPTS)"},
        {"AWS_MAX_ATTEMPTS",
         "-1",
         "Value provided to \"max_attempts\": '-1' must be an integer greater than or equal to one "
         "(from AWS_MAX_ATTEMPTS)"},
        {"AWS_MAX_ATTEMPTS",
         "",
         "Value provided to \"max_attempts\": '' must be an integer greater than or equal to one "
         "(from AWS_MAX_ATTEMPTS)"},
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE", "Required", NULL},
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled", NULL},
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE", "preferred", NULL},
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE",
         "maybe",
         "The configured value 'maybe' for 'account_id_endpoint_mode' is invalid (from "
         "AWS_ACCOUNT_ID_ENDPOINT_MODE)"},
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE",
         "",
         "The configured value '' for 'account_id_endpoint_mode' is invalid (from "
         "AWS_ACCOUNT_ID_ENDPOINT_MODE)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        refuse_in_env(&rows[i]);
}
END_TEST

START_TEST(a_mode_in_the_file_is_named_with_its_line)
{
    struct fixture f;
    struct aws_session *s = NULL;
    cleanup_error struct error err = ERROR_INIT;

    fixture_init(&f);
    fixture_keys(&f);
    fixture_file(&f, ".aws/config", "[default]\nregion = us-west-2\nretry_mode = eager\n");
    ck_assert_int_eq(fixture_open(&f, NULL, NULL, &s, &err), -EINVAL);
    ck_assert_uint_eq(err.line, 3);
    ck_assert_ptr_nonnull(strstr(err.message, "profile default"));
    ck_assert_ptr_nonnull(strstr(err.file, "/.aws/config"));
    fixture_done(&f);
}
END_TEST

/* No rule set of ours asks for the mode: the same call goes to the same place in each. */
START_TEST(account_id_mode_changes_no_endpoint_of_ours)
{
    static const char *const modes[] = {"preferred", "disabled", "required"};

    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct calls c = {0};

        fixture_init(&c.f);
        fixture_keys(&c.f);
        fixture_env(&c.f, "AWS_ACCOUNT_ID_ENDPOINT_MODE", modes[i]);
        script_http_add(
            c.f.script,
            &(struct script_step){
                .url = "https://ecs.us-west-2.amazonaws.com/", .reply = "{}", .times = 2});
        fixture_run(&c.f, two_calls, &c);
        script_http_assert_done(c.f.script);
        ck_assert_int_eq(c.rc[1], 0);
        fixture_done(&c.f);
    }
}
END_TEST

SUITE(
    "aws/rate",
    curve_is_the_published_one,
    rates_are_the_published_ones,
    meter_counts_in_half_seconds,
    nothing_waits_before_the_first_throttling,
    adaptive_mode_holds_calls_back,
    modes_are_checked_as_the_cli_does,
    a_mode_in_the_file_is_named_with_its_line,
    account_id_mode_changes_no_endpoint_of_ours)
