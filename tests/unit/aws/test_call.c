/* Calls through a scripted transport: what goes out, what is tried again, and what each failure becomes. */
#include "aws/aws.h"
#include "aws/model/operations.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

#define IDENTITY                                                                                             \
    "<GetCallerIdentityResponse "                                                                            \
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"                          \
    "<Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"       \
    "</GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"              \
    "</GetCallerIdentityResponse>"

/* One call in a fiber; what came of it. */
struct run {
    struct fixture f;
    const struct aws_operation *op;
    json_t *in, *out;
    bool all;
    int rc;
    struct error err;
};

static void body(void *arg)
{
    struct run *r = arg;
    struct aws_session *s = NULL;

    r->rc = fixture_open(&r->f, NULL, NULL, &s, &r->err);
    if (r->rc == 0)
        r->rc = r->all ? aws_call_all(s, r->op, r->in, &r->out, &r->err)
                       : aws_call(s, r->op, r->in, &r->out, &r->err);
    aws_session_free(s);
}

static void start(struct run *r, const struct aws_operation *op, json_t *in)
{
    *r = (struct run){.op = op, .in = in};
    fixture_init(&r->f);
    fixture_keys(&r->f);
}

static void step(struct run *r, const struct script_step *s)
{
    script_http_add(r->f.script, s);
}

static void go(struct run *r)
{
    fixture_run(&r->f, body, r);
    script_http_assert_done(r->f.script);
}

static void finish(struct run *r)
{
    json_decref(r->out);
    error_done(&r->err);
    fixture_done(&r->f);
}

START_TEST(query_call_is_signed_and_parsed)
{
    struct run r;

    start(&r, &aws_sts_GetCallerIdentity, NULL);
    step(
        &r,
        &(struct script_step){
            .method = "POST",
            .url = "https://sts.us-west-2.amazonaws.com/",
            .header =
                "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/sts/aws4_request, "
                "SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date, "
                "Signature=*",
            .body = "Action=GetCallerIdentity&Version=2011-06-15",
            .reply = IDENTITY});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(json_str(r.out, "Account"), "123456789012");
    ck_assert(script_sent_has_header(script_http_sent(r.f.script, 0), "x-amz-date: 20261122T221530Z"));
    finish(&r);
}
END_TEST

START_TEST(server_errors_are_tried_again)
{
    struct run r;

    start(&r, &aws_sts_GetCallerIdentity, NULL);
    step(&r, &(struct script_step){.status = 500, .reply = "<html><body>oops</body></html>"});
    step(&r, &(struct script_step){.error = -ECONNRESET});
    step(&r, &(struct script_step){.header = "amz-sdk-request: attempt=3; max=3", .reply = IDENTITY});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_uint_eq(script_http_count(r.f.script), 3);
    finish(&r);
}
END_TEST

START_TEST(attempts_end_and_the_error_says_so)
{
    struct run r;

    start(&r, &aws_sts_GetCallerIdentity, NULL);
    step(&r, &(struct script_step){.status = 503, .times = 3});
    go(&r);
    ck_assert_int_eq(r.rc, -EREMOTEIO);
    ck_assert_int_eq(r.err.kind, ERR_CLOUD);
    ck_assert_int_eq(r.err.http_status, 503);
    ck_assert_str_eq(r.err.aws_code, "503");
    ck_assert_ptr_nonnull(strstr(r.err.message, "after 3 attempts"));
    finish(&r);
}
END_TEST

