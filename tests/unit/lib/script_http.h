/* A scripted HTTP transport for unit tests: a list of expected requests with their replies, errors
 * and delays. Delays run on the loop's deadlines, so that with a fake clock they take no real time.
 * A request that no step expects fails the test and shows both.
 *
 *   struct script_http *script = script_http_new(loop);
 *   script_http_add(script, &(struct script_step){.method = "POST", .url = "https://sts.*", .status
 * = 200, .body = "{}"}); … code under test uses script_http(script) …
 * script_http_assert_done(script);        every step was used
 * ck_assert_str_eq(script_http_sent(script, 0)->body, "…"); http_free(script_http(script));
 *
 * Steps are matched in order; after script_http_any_order() the first unused one that fits is
 * taken. Ownership: a step is copied, its strings are borrowed until http_free. */
#pragma once

#include "loop/http.h"

struct script_http;

struct script_step {
    /* What is expected; NULL = anything. */
    const char *method;
    const char *url; /* whole; '*' stands for any text, anywhere */
    const char *
        header; /* "name: value" that must be among them ('*' in the value too), name in any case */
    const char *body; /* whole, '*' as in url */
    /* What comes back. */
    int status;                /* 0 = 200 */
    const char *reply_headers; /* "Name: value\nName: value" */
    const char *reply;         /* body; NULL = empty */
    size_t reply_len;          /* 0 = strlen(reply) */
    size_t piece_bytes;        /* on_data gets pieces of this size; 0 = all at once */
    int error;                 /* negative errno instead of a reply */
    int64_t delay_ms;          /* before it; longer than the request's timeout = -ETIMEDOUT there */
    unsigned times;            /* 0 = once */
    /* More to check, or to change the reply by what was asked; may set *step's reply fields for
     * this use. */
    void (*on_request)(
        void *arg, const struct http_request *req, const char *body, struct script_step *step);
    void *arg;
};

struct script_sent {
    char *method, *url;
    char *headers; /* "name: value\n" each, name in lower case, in the order given */
    char *body;    /* NUL-terminated */
    size_t body_len;
    int64_t at_mono_ms;
};

struct script_http *script_http_new(struct loop *loop);
struct http *script_http(struct script_http *script);
void script_http_add(struct script_http *script, const struct script_step *step);
void script_http_any_order(struct script_http *script);
void script_http_assert_done(const struct script_http *script);
size_t script_http_count(const struct script_http *script); /* requests so far */
const struct script_sent *script_http_sent(
    const struct script_http *script, size_t i); /* fails the test when there were fewer */
bool script_sent_has_header(
    const struct script_sent *sent, const char *line); /* as script_step.header */
