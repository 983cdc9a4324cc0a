/* Objects: look for one, write it, read it, say its address. upload.c has the large ones.
 *
 * These do not go through aws_call(), because a body in JSON would be base64: the body goes out and
 * comes in as it is, beside the parameters. What is written carries a checksum that S3 compares
 * (CRC64NVME, the AWS CLI's), unless the caller's settings say that only required ones are sent,
 * since look-alikes of S3 may not know it. What is read is checked against the sum that S3 kept. */
#include "aws/s3/s3.h"
#include "aws/model/operations.h"
#include "aws/s3/internal.h"
#include "aws/sign/uri.h"
#include "base/digest.h"
#include "base/limits.h"
#include "data/object.h"
#include <errno.h>
#include <string.h>

json_t *s3_names(const char *bucket, const char *name)
{
    return object(key("Bucket", json_string(bucket)), key("Key", json_string(name)));
}

int s3_send(
    struct aws_session *s,
    const struct aws_operation *op,
    json_t *in,
    struct aws_exchange *x,
    struct http_response *resp,
    struct error *err)
{
    cleanup_wire_request struct wire_request request = {0};
    cleanup_json json_t *input = in;
    int rc;

    wire_request_init(&request);
    x->op = op;
    x->request = &request;
    x->bucket = json_string_value(json_object_get(input, "Bucket"));
    rc = wire_serialize(op, input, &request, err);
    if (rc == 0)
        rc = session_exchange(s, x, resp, err);
    x->request = NULL;
    x->bucket = NULL;

    return rc;
}

const char *s3_checksum_member(enum chunked_checksum c)
{
    static const char *const names[] = {
        [CHUNKED_CRC64NVME] = "ChecksumCRC64NVME",
        [CHUNKED_CRC32] = "ChecksumCRC32",
        [CHUNKED_SHA256] = "ChecksumSHA256"};

    return names[c];
}

int s3_head(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    struct s3_object *out,
    struct error *err)
{
    cleanup_http_response struct http_response resp = {0};
    struct aws_exchange x = {.accept_not_found = true};
    cleanup_json json_t *reply = NULL;
    int rc = s3_send(s, &aws_s3_HeadObject, s3_names(bucket, key), &x, &resp, err);

    *out = (struct s3_object){0};
    if (rc < 0)
        return error_wrap(err, "s3://%s/%s", bucket, key);
    if (resp.status == 404)
        return 0;

    rc = wire_parse(&aws_s3_HeadObject, &resp, &reply, err);
    if (rc < 0)
        return rc;

    out->exists = true;
    out->size = (uint64_t)json_int_or(reply, "ContentLength", 0);
    out->modified_ms = (int64_t)(json_number_value(json_object_get(reply, "LastModified")) * 1000);
    out->etag = xstrdup_null(json_str(reply, "ETag"));
    out->version_id = xstrdup_null(json_str(reply, "VersionId"));

    return 0;
}

void s3_object_done(struct s3_object *o)
{
    free(o->etag);
    free(o->version_id);
    *o = (struct s3_object){0};
}

/* `in` has what the caller adds to the names, and is stolen. */
static int
put(struct aws_session *s,
    json_t *in,
    const char *bucket,
    const char *key,
    const void *data,
    size_t n,
    struct error *err)
{
    cleanup_http_response struct http_response resp = {0};
    struct aws_exchange x = {.body = n ? data : "", .body_len = n};
    cleanup_free char *crc = chunked_checksum_text(CHUNKED_CRC64NVME, x.body, n);

    if (!s->settings.checksum_when_required)
        json_add(in, "ChecksumCRC64NVME", json_of_text(crc));
    int rc = s3_send(s, &aws_s3_PutObject, in, &x, &resp, err);
    return rc < 0 ? error_wrap(err, "writing s3://%s/%s", bucket, key) : 0;
}

int s3_put(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    const char *content_type,
    const void *data,
    size_t n,
    struct error *err)
{
    return s3_put_cached(s, bucket, key, content_type, NULL, data, n, err);
}

int s3_put_cached(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    const char *content_type,
    const char *cache_control,
    const void *data,
    size_t n,
    struct error *err)
{
    json_t *in = s3_names(bucket, key);

