/* What the tests of loop/http share: a server of their own with a path for each misbehaviour,
 * and one client. */
#include "unit/loop/http_rig.h"

#include "base/limits.h"
#include <stdatomic.h>

struct rig rig;
const struct http_request rig_plain;
static atomic_uint parallel, most_parallel;

static bool serve_echo(struct http_exchange *x)
{
    char *body = xcalloc(1, x->body_len + 1);
    bool ok = http_exchange_read_body(x, body, x->body_len);
    char *all = xasprintf("%s\n--\n%s", x->head, body);
    ok = ok &&
         http_exchange_reply(
             x, 200, "X-Multi: one\r\nX-multi: two\r\nX-Empty:\r\nX-Pad:   padded \t\r\n", all);
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
           http_exchange_send(x, "HTTP/1.1 100 Continue\r\n\r\n") &&
           http_exchange_read_body(x, body, MIN(x->body_len, sizeof body - 1)) &&
           http_exchange_reply(x, 200, "", body);
}

/* The server's word is awaited: a body that is not wanted is never sent. */
static bool serve_refuse_early(struct http_exchange *x)
{
    bool asks = strstr(x->head, "Expect: 100-continue") != NULL;
    return http_exchange_reply(x, asks ? 403 : 500, "Connection: close\r\n", "<Error/>") && false;
}

/* An old proxy does not know the question; without it the body is welcome. */
static bool serve_expectation_failed(struct http_exchange *x)
{
    if (strstr(x->head, "Expect:"))
        return http_exchange_reply(x, 417, "Connection: close\r\n", "") && false;
    return serve_echo(x);
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

/* As a proxy: hosts called denied want another password, others may not be reached. */
static bool serve_as_proxy(struct http_exchange *x)
{
    if (strstr(x->path, "denied.example"))
        return http_exchange_reply(x, 407, "Proxy-Authenticate: Basic realm=\"x\"\r\n", "<html>");
    if (strcmp(x->method, "CONNECT") == 0)
        return http_exchange_reply(x, 403, "", "");

    return serve_echo(x);
}

static bool serve(struct http_exchange *x)
{
    const char *p = x->path;
    if (p[0] != '/')
        return serve_as_proxy(x);
    if (strcmp(p, "/hello") == 0)
        return http_exchange_reply(x, 200, "", "hello");
    if (strcmp(p, "/forbidden") == 0)
        return http_exchange_reply(x, 403, "", "<Error/>");
    if (strcmp(p, "/redirect") == 0)
        return http_exchange_reply(x, 302, "Location: /hello\r\n", "");
    if (strncmp(p, "/echo", 5) == 0)
        return serve_echo(x);
    if (strcmp(p, "/chunked") == 0)
        return http_exchange_send(
            x,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
            "5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nX-Late: yes\r\n\r\n");
    if (strcmp(p, "/continue-twice") == 0)
        return serve_continue_twice(x);
    if (strcmp(p, "/refuse-early") == 0)
        return serve_refuse_early(x);
    if (strcmp(p, "/417") == 0)
        return serve_expectation_failed(x);
    if (strcmp(p, "/big") == 0)
        return serve_big(x);
    if (strcmp(p, "/truncated") == 0)
        return http_exchange_send(x, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789") &&
               false;
    if (strcmp(p, "/truncated-chunk") == 0)
        return http_exchange_send(
                   x, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n0123456789") &&
               false;
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

void rig_setup(void)
{
    atomic_store(&parallel, 0);
    atomic_store(&most_parallel, 0);
    rig.server = http_server_start(serve, NULL);
    rig.loop = loop_new();
    rig.http = http_curl_new(rig.loop);
}

void rig_teardown(void)
{
    loop_cancel_fibers(rig.loop);
    http_free(rig.http);
    loop_free(rig.loop);
    http_server_stop(rig.server);
}

char *rig_url(const char *path)
{
    return xasprintf("http://127.0.0.1:%u%s", http_server_port(rig.server), path);
}

int rig_fetch(
    const char *path, struct http_request req, struct http_response *resp, struct error *err)
{
    cleanup_free char *url = rig_url(path);
    req.url = url;
    req.method = req.method ? req.method : "GET";
    return http_perform(rig.http, &req, resp, err);
}

void rig_expect_error(const char *path, struct http_request req, int code, const char *text)
{
    struct error err cleanup_error = ERROR_INIT;
    struct http_response resp cleanup_http_response = {0};
    cleanup_free char *host = xasprintf("127.0.0.1:%u: ", http_server_port(rig.server));
    int rc = rig_fetch(path, req, &resp, &err);
    ck_assert_msg(rc == code, "%s: %d (%s), expected %d", path, rc, err.message, code);
    ck_assert_msg(
        text_starts(err.message, host) && strstr(err.message, text),
        "%s: '%s' lacks '%s'",
        path,
        err.message,
        text);
    ck_assert_int_eq(err.code, code);
    ck_assert_int_eq(resp.status, 0);
    ck_assert_uint_eq(resp.body.len, 0);
}

void rig_expect_reply(const char *path, struct http_request req, int status, const char *body)
{
    struct error err cleanup_error = ERROR_INIT;
    struct http_response resp cleanup_http_response = {0};
    int rc = rig_fetch(path, req, &resp, &err);
    ck_assert_msg(rc == 0, "%s: %d %s", path, rc, err.message);
    ck_assert_int_eq(resp.status, status);
    ck_assert_str_eq(str_get(&resp.body), body);
    ck_assert_int_ge(resp.ended_mono_ms, resp.started_mono_ms);
}

unsigned rig_most_parallel(void)
{
    return atomic_load(&most_parallel);
}

int rig_count_bytes(void *arg, const char *data, size_t n)
{
    *(size_t *)arg += n;
    ck_assert_ptr_null(fiber_current());
    return *(size_t *)arg > KIB(512) ? -ENOSPC : 0;
}
