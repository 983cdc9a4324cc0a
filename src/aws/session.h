/* Inside of a session: what calls and credential providers share. Not for users of the layer (they
 * include aws/aws.h). */
#pragma once

#include "aws/aws.h"
#include "aws/rate.h"
#include "aws/retry.h"
#include "aws/settings/profiles.h"
#include "aws/settings/settings.h"
#include "aws/sign/chunked.h"
#include "aws/sign/sigv4.h"
#include "aws/wire/wire.h"
#include "base/vec.h"
#include "loop/fiber.h"

struct session_host { /* what we learnt about one host */
    char *authority;
    int64_t skew_ms; /* server's clock minus ours */
};

struct session_service {
    const char *id; /* borrowed from a table */
    struct retry_quota quota;
    struct rate_limiter rate; /* adaptive mode */
};

struct session_bucket {
    char *bucket, *region;
};

struct aws_session {
    struct loop *loop;
    struct http *http;
    struct env *env;
    struct aws_profiles *profiles;
    struct aws_settings settings;

    struct aws_credentials credentials;
    struct sigv4_cache *signing_keys;
    bool have_credentials, replaced, resolving;
    struct fiber_cond resolved;
    int64_t resolve_failed_mono_ms; /* of a refresh while the old ones still served; 0 = none */
    bool distrust_cache;            /* what the role cache holds was just refused */
    struct str trace;               /* of the last resolution: one line per provider */
    struct secret mfa_code;         /* given by a client; used once */
    bool sso_renewed;               /* tried at all, and when: at most once a minute */
    int64_t sso_renewed_mono_ms;

    struct aws_identity identity;
    bool have_identity;

    VEC(struct session_host) hosts;
    VEC(struct session_service) services;
    VEC(struct session_bucket) buckets;
};

/* --- call.c: one exchange with retries --- */

struct aws_exchange {
    const struct aws_operation *op;
    struct wire_request *request;
    const void *body; /* instead of request->body, NULL = that */
    size_t body_len;
    const char *payload_hash;     /* hex SHA-256 of the body; NULL = computed */
    struct chunked_body *chunked; /* S3: the body in chunks, with a trailer; instead of body */
    const char *bucket;           /* S3: takes part in the address; NULL = none */
    const char *region;           /* NULL = the session's */
    const struct aws_credentials
        *credentials; /* NULL = the session's, refreshed when they expire */
    bool unsigned_request;
    bool no_retry;
    uint64_t max_body_bytes;
    bool accept_not_found; /* a 404 is an answer, not an error */
    char **reason; /* gets wire_error.reason of the error that ends the exchange; malloc'd */
};

int session_exchange(
    struct aws_session *s,
    const struct aws_exchange *x,
    struct http_response *resp,
    struct error *err);

struct aws_call_options {
    const char *region;
    const struct aws_credentials *credentials;
    bool unsigned_request;
};

int session_call(
    struct aws_session *s,
    const struct aws_call_options *o,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err);
/* The full URL without query: endpoint by settings, S3 addressing, path. malloc'd. */
int session_url(
    struct aws_session *s,
    const struct aws_exchange *x,
    const char *region,
    char **url,
    char **signing_region,
    struct error *err);

void session_uuid(char out[37]); /* random, version 4 */
int64_t
session_wall_ms(const struct aws_session *s, const char *authority); /* with the host's skew */
void session_learn_skew(struct aws_session *s, const char *authority, int64_t skew_ms);
int64_t session_skew_any(const struct aws_session *s); /* the latest known; 0 */
/* Of a service; the pointer holds until the fiber suspends. */
struct retry_quota *session_quota(struct aws_session *s, const char *service);
struct rate_limiter *session_rate(struct aws_session *s, const char *service);
const char *session_bucket_region(const struct aws_session *s, const char *bucket);
void session_learn_bucket(struct aws_session *s, const char *bucket, const char *region);

/* --- credentials.c --- */

/* Forgets what is cached and resolves again (once after ExpiredToken); -EALREADY when they cannot
 * change. */
int session_refresh_credentials(
    struct aws_session *s, const char *failed_key_id, struct error *err);
