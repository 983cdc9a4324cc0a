/* The libcurl transport: time, uploads, many at once, cancel, suspend. Real time; the waits are
 * short. */
#include "unit/loop/http_rig.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

FIBER_TEST(timeouts)
{
    int64_t at = loop_now_ms(rig.loop);
    rig_expect_error(
        "/slow",
        (struct http_request){.timeout_ms = 60},
        -ETIMEDOUT,
        "no complete reply within 0.06 s");
    rig_expect_error(
        "/stall", (struct http_request){.timeout_ms = 60}, -ETIMEDOUT, "no complete reply");
    size_t bytes = 0;
    rig_expect_error(
        "/stall",
        (struct http_request){.timeout_ms = 60, .on_data = rig_count_bytes, .on_data_arg = &bytes},
        -ETIMEDOUT,
        "nothing was received for 0.06 s");
    ck_assert_uint_eq(bytes, 10);
    ck_assert_int_lt(loop_now_ms(rig.loop) - at, 5000);
    bytes = 0;
    at = loop_now_ms(rig.loop);
    rig_expect_reply(
        "/drip",
        (struct http_request){.timeout_ms = 300, .on_data = rig_count_bytes, .on_data_arg = &bytes},
        200,
        "");
    ck_assert_uint_eq(bytes, 20);
    ck_assert_int_gt(loop_now_ms(rig.loop) - at, 300);
}

/* A port whose queue of connections is full answers nothing at all, like a host behind a firewall.
 */
FIBER_TEST(connect_timeout_and_refusal)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, n), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    cleanup_free char *url = xasprintf(
        "http://user:secret@127.0.0.1:%u/?X-Amz-Signature=secret", ntohs(address.sin_port));
    struct http_request req = {.method = "GET", .url = url, .connect_timeout_ms = 80};
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    ck_assert_int_eq(http_perform(rig.http, &req, &resp, &err), -ECONNREFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "Connection refused"));
    ck_assert_ptr_null(strstr(err.message, "secret"));
    error_done(&err);

    ck_assert_int_eq(listen(fd, 0), 0);
    int fill[2];
    for (int i = 0; i < 2; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(fill[i], (struct sockaddr *)&address, n);
    }
    int64_t at = loop_now_ms(rig.loop);
    ck_assert_int_eq(http_perform(rig.http, &req, &resp, &err), -ETIMEDOUT);
    ck_assert_int_eq(err.kind, ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot connect"));
    ck_assert_int_lt(loop_now_ms(rig.loop) - at, 5000);
    error_done(&err);
    for (int i = 0; i < 2; i++)
        close(fill[i]);
    close(fd);

    req.url = "http://name.invalid/";
    ck_assert_int_eq(http_perform(rig.http, &req, &resp, &err), -ENOTUNIQ);
    ck_assert_ptr_nonnull(strstr(err.message, "name.invalid: no such host"));
}

struct upload {
    size_t at, length;
    unsigned rewinds;
    int fail_at;
};

static char upload_byte(size_t at)
{
    return (char)('a' + at % 23);
}

static long upload_read(void *arg, char *buf, size_t n)
{
    struct upload *u = arg;
    if (u->fail_at && u->at >= (size_t)u->fail_at)
        return -EIO;
    n = MIN(n, u->length - u->at);
    for (size_t i = 0; i < n; i++)
        buf[i] = upload_byte(u->at++);
    return (long)n;
}

static int upload_rewind(void *arg)
{
    struct upload *u = arg;
    u->at = 0;
    u->rewinds++;
    return 0;
}

static void check_upload(const char *path, struct upload *u)
{
    struct http_body_source source = {upload_read, upload_rewind, u, u->length};
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    int rc =
        rig_fetch(path, (struct http_request){.method = "PUT", .source = &source}, &resp, &err);
    ck_assert_msg(rc == 0, "%s", err.message);
    const char *body = strstr(str_get(&resp.body), "\n--\n");
    ck_assert_ptr_nonnull(body);
    ck_assert_uint_eq(strlen(body + 4), u->length);
    size_t same = 0;
    while (same < u->length && body[4 + same] == upload_byte(same))
        same++;
    ck_assert_uint_eq(same, u->length);
    ck_assert_ptr_null(strstr(str_get(&resp.body), "Expect"));
}

