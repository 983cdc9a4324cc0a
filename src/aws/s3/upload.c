/* Upload of a file: one PUT, or parts in parallel. A part is read, hashed and sent from memory, so
 * memory is bounded by four parts; what an earlier try has left at S3 is compared by checksum and
 * not sent again. */
#include "aws/model/operations.h"
#include "aws/s3/internal.h"
#include "base/digest.h"
#include "base/limits.h"
#include "data/object.h"
#include "loop/work.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PART_MIN_BYTES MIB(8)
#define PARTS_MAX      10000
#define PARALLEL       4

struct part {
    struct upload *upload;
    unsigned number; /* 1… */
    uint64_t offset;
    size_t len;
    char *etag, *checksum; /* of the part at S3; NULL = not there yet */
    bool verify;           /* it is there from an earlier try */
};

struct upload {
    struct aws_session *session;
    const struct s3_upload *u;
    char *id;
    size_t part_bytes;
    struct part *parts;
    unsigned count;
    uint64_t done_bytes;
    bool chunked, checksums; /* how parts go out; whether they carry a checksum */
    const char *member;      /* "ChecksumCRC64NVME" */
};

/* --- reading a part, on a worker thread --- */

struct reading {
    const char *path;
    uint64_t offset;
    size_t len;
    char *data;
    int rc;
    enum chunked_checksum checksum;
    bool want_sha256, want_sum, want_md5;
    char sha256_hex[65];
    char *sum; /* of the kind wanted, base64 */
    uint8_t md5[16];
};

