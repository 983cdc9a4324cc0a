/* Objects of S3 over a scripted transport: looked for, written, read, addressed. */
#include "base/mem.h"
#include "unit/aws/s3_run.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

static int head_twice(struct s3_run *r)
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
    struct s3_run r;

    s3_start(&r, head_twice);
    s3_step(&r, &(struct script_step){.method = "HEAD", .url = BUCKET "/a%20b", .status = 404});
    s3_step(
        &r,
        &(struct script_step){
            .method = "HEAD", .reply_headers = "Content-Length: 12\nETag: \"e\""});
    s3_go(&r);
    s3_finish(&r);
}
END_TEST

static int put_hello(struct s3_run *r)
{
    return s3_put(r->s, "my-bucket", "k", "text/plain", "Hello world", 11, &r->err);
}

START_TEST(a_put_carries_its_checksums)
{
    struct s3_run r;

    s3_start(&r, put_hello);
    s3_step(
        &r,
        &(struct script_step){
            .method = "PUT",
            .url = BUCKET "/k",
            .header = "x-amz-checksum-crc64nvme: OOJZ0D8xKts=",
            .body = "Hello world"});
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert(script_sent_has_header(
        script_http_sent(r.f.script, 0),
        "x-amz-content-sha256: 64ec88ca00b268e5ba1a35678a1b5316d212f4f366b2477232534a8aeca37f3c"));
    ck_assert(script_sent_has_header(script_http_sent(r.f.script, 0), "content-type: text/plain"));
    s3_finish(&r);
}
END_TEST

static int get_hello(struct s3_run *r)
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
    struct s3_run r;

    s3_start(&r, get_hello);
    s3_step(
        &r,
        &(struct script_step){
            .method = "GET",
            .url = BUCKET "/k",
            .header = "x-amz-checksum-mode: ENABLED",
            .reply = "Hello world",
            .reply_headers = "x-amz-checksum-crc64nvme: OOJZ0D8xKts="});
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    s3_finish(&r);

    s3_start(&r, get_hello);
    s3_step(
        &r,
        &(struct script_step){
            .reply = "Hello w0rld", .reply_headers = "x-amz-checksum-crc64nvme: OOJZ0D8xKts="});
    s3_go(&r);
    ck_assert_ptr_nonnull(strstr(r.err.message, "checksum"));
    s3_finish(&r);

    s3_start(&r, get_hello);
    s3_step(&r, &(struct script_step){.reply = "Hello world!"});
    s3_go(&r);
    ck_assert_int_eq(r.rc, -EMSGSIZE);
    s3_finish(&r);

    s3_start(&r, get_hello); /* the error's document is larger than the object may be */
    s3_step(
        &r,
        &(struct script_step){
            .status = 404,
            .reply = "<Error><Code>NoSuchKey</Code><Message>The specified key does not "
                     "exist.</Message></Error>"});
    s3_go(&r);
    ck_assert(aws_error_is_not_found(&r.err));
    s3_finish(&r);
}
END_TEST

/* The bucket lives elsewhere: the body goes out again there, signed for that region. */
START_TEST(a_redirected_put_sends_its_body_again)
{
    struct s3_run r;

    s3_start(&r, put_hello);
    s3_step(
        &r,
        &(struct script_step){
            .method = "PUT",
            .status = 400,
            .reply = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>no</"
                     "Message><Region>eu-west-1</Region></Error>"});
    s3_step(
        &r,
        &(struct script_step){
            .method = "PUT",
            .url = "https://my-bucket.s3.eu-west-1.amazonaws.com/k",
            .header = "authorization: *eu-west-1/s3*",
            .body = "Hello world"});
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    s3_finish(&r);
}
END_TEST

static int object_url(struct s3_run *r)
{
    cleanup_free char *url = NULL;

    ck_assert_int_eq(s3_url(r->s, "my-bucket", "t.json", &url, &r->err), 0);
    ck_assert_str_eq(url, BUCKET "/t.json");
    return 0;
}

START_TEST(urls_are_made_without_a_call)
{
    struct s3_run r;

    s3_start(&r, object_url);
    s3_go(&r);
    ck_assert_int_eq(r.rc, 0);
    s3_finish(&r);
}
END_TEST

SUITE(
    "aws/s3",
    a_missing_object_is_no_error,
    a_put_carries_its_checksums,
    a_get_checks_what_arrives,
    a_redirected_put_sends_its_body_again,
    urls_are_made_without_a_call)
