/* Health checks: the request that a test makes (defang.md section 8, vector 14, and what people
 * write beside it), and timing of target groups (vector 15).
 *
 * Tables: what a container's own health check says on the left, what the load balancer is to ask on
 * the right. */
#include "base/mem.h"
#include "plan/container/health.h"
#include "plan/view/probe.h"
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

    /* the host is the container, however it is written */
    {{"CMD-SHELL", "wget --spider -q http://127.1:80/x"}, 2, "/x", 80, true},
    {{"CMD-SHELL", "wget -qO- http://0.0.0.0:3000/ready"}, 2, "/ready", 3000, true},
    {{"CMD-SHELL", "curl -g http://[::1]:3000/ready"}, 2, "/ready", 3000, true},
    {{"CMD-SHELL", "curl -f http://$HOSTNAME:8080/h"}, 2, "/h", 8080, true},
    {{"CMD-SHELL", "curl -f http://web:8080/h"}, 2, "/h", 8080, true},
    {{"CMD-SHELL", "curl -f http://db:8080/h"}, 2, "/", 80, false},

    /* variables of the service */
    {{"CMD-SHELL", "curl -f http://localhost:$PORT/health"}, 2, "/health", 5000, true},
    {{"CMD-SHELL", "curl -f http://localhost:${PORT}${BASE:-/x}/health"},
     2,
     "/x/health",
     5000,
     true},
    {{"CMD-SHELL", "curl -f http://localhost:${OTHER:-9000}/h"}, 2, "/h", 9000, true},
    {{"CMD-SHELL", "curl -f http://localhost:$OTHER/h"}, 2, "/h", 80, true},

    /* a name that looks like a host is no request */
    {{"CMD-SHELL", "redis-cli -h localhost ping"}, 2, "/", 80, false},
    {{"CMD", "mysqladmin", "-h", "127.0.0.1"}, 4, "/", 80, false},
    {{"CMD-SHELL", "nc -z localhost 8080"}, 2, "/", 80, false},
    {{"CMD-SHELL", "exec 3<>/dev/tcp/localhost/8288"}, 2, "/", 80, false},
    {{"CMD-SHELL", "curl -H 'Host: localhost' http://localhost:81/a"}, 2, "/a", 81, true},
    {{"CMD-SHELL", "curl -x localhost:3128 http://example.com/"}, 2, "/", 80, false},

    {{"CMD-SHELL", "mongosh localhost:27017/test --eval 'db.stats()'"}, 2, "/", 80, false},
    {{"CMD", "/bin/probe", "localhost:9/a.Health/Check"}, 3, "/a.Health/Check", 9, true},

    /* around it */
    {{"CMD", "sh", "-c", "curl -f localhost:7/a"}, 4, "/a", 7, true},
    {{"CMD-SHELL", "timeout 5 bash -c 'curl -f localhost:7/a'"}, 2, "/a", 7, true},
    {{"CMD-SHELL", "test \"$(curl -s localhost:7/a)\" = ok"}, 2, "/a", 7, true},
    {{"CMD-SHELL", "pg_isready; curl -f localhost:7/a | grep ok"}, 2, "/a", 7, true},
    {{"CMD-SHELL", "python -c \"import urllib.request as u; u.urlopen('http://localhost:7/a')\""},
     2,
     "/a",
     7,
     true},
    {{"CMD", "node", "-e", "fetch('http://127.0.0.1:7/a').then(r => process.exit(!r.ok))"},
     4,
     "/a",
     7,
     true},
};

static struct compose_service service_with(const char *const *test, size_t count)
{
    static struct compose_part port = {.text = "5000"};
    static struct compose_env env[] = {{.name = "PORT", .value = {.first = &port}}};

    return (struct compose_service){
        .name = "web",
        .environment = env,
        .environment_count = 1,
        .healthcheck = {.present = true, .test = (const char **)test, .test_count = count}};
}

START_TEST(urls)
{
    const struct url_row *r = &URLS[_i];
    cleanup_arena struct arena *a = arena_new();
    struct compose_service s = service_with(r->test, r->count);
    struct plan_probe p;

    plan_probe_read(a, &s, &p);
    ck_assert_msg(
        strcmp(p.path, r->path) == 0 && p.port == r->port && p.http == r->found,
        "%s: %s %u %d",
        r->count ? r->test[r->count - 1] : "",
        p.path,
        p.port,
        p.http);
}
END_TEST

static const struct code_row {
    const char *test, *codes;
    bool tls;
} CODES[] = {
    {"curl -f http://localhost/", "200-399", false},
    {"curl -fsS http://localhost/", "200-399", false},
    {"curl -s --fail-with-body http://localhost/", "200-399", false},
    {"curl -s http://localhost/", "200-499", false},
    {"wget -q --spider http://localhost/", "200-399", false},
    {"curl -k https://localhost/", "200-499", true},
    {"[ $(curl -so /dev/null -w '%{http_code}' http://localhost/x) = 401 ]", "401", false},
    {"curl -so /dev/null -w '%{http_code}' localhost/x | grep -q 302", "302", false},
    {"pg_isready", "200-499", false},
};

START_TEST(codes)
{
    const char *test[] = {"CMD-SHELL", CODES[_i].test};
    cleanup_arena struct arena *a = arena_new();
    struct compose_service s = service_with(test, 2);
    struct plan_probe p;

    plan_probe_read(a, &s, &p);
    ck_assert_str_eq(p.codes, CODES[_i].codes);
    ck_assert_int_eq(p.tls, CODES[_i].tls);
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
    {true, 5, 30, -1, 30, 29, 3}, /* raised to its timeout */
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
    tcase_add_loop_test(t, codes, 0, (int)ARRAY_LEN(CODES));
    tcase_add_loop_test(t, timing, 0, (int)ARRAY_LEN(TIMINGS));
    tcase_add_test(t, in_the_container);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
