/* The libcurl transport against a server on loopback that can be slow, rude or broken. Real time; the waits are short. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "loop/http.h"
#include "unit/lib/http_server.h"
#include "unit/lib/cases.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop;
static struct http *http;
static struct http_server *server;
static atomic_uint parallel, most_parallel;

static bool serve_echo(struct http_exchange *x)
{
    char *body = xcalloc(1, x->body_len + 1);
    bool ok = http_exchange_read_body(x, body, x->body_len);
    char *all = xasprintf("%s\n--\n%s", x->head, body);
    ok = ok && http_exchange_reply(x, 200, "X-Multi: one\r\nX-multi: two\r\nX-Empty:\r\nX-Pad:   padded \t\r\n", all);
    free(all);
    free(body);
    return ok;
}

static bool serve_big(struct http_exchange *x)
{
    char chunk[1024];
    memset(chunk, 'x', sizeof chunk);
    bool ok = http_exchange_send(x, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", MIB(1));
    for (int i = 0; ok && i < 1024; i++)
        ok = http_exchange_send_bytes(x, chunk, sizeof chunk);
    return ok;
}

static bool serve_continue_twice(struct http_exchange *x)
{
    char body[64] = "";
    return http_exchange_send(x, "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n") &&
           http_exchange_send(x, "HTTP/1.1 100 Continue\r\n\r\n") && http_exchange_read_body(x, body, MIN(x->body_len, sizeof body - 1)) &&
           http_exchange_reply(x, 200, "", body);
}

/* A byte at a time, each well within the stream's time-out, all together well beyond it. */
static bool serve_drip(struct http_exchange *x)
{
    bool ok = http_exchange_send(x, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
    for (int i = 0; ok && i < 20; i++) {
        http_exchange_wait(x, 30);
        ok = http_exchange_send(x, "%c", 'a' + i);
    }
    return ok;
}

static bool serve_parallel(struct http_exchange *x)
{
    unsigned now = atomic_fetch_add(&parallel, 1) + 1;
    unsigned most = atomic_load(&most_parallel);
    while (now > most && !atomic_compare_exchange_weak(&most_parallel, &most, now))
        ;
    for (int i = 0; i < 500 && atomic_load(&most_parallel) < 200; i++)
        http_exchange_wait(x, 10);
    atomic_fetch_sub(&parallel, 1);
    return http_exchange_reply(x, 200, "", x->path);
}

static bool serve_headers(struct http_exchange *x)
{
    bool ok = http_exchange_send(x, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; ok && i < 3000; i++)
        ok = http_exchange_send(x, "X-Header-%d: 0123456789012345678901234567890123456789\r\n", i);
    return ok && http_exchange_send(x, "Content-Length: 0\r\n\r\n");
}

static bool serve(struct http_exchange *x)
{
    const char *p = x->path;
    if (strcmp(p, "/hello") == 0)
        return http_exchange_reply(x, 200, "", "hello");
    if (strcmp(p, "/forbidden") == 0)
        return http_exchange_reply(x, 403, "", "<Error/>");
    if (strcmp(p, "/redirect") == 0)
        return http_exchange_reply(x, 302, "Location: /hello\r\n", "");
    if (strncmp(p, "/echo", 5) == 0)
        return serve_echo(x);
    if (strcmp(p, "/chunked") == 0)
        return http_exchange_send(x, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
                                     "5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nX-Late: yes\r\n\r\n");
    if (strcmp(p, "/continue-twice") == 0)
        return serve_continue_twice(x);
    if (strcmp(p, "/big") == 0)
        return serve_big(x);
    if (strcmp(p, "/truncated") == 0)
        return http_exchange_send(x, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789") && false;
    if (strcmp(p, "/truncated-chunk") == 0)
        return http_exchange_send(x, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n0123456789") && false;
    if (strcmp(p, "/garbage") == 0)
        return http_exchange_send(x, "SSH-2.0-OpenSSH_9.2\r\n\r\n") && false;
    if (strcmp(p, "/reset") == 0) {
        http_exchange_reset(x);
        return false;
    }
    if (strcmp(p, "/stall") == 0) {
        bool ok = http_exchange_send(x, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789");
        http_exchange_wait(x, 10000);
        return ok && false;
    }
    if (strcmp(p, "/slow") == 0) {
        http_exchange_wait(x, 10000);
        return http_exchange_reply(x, 200, "", "late");
    }
    if (strcmp(p, "/drip") == 0)
        return serve_drip(x);
    if (strcmp(p, "/headers") == 0)
        return serve_headers(x);
    if (strcmp(p, "/once") == 0) /* the second request on a connection finds it closed */
        return x->number == 1 ? serve_echo(x) : false;
    if (strncmp(p, "/parallel", 9) == 0)
        return serve_parallel(x);
    return http_exchange_reply(x, 404, "", "");
}

static void setup(void)
{
    atomic_store(&parallel, 0);
    atomic_store(&most_parallel, 0);
    server = http_server_start(serve, NULL);
    loop = loop_new();
    http = http_curl_new(loop);
}

static void teardown(void)
{
    loop_cancel_fibers(loop);
    http_free(http);
    loop_free(loop);
    http_server_stop(server);
}

static char *url_of(const char *path)
{
    return xasprintf("http://127.0.0.1:%u%s", http_server_port(server), path);
}

static int fetch(const char *path, struct http_request req, struct http_response *resp, struct error *err)
{
    cleanup_free char *url = url_of(path);
    req.url = url;
    req.method = req.method ? req.method : "GET";
    return http_perform(http, &req, resp, err);
}

static void expect_error(const char *path, struct http_request req, int code, const char *text)
{
    struct error err cleanup_error = ERROR_INIT;
    struct http_response resp cleanup_http_response = {0};
    cleanup_free char *host = xasprintf("127.0.0.1:%u: ", http_server_port(server));
    int rc = fetch(path, req, &resp, &err);
    ck_assert_msg(rc == code, "%s: %d (%s), expected %d", path, rc, err.message, code);
    ck_assert_msg(text_starts(err.message, host) && strstr(err.message, text), "%s: '%s' lacks '%s'", path, err.message, text);
    ck_assert_int_eq(err.code, code);
    ck_assert_int_eq(resp.status, 0);
    ck_assert_uint_eq(resp.body.len, 0);
}

static void expect_reply(const char *path, struct http_request req, int status, const char *body)
{
    struct error err cleanup_error = ERROR_INIT;
    struct http_response resp cleanup_http_response = {0};
    int rc = fetch(path, req, &resp, &err);
    ck_assert_msg(rc == 0, "%s: %d %s", path, rc, err.message);
    ck_assert_int_eq(resp.status, status);
    ck_assert_str_eq(str_get(&resp.body), body);
    ck_assert_int_ge(resp.ended_mono_ms, resp.started_mono_ms);
}

#define FIBER_TEST(name)                                                                                               \
    static void name##_main(void *arg);                                                                                \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        loop_run_fiber(loop, #name, name##_main, NULL);                                                                \
    }                                                                                                                  \
    END_TEST                                                                                                           \
    static void name##_main(void *arg)

static const struct http_request plain;

FIBER_TEST(replies)
{
    expect_reply("/hello", plain, 200, "hello");
    expect_reply("/hello", (struct http_request){.method = "HEAD"}, 200, "");
    expect_reply("/forbidden", plain, 403, "<Error/>");
    expect_reply("/redirect", plain, 302, ""); /* never followed */
    expect_reply("/chunked", plain, 200, "hello, world");
    ck_assert_uint_eq(http_server_connections(server), 1); /* all on one */
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(fetch("/echo", plain, &resp, NULL), 0);
    ck_assert_str_eq(http_response_header(&resp, "x-multi"), "one");
    ck_assert_str_eq(http_response_header(&resp, "x-pad"), "padded");
    ck_assert_str_eq(http_response_header(&resp, "x-empty"), "");
    ck_assert_ptr_null(http_response_header(&resp, "x-none"));
    ck_assert_uint_eq(resp.header_count, 5);
}

/* What goes out, to the byte: signatures depend on it. */
static void expect_sent_to(const char *host, const char *path, struct http_request req, const char *line, const char *headers,
                           const char *body)
{
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    int rc = fetch(path, req, &resp, &err);
    ck_assert_msg(rc == 0, "%s: %s", path, err.message);
    /* The server hands its head on with the last line feed cut off. */
    cleanup_free char *expected = xasprintf("%s HTTP/1.1\r\nHost: %s\r\n%s--\n%s", line, host, headers, body);
    cleanup_free char *sent = xasprintf("%s", str_get(&resp.body));
    char *cut = strstr(sent, "\r\n\r\n--\n");
    if (cut)
        memmove(cut + 2, cut + 4, strlen(cut + 4) + 1);
    ck_assert_str_eq(sent, expected);
}

static void expect_sent(const char *path, struct http_request req, const char *line, const char *headers, const char *body)
{
    cleanup_free char *host = xasprintf("127.0.0.1:%u", http_server_port(server));
    expect_sent_to(host, path, req, line, headers, body);
}

FIBER_TEST(sends_exactly_what_was_given)
{
    expect_sent("/echo", plain, "GET /echo", "", "");
    expect_sent("/echo/../a//b/%7E?q=a%20b&x=%2F", (struct http_request){.method = "DELETE"}, "DELETE /echo/../a//b/%7E?q=a%20b&x=%2F", "", "");
    const struct http_header headers[] = {{"X-Amz-Date", "20261122T221530Z"}, {"content-type", "application/x-amz-json-1.1"},
                                          {"Content-Length", "999"}, {"X-Empty", ""}, {"User-Agent", "defangd/0.1"}};
    expect_sent("/echo", (struct http_request){.method = "POST", .headers = headers, .header_count = 5, .body = "{}", .body_len = 2},
                "POST /echo",
                "X-Amz-Date: 20261122T221530Z\r\ncontent-type: application/x-amz-json-1.1\r\nX-Empty:\r\nUser-Agent: defangd/0.1\r\n"
                "Content-Length: 2\r\n",
                "{}");
    expect_sent("/echo", (struct http_request){.method = "POST"}, "POST /echo", "Content-Length: 0\r\n", "");
    expect_sent("/echo", (struct http_request){.method = "PUT"}, "PUT /echo", "Content-Length: 0\r\n", "");
    expect_sent("/echo", (struct http_request){.method = "PUT", .body = "abc", .body_len = 3}, "PUT /echo", "Content-Length: 3\r\n", "abc");
    const struct http_header host[] = {{"Host", "bucket.example"}};
    expect_sent_to("bucket.example", "/echo", (struct http_request){.headers = host, .header_count = 1}, "GET /echo", "", "");
}

FIBER_TEST(bad_requests_are_refused)
{
    const struct http_header bad[][1] = {{{"X-A", "b\r\nX-Evil: 1"}}, {{"X-A\n", "b"}}, {{"X A", "b"}}, {{"", "b"}}, {{"X:", "b"}}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        expect_error("/hello", (struct http_request){.headers = bad[i], .header_count = 1}, -EINVAL, "request header");
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    ck_assert_int_eq(http_perform(http, &(struct http_request){.method = "GET", .url = "file:///etc/passwd"}, &resp, &err), -EINVAL);
    ck_assert_uint_eq(http_server_connections(server), 0);
}

FIBER_TEST(interim_answers_twice)
{
    struct http_request req = {.method = "POST", .body = "payload", .body_len = 7};
    expect_reply("/continue-twice", req, 200, "payload");
    req.expect_100 = true;
    expect_reply("/continue-twice", req, 200, "payload");
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(fetch("/continue-twice", req, &resp, NULL), 0);
    ck_assert_ptr_null(http_response_header(&resp, "x-interim"));
}

FIBER_TEST(broken_replies)
{
    expect_error("/truncated", plain, -ECONNRESET, "cut short");
    expect_error("/truncated-chunk", plain, -ECONNRESET, "cut short");
    expect_error("/garbage", plain, -EPROTO, "not an HTTP reply");
    expect_error("/reset", plain, -ECONNRESET, "");
    expect_error("/headers", plain, -EMSGSIZE, "bytes of headers");
    expect_reply("/hello", plain, 200, "hello");
}

static int count_bytes(void *arg, const char *data, size_t n)
{
    *(size_t *)arg += n;
    ck_assert_ptr_null(fiber_current());
    return *(size_t *)arg > KIB(512) ? -ENOSPC : 0;
}

FIBER_TEST(bodies_are_bounded)
{
    expect_error("/big", (struct http_request){.max_body_bytes = 1000}, -EMSGSIZE, "larger than its bound of 1000 bytes");
    expect_error("/big", (struct http_request){.max_body_bytes = MIB(1) - 1}, -EMSGSIZE, "larger");
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(fetch("/big", (struct http_request){.max_body_bytes = MIB(1)}, &resp, NULL), 0);
    ck_assert_uint_eq(resp.body.len, MIB(1));
    size_t bytes = 0;
    expect_error("/big", (struct http_request){.on_data = count_bytes, .on_data_arg = &bytes}, -ENOSPC, "given up");
    bytes = 0;
    expect_reply("/chunked", (struct http_request){.on_data = count_bytes, .on_data_arg = &bytes}, 200, "");
    ck_assert_uint_eq(bytes, 12);
    expect_reply("/forbidden", (struct http_request){.on_data = count_bytes, .on_data_arg = &bytes}, 403, "<Error/>");
    ck_assert_uint_eq(bytes, 12);
}

FIBER_TEST(timeouts)
{
    int64_t at = loop_now_ms(loop);
    expect_error("/slow", (struct http_request){.timeout_ms = 60}, -ETIMEDOUT, "no complete reply within 0.06 s");
    expect_error("/stall", (struct http_request){.timeout_ms = 60}, -ETIMEDOUT, "no complete reply");
    size_t bytes = 0;
    expect_error("/stall", (struct http_request){.timeout_ms = 60, .on_data = count_bytes, .on_data_arg = &bytes}, -ETIMEDOUT,
                 "nothing was received for 0.06 s");
    ck_assert_uint_eq(bytes, 10);
    ck_assert_int_lt(loop_now_ms(loop) - at, 5000);
    bytes = 0;
    at = loop_now_ms(loop);
    expect_reply("/drip", (struct http_request){.timeout_ms = 300, .on_data = count_bytes, .on_data_arg = &bytes}, 200, "");
    ck_assert_uint_eq(bytes, 20);
    ck_assert_int_gt(loop_now_ms(loop) - at, 300);
}

/* A port whose queue of connections is full answers nothing at all, like a host behind a firewall. */
FIBER_TEST(connect_timeout_and_refusal)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, n), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    cleanup_free char *url = xasprintf("http://user:secret@127.0.0.1:%u/?X-Amz-Signature=secret", ntohs(address.sin_port));
    struct http_request req = {.method = "GET", .url = url, .connect_timeout_ms = 80};
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    ck_assert_int_eq(http_perform(http, &req, &resp, &err), -ECONNREFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "Connection refused"));
    ck_assert_ptr_null(strstr(err.message, "secret"));
    error_done(&err);

    ck_assert_int_eq(listen(fd, 0), 0);
    int fill[2];
    for (int i = 0; i < 2; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(fill[i], (struct sockaddr *)&address, n);
    }
    int64_t at = loop_now_ms(loop);
    ck_assert_int_eq(http_perform(http, &req, &resp, &err), -ETIMEDOUT);
    ck_assert_int_eq(err.kind, ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot connect"));
    ck_assert_int_lt(loop_now_ms(loop) - at, 5000);
    error_done(&err);
    for (int i = 0; i < 2; i++)
        close(fill[i]);
    close(fd);

    req.url = "http://name.invalid/";
    ck_assert_int_eq(http_perform(http, &req, &resp, &err), -ENOTUNIQ);
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
    int rc = fetch(path, (struct http_request){.method = "PUT", .source = &source}, &resp, &err);
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
    ck_assert_uint_eq(http_server_connections(server), 2);
    u = (struct upload){.length = 0};
    check_upload("/echo", &u);

    u = (struct upload){.length = MIB(1), .fail_at = 1000};
    struct http_body_source source = {upload_read, upload_rewind, &u, u.length};
    expect_error("/echo", (struct http_request){.method = "PUT", .source = &source}, -EIO, "given up");
    u = (struct upload){.length = 100};
    source.length = 200; /* the source ends early */
    expect_error("/echo", (struct http_request){.method = "PUT", .source = &source}, -EIO, "given up");
}

static void fetch_parallel(void *arg)
{
    cleanup_free char *path = xasprintf("/parallel/%d", (int)(intptr_t)arg);
    expect_reply(path, plain, 200, path);
}

FIBER_TEST(two_hundred_in_parallel)
{
    struct fiber *f[200];
    for (intptr_t i = 0; i < 200; i++)
        f[i] = fiber_spawn(loop, "get", fetch_parallel, (void *)i);
    for (int i = 0; i < 200; i++)
        fiber_join(f[i]);
    ck_assert_uint_eq(atomic_load(&most_parallel), 200);
    for (int i = 0; i < 50; i++)
        expect_reply("/hello", plain, 200, "hello");
    ck_assert_uint_le(http_server_connections(server), 200);
}

static unsigned canceled_count;

static void fetch_slow(void *arg)
{
    expect_error(arg, plain, -ECANCELED, "canceled");
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(fetch("/hello", plain, &resp, NULL), -ECANCELED);
    canceled_count++;
}

FIBER_TEST(cancel_in_each_phase)
{
    static const char *const paths[] = {"/slow", "/stall", "/drip", "/big"};
    enum { N = 40 };
    struct fiber *f[N];
    canceled_count = 0;
    for (int i = 0; i < N; i++)
        f[i] = fiber_spawn(loop, "slow", fetch_slow, (void *)(uintptr_t)paths[i % 3]);
    for (int i = 0; i < N; i++) {
        if (i % 4 == 0)
            fiber_sleep(1);
        fiber_cancel(f[i]);
    }
    for (int i = 0; i < N; i++)
        fiber_join(f[i]);
    ck_assert_uint_eq(canceled_count, N);
    expect_reply("/hello", plain, 200, "hello");
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
    expect_reply("/hello", plain, 200, "hello");
    expect_reply("/hello", plain, 200, "hello");
    ck_assert_uint_eq(http_server_connections(server), 1);
    slept_ms = 3600000;
    expect_reply("/hello", plain, 200, "hello");
    ck_assert_uint_eq(http_server_connections(server), 2);
    expect_reply("/hello", plain, 200, "hello");
    ck_assert_uint_eq(http_server_connections(server), 2);
    clock_replace(NULL);
}

FIBER_TEST(environment_is_ignored_and_proxy_is_used)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    setenv("no_proxy", "elsewhere.example", 1);
    expect_reply("/hello", plain, 200, "hello");
    setenv("no_proxy", "*", 1);
    cleanup_free char *proxy = url_of("");
    struct http_request req = {.method = "GET", .url = "http://elsewhere.example/echo", .proxy = proxy};
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(http_perform(http, &req, &resp, NULL), 0);
    ck_assert_int_eq(resp.status, 404); /* the proxy saw the absolute form of the target */
    http_response_done(&resp);
    struct error err cleanup_error = ERROR_INIT;
    req.proxy = "http://user:secret@127.0.0.1:1";
    ck_assert_int_eq(http_perform(http, &req, &resp, &err), -ECONNREFUSED);
    ck_assert_str_eq(err.message, "elsewhere.example: cannot connect through the proxy 127.0.0.1:1: Connection refused");
}

FIBER_TEST(tls_is_required_to_be_tls)
{
    cleanup_free char *url = xasprintf("https://127.0.0.1:%u/hello", http_server_port(server));
    struct http_request req = {.method = "GET", .url = url};
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    ck_assert_int_eq(http_perform(http, &req, &resp, &err), -EPROTO);
    ck_assert_ptr_nonnull(strstr(err.message, "TLS"));
    error_done(&err);
    req.ca_bundle = "/nonexistent/ca.pem";
    ck_assert_int_eq(http_perform(http, &req, &resp, &err), -EPROTO);
    ck_assert_ptr_nonnull(strstr(err.hint, "/nonexistent/ca.pem"));
}

static Suite *suite(void)
{
    Suite *s = suite_create("http");
    TCase *t = tcase_create("http");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, replies);
    tcase_add_test(t, sends_exactly_what_was_given);
    tcase_add_test(t, bad_requests_are_refused);
    tcase_add_test(t, interim_answers_twice);
    tcase_add_test(t, broken_replies);
    tcase_add_test(t, bodies_are_bounded);
    tcase_add_test(t, timeouts);
    tcase_add_test(t, connect_timeout_and_refusal);
    tcase_add_test(t, uploads_stream_and_rewind);
    tcase_add_test(t, two_hundred_in_parallel);
    tcase_add_test(t, cancel_in_each_phase);
    tcase_add_test(t, suspend_drops_kept_connections);
    tcase_add_test(t, environment_is_ignored_and_proxy_is_used);
    tcase_add_test(t, tls_is_required_to_be_tls);
    suite_add_tcase(s, t);
    return s;
}

SUITE_MAIN(suite)
