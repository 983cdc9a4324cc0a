/* One exchange as a libcurl easy handle: the request's options, and the callbacks that take the
 * reply apart.
 *
 * Nothing is left to libcurl's defaults that the process's environment or a file could change: no
 * netrc, no cookies, no redirects, no proxy but the caller's. The headers that go out are the ones
 * of the request, as a signature covers them.
 *
 * Callbacks store what they find and return; whatever ends the transfer from inside one is kept in
 * `rc`, for libcurl reports only that a callback failed. */
#include "loop/http_transfer.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define CONNECT_TIMEOUT_DEFAULT_MS 10000
#define IDLE_CONNECTION_SECONDS    55L
#define RECEIVE_BUFFER_BYTES       65536L
#define UPLOAD_BUFFER_BYTES        131072L

/* --- the reply --- */

static void header_line(struct http_transfer *t, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n);

    if (!colon || colon == line)
        return;

    const char *value = colon + 1, *end = line + n;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && isspace((unsigned char)end[-1]))
        end--;
    http_response_add_header(t->resp, line, (size_t)(colon - line), value, (size_t)(end - value));
}

static int parse_status(const char *digits, const char *end)
{
    int status = 0;
    for (; digits < end && isdigit((unsigned char)*digits) && status < 1000; digits++)
        status = status * 10 + (*digits - '0');
    return status;
}

/* Interim answers (100, also twice) come as blocks of their own: each status line starts afresh.
 * What comes after the empty line and is no status line is a trailer: dropped. */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t n = size * count;

    t->active_ms = loop_now_ms(t->loop);
    t->header_bytes += n;
    if (t->header_bytes > LIMIT_HTTP_HEADER_BYTES) {
        t->rc = -EBADMSG;
        return 0;
    }

    if (n >= 12 && memcmp(line, "HTTP/", 5) == 0 && !t->in_headers) {
        const char *space = memchr(line, ' ', n);
        t->resp->status = space ? parse_status(space + 1, line + n) : 0;
        http_response_clear_headers(t->resp);
        t->in_headers = true;
    } else if (n <= 2 && (line[0] == '\r' || line[0] == '\n')) {
        t->in_headers = false;
    } else if (t->in_headers) {
        header_line(t, line, n);
    }

    return n;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t n = size * count;
    bool kept = !t->req->on_data || t->resp->status / 100 != 2;
    uint64_t max_bytes = t->req->max_body_bytes ? t->req->max_body_bytes
                         : kept                 ? LIMIT_HTTP_BODY_BYTES
                                                : UINT64_MAX;

    t->active_ms = loop_now_ms(t->loop);
    if (n > max_bytes - t->received_bytes) {
        t->rc = -EMSGSIZE;
        return CURL_WRITEFUNC_ERROR;
    }

    t->received_bytes += n;
    if (kept) {
        t->resp->body.max = SIZE_MAX; /* bounded above */
        str_append_bytes(&t->resp->body, data, n);
        return n;
    }

    int rc = t->req->on_data(t->req->on_data_arg, data, n);
    if (rc != 0) {
        t->rc = rc < 0 ? rc : -rc;
        return CURL_WRITEFUNC_ERROR;
    }

    return n;
}

/* --- the request --- */

static size_t on_send(char *buf, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;

    t->active_ms = loop_now_ms(t->loop);
    size_t room = MIN((uint64_t)(size * count), t->unsent_bytes);
    if (room == 0)
        return 0;

    long n = t->req->source->read(t->req->source->arg, buf, room);
    if (n <= 0 || (size_t)n > room) {
        t->rc =
            n < 0 ? (int)n : -EIO; /* a short body would leave the server waiting for the rest */
        return CURL_READFUNC_ABORT;
    }

    t->unsent_bytes -= (uint64_t)n;

    return (size_t)n;
}

