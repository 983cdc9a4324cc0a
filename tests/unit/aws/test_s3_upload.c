/* Uploads in parts over a scripted transport: how parts are vouched for, resume, refusal, patience.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "unit/aws/s3_run.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SIZE (MIB(17) + 5) /* two whole parts and a rest */

static int note_id(void *arg, const char *id, struct error *err)
{
    struct s3_run *r = arg;

    (void)err;
    snprintf(r->noted_id, sizeof r->noted_id, "%s", id);
    return 0;
}

static void note_progress(void *arg, uint64_t done)
{
    struct s3_run *r = arg;

    ck_assert_uint_gt(done, r->progress);
    r->progress = done;
}

static bool again(void *arg, int rc, struct error *err)
{
    struct s3_run *r = arg;

    ck_assert_int_lt(rc, 0);
    ck_assert(error_is_set(err));
    if (r->patience == 0)
        return false;
    r->patience--;
    error_done(err);
    return true;
}

static int upload(struct s3_run *r)
{
    struct s3_upload u = {
        .bucket = "my-bucket",
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

static void start_upload(struct s3_run *r)
{
    char *data = xcalloc(1, SIZE);

    s3_start(r, upload);
    script_http_any_order(r->f.script);
    memset(data + MIB(8), 'b', MIB(8));
    r->path = path_join(r->f.home, "big.bin");
    ck_assert_int_eq(file_write_atomic(r->path, data, SIZE, 0600, NULL), 0);
    free(data);
}

#define CREATED                                                                                    \
    "<InitiateMultipartUploadResult><UploadId>up-1</UploadId></InitiateMultipartUploadResult>"
#define COMPLETE                                                                                   \
    "<CompleteMultipartUploadResult><ETag>\"all\"</ETag></CompleteMultipartUploadResult>"

static void script_parts(struct s3_run *r, const char *id, bool first)
{
    static char urls[3][128], etags[3][64];

    for (int n = first ? 1 : 2; n <= 3; n++) {
        snprintf(urls[n - 1], sizeof urls[0], BUCKET "/big?partNumber=%d&uploadId=%s", n, id);
        snprintf(etags[n - 1], sizeof etags[0], "ETag: \"p%d\"", n);
        s3_step(
            r,
            &(struct script_step){
                .method = "PUT", .url = urls[n - 1], .reply_headers = etags[n - 1]});
    }
}

START_TEST(parts_go_out_and_are_completed_in_order)
{
    struct s3_run r;

    start_upload(&r);
    s3_step(
        &r,
        &(struct script_step){
            .method = "POST",
            .url = BUCKET "/big?uploads",
            .header = "x-amz-checksum-algorithm: CRC64NVME",
            .reply = CREATED});
    script_parts(&r, "up-1", true);
    s3_step(
        &r,
        &(struct script_step){
            .method = "POST",
            .url = BUCKET "/big?uploadId=up-1",
            .body = "*<PartNumber>1</PartNumber>*<PartNumber>2</PartNumber>*<PartNumber>3</"
                    "PartNumber>*",
            .reply = COMPLETE});
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(r.noted_id, "up-1");
    ck_assert_uint_eq(r.progress, SIZE);
    s3_finish(&r);
}
END_TEST

/* Over https a part goes out in chunks, its checksum behind it; zeros have a short one. */
START_TEST(parts_carry_their_checksum_behind_them)
{
    struct s3_run r;

    start_upload(&r);
    s3_step(
        &r,
        &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    script_parts(&r, "up-1", true);
    s3_step(
        &r,
        &(struct script_step){
            .method = "POST",
            .url = BUCKET "/big?uploadId=up-1",
            .body = "*<ChecksumCRC64NVME>*</ChecksumCRC64NVME>*",
            .reply = COMPLETE});
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    for (size_t i = 1; i <= 3; i++) {
        const struct script_sent *sent = script_http_sent(r.f.script, i);
        ck_assert(script_sent_has_header(
            sent, "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER"));
        ck_assert(script_sent_has_header(sent, "x-amz-trailer: x-amz-checksum-crc64nvme"));
        ck_assert(script_sent_has_header(sent, "content-encoding: aws-chunked"));
        ck_assert(script_sent_has_header(
            sent,
            "authorization: *content-encoding;*x-amz-decoded-content-length;*x-amz-trailer*"));
        static const char end[] = "\r\n0\r\nx-amz-checksum-crc64nvme:";
        ck_assert_ptr_nonnull(memmem(sent->body + sent->body_len - 60, 60, end, sizeof end - 1));
    }
    s3_finish(&r);
}
END_TEST

/* Over plain http, and where checksums are not wanted, the part itself is signed. */
START_TEST(parts_are_hashed_where_nothing_else_protects_them)
{
    static const char *const settings[][2] = {
        {"AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"},
        {"AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"}};

    for (size_t k = 0; k < ARRAY_LEN(settings); k++) {
        struct s3_run r;

        start_upload(&r);
        fixture_env(&r.f, settings[k][0], settings[k][1]);
        s3_step(
            &r, &(struct script_step){.method = "POST", .url = "*big?uploads", .reply = CREATED});
        s3_step(
            &r,
            &(struct script_step){
                .method = "PUT",
                .url = "*big?partNumber=*",
                .times = 3,
                .reply_headers = "ETag: \"p\""});
        s3_step(
            &r,
            &(struct script_step){
                .method = "POST", .url = "*big?uploadId=up-1", .reply = COMPLETE});
        s3_go(&r);
        ck_assert_int_eq(r.rc, 0);
        ck_assert(!script_sent_has_header(
            script_http_sent(r.f.script, 1), "content-encoding: aws-chunked"));
        ck_assert(!script_sent_has_header(
            script_http_sent(r.f.script, 1), "x-amz-content-sha256: STREAMING*"));
        ck_assert_int_eq(
            script_sent_has_header(script_http_sent(r.f.script, 1), "x-amz-checksum-crc64nvme: *"),
            k == 0);
        s3_finish(&r);
    }
}
END_TEST

START_TEST(a_resumed_upload_sends_what_is_missing)
{
    struct s3_run r;

    start_upload(&r);
    r.known_id = (char[]){"up-0"};
    /* part 1: its MD5 as ETag (8 MiB of zeros); part 2 is there with other content */
    s3_step(
        &r,
        &(struct script_step){
            .method = "GET",
            .url = BUCKET "/big?uploadId=up-0",
            .reply =
                "<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</"
                "PartNumber><Size>8388608</Size>"
                "<ETag>\"96995b58d4cbf6aaa9041b4f00c7f6ae\"</ETag></Part><Part><PartNumber>2</"
                "PartNumber>"
                "<Size>8388608</Size><ETag>\"00000000000000000000000000000000\"</ETag></Part></"
                "ListPartsResult>"});
    script_parts(&r, "up-0", false);
    s3_step(
        &r,
        &(struct script_step){
            .method = "POST",
            .url = BUCKET "/big?uploadId=up-0",
            .body = "*<ETag>&quot;96995b58d4cbf6aaa9041b4f00c7f6ae&quot;</"
                    "ETag>*&quot;p2&quot;*&quot;p3&quot;*",
            .reply = COMPLETE});
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    s3_finish(&r);
}
END_TEST

START_TEST(an_upload_that_is_gone_begins_anew)
{
    struct s3_run r;

    start_upload(&r);
    r.known_id = (char[]){"gone"};
    s3_step(
        &r,
        &(struct script_step){
            .method = "GET",
            .url = BUCKET "/big?uploadId=gone",
            .status = 404,
            .reply = "<Error><Code>NoSuchUpload</Code><Message>no</Message></Error>"});
    s3_step(
        &r,
        &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    script_parts(&r, "up-1", true);
    s3_step(
        &r,
        &(struct script_step){
            .method = "POST", .url = BUCKET "/big?uploadId=up-1", .reply = COMPLETE});
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(r.noted_id, "up-1");
    s3_finish(&r);
}
END_TEST

START_TEST(a_refused_part_ends_and_aborts_the_upload)
{
    struct s3_run r;

    start_upload(&r);
    s3_step(
        &r,
        &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    s3_step(
        &r,
        &(struct script_step){
            .method = "PUT",
            .status = 400,
            .times = 3,
            .reply = "<Error><Code>InvalidRequest</Code><Message>no</Message></Error>"});
    s3_step(
        &r,
        &(struct script_step){
            .method = "DELETE", .url = BUCKET "/big?uploadId=up-1", .status = 204});
    s3_go(&r);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_str_eq(r.err.aws_code, "InvalidRequest");
    ck_assert_ptr_nonnull(strstr(r.err.message, "s3://my-bucket/big"));
    error_done(&r.err);
    fixture_done(&r.f); /* how many parts were out when the first was refused is no promise */
    free(r.path);
}
END_TEST

/* S3 is out of capacity for longer than the retry mode lasts: each call of the upload is asked
 * about for itself, and the parts stay. */
START_TEST(an_upload_outlives_a_long_trouble)
{
    static const char slow[] =
        "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    struct s3_run r;

    start_upload(&r);
    r.patience = 3;
    fixture_env(&r.f, "AWS_MAX_ATTEMPTS", "1");
    s3_step(
        &r,
        &(struct script_step){
            .method = "POST", .url = BUCKET "/big?uploads", .status = 503, .reply = slow});
    s3_step(
        &r,
        &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    s3_step(
        &r,
        &(struct script_step){
            .method = "PUT", .url = BUCKET "/big?partNumber=2*", .status = 503, .reply = slow});
    script_parts(&r, "up-1", true);
    s3_step(
        &r,
        &(struct script_step){
            .method = "POST", .url = BUCKET "/big?uploadId=up-1", .status = 503, .reply = slow});
    s3_step(
        &r,
        &(struct script_step){
            .method = "POST", .url = BUCKET "/big?uploadId=up-1", .reply = COMPLETE});
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_uint_eq(r.patience, 0);
    s3_finish(&r);
}
END_TEST

/* When patience ends, what is there stays there: a later try goes on with it. */
START_TEST(an_impatient_end_keeps_the_parts)
{
    struct s3_run r;

    start_upload(&r);
    fixture_env(&r.f, "AWS_MAX_ATTEMPTS", "1");
    s3_step(
        &r,
        &(struct script_step){.method = "POST", .url = BUCKET "/big?uploads", .reply = CREATED});
    s3_step(
        &r,
        &(struct script_step){
            .method = "PUT",
            .status = 503,
            .times = 3,
            .reply = "<Error><Code>SlowDown</Code><Message>slow</Message></Error>"});
    s3_go(&r); /* a DELETE would be one that no step expects */
    ck_assert_int_eq(r.rc, -EAGAIN);
    ck_assert_str_eq(r.noted_id, "up-1");
    error_done(&r.err);
    fixture_done(&r.f);
    free(r.path);
}
END_TEST

SUITE(
    "aws/s3_upload",
    parts_go_out_and_are_completed_in_order,
    parts_carry_their_checksum_behind_them,
    parts_are_hashed_where_nothing_else_protects_them,
    a_resumed_upload_sends_what_is_missing,
    an_upload_that_is_gone_begins_anew,
    a_refused_part_ends_and_aborts_the_upload,
    an_upload_outlives_a_long_trouble,
    an_impatient_end_keeps_the_parts)