    json_add(in, "ContentType", json_string(content_type));
    json_add(in, "CacheControl", json_string(cache_control));
    return put(s, in, bucket, key, data, n, err);
}

int s3_put_if(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    const char *content_type,
    const char *etag,
    const void *data,
    size_t n,
    struct error *err)
{
    json_t *in = s3_names(bucket, key);

    json_add(in, "ContentType", json_string(content_type));
    json_add(in, "IfMatch", json_of_text(etag));
    json_add(in, "IfNoneMatch", json_of_text(etag ? NULL : "*"));
    return put(s, in, bucket, key, data, n, err);
}

bool s3_was_other(const struct error *err)
{
    return error_has_code(err, "PreconditionFailed") ||
           error_has_code(err, "ConditionalRequestConflict") || error_has_code(err, "NoSuchKey");
}

/* Whatever checksum S3 kept. A composite one ("…-3") is one of parts, it says nothing of the body.
 */
static int check_body(const struct http_response *resp, struct error *err)
{
    static const enum chunked_checksum kinds[] = {CHUNKED_CRC64NVME, CHUNKED_CRC32, CHUNKED_SHA256};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *expected = http_response_header(resp, chunked_trailer_name(kinds[i]));
        cleanup_free char *actual = NULL;

        if (!expected || strchr(expected, '-'))
            continue;
        actual = chunked_checksum_text(kinds[i], str_get(&resp->body), resp->body.len);
        if (strcmp(expected, actual) != 0)
            return error_raise_errno(
                err,
                ERR_CLOUD,
                EBADMSG,
                "the object's checksum (%s) is %s, what arrived has %s",
                chunked_algorithm(kinds[i]),
                expected,
                actual);
    }

    return 0;
}

int s3_get(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    uint64_t max_bytes,
    struct str *out,
    struct error *err)
{
    return s3_get_tagged(s, bucket, key, max_bytes, out, NULL, err);
}

int s3_get_tagged(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    uint64_t max_bytes,
    struct str *out,
    char **etag,
    struct error *err)
{
    cleanup_http_response struct http_response resp = {0};
    /* an error's document must fit as well, however small the object is meant to be */
    struct aws_exchange x = {.max_body_bytes = MAX(max_bytes, (uint64_t)LIMIT_AWS_ERROR_BYTES)};
    json_t *in = s3_names(bucket, key);
    int rc;

    json_add(in, "ChecksumMode", json_string("ENABLED"));
    rc = s3_send(s, &aws_s3_GetObject, in, &x, &resp, err);
    if (rc == 0 && resp.body.len > max_bytes)
        rc = error_raise_errno(
            err,
            ERR_REFUSED,
            EMSGSIZE,
            "the object is larger than %llu bytes",
            (unsigned long long)max_bytes);
    if (rc == 0)
        rc = check_body(&resp, err);
    if (rc < 0) {
        error_wrap(err, "reading s3://%s/%s", bucket, key);
        return rc;
    }

    if (etag)
        *etag = xstrdup_null(http_response_header(&resp, "etag"));
    str_done(out);
    *out = resp.body;
    resp.body = (struct str)STR_INIT;

    return 0;
}

/* Path-style request path of an object; session_url() moves the bucket into the host where it
 * belongs there.
 */
static void object_path(const char *bucket, const char *key, struct str *out)
{
    str_append_char(out, '/');
    uri_encode(out, bucket, false);
    str_append_char(out, '/');
    uri_encode(out, key, true);
}

static int object_url(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    char **url,
    char **signing_region,
    struct error *err)
{
    cleanup_wire_request struct wire_request request = {0};
    struct aws_exchange x = {.op = &aws_s3_GetObject, .request = &request, .bucket = bucket};
    const char *region = session_bucket_region(s, bucket);

    wire_request_init(&request);
    object_path(bucket, key, &request.path);

    return session_url(s, &x, region ? region : s->settings.region, url, signing_region, err);
}

int s3_url(
    struct aws_session *s, const char *bucket, const char *key, char **url, struct error *err)
{
    cleanup_free char *region = NULL;

    *url = NULL;
    return object_url(s, bucket, key, url, &region, err);
}
