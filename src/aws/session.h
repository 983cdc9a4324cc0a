/* Inside of a session: what calls, credential providers and S3 share. Not for users of the layer
 * (they include aws/aws.h).
 *
 * A session knows its settings, and remembers what it has learnt of hosts, services and buckets.
 * Where its credentials come from it does not know: the identity room above hands that in as a
 * struct session_source, so that calls and credentials can need each other (a role is assumed by a
 * call) without a circle of files.
 *
 * One loop thread, many fibers: nothing here is locked, and what a function returns by pointer
 * holds until the fiber suspends. */
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

/* Credentials for a call. Both suspend. */
struct session_source {
    /* Those that serve now, copied into *out. */
    int (*get)(struct aws_session *s, struct aws_credentials *out, struct error *err);
    /* The service refused failed_key_id as expired: resolve anew, once. 0 also when somebody else
     * was faster; -EALREADY when they cannot change. */
    int (*refresh)(struct aws_session *s, const char *failed_key_id, struct error *err);
};

struct aws_session {
    struct loop *loop;
    struct http *http;
    struct env *env;
    struct aws_profiles *profiles; /* a reference */
    struct aws_settings settings;
    const struct session_source *source;
    aws_run_fn *run; /* of the caller's programs; NULL: here */
    void *run_arg;
    struct sigv4_cache *signing_keys;

    /* Learnt by calls. */
    VEC(struct session_host) hosts;
    VEC(struct session_service) services;
    VEC(struct session_bucket) buckets;

    /* Kept for the identity room: nobody below looks at it. */
    struct aws_credentials credentials;
    bool have_credentials, replaced, resolving;
    struct fiber_cond resolved;
    int64_t resolve_failed_mono_ms; /* of a refresh while the old ones still served; 0 = none */
    bool distrust_cache;            /* what the role cache holds was just refused */
    struct str trace;               /* of the last resolution: one line per provider */
    struct secret mfa_code;         /* given by a client; used once */
    bool sso_renewed;               /* tried at all, and when: at most once a minute */
    int64_t sso_renewed_mono_ms;
    aws_fresh_fn *on_fresh; /* aws_session_on_fresh() */
    void *on_fresh_arg;
    struct aws_identity identity;
    bool have_identity;
    char *bound_account, *bound_principal; /* whose credentials alone serve; NULL: anybody's */
};

/* Reads the files and resolves the settings: no network. Without a fiber nothing suspends. `source`
 * is borrowed. */
int session_new(
    const struct aws_session_options *o,
    const struct session_source *source,
    struct aws_session **out,
    struct error *err);

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
    json_t **parsed;       /* gets the reply (new); NULL = the caller reads it itself. One that
                              cannot be read counts as none: it is asked for again */
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

void session_uuid(char out[37]); /* random, version 4 (RFC 9562), with its NUL */

/* --- session.c: what was learnt --- */

/* Wall clock in ms as the host sees it: ours with the skew that was learnt of it. */
int64_t session_wall_ms(const struct aws_session *s, const char *authority);
void session_learn_skew(struct aws_session *s, const char *authority, int64_t skew_ms);
int64_t session_skew_any(const struct aws_session *s); /* the latest known; 0 */
/* Of a service by its id, which is borrowed for good; the pointer holds until the fiber suspends.
 */
struct retry_quota *session_quota(struct aws_session *s, const char *service);
struct rate_limiter *session_rate(struct aws_session *s, const char *service);
/* NULL = not known. */
const char *session_bucket_region(const struct aws_session *s, const char *bucket);
void session_learn_bucket(struct aws_session *s, const char *bucket, const char *region);
