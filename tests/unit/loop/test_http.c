/* The libcurl transport against a server on loopback that can be rude or broken: what goes out,
 * what comes back, what is refused. */
#include "unit/loop/http_rig.h"

#include "base/limits.h"
#include "base/mem.h"

FIBER_TEST(replies)
{
    rig_expect_reply("/hello", rig_plain, 200, "hello");
    rig_expect_reply("/hello", (struct http_request){.method = "HEAD"}, 200, "");
    rig_expect_reply("/forbidden", rig_plain, 403, "<Error/>");
    rig_expect_reply("/redirect", rig_plain, 302, ""); /* never followed */
    rig_expect_reply("/chunked", rig_plain, 200, "hello, world");
    ck_assert_uint_eq(http_server_connections(rig.server), 1); /* all on one */
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(rig_fetch("/echo", rig_plain, &resp, NULL), 0);
    ck_assert_str_eq(http_response_header(&resp, "x-multi"), "one");
    ck_assert_str_eq(http_response_header(&resp, "x-pad"), "padded");
    ck_assert_str_eq(http_response_header(&resp, "x-empty"), "");
    ck_assert_ptr_null(http_response_header(&resp, "x-none"));
    ck_assert_uint_eq(resp.header_count, 5);
}

/* What goes out, to the byte: signatures depend on it. */
static void expect_sent_to(
    const char *host,
    const char *path,
    struct http_request req,
    const char *line,
    const char *headers,
    const char *body)
{
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    int rc = rig_fetch(path, req, &resp, &err);
    ck_assert_msg(rc == 0, "%s: %s", path, err.message);
    /* The server hands its head on with the last line feed cut off. */
    cleanup_free char *expected =
        xasprintf("%s HTTP/1.1\r\nHost: %s\r\n%s--\n%s", line, host, headers, body);
    cleanup_free char *sent = xasprintf("%s", str_get(&resp.body));
    char *cut = strstr(sent, "\r\n\r\n--\n");
    if (cut)
        memmove(cut + 2, cut + 4, strlen(cut + 4) + 1);
    ck_assert_str_eq(sent, expected);
}

static void expect_sent(
    const char *path,
    struct http_request req,
    const char *line,
    const char *headers,
    const char *body)
{
    cleanup_free char *host = xasprintf("127.0.0.1:%u", http_server_port(rig.server));
    expect_sent_to(host, path, req, line, headers, body);
}

FIBER_TEST(sends_exactly_what_was_given)
{
    expect_sent("/echo", rig_plain, "GET /echo", "", "");
    expect_sent(
        "/echo/../a//b/%7E?q=a%20b&x=%2F",
        (struct http_request){.method = "DELETE"},
        "DELETE /echo/../a//b/%7E?q=a%20b&x=%2F",
        "",
        "");
    const struct http_header headers[] = {
        {"X-Amz-Date", "20261122T221530Z"},
        {"content-type", "application/x-amz-json-1.1"},
        {"Content-Length", "999"},
        {"X-Empty", ""},
        {"User-Agent", "defangd/0.1"}};
    expect_sent(
        "/echo",
        (struct http_request){
            .method = "POST", .headers = headers, .header_count = 5, .body = "{}", .body_len = 2},
        "POST /echo",
        "X-Amz-Date: 20261122T221530Z\r\ncontent-type: "
        "application/x-amz-json-1.1\r\nX-Empty:\r\nUser-Agent: defangd/0.1\r\n"
        "Content-Length: 2\r\n",
        "{}");
    expect_sent(
        "/echo",
        (struct http_request){.method = "POST"},
        "POST /echo",
        "Content-Length: 0\r\n",
        "");
    expect_sent(
        "/echo", (struct http_request){.method = "PUT"}, "PUT /echo", "Content-Length: 0\r\n", "");
    expect_sent(
        "/echo",
        (struct http_request){.method = "PUT", .body = "abc", .body_len = 3},
        "PUT /echo",
        "Content-Length: 3\r\n",
        "abc");
    const struct http_header host[] = {{"Host", "bucket.example"}};
    expect_sent_to(
        "bucket.example",
        "/echo",
        (struct http_request){.headers = host, .header_count = 1},
        "GET /echo",
        "",
        "");
}

