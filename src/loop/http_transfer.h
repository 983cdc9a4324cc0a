/* One exchange as a libcurl easy handle: the request's options, and the callbacks that take the
 * reply apart. Private to src/loop. */
#pragma once

#include "loop/http.h"
#include "loop/http_pool.h"

struct http_transfer {
    struct http_job job;
    CURL *easy;
    struct curl_slist *headers;
    const struct http_request *req;
    struct http_response *resp;
    struct loop *loop;
    char *host;            /* of the URL, with port, without user: for error texts */
    int64_t active_ms;     /* when a byte last moved */
    uint64_t unsent_bytes; /* of req->source */
    uint64_t received_bytes;
    size_t header_bytes;
    bool in_headers; /* between a status line and its empty line */
    int rc;          /* why a callback of ours ended the transfer; 0 = none did */
    char detail[CURL_ERROR_SIZE];
};

/* 0, or -EINVAL with err filled for a request that cannot be sent. http_transfer_done in both
 * cases. */
int http_transfer_init(
    struct http_transfer *t,
    struct loop *loop,
    const struct http_request *req,
    struct http_response *resp,
    struct error *err);
void http_transfer_done(struct http_transfer *t);

/* http_tls_error.c. -EINVAL with err filled for a CA bundle that would hold the loop up. */
int http_ca_bundle_check(const struct http_request *req, const char *host, struct error *err);
int http_tls_failed(const struct http_transfer *t, const char *cause, struct error *err);

/* http_error.c. Turns the outcome of the transfer into 0 or a negative errno with err filled. */
int http_transfer_outcome(const struct http_transfer *t, struct error *err);
int http_transfer_timed_out(const struct http_transfer *t, int64_t limit_ms, struct error *err);
char *http_url_host(const char *url); /* "host:port" as written in the URL; malloc'd */
