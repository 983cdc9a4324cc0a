/* AWS Signature Version 4 in stages that can be looked at one by one: canonical request, string to
 * sign, key, signature; and the Authorization header that carries it. Format:
 * shared/reference/aws-access.md section 8. Pure: no clock, no I/O. Times are wall milliseconds. */
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "base/str.h"
#include "loop/http.h"
#include <stdbool.h>
#include <stdint.h>

#define SIGV4_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* What goes on the wire. All borrowed. */
struct sigv4_request {
    const char *method;
    const char *path;                  /* "" counts as "/" */
    const char *query;                 /* without '?', or NULL */
    const struct http_header *headers; /* Host among them */
    size_t header_count;
    const char *payload_hash; /* lower-case hex, or one of the S3 words */
};

/* Derived signing keys, one per secret, day, region and service; the oldest goes when it is full.
 * Wiped by clear and free. */
struct sigv4_cache;
struct sigv4_cache *sigv4_cache_new(void);
void sigv4_cache_clear(struct sigv4_cache *cache);
void sigv4_cache_free(struct sigv4_cache *cache);

struct sigv4_key {
    const char *access_key_id;
    const struct secret *secret_access_key;
    const struct secret *session_token; /* NULL or unset: none */
    const char *region, *service;
    int64_t wall_ms;
    bool normalize_path;       /* remove empty and dot segments: every service but S3 */
    bool encode_path;          /* percent-encode the path once more: every service but S3 */
    struct sigv4_cache *cache; /* NULL: the signing key is derived each time */
};

/* "YYYYMMDD/region/service/aws4_request" */
void sigv4_scope(const struct sigv4_key *k, struct str *out);
/* Appends the canonical request; *names_at is where the names of the signed headers begin in out,
 * "a;b;c" up to its last line. */
void sigv4_canonical_request(
    const struct sigv4_request *r, const struct sigv4_key *k, struct str *out, size_t *names_at);
void sigv4_string_to_sign(
    const struct sigv4_key *k, const char *algorithm, const char *canonical, struct str *out);
void sigv4_signing_key(const struct sigv4_key *k, uint8_t out[32]);
/* 64 hex digits and NUL. */
void sigv4_signature(const struct sigv4_key *k, const char *string_to_sign, char out[65]);

/* The Authorization header's value for r, whose headers hold X-Amz-Date (and the token's header)
 * already. */
void sigv4_authorization(const struct sigv4_request *r, const struct sigv4_key *k, struct str *out);
