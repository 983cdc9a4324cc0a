/* Operations and shapes as data: what a service's API model says, for the calls that we make.
 *
 * The tables (one file a service, operations.h) are written by tests/tools/aws_models.py from the
 * API models that botocore ships: facts only, names, locations and types. The code in aws/wire
 * walks them. Tests fill the same structs at run time from the published protocol tests.
 *
 * Values in JSON: structures, lists and maps as themselves; numbers as numbers (a double that is
 * none as "NaN", "Infinity" or "-Infinity"); timestamps as seconds since the epoch, an integer when
 * whole (on the way in RFC 3339 text will do as well); blobs as base64 text.
 *
 * Everything here is constant and lives as long as the program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum aws_protocol {
    AWS_JSON_1_0,
    AWS_JSON_1_1,
    AWS_QUERY,
    AWS_EC2_QUERY,
    AWS_REST_XML,
    AWS_REST_JSON
};

enum aws_shape_type {
    AWS_STRUCTURE,
    AWS_LIST,
    AWS_MAP,
    AWS_STRING,
    AWS_INTEGER,
    AWS_LONG,
    AWS_DOUBLE,
    AWS_BOOLEAN,
    AWS_TIMESTAMP,
    AWS_BLOB,
};

/* Where a member travels. */
enum aws_location {
    AWS_IN_BODY,
    AWS_IN_URI,
    AWS_IN_QUERY,
    AWS_IN_HEADER,
    AWS_IN_HEADERS,
    AWS_IN_STATUS
};

struct aws_member {
    const char *name; /* in JSON */
    const char *wire; /* locationName or queryName; NULL = name */
    const struct aws_shape *shape;
    enum aws_location location;
    bool required, flattened, xml_attribute, idempotency_token, host_label, payload, json_value;
    const char *timestamp_format; /* "iso8601", "rfc822", "unixTimestamp"; NULL = the protocol's */
    const char *query_name;       /* ec2: queryName, goes out as it stands; NULL = none */
    const char *xml_namespace, *xml_prefix; /* NULL = the shape's */
};

struct aws_shape {
    enum aws_shape_type type;
    const struct aws_member *members; /* structure */
    size_t member_count;
    const struct aws_member *item; /* list: member; map: value */
    const struct aws_member *key;  /* map: key */
    const char *name; /* of the XML root element where nothing else names it; may be NULL */
    const char *xml_namespace, *xml_prefix;
    bool flattened, sensitive, streaming, document, is_union, sparse;
    const char *timestamp_format;
};

/* Plain scalars, shared by all tables. */
extern const struct aws_shape aws_shape_string, aws_shape_secret, aws_shape_integer, aws_shape_long,
    aws_shape_double, aws_shape_boolean, aws_shape_timestamp, aws_shape_blob;

/* How a listing goes on: dotted paths into input and output, NULL-terminated arrays. */
struct aws_paginator {
    const char *const *input_tokens, *const *output_tokens;
    const char *result_key, *more_results;
};

struct aws_service {
    const char *id;         /* endpoint prefix: "ecs", "monitoring", … */
    const char *service_id; /* "CloudWatch Logs" → AWS_ENDPOINT_URL_CLOUDWATCH_LOGS */
    const char *signing_name;
    const char *api_version, *target_prefix, *xml_namespace;
    enum aws_protocol protocol;
    bool global; /* one endpoint per partition: iam, route53, cloudfront */
};

struct aws_operation {
    const struct aws_service *service;
    const char *name, *method, *uri;          /* uri with {Label} parts for REST protocols */
    const struct aws_shape *input, *output;   /* NULL = none */
    const char *input_name, *input_namespace; /* rest-xml: root of the body; NULL = the shape's */
    const char *host_prefix;                  /* "api." …; NULL = none */
    const char *result_wrapper;               /* query */
    const struct aws_paginator *paginator;    /* NULL = none */
    bool unsigned_auth;                       /* authtype none */
    bool unsigned_payload;
    bool checksum_required;
};
