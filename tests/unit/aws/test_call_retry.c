/* Calls that fail: what is tried again, what is mended first (clock, credentials, a bucket's
 * region), and what each failure becomes. */
#include "aws/model/operations.h"
#include "base/mem.h"
#include "data/object.h"
#include "unit/aws/call_run.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

START_TEST(server_errors_are_tried_again)
{
    struct call_run r;

    call_start(&r, &aws_sts_GetCallerIdentity, NULL);
    call_step(&r, &(struct script_step){.status = 500, .reply = "<html><body>oops</body></html>"});
    call_step(&r, &(struct script_step){.error = -ECONNRESET});
    call_step(
        &r,
        &(struct script_step){.header = "amz-sdk-request: attempt=3; max=3", .reply = IDENTITY});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_uint_eq(script_http_count(r.f.script), 3);
    call_finish(&r);
}
END_TEST

/* What stands between us and AWS answers in its place, or spoils an answer. */
START_TEST(survive_25_a_spoilt_reply_is_asked_for_again)
{
    static const struct script_step spoilt[] = {
        {.reply = "{\"taskArns\":[\"arn:aws:e"},
        {.reply = "\x1f\x8b\x08 binary"},
        {.reply = "<html><body>Log in to the guest network</body></html>"},
        {.reply = ""},
        {.reply = "[]"},
        {.status = 301, .reply_headers = "location: http://portal.example/", .reply = "moved"},
        {.status = 302, .reply = ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(spoilt); i++) {
        struct call_run r;

        call_start(&r, &aws_ecs_ListTasks, NULL);
        call_step(&r, &spoilt[i]);
        call_step(&r, &(struct script_step){.reply = "{\"taskArns\":[\"a\"]}"});
        call_go(&r);
        ck_assert_msg(r.rc == 0, "%zu: %s", i, r.err.message);
        ck_assert_str_eq(json_string_value(json_at(r.out, "taskArns.0")), "a");
        call_finish(&r);
    }
}
END_TEST

START_TEST(survive_25_query_replies_too)
{
    static const char *const spoilt[] = {
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws",
        "<html><body><p>Log in</p></body></html>",
        "",
        "{}",
    };

    for (size_t i = 0; i < ARRAY_LEN(spoilt); i++) {
        struct call_run r;

        call_start(&r, &aws_sts_GetCallerIdentity, NULL);
        call_step(&r, &(struct script_step){.reply = spoilt[i], .times = 3});
        call_go(&r);
        ck_assert_int_eq(r.rc, -EBADMSG);
        ck_assert_ptr_nonnull(strstr(r.err.message, "attempt 3 of 3"));
        call_finish(&r);
    }
}
END_TEST

START_TEST(attempts_end_and_the_error_says_so)
{
    struct call_run r;

    call_start(&r, &aws_sts_GetCallerIdentity, NULL);
    call_step(&r, &(struct script_step){.status = 503, .times = 3});
    call_go(&r);
    ck_assert_int_eq(r.rc, -EREMOTEIO);
    ck_assert_int_eq(r.err.kind, ERR_CLOUD);
    ck_assert_int_eq(r.err.http_status, 503);
    ck_assert_str_eq(r.err.aws_code, "503");
    ck_assert_ptr_nonnull(strstr(r.err.message, "after 3 attempts"));
    call_finish(&r);
}
END_TEST

START_TEST(max_attempts_is_the_callers)
{
    struct call_run r;

    call_start(&r, &aws_sts_GetCallerIdentity, NULL);
    fixture_env(&r.f, "AWS_MAX_ATTEMPTS", "1");
    call_step(&r, &(struct script_step){.status = 503});
    call_go(&r);
    ck_assert_int_lt(r.rc, 0);
    call_finish(&r);
}
END_TEST

START_TEST(throttling_waits_and_goes_on)
{
    struct call_run r;

    call_start(&r, &aws_ecs_ListTasks, NULL);
    call_step(
        &r,
        &(struct script_step){
            .status = 400,
            .reply = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
            .reply_headers = "x-amz-retry-after: 4000"});
    call_step(&r, &(struct script_step){.reply = "{\"taskArns\":[\"a\"]}"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_int_ge(
        script_http_sent(r.f.script, 1)->at_mono_ms - script_http_sent(r.f.script, 0)->at_mono_ms,
        4000);
    call_finish(&r);
}
END_TEST

START_TEST(a_refusal_is_final_and_typed)
{
    struct call_run r;

    call_start(&r, &aws_ssm_GetParameter, json_pack("{s:s}", "Name", "/x"));
    call_step(
        &r,
        &(struct script_step){
            .status = 400,
            .reply_headers = "x-amzn-requestid: req-7",
            .reply = "{\"__type\":\"com.amazonaws.ssm#ParameterNotFound\",\"message\":"
                     "\"Parameter /x not found.\"}"});
    call_go(&r);
    ck_assert_int_eq(r.rc, -ENOENT);
    ck_assert_str_eq(r.err.aws_code, "ParameterNotFound");
    ck_assert_str_eq(r.err.request_id, "req-7");
    ck_assert_str_eq(r.err.message, "ssm:GetParameter: Parameter /x not found.");
    ck_assert(aws_error_is_not_found(&r.err));
    ck_assert(!aws_error_is_auth(&r.err));
    call_finish(&r);
}
END_TEST

START_TEST(expired_environment_keys_are_an_auth_error)
{
    struct call_run r;

    call_start(&r, &aws_sts_GetCallerIdentity, NULL);
    call_step(
        &r,
        &(struct script_step){
            .status = 403,
            .reply = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>"
                     "<Message>The security token included in the request is expired"
                     "</Message></Error><RequestId>r-2</RequestId></ErrorResponse>"});
    call_go(&r);
    ck_assert_int_eq(r.rc, -EACCES);
    ck_assert_int_eq(r.err.kind, ERR_AUTH);
    ck_assert(aws_error_is_auth(&r.err));
    ck_assert_str_eq(r.err.request_id, "r-2");
    call_finish(&r);
}
END_TEST

START_TEST(a_skewed_clock_is_corrected_once)
{
    struct call_run r;

    call_start(&r, &aws_ecs_ListTasks, NULL);
    call_step(
        &r,
        &(struct script_step){
            .status = 400,
            .reply_headers = "Date: Sun, 22 Nov 2026 23:15:30 GMT",
            .reply =
                "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}"});
    call_step(
        &r,
        &(struct script_step){
            .header = "x-amz-date: 20261122T231530Z", .reply = "{\"taskArns\":[]}"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    call_finish(&r);
}
END_TEST

START_TEST(a_wrong_signature_with_a_right_clock_is_final)
{
    struct call_run r;

    call_start(&r, &aws_ecs_ListTasks, NULL);
    call_step(
        &r,
        &(struct script_step){
            .status = 400,
            .reply_headers = "Date: Sun, 22 Nov 2026 22:15:31 GMT",
            .reply = "{\"__type\":\"InvalidSignatureException\",\"message\":\"no\"}"});
    call_go(&r);
    ck_assert_int_eq(r.err.kind, ERR_AUTH);
    call_finish(&r);
}
END_TEST

#define CONTAINER(key)                                                                             \
    "{\"AccessKeyId\":\"" key                                                                      \
    "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-11-23T04:00:00Z\"}"

START_TEST(expired_credentials_are_fetched_again_once)
{
    struct call_run r;

    call_start(&r, &aws_ecs_ListTasks, NULL);
    fixture_env(&r.f, "AWS_ACCESS_KEY_ID", NULL);
    fixture_env(&r.f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/creds");
    call_step(
        &r,
        &(struct script_step){
            .method = "GET", .url = "http://127.0.0.1:9/creds", .reply = CONTAINER("AKOLD")});
    call_step(
        &r,
        &(struct script_step){
            .header = "authorization: *AKOLD*",
            .status = 400,
            .reply = "{\"__type\":\"ExpiredTokenException\",\"message\":\"expired\"}"});
    call_step(
        &r,
        &(struct script_step){
            .method = "GET", .url = "http://127.0.0.1:9/creds", .reply = CONTAINER("AKNEW")});
    call_step(
        &r,
        &(struct script_step){.header = "authorization: *AKNEW*", .reply = "{\"taskArns\":[]}"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert(script_sent_has_header(script_http_sent(r.f.script, 3), "x-amz-security-token: t"));
    call_finish(&r);
}
END_TEST

START_TEST(a_bucket_elsewhere_is_followed_once)
{
    struct call_run r;

    call_start(&r, &aws_s3_HeadBucket, json_pack("{s:s}", "Bucket", "my-bucket"));
    call_step(
        &r,
        &(struct script_step){
            .method = "HEAD",
            .url = "https://my-bucket.s3.us-west-2.amazonaws.com/",
            .status = 301,
            .reply_headers = "x-amz-bucket-region: eu-west-1"});
    call_step(
        &r,
        &(struct script_step){
            .method = "HEAD",
            .url = "https://my-bucket.s3.eu-west-1.amazonaws.com/",
            .header = "authorization: *eu-west-1/s3*"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    call_finish(&r);
}
END_TEST

START_TEST(a_refusal_without_a_region_asks_for_it)
{
    struct call_run r;

    call_start(&r, &aws_s3_GetObject, json_pack("{s:s, s:s}", "Bucket", "my-bucket", "Key", "k"));
    call_step(
        &r,
        &(struct script_step){
            .method = "GET",
            .status = 301,
            .reply_headers = "Location: https://evil.example/",
            .reply = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"});
    call_step(
        &r,
        &(struct script_step){
            .method = "HEAD",
            .url = "https://my-bucket.s3.us-west-2.amazonaws.com/",
            .status = 403,
            .reply_headers = "x-amz-bucket-region: eu-west-1"});
    call_step(
        &r,
        &(struct script_step){
            .method = "GET",
            .url = "https://my-bucket.s3.eu-west-1.amazonaws.com/k",
            .header = "authorization: *eu-west-1/s3*",
            .reply = "x"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    call_finish(&r);

    call_start(
        &r,
        &aws_s3_GetObject,
        json_pack("{s:s, s:s}", "Bucket", "my-bucket", "Key", "k")); /* nobody says: no circle */
    call_step(&r, &(struct script_step){.method = "GET", .status = 301});
    call_step(&r, &(struct script_step){.method = "HEAD", .status = 403});
    call_go(&r);
    ck_assert_int_lt(r.rc, 0);
    call_finish(&r);
}
END_TEST

START_TEST(a_200_that_holds_an_error_is_none)
{
    struct call_run r;

    call_start(
        &r,
        &aws_s3_CompleteMultipartUpload,
        json_pack(
            "{s:s, s:s, s:s, s:{s:[{s:s, s:i}]}}",
            "Bucket",
            "my-bucket",
            "Key",
            "k",
            "UploadId",
            "u",
            "MultipartUpload",
            "Parts",
            "ETag",
            "\"e\"",
            "PartNumber",
            1));
    call_step(
        &r,
        &(struct script_step){
            .url = "https://my-bucket.s3.us-west-2.amazonaws.com/k?uploadId=u",
            .body =
                "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>"
                "<ETag>&quot;e&quot;</ETag><PartNumber>1</PartNumber></Part></"
                "CompleteMultipartUpload>",
            .reply = "<Error><Code>InternalError</Code><Message>again</Message></Error>"});
    call_step(
        &r,
        &(struct script_step){
            .reply = "<CompleteMultipartUploadResult><ETag>\"x-1\"</ETag></"
                     "CompleteMultipartUploadResult>"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(json_str(r.out, "ETag"), "\"x-1\"");
    call_finish(&r);
}
END_TEST

SUITE(
    "aws/call_retry",
    server_errors_are_tried_again,
    survive_25_a_spoilt_reply_is_asked_for_again,
    survive_25_query_replies_too,
    attempts_end_and_the_error_says_so,
    max_attempts_is_the_callers,
    throttling_waits_and_goes_on,
    a_refusal_is_final_and_typed,
    expired_environment_keys_are_an_auth_error,
    a_skewed_clock_is_corrected_once,
    a_wrong_signature_with_a_right_clock_is_final,
    expired_credentials_are_fetched_again_once,
    a_bucket_elsewhere_is_followed_once,
    a_refusal_without_a_region_asks_for_it,
    a_200_that_holds_an_error_is_none)
