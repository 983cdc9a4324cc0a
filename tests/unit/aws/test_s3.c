/* Objects, uploads in parts, resume and presigned URLs over a scripted transport. */
#include "aws/s3/s3.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUCKET "https://my-bucket.s3.us-west-2.amazonaws.com"
#define SIZE   (MIB(17) + 5) /* two whole parts and a rest */

struct run {
    struct fixture f;
    struct aws_session *s;
    char *path, *known_id;
    char noted_id[64];
    unsigned patience; /* how often to say "again" */
    uint64_t progress;
    int rc;
    struct error err;
    int (*fn)(struct run *r);
};

static void body(void *arg)
{
    struct run *r = arg;

    r->rc = fixture_open(&r->f, NULL, NULL, &r->s, &r->err);
    if (r->rc == 0)
        r->rc = r->fn(r);
    aws_session_free(r->s);
}

static void start(struct run *r, int (*fn)(struct run *r))
{
    *r = (struct run){.fn = fn};
    fixture_init(&r->f);
    fixture_keys(&r->f);
}

static void finish(struct run *r)
{
    script_http_assert_done(r->f.script);
    error_done(&r->err);
    fixture_done(&r->f);
    free(r->path);
}

static void step(struct run *r, const struct script_step *s)
{
    script_http_add(r->f.script, s);
}

/* --- small objects --- */

static int head_twice(struct run *r)
{
    struct s3_object o;

    ck_assert_int_eq(s3_head(r->s, "my-bucket", "a b", &o, &r->err), 0);
    ck_assert(!o.exists);
    ck_assert_int_eq(s3_head(r->s, "my-bucket", "a b", &o, &r->err), 0);
    ck_assert(o.exists);
    ck_assert_uint_eq(o.size, 12);
    ck_assert_str_eq(o.etag, "\"e\"");
    s3_object_done(&o);
    return 0;
}

START_TEST(a_missing_object_is_no_error)
{
    struct run r;

    start(&r, head_twice);
    step(&r, &(struct script_step){.method = "HEAD", .url = BUCKET "/a%20b", .status = 404});
    step(&r, &(struct script_step){.method = "HEAD", .reply_headers = "Content-Length: 12\nETag: \"e\""});
    fixture_run(&r.f, body, &r);
    finish(&r);
}
END_TEST

static int put_hello(struct run *r)
{
    return s3_put(r->s, "my-bucket", "k", "text/plain", "Hello world", 11, &r->err);
}

START_TEST(a_put_carries_its_checksums)
{
    struct run r;

    start(&r, put_hello);
    step(&r, &(struct script_step){.method = "PUT",
                                   .url = BUCKET "/k",
                                   .header = "x-amz-checksum-crc64nvme: OOJZ0D8xKts=",
                                   .body = "Hello world"});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert(script_sent_has_header(
        script_http_sent(r.f.script, 0),
        "x-amz-content-sha256: 64ec88ca00b268e5ba1a35678a1b5316d212f4f366b2477232534a8aeca37f3c"));
    ck_assert(script_sent_has_header(script_http_sent(r.f.script, 0), "content-type: text/plain"));
    finish(&r);
}
END_TEST

static int get_hello(struct run *r)
{
    struct str out = STR_INIT;
    int rc = s3_get(r->s, "my-bucket", "k", 11, &out, &r->err);

    if (rc == 0)
        ck_assert_str_eq(str_get(&out), "Hello world");
    str_done(&out);
    return rc;
}

START_TEST(a_get_checks_what_arrives)
{
    struct run r;

    start(&r, get_hello);
    step(&r, &(struct script_step){.method = "GET",
                                   .url = BUCKET "/k",
                                   .header = "x-amz-checksum-mode: ENABLED",
                                   .reply = "Hello world",
                                   .reply_headers = "x-amz-checksum-crc64nvme: OOJZ0D8xKts="});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);

    start(&r, get_hello);
    step(&r, &(struct script_step){.reply = "Hello w0rld",
                                   .reply_headers = "x-amz-checksum-crc64nvme: OOJZ0D8xKts="});
    fixture_run(&r.f, body, &r);
    ck_assert_ptr_nonnull(strstr(r.err.message, "checksum"));
    finish(&r);

    start(&r, get_hello);
    step(&r, &(struct script_step){.reply = "Hello world!"});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, -EMSGSIZE);
    finish(&r);

    start(&r, get_hello); /* the error's document is larger than the object may be */
    step(&r,
         &(struct script_step){.status = 404,
                               .reply = "<Error><Code>NoSuchKey</Code><Message>The specified key does not "
                                        "exist.</Message></Error>"});
    fixture_run(&r.f, body, &r);
    ck_assert(aws_error_is_not_found(&r.err));
    finish(&r);
}
END_TEST

