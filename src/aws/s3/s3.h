/* S3 objects: what needs more than aws_call(): streaming bodies, multipart upload with parallel
 * parts and resume. Addressing, region redirects and checksums by
 * shared/reference/aws-access.md section 11. */
#pragma once

#include "aws/aws.h"
#include "aws/sign/chunked.h"

struct s3_object {
    bool exists;
    uint64_t size;
    int64_t modified_ms; /* 0: not said */
    char *etag, *version_id;
};

/* A missing object is no error: out->exists is false. */
int s3_head(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    struct s3_object *out,
    struct error *err);
void s3_object_done(struct s3_object *o);

/* content_type may be NULL. The data is borrowed until it returns. */
int s3_put(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    const char *content_type,
    const void *data,
    size_t n,
    struct error *err);
/* The same, with what caches are told; may be NULL. */
int s3_put_cached(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    const char *content_type,
    const char *cache_control,
    const void *data,
    size_t n,
    struct error *err);

/* Only while the object is what `etag` names; NULL: only while there is none. Of two writers one
 * gets through; the other has an error that s3_was_other() knows. */
int s3_put_if(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    const char *content_type,
    const char *etag,
    const void *data,
    size_t n,
    struct error *err);
bool s3_was_other(const struct error *err);

/* The object's content replaces `out`. -EMSGSIZE above max_bytes, -EBADMSG when it is not what S3
 * has a checksum of. */
int s3_get(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    uint64_t max_bytes,
    struct str *out,
    struct error *err);

/* The same, and what names this content; malloc'd. */
int s3_get_tagged(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    uint64_t max_bytes,
    struct str *out,
    char **etag,
    struct error *err);

/* How a part's content is vouched for. Automatic: over https in chunks with the checksum as trailer
 * (TLS covers the rest, and the data is gone through once less), else the SHA-256 of the part is
 * signed. */
enum s3_payload { S3_PAYLOAD_AUTO, S3_PAYLOAD_HASHED, S3_PAYLOAD_UNSIGNED_TRAILER };

struct s3_upload {
    const char *bucket, *key, *content_type;
    enum s3_payload payload;
    enum chunked_checksum checksum; /* S3 keeps it with the object */
    const char *path;               /* local file */
    uint64_t size;
    const char *upload_id; /* resume this one (ListParts first), or NULL */
    /* Called once the upload id is known, before the first part goes out: store it. May be NULL. */
    int (*on_upload_id)(void *arg, const char *upload_id, struct error *err);
    void (*on_progress)(void *arg, uint64_t done_bytes);
    /* A call of the upload has failed after the retry mode's attempts. True: the same is tried once
     * more (the callback has waited as long as it thought right, and emptied err). Parts under way
     * ask each for itself. May be NULL. */
    bool (*again)(void *arg, int rc, struct error *err);
    void *arg;
};

/* One PUT below 8 MiB, else parts of >= 8 MiB, 4 in parallel; bounded memory. */
int s3_upload_file(struct aws_session *s, const struct s3_upload *u, struct error *err);

/* Gives up an upload that was begun: its parts are paid for as long as they lie there. */
int s3_upload_abort(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    const char *upload_id,
    struct error *err);

/* The object's plain https URL (what CloudFormation takes as TemplateURL); malloc'd. With a custom
 * endpoint: that endpoint's, path style. */
int s3_url(
    struct aws_session *s, const char *bucket, const char *key, char **url, struct error *err);
