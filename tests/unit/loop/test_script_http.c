/* The scripted transport itself: what the tests of src/aws lean on must be able to fail. */
#include "base/mem.h"
#include "loop/fiber.h"
#include "unit/lib/cases.h"
#include "unit/lib/fake_clock.h"
#include "unit/lib/script_http.h"
#include <errno.h>

static struct fake_clock fake;
static struct loop *loop;
static struct script_http *script;

static void setup(void)
{
    fake_clock_install(&fake, FAKE_CLOCK_START_MS);
    loop = loop_new();
    fake_clock_attach(&fake, loop);
    script = script_http_new(loop);
}

static void teardown(void)
{
    loop_cancel_fibers(loop);
    http_free(script_http(script));
    loop_free(loop);
    fake_clock_remove(&fake);
}

static int ask(struct http_request req, struct http_response *resp, struct error *err)
{
    req.method = req.method ? req.method : "GET";
    req.url = req.url ? req.url : "https://host/path?a=1";
    return http_perform(script_http(script), &req, resp, err);
}

#define FIBER_TEST(name)                                                                           \
    static void name##_main(void *arg);                                                            \
    START_TEST(name)                                                                               \
    {                                                                                              \
        loop_run_fiber(loop, #name, name##_main, NULL);                                            \
    }                                                                                              \
    END_TEST                                                                                       \
    static void name##_main(void *arg)

static int collect(void *arg, const char *data, size_t n)
{
    str_append_bytes(arg, data, n);
    str_append_char(arg, '|');
    return 0;
}

static void answer_by_request(
    void *arg, const struct http_request *req, const char *body, struct script_step *step)
{
    step->reply = strcmp(body, "ping") == 0 ? "pong" : "what?";
    step->status = *(int *)arg;
}

FIBER_TEST(replies_in_order)
{
    struct http_response resp cleanup_http_response = {0};
    int status = 201;
    script_http_add(
        script,
        &(struct script_step){
            .method = "GET",
            .url = "https://*/path?*",
            .reply = "one",
            .reply_headers = "X-One: 1\nETag: \"e\""});
    script_http_add(
        script, &(struct script_step){.header = "X-Amz-Target: *.Get", .status = 404, .times = 2});
    script_http_add(script, &(struct script_step){.on_request = answer_by_request, .arg = &status});
    script_http_add(script, &(struct script_step){.reply = "abcdefgh", .piece_bytes = 3});
    ck_assert_int_eq(ask((struct http_request){0}, &resp, NULL), 0);
    ck_assert_int_eq(resp.status, 200);
    ck_assert_str_eq(str_get(&resp.body), "one");
    ck_assert_str_eq(http_response_header(&resp, "etag"), "\"e\"");
    for (int i = 0; i < 2; i++) {
        http_response_done(&resp);
        const struct http_header h = {"x-amz-target", "Service.Get"};
        ck_assert_int_eq(
            ask((struct http_request){.headers = &h, .header_count = 1}, &resp, NULL), 0);
        ck_assert_int_eq(resp.status, 404);
    }
    http_response_done(&resp);
    ck_assert_int_eq(
        ask((struct http_request){.method = "POST", .body = "ping", .body_len = 4}, &resp, NULL),
        0);
    ck_assert_int_eq(resp.status, 201);
    ck_assert_str_eq(str_get(&resp.body), "pong");
    http_response_done(&resp);
    struct str pieces cleanup_str = STR_INIT;
    ck_assert_int_eq(
        ask((struct http_request){.on_data = collect, .on_data_arg = &pieces}, &resp, NULL), 0);
    ck_assert_str_eq(str_get(&pieces), "abc|def|gh|");
    script_http_assert_done(script);
    ck_assert_uint_eq(script_http_count(script), 5);
    ck_assert_str_eq(script_http_sent(script, 3)->body, "ping");
    ck_assert(script_sent_has_header(script_http_sent(script, 1), "X-Amz-Target"));
    ck_assert(!script_sent_has_header(script_http_sent(script, 0), "X-Amz-Target"));
}

static void cancel_it(void *arg)
{
    fiber_cancel(arg);
}

FIBER_TEST(errors_and_delays)
{
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    int64_t at = loop_now_ms(loop);
    script_http_add(script, &(struct script_step){.error = -ECONNRESET, .delay_ms = 5000});
    script_http_add(script, &(struct script_step){.delay_ms = 100000, .times = 2});
    ck_assert_int_eq(ask((struct http_request){0}, &resp, &err), -ECONNRESET);
    ck_assert_int_eq(loop_now_ms(loop) - at, 5000);
    error_done(&err);
    ck_assert_int_eq(ask((struct http_request){.timeout_ms = 1000}, &resp, &err), -ETIMEDOUT);
    ck_assert_int_eq(loop_now_ms(loop) - at, 6000);
    ck_assert_int_eq(err.kind, ERR_TIMEOUT);
    error_done(&err);
    struct loop_timer *t = loop_timer_start(loop, 500, 0, cancel_it, fiber_current());
    ck_assert_int_eq(ask((struct http_request){0}, &resp, &err), -ECANCELED);
    ck_assert_int_eq(loop_now_ms(loop) - at, 6500);
    ck_assert_int_eq(
        ask((struct http_request){0}, &resp, NULL), -ECANCELED); /* and is not even asked */
    ck_assert_uint_eq(script_http_count(script), 3);
    loop_timer_stop(t);
}

FIBER_TEST(any_order)
{
    struct http_response resp cleanup_http_response = {0};
    script_http_any_order(script);
    script_http_add(script, &(struct script_step){.url = "*/a", .reply = "A"});
    script_http_add(script, &(struct script_step){.url = "*/b", .reply = "B"});
    ck_assert_int_eq(ask((struct http_request){.url = "http://h/b"}, &resp, NULL), 0);
    ck_assert_str_eq(str_get(&resp.body), "B");
    http_response_done(&resp);
    ck_assert_int_eq(ask((struct http_request){.url = "http://h/a"}, &resp, NULL), 0);
    ck_assert_str_eq(str_get(&resp.body), "A");
    script_http_assert_done(script);
}

FIBER_TEST(an_unexpected_request_fails_the_test)
{
    struct http_response resp cleanup_http_response = {0};
    script_http_add(script, &(struct script_step){.method = "PUT"});
    ask((struct http_request){0}, &resp, NULL);
}

FIBER_TEST(an_unused_step_fails_the_test)
{
    script_http_add(script, &(struct script_step){.method = "PUT"});
    script_http_assert_done(script);
}

static Suite *suite(void)
{
    Suite *s = suite_create("script_http");
    TCase *t = tcase_create("script_http");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, replies_in_order);
    tcase_add_test(t, errors_and_delays);
    tcase_add_test(t, any_order);
    suite_add_tcase(s, t);
    return s;
}

/* These two must fail: they are run apart and counted the other way round. */
static Suite *failing(void)
{
    Suite *s = suite_create("script_http, expected to fail");
    TCase *t = tcase_create("failing");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, an_unexpected_request_fails_the_test);
    tcase_add_test(t, an_unused_step_fails_the_test);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int wrong = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (suite_forks()) {
        runner = srunner_create(failing());
        srunner_run_all(runner, CK_SILENT);
        TestResult **results = srunner_results(runner);
        for (int i = 0; i < srunner_ntests_run(runner); i++)
            wrong += tr_rtype(results[i]) != CK_FAILURE; /* by an assertion, not by a crash */
        wrong += srunner_ntests_run(runner) != 2;
        free(results);
        srunner_free(runner);
    }
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