/* --- uploads --- */

static int note_id(void *arg, const char *id, struct error *err)
{
    struct run *r = arg;

    (void)err;
    snprintf(r->noted_id, sizeof r->noted_id, "%s", id);
    return 0;
}

static void note_progress(void *arg, uint64_t done)
{
    struct run *r = arg;

    ck_assert_uint_gt(done, r->progress);
    r->progress = done;
}

static bool again(void *arg, int rc, struct error *err)
{
    struct run *r = arg;

    ck_assert_int_lt(rc, 0);
    ck_assert(error_is_set(err));
    if (r->patience == 0)
        return false;
    r->patience--;
    error_done(err);
    return true;
}

static int upload(struct run *r)
{
    struct s3_upload u = {.bucket = "my-bucket",
                          .key = "big",
                          .content_type = "application/gzip",
                          .path = r->path,
                          .size = SIZE,
                          .upload_id = r->known_id,
                          .on_upload_id = note_id,
                          .on_progress = note_progress,
                          .again = again,
                          .arg = r};

    return s3_upload_file(r->s, &u, &r->err);
}

static void start_upload(struct run *r)
{
    char *data = xcalloc(1, SIZE);

    start(r, upload);
    script_http_any_order(r->f.script);
    memset(data + MIB(8), 'b', MIB(8));
    r->path = path_join(r->f.home, "big.bin");
    ck_assert_int_eq(file_write_atomic(r->path, data, SIZE, 0600, NULL), 0);
    free(data);
}

#define CREATED  "<InitiateMultipartUploadResult><UploadId>up-1</UploadId></InitiateMultipartUploadResult>"
#define COMPLETE "<CompleteMultipartUploadResult><ETag>\"all\"</ETag></CompleteMultipartUploadResult>"

static void script_parts(struct run *r, const char *id, bool first)
{
    static char urls[3][128], etags[3][64];

    for (int n = first ? 1 : 2; n <= 3; n++) {
        snprintf(urls[n - 1], sizeof urls[0], BUCKET "/big?partNumber=%d&uploadId=%s", n, id);
        snprintf(etags[n - 1], sizeof etags[0], "ETag: \"p%d\"", n);
        step(r, &(struct script_step){.method = "PUT", .url = urls[n - 1], .reply_headers = etags[n - 1]});
    }
}

START_TEST(parts_go_out_and_are_completed_in_order)
{
    struct run r;

    start_upload(&r);
    step(&r, &(struct script_step){.method = "POST",
                                   .url = BUCKET "/big?uploads",
                                   .header = "x-amz-checksum-algorithm: CRC64NVME",
                                   .reply = CREATED});
    script_parts(&r, "up-1", true);
    step(&r, &(struct script_step){
                 .method = "POST",
                 .url = BUCKET "/big?uploadId=up-1",
                 .body = "*<PartNumber>1</PartNumber>*<PartNumber>2</PartNumber>*<PartNumber>3</PartNumber>*",
                 .reply = COMPLETE});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(r.noted_id, "up-1");
    ck_assert_uint_eq(r.progress, SIZE);
    finish(&r);
}
END_TEST

/* Over https a part goes out in chunks, its checksum behind it; zeros have a short one. */
START_TEST(parts_carry_their_checksum_behind_them)
{
    struct run r;

    start_upload(&r);
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    script_parts(&r, "up-1", true);
    step(&r, &(struct script_step){.method = "POST",
                                   .url = BUCKET "/big?uploadId=up-1",
                                   .body = "*<ChecksumCRC64NVME>*</ChecksumCRC64NVME>*",
                                   .reply = COMPLETE});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    for (size_t i = 1; i <= 3; i++) {
        const struct script_sent *sent = script_http_sent(r.f.script, i);
        ck_assert(script_sent_has_header(sent, "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER"));
        ck_assert(script_sent_has_header(sent, "x-amz-trailer: x-amz-checksum-crc64nvme"));
        ck_assert(script_sent_has_header(sent, "content-encoding: aws-chunked"));
        ck_assert(script_sent_has_header(sent, "authorization: *content-encoding;*x-amz-decoded-content-length;*x-amz-trailer*"));
        static const char end[] = "\r\n0\r\nx-amz-checksum-crc64nvme:";
        ck_assert_ptr_nonnull(memmem(sent->body + sent->body_len - 60, 60, end, sizeof end - 1));
    }
    finish(&r);
}
END_TEST

