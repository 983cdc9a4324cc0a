/* HTTP behind a small vtable {perform}: the real one is libcurl multi on the loop (http_curl_new),
 * tests use a scripted one (tests/unit/lib/script_http.h). Connections are pooled and kept alive,
 * redirects are never followed, no cookies, no netrc.
 *
 * Ownership: the request is borrowed for the call; the response is the caller's
 * (http_response_done). */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include "loop/loop.h"
#include <stdbool.h>
#include <stdint.h>

struct http_header {
    const char *name, *value;
};

/* A proxy taken apart: a password may hold what no URL parser reads. */
struct http_proxy {
    const char *url;             /* scheme://host:port, http or https */
    const char *user, *password; /* as they are; user NULL = none is sent */
    const char *variable;        /* who named it, for messages: "HTTPS_PROXY"; NULL = not known */
};

/* A body that is not in memory. read: bytes put into buf, 0 = end, <0 = error; rewind for a retry.
 * Called on the loop thread: must not block long (page cache reads of a local file are fine). */
struct http_body_source {
    long (*read)(void *arg, char *buf, size_t n);
    int (*rewind)(void *arg);
    void *arg;
    uint64_t length;
};

struct http_request {
    const char *method;                /* "GET", … */
    const char *url;                   /* used as is: no path normalisation */
    const struct http_header *headers; /* exactly these go out, plus Host, Content-Length; a missing
                                          Content-Type stays missing */
    size_t header_count;
    const void *body; /* or NULL */
    size_t body_len;
    const struct http_body_source *source; /* instead of body */
    int64_t connect_timeout_ms;            /* 0 = 10 s */
    int64_t timeout_ms; /* whole exchange; 0 = 60 s; with on_data: no byte moved for this long */
    uint64_t max_body_bytes; /* of the reply; 0 = LIMIT_HTTP_BODY_BYTES for what is kept, no bound
                                for on_data */
    const char *ca_bundle;   /* file or folder; NULL = system */
    const char *ca_source;   /* who named it, for messages: "AWS_CA_BUNDLE"; or NULL */
    const char *ca_advice;   /* what helps against an unknown authority; NULL: a bundle does */
    const struct http_proxy *proxy; /* NULL = none (the caller's environment decides, not ours) */
    bool expect_100;
    /* If set, the body of a 2xx reply is handed over piece by piece instead of kept (that of any
     * other, an error's text, is kept); a negative errno aborts with that code. Runs inside a
     * callback of libcurl: it must not suspend nor block long. */
    int (*on_data)(void *arg, const char *data, size_t n);
    void *on_data_arg;
};

struct http_response {
    int status;
    struct http_header *headers; /* names lower-cased */
    size_t header_count;
    struct str body;
    int64_t started_mono_ms, ended_mono_ms;
};

/* Adds a copy, with the name in lower case: for implementations of struct http. */
void http_response_add_header(
    struct http_response *r,
    const char *name,
    size_t name_len,
    const char *value,
    size_t value_len);
void http_response_clear_headers(struct http_response *r);
const char *
http_response_header(const struct http_response *r, const char *lower_name); /* first, or NULL */
void http_response_done(struct http_response *r);
#define cleanup_http_response __attribute__((cleanup(http_response_done)))

struct http {
    /* Suspends. 0 when a whole reply arrived, whatever its status. -ETIMEDOUT, -ECANCELED,
     * -ECONNREFUSED, -ECONNRESET, -EPROTO (TLS, bad HTTP), -ENOTUNIQ (name not found), -EACCES (the
     * proxy wants another user or password), -EMSGSIZE (the body is over its bound), -EBADMSG (the
     * headers are), -EINVAL (a URL or header that cannot be sent), what on_data or the source
     * returned. On error resp is empty. */
    int (*perform)(
        struct http *http,
        const struct http_request *req,
        struct http_response *resp,
        struct error *err);
    void (*free)(struct http *http);
};

struct http *http_curl_new(struct loop *loop);
void http_free(struct http *http); /* NULL ok; no exchange may be under way; before loop_free */

static inline int http_perform(
    struct http *http,
    const struct http_request *req,
    struct http_response *resp,
    struct error *err)
{
    return http->perform(http, req, resp, err);
}