START_TEST(max_attempts_is_the_callers)
{
    struct run r;

    start(&r, &aws_sts_GetCallerIdentity, NULL);
    fixture_env(&r.f, "AWS_MAX_ATTEMPTS", "1");
    step(&r, &(struct script_step){.status = 503});
    go(&r);
    ck_assert_int_lt(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(throttling_waits_and_goes_on)
{
    struct run r;

    start(&r, &aws_ecs_ListTasks, NULL);
    step(&r,
         &(struct script_step){.status = 400,
                               .reply = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
                               .reply_headers = "x-amz-retry-after: 4000"});
    step(&r, &(struct script_step){.reply = "{\"taskArns\":[\"a\"]}"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_int_ge(
        script_http_sent(r.f.script, 1)->at_mono_ms - script_http_sent(r.f.script, 0)->at_mono_ms, 4000);
    finish(&r);
}
END_TEST

START_TEST(a_refusal_is_final_and_typed)
{
    struct run r;

    start(&r, &aws_ssm_GetParameter, json_pack("{s:s}", "Name", "/x"));
    step(&r, &(struct script_step){.status = 400,
                                   .reply_headers = "x-amzn-requestid: req-7",
                                   .reply = "{\"__type\":\"com.amazonaws.ssm#ParameterNotFound\",\"message\":"
                                            "\"Parameter /x not found.\"}"});
    go(&r);
    ck_assert_int_eq(r.rc, -ENOENT);
    ck_assert_str_eq(r.err.aws_code, "ParameterNotFound");
    ck_assert_str_eq(r.err.request_id, "req-7");
    ck_assert_str_eq(r.err.message, "ssm:GetParameter: Parameter /x not found.");
    ck_assert(aws_error_is_not_found(&r.err));
    ck_assert(!aws_error_is_auth(&r.err));
    finish(&r);
}
END_TEST

START_TEST(expired_environment_keys_are_an_auth_error)
{
    struct run r;

    start(&r, &aws_sts_GetCallerIdentity, NULL);
    step(&r,
         &(struct script_step){.status = 403,
                               .reply = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>"
                                        "<Message>The security token included in the request is expired"
                                        "</Message></Error><RequestId>r-2</RequestId></ErrorResponse>"});
    go(&r);
    ck_assert_int_eq(r.rc, -EACCES);
    ck_assert_int_eq(r.err.kind, ERR_AUTH);
    ck_assert(aws_error_is_auth(&r.err));
    ck_assert_str_eq(r.err.request_id, "r-2");
    finish(&r);
}
END_TEST

START_TEST(a_skewed_clock_is_corrected_once)
{
    struct run r;

    start(&r, &aws_ecs_ListTasks, NULL);
    step(&r, &(struct script_step){
                 .status = 400,
                 .reply_headers = "Date: Sun, 22 Nov 2026 23:15:30 GMT",
                 .reply = "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}"});
    step(&r, &(struct script_step){.header = "x-amz-date: 20261122T231530Z", .reply = "{\"taskArns\":[]}"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(a_wrong_signature_with_a_right_clock_is_final)
{
    struct run r;

    start(&r, &aws_ecs_ListTasks, NULL);
    step(&r, &(struct script_step){.status = 400,
                                   .reply_headers = "Date: Sun, 22 Nov 2026 22:15:31 GMT",
                                   .reply = "{\"__type\":\"InvalidSignatureException\",\"message\":\"no\"}"});
    go(&r);
    ck_assert_int_eq(r.err.kind, ERR_AUTH);
    finish(&r);
}
END_TEST

#define CONTAINER(key)                                                                                       \
    "{\"AccessKeyId\":\"" key                                                                                \
    "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-11-23T04:00:00Z\"}"

START_TEST(expired_credentials_are_fetched_again_once)
{
    struct run r;

    start(&r, &aws_ecs_ListTasks, NULL);
    fixture_env(&r.f, "AWS_ACCESS_KEY_ID", NULL);
    fixture_env(&r.f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/creds");
    step(&r, &(struct script_step){
                 .method = "GET", .url = "http://127.0.0.1:9/creds", .reply = CONTAINER("AKOLD")});
    step(&r,
         &(struct script_step){.header = "authorization: *AKOLD*",
                               .status = 400,
                               .reply = "{\"__type\":\"ExpiredTokenException\",\"message\":\"expired\"}"});
    step(&r, &(struct script_step){
                 .method = "GET", .url = "http://127.0.0.1:9/creds", .reply = CONTAINER("AKNEW")});
    step(&r, &(struct script_step){.header = "authorization: *AKNEW*", .reply = "{\"taskArns\":[]}"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert(script_sent_has_header(script_http_sent(r.f.script, 3), "x-amz-security-token: t"));
    finish(&r);
}
END_TEST

START_TEST(a_bucket_elsewhere_is_followed_once)
{
    struct run r;

    start(&r, &aws_s3_HeadBucket, json_pack("{s:s}", "Bucket", "my-bucket"));
    step(&r, &(struct script_step){.method = "HEAD",
                                   .url = "https://my-bucket.s3.us-west-2.amazonaws.com/",
                                   .status = 301,
                                   .reply_headers = "x-amz-bucket-region: eu-west-1"});
    step(&r, &(struct script_step){.method = "HEAD",
                                   .url = "https://my-bucket.s3.eu-west-1.amazonaws.com/",
                                   .header = "authorization: *eu-west-1/s3*"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(a_refusal_without_a_region_asks_for_it)
{
    struct run r;

    start(&r, &aws_s3_GetObject, json_pack("{s:s, s:s}", "Bucket", "my-bucket", "Key", "k"));
    step(&r, &(struct script_step){.method = "GET",
                                   .status = 301,
                                   .reply_headers = "Location: https://evil.example/",
                                   .reply = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"});
    step(&r, &(struct script_step){.method = "HEAD",
                                   .url = "https://my-bucket.s3.us-west-2.amazonaws.com/",
                                   .status = 403,
                                   .reply_headers = "x-amz-bucket-region: eu-west-1"});
    step(&r, &(struct script_step){.method = "GET", .url = "https://my-bucket.s3.eu-west-1.amazonaws.com/k", .header = "authorization: *eu-west-1/s3*", .reply = "x"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);

    start(&r, &aws_s3_GetObject, json_pack("{s:s, s:s}", "Bucket", "my-bucket", "Key", "k")); /* nobody says: no circle */
    step(&r, &(struct script_step){.method = "GET", .status = 301});
    step(&r, &(struct script_step){.method = "HEAD", .status = 403});
    go(&r);
    ck_assert_int_lt(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(a_200_that_holds_an_error_is_none)
{
    struct run r;

    start(&r, &aws_s3_CompleteMultipartUpload,
          json_pack("{s:s, s:s, s:s, s:{s:[{s:s, s:i}]}}", "Bucket", "my-bucket", "Key", "k", "UploadId", "u",
                    "MultipartUpload", "Parts", "ETag", "\"e\"", "PartNumber", 1));
    step(&r,
         &(struct script_step){
             .url = "https://my-bucket.s3.us-west-2.amazonaws.com/k?uploadId=u",
             .body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>"
                     "<ETag>&quot;e&quot;</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
             .reply = "<Error><Code>InternalError</Code><Message>again</Message></Error>"});
    step(&r,
         &(struct script_step){
             .reply = "<CompleteMultipartUploadResult><ETag>\"x-1\"</ETag></CompleteMultipartUploadResult>"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(json_str(r.out, "ETag"), "\"x-1\"");
    finish(&r);
}
END_TEST

START_TEST(deleting_objects_carries_a_digest)
{
    struct run r;

    start(&r, &aws_s3_DeleteObjects,
          json_pack("{s:s, s:{s:[{s:s}]}}", "Bucket", "my.dotted", "Delete", "Objects", "Key", "a"));
    step(&r, &(struct script_step){.method = "POST",
                                   .url = "https://s3.us-west-2.amazonaws.com/my.dotted?delete",
                                   .header = "content-md5: *==",
                                   .reply = "<DeleteResult/>"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(pages_are_joined)
{
    struct run r;

    start(&r, &aws_ecs_ListTasks, json_pack("{s:s}", "cluster", "c"));
    r.all = true;
    step(&r, &(struct script_step){.body = "{\"cluster\":\"c\"}",
                                   .reply = "{\"taskArns\":[\"a\",\"b\"],\"nextToken\":\"n1\"}"});
    step(&r, &(struct script_step){.body = "{\"cluster\":\"c\",\"nextToken\":\"n1\"}",
                                   .reply = "{\"taskArns\":[\"c\"]}"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_uint_eq(json_array_size(r.out), 3);
    finish(&r);
}
END_TEST

START_TEST(a_listing_that_repeats_its_token_is_an_error)
{
    struct run r;

    start(&r, &aws_ecs_ListTasks, NULL);
    r.all = true;
    step(&r, &(struct script_step){.reply = "{\"taskArns\":[],\"nextToken\":\"n\"}", .times = 2});
    go(&r);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_ptr_nonnull(strstr(r.err.message, "does not end"));
    finish(&r);
}
END_TEST

START_TEST(tokens_are_made_once_for_all_attempts)
{
    struct run r;

    start(&r, &aws_ecs_RunTask, json_pack("{s:s}", "taskDefinition", "t"));
    step(&r, &(struct script_step){.status = 500});
    step(&r, &(struct script_step){.reply = "{\"tasks\":[]}"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_ptr_nonnull(strstr(script_http_sent(r.f.script, 0)->body, "\"clientToken\":\""));
    ck_assert_str_eq(script_http_sent(r.f.script, 0)->body, script_http_sent(r.f.script, 1)->body);
    finish(&r);
}
END_TEST

START_TEST(mistakes_in_parameters_never_go_out)
{
    struct run r;

    start(&r, &aws_ecs_RunTask, json_pack("{s:s, s:s}", "taskDefinition", "t", "taskdefinition", "t"));
    go(&r);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_ptr_nonnull(strstr(r.err.message, "has no parameter taskdefinition"));
    finish(&r);

    start(&r, &aws_ecs_RunTask, NULL);
    go(&r);
    ck_assert_ptr_nonnull(strstr(r.err.message, "needs the parameter taskDefinition"));
    finish(&r);

    start(&r, &aws_ecs_RunTask,
          json_pack("{s:s, s:{s:[{s:s, s:s}]}}", "taskDefinition", "t", "overrides", "containerOverrides", "name", "c",
                    "comand", "x"));
    go(&r);
    ck_assert_ptr_nonnull(strstr(r.err.message, "RunTask has no parameter overrides.containerOverrides[0].comand"));
    finish(&r);
}
END_TEST

START_TEST(custom_endpoints_take_the_path_style)
{
    struct run r;

    start(&r, &aws_s3_HeadBucket, json_pack("{s:s}", "Bucket", "my-bucket"));
    fixture_env(&r.f, "AWS_ENDPOINT_URL", "http://127.0.0.1:5000/base/");
    step(&r, &(struct script_step){.url = "http://127.0.0.1:5000/base/my-bucket"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(route53_takes_ids_as_it_gives_them)
{
    struct run r;

    start(&r, &aws_route53_GetHostedZone, json_pack("{s:s}", "Id", "/hostedzone/Z123"));
    step(&r, &(struct script_step){
                 .method = "GET",
                 .url = "https://route53.amazonaws.com/2013-04-01/hostedzone/Z123",
                 .header = "authorization: *us-east-1/route53*",
                 .reply = "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z123</Id><Name>a.</Name>"
                          "<CallerReference>c</CallerReference></HostedZone></GetHostedZoneResponse>"});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(json_str(r.out, "HostedZone.Id"), "/hostedzone/Z123");
    finish(&r);
}
END_TEST

START_TEST(no_region_is_said_where_one_is_needed)
{
    struct run r;

    start(&r, &aws_ecs_ListTasks, NULL);
    fixture_env(&r.f, "AWS_REGION", NULL);
    go(&r);
    ck_assert_int_eq(r.err.kind, ERR_AUTH);
    ck_assert_ptr_nonnull(strstr(r.err.message, "no AWS region"));
    finish(&r);

    start(&r, &aws_sts_GetCallerIdentity, NULL); /* the partition's global endpoint serves */
    fixture_env(&r.f, "AWS_REGION", NULL);
    step(&r, &(struct script_step){.url = "https://sts.amazonaws.com/",
                                   .header = "authorization: *us-east-1/sts*",
                                   .reply = IDENTITY});
    go(&r);
    ck_assert_int_eq(r.rc, 0);
    finish(&r);
}
END_TEST

START_TEST(secrets_do_not_get_into_errors)
{
    struct run r;

    start(&r, &aws_sts_GetCallerIdentity, NULL);
    fixture_env(&r.f, "AWS_SESSION_TOKEN", "TOKEN-SECRET");
    step(&r, &(struct script_step){.error = -ECONNREFUSED, .times = 3});
    go(&r);
    cleanup_free char *text = error_format(&r.err);
    ck_assert_ptr_null(strstr(text, "TOKEN-SECRET"));
    ck_assert_ptr_null(strstr(text, "wJalr"));
    finish(&r);
}
END_TEST

SUITE("aws/call", query_call_is_signed_and_parsed, server_errors_are_tried_again,
      attempts_end_and_the_error_says_so, max_attempts_is_the_callers, throttling_waits_and_goes_on,
      a_refusal_is_final_and_typed, expired_environment_keys_are_an_auth_error,
      a_skewed_clock_is_corrected_once, a_wrong_signature_with_a_right_clock_is_final,
      expired_credentials_are_fetched_again_once, a_bucket_elsewhere_is_followed_once, a_refusal_without_a_region_asks_for_it,
      a_200_that_holds_an_error_is_none, deleting_objects_carries_a_digest, pages_are_joined,
      a_listing_that_repeats_its_token_is_an_error, tokens_are_made_once_for_all_attempts,
      mistakes_in_parameters_never_go_out, custom_endpoints_take_the_path_style,
      route53_takes_ids_as_it_gives_them, no_region_is_said_where_one_is_needed,
      secrets_do_not_get_into_errors)