/* libcurl sends a body again when a kept connection turns out to be closed, or after 417. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct http_transfer *t = arg;

    if (offset != 0 || origin != SEEK_SET || !t->req->source->rewind)
        return CURL_SEEKFUNC_CANTSEEK;

    int rc = t->req->source->rewind(t->req->source->arg);
    if (rc < 0) {
        t->rc = rc;
        return CURL_SEEKFUNC_FAIL;
    }

    t->unsent_bytes = t->req->source->length;
    return CURL_SEEKFUNC_OK;
}

/* libcurl's own does not ask for close-on-exec: children would inherit the connection. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void append_header(struct http_transfer *t, const char *line)
{
    struct curl_slist *list = curl_slist_append(t->headers, line);
    if (!list)
        abort();
    t->headers = list;
}

static bool header_given(const struct http_request *req, const char *name)
{
    for (size_t i = 0; i < req->header_count; i++)
        if (strcasecmp(req->headers[i].name, name) == 0)
            return true;
    return false;
}

static bool header_valid(const struct http_header *h)
{
    return h->name[0] && !strpbrk(h->name, ": \t\r\n") && !strpbrk(h->value, "\r\n");
}

static int set_headers(struct http_transfer *t, struct error *err)
{
    static const char *const unwanted[] = {"Accept", "Content-Type", "Expect", "User-Agent"};
    const struct http_request *req = t->req;

    for (size_t i = 0; i < req->header_count; i++) {
        const struct http_header *h = &req->headers[i];
        if (!header_valid(h))
            return error_raise_errno(
                err,
                ERR_FAILED,
                EINVAL,
                "%s: request header %zu has a line break or a bad name",
                t->host,
                i);
        if (strcasecmp(h->name, "Content-Length") == 0)
            continue; /* libcurl counts */
        struct str line = STR_INIT;
        str_appendf(&line, h->value[0] ? "%s: %s" : "%s;", h->name, h->value);
        append_header(t, str_get(&line));
        str_wipe(&line);
    }

    if (req->expect_100 && !header_given(req, "Expect"))
        append_header(t, "Expect: 100-continue");
    for (size_t i = 0; i < ARRAY_LEN(unwanted); i++) {
        bool sent = header_given(req, unwanted[i]) ||
                    (req->expect_100 && strcmp(unwanted[i], "Expect") == 0);
        cleanup_free char *line =
            xasprintf("%s:", unwanted[i]); /* "Name:" removes libcurl's default */
        if (!sent)
            append_header(t, line);
    }

    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);

    return 0;
}

static void set_body(struct http_transfer *t)
{
    const struct http_request *req = t->req;
    CURL *easy = t->easy;
    bool empty_body_counts = strcmp(req->method, "POST") == 0 || strcmp(req->method, "PUT") == 0 ||
                             strcmp(req->method, "PATCH") == 0;

    if (req->source) {
        t->unsent_bytes = req->source->length;
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)req->source->length);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(easy, CURLOPT_READDATA, t);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, t);
    } else if (req->body_len > 0 || empty_body_counts) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body_len > 0 ? req->body : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
    } else if (strcmp(req->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }

    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, req->method);
}

static void set_security(struct http_transfer *t)
{
    const struct http_request *req = t->req;
    CURL *easy = t->easy;

    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    struct stat st;
    if (req->ca_bundle && stat(req->ca_bundle, &st) == 0 && S_ISDIR(st.st_mode)) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(easy, CURLOPT_CAPATH, req->ca_bundle);
        curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, NULL);
        curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, req->ca_bundle);
    } else if (req->ca_bundle) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, req->ca_bundle);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, req->ca_bundle);
        curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
    }

    /* Set and empty: libcurl would else read http_proxy, no_proxy and so on from the environment of
     * this process. */
    curl_easy_setopt(easy, CURLOPT_PROXY, req->proxy ? req->proxy->url : "");
    if (req->proxy && req->proxy->user) {
        curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, req->proxy->user);
        curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, req->proxy->password);
    }
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_transport(struct http_transfer *t)
{
    const struct http_request *req = t->req;
    CURL *easy = t->easy;

    curl_easy_setopt(easy, CURLOPT_URL, req->url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(
        easy, CURLOPT_QUICK_EXIT, 1L); /* a cancel does not wait for the resolver's thread */
    curl_easy_setopt(
        easy,
        CURLOPT_CONNECTTIMEOUT_MS,
        (long)(req->connect_timeout_ms > 0 ? req->connect_timeout_ms : CONNECT_TIMEOUT_DEFAULT_MS));
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_SECONDS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
}

int http_transfer_init(
    struct http_transfer *t,
    struct loop *loop,
    const struct http_request *req,
    struct http_response *resp,
    struct error *err)
{
    *t = (struct http_transfer){
        .loop = loop, .req = req, .resp = resp, .host = http_url_host(req->url)};
    t->active_ms = loop_now_ms(loop);
    t->easy = curl_easy_init();
    if (!t->easy)
        abort();
    set_transport(t);
    set_security(t);
    set_body(t);
    int rc = http_ca_bundle_check(req, t->host, err);
    return rc < 0 ? rc : set_headers(t, err);
}

void http_transfer_done(struct http_transfer *t)
{
    curl_easy_cleanup(t->easy);
    for (struct curl_slist *h = t->headers; h; h = h->next)
        secret_wipe(h->data, strlen(h->data)); /* session tokens, signatures */
    curl_slist_free_all(t->headers);
    free(t->host);
}