/* Over plain http, and where checksums are not wanted, the part itself is signed. */
START_TEST(parts_are_hashed_where_nothing_else_protects_them)
{
    static const char *const settings[][2] = {{"AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"}, {"AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"}};

    for (size_t k = 0; k < ARRAY_LEN(settings); k++) {
        struct run r;

        start_upload(&r);
        fixture_env(&r.f, settings[k][0], settings[k][1]);
        step(&r, &(struct script_step){.method = "POST", .url = "*big?uploads", .reply = CREATED});
        step(&r, &(struct script_step){.method = "PUT", .url = "*big?partNumber=*", .times = 3, .reply_headers = "ETag: \"p\""});
        step(&r, &(struct script_step){.method = "POST", .url = "*big?uploadId=up-1", .reply = COMPLETE});
        fixture_run(&r.f, body, &r);
        ck_assert_int_eq(r.rc, 0);
        ck_assert(!script_sent_has_header(script_http_sent(r.f.script, 1), "content-encoding: aws-chunked"));
        ck_assert(!script_sent_has_header(script_http_sent(r.f.script, 1), "x-amz-content-sha256: STREAMING*"));
        ck_assert_int_eq(script_sent_has_header(script_http_sent(r.f.script, 1), "x-amz-checksum-crc64nvme: *"), k == 0);
        finish(&r);
    }
}
END_TEST

