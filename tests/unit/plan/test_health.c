/* Health checks: URLs (defang.md section 8, vector 14) and timing of target groups (vector 15).
 *
 * Tables: what a container's own health check says on the left, what the load balancer is to ask on
 * the right. */
#include "base/mem.h"
#include "plan/container/health.h"
#include <check.h>

struct url_row {
    const char *test[4];
    size_t count;
    const char *path;
    unsigned port;
    bool found;
};

static const struct url_row URLS[] = {
    {{"CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"}, 2, "/health", 8080, true},
    {{"CMD", "curl", "http://localhost/status"}, 3, "/status", 80, true},
    {{"CMD-SHELL", "https://example.com/ping && echo 'http://localhost:1234'"}, 2, "/", 1234, true},
    {{"CMD", "curl", "127.0.0.1/healthz"}, 3, "/healthz", 80, true},
    {{"CMD", "curl", "localhost:8000?foo"}, 3, "?foo", 8000, true},
    {{"CMD", "curl", "http://LOCALHOST/x#fragment"}, 3, "/x", 80, true},
    {{"CMD", "curl", "https://localhost:8443/tls"}, 3, "/tls", 8443, true},
    {{"CMD", "http://localhost:81/one", "http://localhost:82"},
     3,
     "/one",
     82,
     true}, /* the last wins per field */
    {{"CMD", "curl", "http://localhosts/x"}, 3, "/", 80, false},
    {{"CMD", "curl", "http://127.0.0.11/x"}, 3, "/", 80, false},
    {{"CMD", "curl", "http://my-localhost/x"}, 3, "/", 80, false},
    {{"CMD", "pg_isready"}, 2, "/", 80, false},
    {{"NONE"}, 1, "/", 80, false},
    {{"HTTP", "http://localhost:1/x"}, 2, "/", 80, false},
    {{NULL}, 0, "/", 80, false},
};

START_TEST(urls)
{
    const struct url_row *r = &URLS[_i];
    struct plan_health_url u;

    plan_health_url(r->test, r->count, &u);
    ck_assert_str_eq(u.path, r->path);
    ck_assert_uint_eq(u.port, r->port);
    ck_assert_int_eq(u.found, r->found);
}
END_TEST

struct timing_row {
    bool present;
    int interval, timeout, retries;
    unsigned i, t, u;
};

static const struct timing_row TIMINGS[] = {
    {false, -1, -1, -1, 5, 4, 3},
    {true, -1, -1, -1, 5, 4, 3},
    {true, 5, -1, -1, 5, 4, 3},
    {true, 10, 10, -1, 10, 9, 3},
    {true, 30, 5, -1, 30, 5, 3},
    {true, 300, -1, -1, 300, 120, 3},
    {true, 1, 1, 1, 5, 2, 2},
    {true, 900, 600, 99, 300, 120, 10},
};

START_TEST(timing)
{
    const struct timing_row *r = &TIMINGS[_i];
    struct compose_healthcheck h = {
        .present = r->present,
        .interval_ms = r->interval < 0 ? -1 : r->interval * 1000,
        .timeout_ms = r->timeout < 0 ? -1 : r->timeout * 1000,
        .retries = r->retries};
    const struct plan_settings settings = {.health_interval = 5, .health_threshold = 2};
    struct plan_health_timing t;

    plan_target_group_timing(&settings, &h, &t);
    ck_assert_uint_eq(t.interval, r->i);
    ck_assert_uint_eq(t.timeout, r->t);
    ck_assert_uint_eq(t.unhealthy, r->u);
    ck_assert_uint_eq(t.healthy, 2);
}
END_TEST

START_TEST(in_the_container)
{
    const char *test[] = {"CMD", "true"};
    struct compose_healthcheck h = {
        .present = true,
        .test = test,
        .test_count = 2,
        .interval_ms = -1,
        .timeout_ms = -1,
        .retries = -1,
        .start_period_ms = -1};

    json_t *j = plan_container_health(&h);

    ck_assert_int_eq(json_int_or(j, "Interval", 0), 30);
    ck_assert_int_eq(json_int_or(j, "Timeout", 0), 5);
    ck_assert_int_eq(json_int_or(j, "Retries", 0), 3);
    ck_assert_int_eq(json_int_or(j, "StartPeriod", -1), 0);
    json_decref(j);

    h.disabled = true;
    ck_assert_ptr_null(plan_container_health(&h));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("health");
    TCase *t = tcase_create("health");
    tcase_add_loop_test(t, urls, 0, (int)ARRAY_LEN(URLS));
    tcase_add_loop_test(t, timing, 0, (int)ARRAY_LEN(TIMINGS));
    tcase_add_test(t, in_the_container);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
