/* One attempt of an exchange: address, headers, signature, transfer (attempt.c). call.c decides
 * whether there is another. */
#pragma once

#include "aws/session.h"
#include "aws/settings/proxy.h"

struct attempt {
    unsigned number, max;
    char invocation_id[37];
    char payload_hash[65];
    /* of this attempt */
    struct arena *arena;
    VEC(struct http_header) headers;
    char *url, *signing_region, *authority;
    struct aws_proxy proxy;
    int64_t wall_ms;
    bool prepared; /* false: it failed before anything was sent */
};

/* c NULL: unsigned; region NULL: none is known. Returns what http_perform() returns, or an error of
 * preparation with a->prepared false. After either, attempt_done(). */
int attempt_run(
    struct aws_session *s,
    struct attempt *a,
    const struct aws_exchange *x,
    const struct aws_credentials *c,
    const char *region,
    struct http_response *resp,
    struct error *err);
void attempt_done(struct attempt *a); /* of this attempt; number, id and hash stay */