/* The bucket lives elsewhere: the body goes out again there, signed for that region. */
START_TEST(a_redirected_put_sends_its_body_again)
{
    struct run r;

    start(&r, put_hello);
    step(&r, &(struct script_step){.method = "PUT",
                                   .status = 400,
                                   .reply = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>no</Message><Region>eu-west-1</Region></Error>"});
    step(&r, &(struct script_step){.method = "PUT",
                                   .url = "https://my-bucket.s3.eu-west-1.amazonaws.com/k",
                                   .header = "authorization: *eu-west-1/s3*",
                                   .body = "Hello world"});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(a_resumed_upload_sends_what_is_missing)
{
    struct run r;

    start_upload(&r);
    r.known_id = (char[]){"up-0"};
    /* part 1: its MD5 as ETag (8 MiB of zeros); part 2 is there with other content */
    step(&r,
         &(struct script_step){
             .method = "GET",
             .url = BUCKET "/big?uploadId=up-0",
             .reply =
                 "<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</"
                 "PartNumber><Size>8388608</Size>"
                 "<ETag>\"96995b58d4cbf6aaa9041b4f00c7f6ae\"</ETag></Part><Part><PartNumber>2</PartNumber>"
                 "<Size>8388608</Size><ETag>\"00000000000000000000000000000000\"</ETag></Part></"
                 "ListPartsResult>"});
    script_parts(&r, "up-0", false);
    step(&r,
         &(struct script_step){
             .method = "POST",
             .url = BUCKET "/big?uploadId=up-0",
             .body =
                 "*<ETag>&quot;96995b58d4cbf6aaa9041b4f00c7f6ae&quot;</ETag>*&quot;p2&quot;*&quot;p3&quot;*",
             .reply = COMPLETE});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(an_upload_that_is_gone_begins_anew)
{
    struct run r;

    start_upload(&r);
    r.known_id = (char[]){"gone"};
    step(&r, &(struct script_step){.method = "GET",
                                   .url = BUCKET "/big?uploadId=gone",
                                   .status = 404,
                                   .reply = "<Error><Code>NoSuchUpload</Code><Message>no</Message></Error>"});
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    script_parts(&r, "up-1", true);
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploadId=up-1", .reply = COMPLETE});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(r.noted_id, "up-1");
    finish(&r);
}
END_TEST

START_TEST(a_refused_part_ends_and_aborts_the_upload)
{
    struct run r;

    start_upload(&r);
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    step(&r,
         &(struct script_step){.method = "PUT",
                               .status = 400,
                               .times = 3,
                               .reply = "<Error><Code>InvalidRequest</Code><Message>no</Message></Error>"});
    step(&r, &(struct script_step){.method = "DELETE", .url = BUCKET "/big?uploadId=up-1", .status = 204});
    fixture_run(&r.f, body, &r);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_str_eq(r.err.aws_code, "InvalidRequest");
    ck_assert_ptr_nonnull(strstr(r.err.message, "s3://my-bucket/big"));
    error_done(&r.err);
    fixture_done(&r.f); /* how many parts were out when the first was refused is no promise */
    free(r.path);
}
END_TEST

/* S3 is out of capacity for longer than the retry mode lasts: each call of the upload is asked about for itself, and the parts stay. */
START_TEST(an_upload_outlives_a_long_trouble)
{
    static const char slow[] = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    struct run r;

    start_upload(&r);
    r.patience = 3;
    fixture_env(&r.f, "AWS_MAX_ATTEMPTS", "1");
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .status = 503, .reply = slow});
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    step(&r, &(struct script_step){.method = "PUT", .url = BUCKET "/big?partNumber=2*", .status = 503, .reply = slow});
    script_parts(&r, "up-1", true);
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploadId=up-1", .status = 503, .reply = slow});
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploadId=up-1", .reply = COMPLETE});
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_uint_eq(r.patience, 0);
    finish(&r);
}
END_TEST

/* When patience ends, what is there stays there: a later try goes on with it. */
START_TEST(an_impatient_end_keeps_the_parts)
{
    struct run r;

    start_upload(&r);
    fixture_env(&r.f, "AWS_MAX_ATTEMPTS", "1");
    step(&r, &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    step(&r, &(struct script_step){.method = "PUT", .status = 503, .times = 3,
                                   .reply = "<Error><Code>SlowDown</Code><Message>slow</Message></Error>"});
    fixture_run(&r.f, body, &r); /* a DELETE would be one that no step expects */
    ck_assert_int_eq(r.rc, -EAGAIN);
    ck_assert_str_eq(r.noted_id, "up-1");
    error_done(&r.err);
    fixture_done(&r.f);
    free(r.path);
}
END_TEST

/* --- presigned --- */

static int presign(struct run *r)
{
    char *url;

    ck_assert_int_eq(s3_presign(r->s, "GET", "my-bucket", "a/b c", 3600, &url, &r->err), 0);
    ck_assert_ptr_nonnull(strstr(
        url, BUCKET "/a/b%20c?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261122"));
    ck_assert_ptr_nonnull(strstr(url, "&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature="));
    free(url);
    cleanup_free char *put = NULL; /* the method is part of what is signed */
    ck_assert_int_eq(s3_presign(r->s, "PUT", "my-bucket", "a/b c", 3600, &put, &r->err), 0);
    ck_assert_ptr_nonnull(strstr(put, BUCKET "/a/b%20c?X-Amz-Algorithm="));
    ck_assert_int_lt(s3_presign(r->s, "GET", "my-bucket", "k", 0, &url, NULL), 0);
    ck_assert_int_lt(s3_presign(r->s, "GET", "my-bucket", "k", 7 * 24 * 3600 + 1, &url, NULL), 0);
    ck_assert_int_eq(s3_url(r->s, "my-bucket", "t.json", &url, &r->err), 0);
    ck_assert_str_eq(url, BUCKET "/t.json");
    free(url);
    return 0;
}

START_TEST(urls_are_made_without_a_call)
{
    struct run r;

    start(&r, presign);
    fixture_run(&r.f, body, &r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);
}
END_TEST

SUITE("aws/s3", a_missing_object_is_no_error, a_put_carries_its_checksums, a_get_checks_what_arrives,
      parts_go_out_and_are_completed_in_order, parts_carry_their_checksum_behind_them,
      parts_are_hashed_where_nothing_else_protects_them, a_redirected_put_sends_its_body_again, a_resumed_upload_sends_what_is_missing,
      an_upload_that_is_gone_begins_anew, a_refused_part_ends_and_aborts_the_upload,
      an_upload_outlives_a_long_trouble, an_impatient_end_keeps_the_parts,
      urls_are_made_without_a_call)