FIBER_TEST(bad_requests_are_refused)
{
    const struct http_header bad[][1] = {
        {{"X-A", "b\r\nX-Evil: 1"}}, {{"X-A\n", "b"}}, {{"X A", "b"}}, {{"", "b"}}, {{"X:", "b"}}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        rig_expect_error(
            "/hello",
            (struct http_request){.headers = bad[i], .header_count = 1},
            -EINVAL,
            "request header");
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    ck_assert_int_eq(
        http_perform(
            rig.http,
            &(struct http_request){.method = "GET", .url = "file:///etc/passwd"},
            &resp,
            &err),
        -EINVAL);
    ck_assert_uint_eq(http_server_connections(rig.server), 0);
}

FIBER_TEST(interim_answers_twice)
{
    struct http_request req = {.method = "POST", .body = "payload", .body_len = 7};
    rig_expect_reply("/continue-twice", req, 200, "payload");
    req.expect_100 = true;
    rig_expect_reply("/continue-twice", req, 200, "payload");
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(rig_fetch("/continue-twice", req, &resp, NULL), 0);
    ck_assert_ptr_null(http_response_header(&resp, "x-interim"));
}

struct letters {
    size_t sent;
    unsigned rewinds;
};

static long read_letters(void *arg, char *buf, size_t n)
{
    struct letters *l = arg;
    memset(buf, 'a', n);
    l->sent += n;
    return (long)n;
}

static int rewind_letters(void *arg)
{
    struct letters *l = arg;
    l->rewinds++;
    return 0;
}

FIBER_TEST(a_refused_body_is_not_sent)
{
    struct letters letters = {0};
    struct http_body_source source = {read_letters, rewind_letters, &letters, MIB(64)};
    struct http_request req = {.method = "PUT", .source = &source, .expect_100 = true};
    rig_expect_reply("/refuse-early", req, 403, "<Error/>");
    ck_assert_uint_eq(letters.sent, 0);
}

FIBER_TEST(an_unknown_expectation_is_dropped)
{
    struct letters letters = {0};
    struct http_body_source source = {read_letters, rewind_letters, &letters, 5};
    struct http_request req = {.method = "PUT", .source = &source, .expect_100 = true};
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(rig_fetch("/417", req, &resp, NULL), 0);
    ck_assert_int_eq(resp.status, 200);
    ck_assert_ptr_nonnull(strstr(str_get(&resp.body), "\n--\naaaaa"));
    ck_assert_ptr_null(strstr(str_get(&resp.body), "Expect"));
    req = (struct http_request){.method = "PUT", .body = "abc", .body_len = 3, .expect_100 = true};
    struct http_response again cleanup_http_response = {0};
    ck_assert_int_eq(rig_fetch("/417", req, &again, NULL), 0);
    ck_assert_int_eq(again.status, 200);
}

FIBER_TEST(broken_replies)
{
    rig_expect_error("/truncated", rig_plain, -ECONNRESET, "cut short");
    rig_expect_error("/truncated-chunk", rig_plain, -ECONNRESET, "cut short");
    rig_expect_error("/garbage", rig_plain, -EPROTO, "not an HTTP reply");
    rig_expect_error("/reset", rig_plain, -ECONNRESET, "");
    rig_expect_error("/headers", rig_plain, -EBADMSG, "bytes of headers");
    rig_expect_reply("/hello", rig_plain, 200, "hello");
}

FIBER_TEST(bodies_are_bounded)
{
    rig_expect_error(
        "/big",
        (struct http_request){.max_body_bytes = 1000},
        -EMSGSIZE,
        "larger than its bound of 1000 bytes");
    rig_expect_error(
        "/big", (struct http_request){.max_body_bytes = MIB(1) - 1}, -EMSGSIZE, "larger");
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(
        rig_fetch("/big", (struct http_request){.max_body_bytes = MIB(1)}, &resp, NULL), 0);
    ck_assert_uint_eq(resp.body.len, MIB(1));
    size_t bytes = 0;
    rig_expect_error(
        "/big",
        (struct http_request){.on_data = rig_count_bytes, .on_data_arg = &bytes},
        -ENOSPC,
        "given up");
    bytes = 0;
    rig_expect_reply(
        "/chunked",
        (struct http_request){.on_data = rig_count_bytes, .on_data_arg = &bytes},
        200,
        "");
    ck_assert_uint_eq(bytes, 12);
    rig_expect_reply(
        "/forbidden",
        (struct http_request){.on_data = rig_count_bytes, .on_data_arg = &bytes},
        403,
        "<Error/>");
    ck_assert_uint_eq(bytes, 12);
}

FIBER_TEST(environment_is_ignored_and_proxy_is_used)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    setenv("no_proxy", "elsewhere.example", 1);
    rig_expect_reply("/hello", rig_plain, 200, "hello");
    setenv("no_proxy", "*", 1);
    cleanup_free char *url = rig_url("");
    struct http_proxy proxy = {.url = url, .user = "me", .password = "p@:#%w"};
    struct http_request req = {
        .method = "GET", .url = "http://elsewhere.example/echo", .proxy = &proxy};
    struct http_response resp cleanup_http_response = {0};
    ck_assert_int_eq(http_perform(rig.http, &req, &resp, NULL), 0);
    const char *seen = str_get(&resp.body); /* the absolute form of the target, and the password */
    ck_assert_ptr_nonnull(strstr(seen, "GET http://elsewhere.example/echo HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(seen, "Proxy-Authorization: Basic bWU6cEA6IyV3\r\n"));
    http_response_done(&resp);
    struct error err cleanup_error = ERROR_INIT;
    req.proxy = &(struct http_proxy){"http://127.0.0.1:1", "user", "secret", NULL};
    ck_assert_int_eq(http_perform(rig.http, &req, &resp, &err), -ECONNREFUSED);
    ck_assert_str_eq(
        err.message,
        "elsewhere.example: cannot connect through the proxy 127.0.0.1:1: Connection refused");
}

/* Plain http asks the proxy itself, https asks it for a connection: one answer for people. */
FIBER_TEST(access_05_a_proxy_that_refuses_says_so)
{
    static const struct {
        const char *url, *user;
        int code;
        const char *said, *hint;
    } cases[] = {
        {"http://denied.example/", "me", -EACCES, "refused user or password (HTTP 407)", "user me"},
        {"https://denied.example/",
         "me",
         -EACCES,
         "refused user or password (HTTP 407)",
         "user me"},
        {"http://denied.example/", NULL, -EACCES, "wants a user and a password", "HTTPS_PROXY"},
        {"https://denied.example/", NULL, -EACCES, "wants a user and a password", "HTTPS_PROXY"},
        {"https://h.example/", NULL, -ECONNREFUSED, "does not connect to it (HTTP 403)", NULL},
    };
    cleanup_free char *url = rig_url("");

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_proxy proxy = {url, cases[i].user, "SECRET", "HTTPS_PROXY"};
        struct http_request req = {.method = "GET", .url = cases[i].url, .proxy = &proxy};
        struct http_response resp cleanup_http_response = {0};
        struct error err cleanup_error = ERROR_INIT;

        ck_assert_int_eq(http_perform(rig.http, &req, &resp, &err), cases[i].code);
        cleanup_free char *whole = error_format(&err);
        ck_assert_msg(strstr(err.message, cases[i].said) != NULL, "%s", whole);
        ck_assert_ptr_nonnull(strstr(err.message, "the proxy 127.0.0.1:"));
        ck_assert_ptr_nonnull(strstr(err.message, "(HTTPS_PROXY)"));
        if (cases[i].hint)
            ck_assert_msg(strstr(err.hint, cases[i].hint) != NULL, "%s", whole);
        ck_assert_ptr_null(strstr(whole, "SECRET"));
    }
}

FIBER_TEST(access_05_a_proxy_that_is_unknown_is_named)
{
    struct http_proxy proxy = {"http://nowhere.invalid:80", NULL, NULL, "https_proxy"};
    struct http_request req = {.method = "GET", .url = "https://h.example/", .proxy = &proxy};
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;

    ck_assert_int_eq(http_perform(rig.http, &req, &resp, &err), -ENOTUNIQ);
    ck_assert_str_eq(
        err.message, "h.example: no such host: the proxy nowhere.invalid:80 (https_proxy)");
}

FIBER_TEST(tls_is_required_to_be_tls)
{
    cleanup_free char *url = xasprintf("https://127.0.0.1:%u/hello", http_server_port(rig.server));
    struct http_request req = {.method = "GET", .url = url};
    struct http_response resp cleanup_http_response = {0};
    struct error err cleanup_error = ERROR_INIT;
    ck_assert_int_eq(http_perform(rig.http, &req, &resp, &err), -EPROTO);
    ck_assert_ptr_nonnull(strstr(err.message, "TLS"));
    error_done(&err);
    req.ca_bundle = "/nonexistent/ca.pem";
    ck_assert_int_eq(http_perform(rig.http, &req, &resp, &err), -EPROTO);
    ck_assert_ptr_nonnull(strstr(err.hint, "/nonexistent/ca.pem"));
}

static Suite *suite(void)
{
    Suite *s = suite_create("http");
    TCase *t = tcase_create("http");
    tcase_add_checked_fixture(t, rig_setup, rig_teardown);
    tcase_add_test(t, replies);
    tcase_add_test(t, sends_exactly_what_was_given);
    tcase_add_test(t, bad_requests_are_refused);
    tcase_add_test(t, interim_answers_twice);
    tcase_add_test(t, a_refused_body_is_not_sent);
    tcase_add_test(t, an_unknown_expectation_is_dropped);
    tcase_add_test(t, broken_replies);
    tcase_add_test(t, bodies_are_bounded);
    tcase_add_test(t, environment_is_ignored_and_proxy_is_used);
    tcase_add_test(t, access_05_a_proxy_that_refuses_says_so);
    tcase_add_test(t, access_05_a_proxy_that_is_unknown_is_named);
    tcase_add_test(t, tls_is_required_to_be_tls);
    suite_add_tcase(s, t);
    return s;
}

SUITE_MAIN(suite)
