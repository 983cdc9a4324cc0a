/* The wire protocols by table: JSON values in, an HTTP request out; an HTTP reply in, JSON values
 * out. Pure. Which file does what: json.c (bodies of awsJson and restJson), query.c (query and ec2
 * bodies), rest.c (path, query and headers of the REST protocols), xml_write.c and xml_read.c (XML
 * bodies), error.c (error replies), check.c (parameters), value.c (scalars). Formats:
 * shared/reference/aws-access.md section 9. */
#pragma once

#include "aws/model/model.h"
#include "base/arena.h"
#include "base/vec.h"
#include "data/json.h"
#include "data/xml.h"
#include "loop/http.h"

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
void wire_request_done(struct wire_request *r);
void wire_header(struct wire_request *r, const char *name, const char *value);
void wire_query(struct wire_request *r, const char *name, const char *value); /* both get encoded */
#define cleanup_wire_request __attribute__((cleanup(wire_request_done)))

/* Sets idempotency tokens that `in` leaves out to uuid. */
void wire_fill_tokens(const struct aws_operation *op, json_t *in, const char *uuid);
/* in: object (borrowed). Checks required members and types; an unknown member is an error (it is a
 * mistake of ours). */
int wire_serialize(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err);
/* A reply that is no error → object. Unknown members are left out. */
int wire_parse(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t **out,
    struct error *err);

struct wire_error {
    char *code, *message, *request_id;
    char *region; /* S3's hint where the bucket is, or NULL */
    char *reason; /* signin: OAuth's "error" beside the code, or NULL */
};

/* Never fails: what cannot be read becomes the HTTP status as code. */
void wire_parse_error(
    const struct aws_operation *op, const struct http_response *resp, struct wire_error *out);
void wire_error_done(struct wire_error *e);
/* S3 answers 200 and an <Error> document when a long operation fails at its end. */
bool wire_is_error_in_200(const struct aws_operation *op, const struct http_response *resp);
/* "x-amzn-requestid" and its spellings; NULL when there is none. Borrowed. */
const char *wire_request_id(const struct http_response *resp);

/* --- between the files of the wire layer --- */

/* In a request only what has no other place; in a reply path and query members stand in the body as
 * well. */
static inline bool wire_in_body(const struct aws_member *m, bool reading)
{
    return m->location == AWS_IN_BODY ||
           (reading && (m->location == AWS_IN_URI || m->location == AWS_IN_QUERY));
}

bool wire_has_header(const struct wire_request *r, const char *name);
const char *wire_name(const struct aws_member *m);
/* Scalar → text as it stands in XML, query and headers. timestamp_default: "iso8601", "rfc822",
 * "unixTimestamp". */
int wire_scalar_text(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const char *timestamp_default,
    const json_t *v,
    struct str *out,
    struct error *err);
/* Text → scalar; new reference, NULL with err when it is not of that type. */
json_t *wire_scalar_parse(
    const struct aws_shape *shape, const struct aws_member *m, const char *text, struct error *err);
void wire_timestamp_text(double seconds, const char *format, struct str *out);
int wire_timestamp_parse(const char *text, double *seconds);
json_t *wire_timestamp_json(double seconds);
void wire_double_text(double v, struct str *out);

/* Unknown and missing members, at any depth. */
int wire_check(const struct aws_operation *op, const json_t *in, struct error *err);
json_t *wire_json_value(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v,
    bool reading,
    struct error *err);
char *wire_json_text(const json_t *v); /* of a JSON-in-a-string member; malloc'd */
int wire_query_body(
    const struct aws_operation *op, const json_t *in, struct str *out, struct error *err);
int wire_xml_write(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const char *root,
    const char *ns,
    const json_t *v,
    struct str *out,
    struct error *err);
json_t *wire_xml_read(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const struct xml_node *node,
    struct error *err);
int wire_rest_request(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err);
int wire_rest_response(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t *out,
    struct error *err);
/* The member that is the whole body, or NULL. */
const struct aws_member *wire_payload_member(const struct aws_shape *shape);