static int read_fully(struct reading *r)
{
    cleanup_fd int fd = open(r->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;

    for (size_t done = 0; done < r->len;) {
        ssize_t n = pread(fd, r->data + done, r->len - done, (off_t)(r->offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -ESTALE; /* shorter than it was */
        done += (size_t)n;
    }

    return 0;
}

static void read_part(void *arg)
{
    struct reading *r = arg;
    r->data = xmalloc(r->len ? r->len : 1);
    r->rc = read_fully(r);
    if (r->rc < 0)
        return;
    if (r->want_sha256) {
        uint8_t sha256[SHA256_BYTES];
        digest_sha256(r->data, r->len, sha256);
        digest_hex_to(sha256, sizeof sha256, r->sha256_hex);
    }

    if (r->want_sum)
        r->sum = chunked_checksum_text(r->checksum, r->data, r->len);
    if (r->want_md5)
        digest_md5(r->data, r->len, r->md5);
}

static int load(struct aws_session *s, struct reading *r, struct error *err)
{
    int rc = work_run_long(s->loop, read_part, r, NULL);

    if (rc < 0)
        return error_raise_errno(
            err, ERR_CANCELED, -rc, "upload of %s: %s", r->path, strerror(-rc));
    if (r->rc == -ESTALE)
        return error_raise_errno(
            err, ERR_FAILED, ESTALE, "%s changed while it was being uploaded", r->path);
    if (r->rc < 0)
        return error_raise_errno(
            err, ERR_FAILED, -r->rc, "cannot read %s: %s", r->path, strerror(-r->rc));

    return 0;
}

/* {"Bucket", "Key", "UploadId"} */
static json_t *upload_names(const struct upload *up)
{
    json_t *in = s3_names(up->u->bucket, up->u->key);

    json_add(in, "UploadId", json_string(up->id));
    return in;
}

/* --- one part --- */

static bool already_there(const struct part *p, const struct reading *r)
{
    cleanup_free char *md5 = digest_hex(r->md5, sizeof r->md5);

    if (!p->verify)
        return false;
    if (p->checksum)
        return strcmp(p->checksum, r->sum) == 0;

    return p->etag && p->etag[0] == '"' &&
           strncmp(p->etag + 1, md5, 32) == 0; /* without KMS the ETag is the MD5 */
}

static bool again(const struct upload *up, int rc, struct error *err)
{
    return rc < 0 && up->u->again && up->u->again(up->u->arg, rc, err);
}

static int send_part(struct part *p, const struct reading *r, struct error *err)
{
    struct upload *up = p->upload;
    cleanup_http_response struct http_response resp = {0};
    struct error own = ERROR_INIT;
    struct chunked_body chunks = {.data = r->data, .len = r->len, .checksum = up->u->checksum};
    struct aws_exchange hashed = {
        .body = r->data, .body_len = r->len, .payload_hash = r->sha256_hex};
    struct aws_exchange streamed = {.chunked = &chunks};
    json_t *in = upload_names(up);
    int rc;

    json_add(in, "PartNumber", json_of(p->number));
    if (up->checksums && !up->chunked)
        json_add(in, up->member, json_of_text(r->sum));
    do
        rc = s3_send(
            up->session,
            &aws_s3_UploadPart,
            json_incref(in),
            up->chunked ? &streamed : &hashed,
            &resp,
            &own);
    while (again(up, rc, &own));
    json_decref(in);
    chunked_end(&chunks);
    if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    if (rc < 0) {
        error_wrap(err, "part %u of %u", p->number, up->count);
        return rc;
    }

    const char *etag = http_response_header(&resp, "etag");
    if (text_empty(etag))
        return error_raise(err, ERR_CLOUD, "S3 took part %u without giving it an ETag", p->number);

    free(p->etag);
    free(p->checksum);
    p->etag = xstrdup(etag);
    p->checksum = NULL;
    if (up->chunked)
        p->checksum = xstrdup(chunked_sum(&chunks));
    else if (up->checksums)
        p->checksum = xstrdup(r->sum);
    return 0;
}

static int run_part(void *arg, struct error *err)
{
    struct part *p = arg;
    struct upload *up = p->upload;
    struct reading r = {
        .path = up->u->path,
        .offset = p->offset,
        .len = p->len,
        .checksum = up->u->checksum,
        .want_sha256 = !up->chunked,
        .want_sum = !up->chunked || p->verify,
        .want_md5 = p->verify};
    int rc = load(up->session, &r, err);

    if (rc == 0 && !already_there(p, &r))
        rc = send_part(p, &r, err);
    free(r.data);
    free(r.sum);
    if (rc == 0) {
        up->done_bytes += p->len;
        if (up->u->on_progress)
            up->u->on_progress(up->u->arg, up->done_bytes);
    }

    return rc;
}

/* --- the whole --- */

static int plan_parts(struct upload *up, struct error *err)
{
    uint64_t size = up->u->size, part = (size + PARTS_MAX - 1) / PARTS_MAX;

    part = (part + MIB(1) - 1) / MIB(1) *
           MIB(1); /* the same for the same size, so that a resumed upload fits */
    if (part < PART_MIN_BYTES)
        part = PART_MIN_BYTES;
    if (part > LIMIT_S3_PART_BYTES)
        return error_raise_errno(
            err,
            ERR_REFUSED,
            EFBIG,
            "%s is too large to upload (%llu bytes)",
            up->u->path,
            (unsigned long long)size);

    up->part_bytes = (size_t)part;
    up->count = (unsigned)((size + part - 1) / part);
    up->parts = xcalloc(up->count, sizeof *up->parts);
    for (unsigned i = 0; i < up->count; i++) {
        uint64_t offset = (uint64_t)i * part;
        up->parts[i] = (struct part){
            .upload = up,
            .number = i + 1,
            .offset = offset,
            .len = (size_t)(size - offset < part ? size - offset : part)};
    }

    return 0;
}

/* What is there already; -ENOENT when S3 does not know the upload (any more). */
static int find_parts(struct upload *up, struct error *err)
{
    json_t *in = upload_names(up);
    cleanup_json json_t *parts = NULL;
    struct error own = ERROR_INIT;
    json_t *item;
    size_t i;
    int rc = aws_call_all(up->session, &aws_s3_ListParts, in, &parts, &own);

    if (rc < 0 && error_has_code(&own, "NoSuchUpload"))
        rc = -ENOENT;
    else if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    if (rc < 0)
        return rc;

    json_array_foreach(parts, i, item) {
        long long number = json_int_or(item, "PartNumber", 0);

        if (number < 1 || number > (long long)up->count)
            continue;
        struct part *p = &up->parts[number - 1];
        if ((uint64_t)json_int_or(item, "Size", 0) != p->len)
            continue;
        free(p->etag);
        free(p->checksum);
        p->verify = true;
        p->etag = xstrdup_null(json_str(item, "ETag"));
        p->checksum = xstrdup_null(json_str(item, up->member));
    }

    return 0;
}

static int create(struct upload *up, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = s3_names(up->u->bucket, up->u->key);
    int rc;

    json_add(in, "ContentType", json_string(up->u->content_type));
    if (up->checksums)
        json_add(in, "ChecksumAlgorithm", json_of_text(chunked_algorithm(up->u->checksum)));
    if (up->checksums && up->u->checksum != CHUNKED_SHA256) /* only CRCs of parts add up */
        json_add(in, "ChecksumType", json_of_text("FULL_OBJECT"));
    rc = aws_call(up->session, &aws_s3_CreateMultipartUpload, in, &reply, err);
    if (rc < 0)
        return rc;

    free(up->id);
    up->id = xstrdup(json_str_or(reply, "UploadId", ""));
    if (!*up->id)
        return error_raise(err, ERR_CLOUD, "S3 began an upload without giving its id");

    return up->u->on_upload_id ? up->u->on_upload_id(up->u->arg, up->id, err) : 0;
}

static int send_parts(struct upload *up, struct error *err)
{
    struct fiber_group *g = fiber_group_new(up->session->loop, PARALLEL);
    int rc;

    for (unsigned i = 0; i < up->count; i++)
        fiber_group_spawn(g, "s3-part", run_part, &up->parts[i]);
    rc = fiber_group_wait(g, err);

    fiber_group_free(g);
    return rc;
}

static int complete(struct upload *up, struct error *err)
{
    json_t *list = json_array();
    struct error own = ERROR_INIT;
    int rc;

    for (unsigned i = 0; i < up->count; i++) {
        const struct part *part = &up->parts[i];
        json_t *p = object(key("ETag", json_string(part->etag)), key("PartNumber", part->number));

        json_add(p, up->member, json_of_text(part->checksum));
        json_push(list, p);
    }

    json_t *in = upload_names(up);
    json_add(in, "MultipartUpload", object(key("Parts", list)));
    rc = aws_call(up->session, &aws_s3_CompleteMultipartUpload, in, NULL, &own);
    if (rc < 0 && error_has_code(&own, "NoSuchUpload")) {
        /* an earlier try of this call went through and its answer was lost: then the object is
         * there */
        struct s3_object o;
        int head = s3_head(up->session, up->u->bucket, up->u->key, &o, NULL);

        if (head == 0 && o.exists && o.size == up->u->size)
            rc = 0;
        if (head == 0)
            s3_object_done(&o);
    }

    if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    return rc;
}

/* What a later try could go on with is left where it is: the caller knows the upload's id. */
static bool worth_resuming(const struct error *err, int rc)
{
    return rc == -ECANCELED || rc == -ETIMEDOUT || aws_error_is_auth(err) || !err->aws_code ||
           err->http_status >= 500 || aws_error_is_throttle(err);
}

static void abort_upload(struct upload *up)
{
    fiber_shield(true);
    aws_call(up->session, &aws_s3_AbortMultipartUpload, upload_names(up), NULL, NULL);
    fiber_shield(false);
}

static int
stage(struct upload *up, int (*fn)(struct upload *up, struct error *err), struct error *err)
{
    int rc;

    do
        rc = fn(up, err);
    while (again(up, rc, err));
    return rc;
}

/* Goes on with what an earlier try began, when S3 still knows it. */
static int attach(struct upload *up, struct error *err)
{
    int rc = find_parts(up, err);

    if (rc != -ENOENT || error_is_set(err))
        return rc;

    free(up->id);
    up->id = NULL;

    return 0;
}

static int upload_parts(struct upload *up, struct error *err)
{
    struct error own = ERROR_INIT;
    int rc = plan_parts(up, &own);

    if (rc == 0 && up->id)
        rc = stage(up, attach, &own);
    if (rc == 0 && !up->id)
        rc = stage(up, create, &own);
    if (rc == 0)
        rc = send_parts(up, &own);
    if (rc == 0)
        rc = stage(up, complete, &own);
    if (rc < 0 && up->id && !worth_resuming(&own, rc))
        abort_upload(up);
    if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    return rc;
}

static int upload_whole(struct upload *up, struct error *err)
{
    struct reading r = {.path = up->u->path, .len = (size_t)up->u->size};
    struct error own = ERROR_INIT;
    int rc = load(up->session, &r, &own);

    if (rc == 0)
        do
            rc = s3_put(
                up->session, up->u->bucket, up->u->key, up->u->content_type, r.data, r.len, &own);
        while (again(up, rc, &own));
    if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    if (rc == 0 && up->u->on_progress)
        up->u->on_progress(up->u->arg, up->u->size);
    free(r.data);
    return rc;
}

static int choose_payload(struct upload *up, struct error *err)
{
    cleanup_free char *url = NULL;
    int rc = s3_url(up->session, up->u->bucket, up->u->key, &url, err);

    if (rc < 0)
        return rc;

    up->member = s3_checksum_member(up->u->checksum);
    up->checksums = !up->session->settings.checksum_when_required;
    if (up->u->payload == S3_PAYLOAD_AUTO) /* without TLS nothing would stand for the data */
        up->chunked = up->checksums && text_starts(url, "https:");
    else
        up->chunked = up->u->payload != S3_PAYLOAD_HASHED;
    up->checksums = up->checksums || up->chunked;

    return 0;
}

int s3_upload_file(struct aws_session *s, const struct s3_upload *u, struct error *err)
{
    struct upload up = {.session = s, .u = u, .id = xstrdup_null(u->upload_id)};
    int rc = choose_payload(&up, err);

    if (rc == 0)
        rc = u->size < PART_MIN_BYTES ? upload_whole(&up, err) : upload_parts(&up, err);

    for (unsigned i = 0; i < up.count; i++) {
        free(up.parts[i].etag);
        free(up.parts[i].checksum);
    }

    free(up.parts);
    free(up.id);
    if (rc < 0)
        error_wrap(err, "uploading %s to s3://%s/%s", u->path, u->bucket, u->key);
    return rc < 0 ? rc : 0;
}

int s3_upload_abort(
    struct aws_session *s,
    const char *bucket,
    const char *key,
    const char *upload_id,
    struct error *err)
{
    const struct s3_upload u = {.bucket = bucket, .key = key};
    struct upload up = {.session = s, .u = &u, .id = xstrdup(upload_id)};
    int rc = aws_call(s, &aws_s3_AbortMultipartUpload, upload_names(&up), NULL, err);

    free(up.id);
    return rc;
}
