/* The protocols by table: a JSON value and an operation become an HTTP request, an HTTP reply
 * becomes a JSON value or an error. Pure: no session, no network, no clock.
 *
 * Members carry the API's own names whatever the protocol is; model.h says how values look.
 * Formats: shared/reference/aws-access.md section 9. Which file does what stands in internal.h. */
#pragma once

#include "aws/model/model.h"
#include "base/arena.h"
#include "base/vec.h"
#include "data/json.h"
#include "loop/http.h"

/* A request before it has an address and a signature. */
struct wire_request {
    struct arena *arena; /* of header texts */
    const char *method;
    struct str path;  /* percent-encoded, starts with '/' */
    struct str query; /* percent-encoded, no '?' */
    VEC(struct http_header) headers;
    struct str body;
    bool has_body;
    const char *host_prefix; /* in the arena; NULL = none */
};

void wire_request_init(struct wire_request *r);
/* Wipes what it frees: parameters may be secrets. */
void wire_request_done(struct wire_request *r);
#define cleanup_wire_request __attribute__((cleanup(wire_request_done)))

/* Adds a header; both texts are copied. */
void wire_header(struct wire_request *r, const char *name, const char *value);

/* Sets the idempotency tokens that `in` leaves out to uuid. */
void wire_fill_tokens(const struct aws_operation *op, json_t *in, const char *uuid);

/* in: an object, borrowed. Checks that members exist, that required ones are there and that types
 * fit: ERR_FAILED, as a wrong parameter is a mistake of ours. `out` was initialised; after an error
 * it holds part of a request. */
int wire_serialize(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err);

/* A reply that is no error → a new object in *out; NULL after an error. Unknown members are left
 * out. */
int wire_parse(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t **out,
    struct error *err);

struct wire_error {
    char *code, *message, *request_id; /* request_id may be NULL */
    char *region;                      /* S3's hint where the bucket is, or NULL */
    char *reason;                      /* signin: OAuth's "error" beside the code, or NULL */
};

/* Never fails: what cannot be read becomes the HTTP status as code. The texts are the caller's:
 * wire_error_done(). */
void wire_parse_error(
    const struct aws_operation *op, const struct http_response *resp, struct wire_error *out);
void wire_error_done(struct wire_error *e);

/* S3 answers 200 and an <Error> document when a long operation fails at its end. */
bool wire_is_error_in_200(const struct aws_operation *op, const struct http_response *resp);