FIBER_TEST(uploads_stream_and_rewind)
{
    struct upload u = {.length = MIB(2) + 17};
    check_upload("/once", &u);
    ck_assert_uint_eq(u.rewinds, 0);
    u = (struct upload){.length = 3000};
    check_upload("/once", &u); /* the kept connection is closed under it: sent again on a new one */
    ck_assert_uint_eq(u.rewinds, 1);
    ck_assert_uint_eq(http_server_connections(rig.server), 2);
    u = (struct upload){.length = 0};
    check_upload("/echo", &u);

    u = (struct upload){.length = MIB(1), .fail_at = 1000};
    struct http_body_source source = {upload_read, upload_rewind, &u, u.length};
    rig_expect_error(
        "/echo", (struct http_request){.method = "PUT", .source = &source}, -EIO, "given up");
    u = (struct upload){.length = 100};
    source.length = 200; /* the source ends early */
    rig_expect_error(
        "/echo", (struct http_request){.method = "PUT", .source = &source}, -EIO, "given up");
}

static void fetch_parallel(void *arg)
{
    cleanup_free char *path = xasprintf("/parallel/%d", (int)(intptr_t)arg);
    rig_expect_reply(path, rig_plain, 200, path);
}

FIBER_TEST(two_hundred_in_parallel)
{
    struct fiber *f[200];
    for (intptr_t i = 0; i < 200; i++)
        f[i] = fiber_spawn(rig.loop, "get", fetch_parallel, (void *)i);
    for (int i = 0; i < 200; i++)
        fiber_join(f[i]);
    ck_assert_uint_eq(rig_most_parallel(), 200);
    for (int i = 0; i < 50; i++)
        rig_expect_reply("/hello", rig_plain, 200, "hello");
    ck_assert_uint_le(http_server_connections(rig.server), 200);
}

static unsigned canceled_count;

static void fetch_slow(void *arg)
{
    rig_expect_error(arg, rig_plain, -ECANCELED, "canceled");
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(rig_fetch("/hello", rig_plain, &resp, NULL), -ECANCELED);
    canceled_count++;
}

FIBER_TEST(cancel_in_each_phase)
{
    static const char *const paths[] = {"/slow", "/stall", "/drip", "/big"};

    enum { N = 40 };
    struct fiber *f[N];
    canceled_count = 0;
    for (int i = 0; i < N; i++)
        f[i] = fiber_spawn(rig.loop, "slow", fetch_slow, (void *)(uintptr_t)paths[i % 3]);
    for (int i = 0; i < N; i++) {
        if (i % 4 == 0)
            fiber_sleep(1);
        fiber_cancel(f[i]);
    }
    for (int i = 0; i < N; i++)
        fiber_join(f[i]);
    ck_assert_uint_eq(canceled_count, N);
    rig_expect_reply("/hello", rig_plain, 200, "hello");
}

static int64_t slept_ms;

static int64_t jumping_mono(void *arg)
{
    struct timespec ts;
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + slept_ms;
}

static int64_t jumping_wall(void *arg)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + slept_ms;
}

FIBER_TEST(suspend_drops_kept_connections)
{
    static const struct clock_source source = {.wall_ms = jumping_wall, .mono_ms = jumping_mono};
    clock_replace(&source);
    slept_ms = 0;
    rig_expect_reply("/hello", rig_plain, 200, "hello");
    rig_expect_reply("/hello", rig_plain, 200, "hello");
    ck_assert_uint_eq(http_server_connections(rig.server), 1);
    slept_ms = 3600000;
    rig_expect_reply("/hello", rig_plain, 200, "hello");
    ck_assert_uint_eq(http_server_connections(rig.server), 2);
    rig_expect_reply("/hello", rig_plain, 200, "hello");
    ck_assert_uint_eq(http_server_connections(rig.server), 2);
    clock_replace(NULL);
}

static Suite *suite(void)
{
    Suite *s = suite_create("http_flow");
    TCase *t = tcase_create("http_flow");
    tcase_add_checked_fixture(t, rig_setup, rig_teardown);
    tcase_add_test(t, timeouts);
    tcase_add_test(t, connect_timeout_and_refusal);
    tcase_add_test(t, uploads_stream_and_rewind);
    tcase_add_test(t, two_hundred_in_parallel);
    tcase_add_test(t, cancel_in_each_phase);
    tcase_add_test(t, suspend_drops_kept_connections);
    suite_add_tcase(s, t);
    return s;
}

SUITE_MAIN(suite)
