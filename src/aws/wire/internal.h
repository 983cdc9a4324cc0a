/* Between the files of the wire room. From the bottom up:
 *
 *   request.c        a request's headers and query
 *   value.c          scalars as text: XML, query strings, headers
 *   json.c           JSON bodies (awsJson, restJson), both ways
 *   query.c          form bodies (awsQuery, ec2Query)
 *   xml_write.c      XML bodies of requests (restXml)
 *   xml_read.c       XML bodies of replies (restXml, awsQuery, ec2Query)
 *   rest_request.c   path, query, headers and body of the REST protocols
 *   rest_response.c  status, headers and body of their replies
 *   check.c          parameters against the tables, before anything is written
 *   error.c          error replies of all protocols
 *   wire.c           asks the others by protocol; nobody asks it */
#pragma once

#include "aws/wire/wire.h"

/* --- request.c --- */

bool wire_has_header(const struct wire_request *r, const char *name);         /* in any case */
void wire_query(struct wire_request *r, const char *name, const char *value); /* both get encoded */

/* --- value.c --- */

/* The name on the wire. */
static inline const char *wire_name(const struct aws_member *m)
{
    return m->wire ? m->wire : m->name;
}

/* In a request only what has no other place; in a reply path and query members stand in the body as
 * well. */
static inline bool wire_in_body(const struct aws_member *m, bool reading)
{
    return m->location == AWS_IN_BODY ||
           (reading && (m->location == AWS_IN_URI || m->location == AWS_IN_QUERY));
}

bool wire_any_in_body(const struct aws_shape *shape, bool reading); /* shape may be NULL */
/* The member that is the whole body, or NULL; shape may be NULL. */
const struct aws_member *wire_payload_member(const struct aws_shape *shape);

/* Scalar → text. m may be NULL. timestamp_default: "iso8601", "rfc822", "unixTimestamp". */
int wire_scalar_text(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const char *timestamp_default,
    const json_t *v,
    struct str *out,
    struct error *err);

/* Text → scalar: a new reference, NULL with err when it is not of that type. m may be NULL. */
json_t *wire_scalar_parse(
    const struct aws_shape *shape, const struct aws_member *m, const char *text, struct error *err);

/* RFC 3339 with any fraction, offset or none; HTTP date; or seconds since the epoch. -EINVAL. */
int wire_timestamp_parse(const char *text, double *seconds);
/* An integer when whole. */
json_t *wire_timestamp_json(double seconds);

/* --- json.c --- */

/* One walk for both directions: new reference, NULL with err. m (may be NULL) is the member that
 * has the shape. */
json_t *wire_json_value(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v,
    bool reading,
    struct error *err);
char *wire_json_text(const json_t *v); /* of a JSON-in-a-string member; malloc'd */
/* shape NULL: "{}". */
int wire_json_write(
    const struct aws_shape *shape, const json_t *in, struct str *out, struct error *err);
/* The body's members go into `out`; an empty body has none. */
int wire_json_read(
    const struct aws_shape *shape,
    const struct http_response *resp,
    json_t *out,
    struct error *err);

/* --- query.c --- */

int wire_query_body(
    const struct aws_operation *op, const json_t *in, struct str *out, struct error *err);

/* --- xml_write.c, xml_read.c --- */

/* ns: the root's namespace where the operation has one; m and ns may be NULL. */
int wire_xml_write(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const char *root,
    const char *ns,
    const json_t *v,
    struct str *out,
    struct error *err);
/* The body's members go into `out`; with m, the whole body is that member. */
int wire_xml_read(
    const struct aws_operation *op,
    const struct aws_shape *shape,
    const struct aws_member *m,
    const struct http_response *resp,
    json_t *out,
    struct error *err);

/* --- error.c --- */

/* A reply that is no `what` ("JSON", "XML"), by the parser's finding, which is dropped: here it is
 * the service's fault. -EBADMSG. */
int wire_unreadable(struct error *why, const char *what, struct error *err);

/* --- rest_request.c, rest_response.c --- */

int wire_rest_request(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err);
int wire_rest_response(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t *out,
    struct error *err);

/* --- check.c --- */

/* Unknown and missing members, at any depth. */
int wire_check(const struct aws_operation *op, const json_t *in, struct error *err);
