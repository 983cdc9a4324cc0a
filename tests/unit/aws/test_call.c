/* Calls through a scripted transport: what goes out and what comes back. */
#include "aws/model/operations.h"
#include "base/mem.h"
#include "unit/aws/call_run.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

START_TEST(query_call_is_signed_and_parsed)
{
    struct call_run r;

    call_start(&r, &aws_sts_GetCallerIdentity, NULL);
    call_step(
        &r,
        &(struct script_step){
            .method = "POST",
            .url = "https://sts.us-west-2.amazonaws.com/",
            .header =
                "authorization: AWS4-HMAC-SHA256 "
                "Credential=AKIDEXAMPLE/20261122/us-west-2/sts/aws4_request, "
                "SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date, "
                "Signature=*",
            .body = "Action=GetCallerIdentity&Version=2011-06-15",
            .reply = IDENTITY});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(json_str(r.out, "Account"), "123456789012");
    ck_assert(
        script_sent_has_header(script_http_sent(r.f.script, 0), "x-amz-date: 20261122T221530Z"));
    call_finish(&r);
}
END_TEST

START_TEST(deleting_objects_carries_a_digest)
{
    struct call_run r;

    call_start(
        &r,
        &aws_s3_DeleteObjects,
        json_pack("{s:s, s:{s:[{s:s}]}}", "Bucket", "my.dotted", "Delete", "Objects", "Key", "a"));
    call_step(
        &r,
        &(struct script_step){
            .method = "POST",
            .url = "https://s3.us-west-2.amazonaws.com/my.dotted?delete",
            .header = "content-md5: *==",
            .reply = "<DeleteResult/>"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    call_finish(&r);
}
END_TEST

START_TEST(pages_are_joined)
{
    struct call_run r;

    call_start(&r, &aws_ecs_ListTasks, json_pack("{s:s}", "cluster", "c"));
    r.all = true;
    call_step(
        &r,
        &(struct script_step){
            .body = "{\"cluster\":\"c\"}",
            .reply = "{\"taskArns\":[\"a\",\"b\"],\"nextToken\":\"n1\"}"});
    call_step(
        &r,
        &(struct script_step){
            .body = "{\"cluster\":\"c\",\"nextToken\":\"n1\"}", .reply = "{\"taskArns\":[\"c\"]}"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_uint_eq(json_array_size(r.out), 3);
    call_finish(&r);
}
END_TEST

START_TEST(a_listing_that_repeats_its_token_is_an_error)
{
    struct call_run r;

    call_start(&r, &aws_ecs_ListTasks, NULL);
    r.all = true;
    call_step(
        &r, &(struct script_step){.reply = "{\"taskArns\":[],\"nextToken\":\"n\"}", .times = 2});
    call_go(&r);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_ptr_nonnull(strstr(r.err.message, "does not end"));
    call_finish(&r);
}
END_TEST

START_TEST(tokens_are_made_once_for_all_attempts)
{
    struct call_run r;

    call_start(&r, &aws_ecs_RunTask, json_pack("{s:s}", "taskDefinition", "t"));
    call_step(&r, &(struct script_step){.status = 500});
    call_step(&r, &(struct script_step){.reply = "{\"tasks\":[]}"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_ptr_nonnull(strstr(script_http_sent(r.f.script, 0)->body, "\"clientToken\":\""));
    ck_assert_str_eq(script_http_sent(r.f.script, 0)->body, script_http_sent(r.f.script, 1)->body);
    call_finish(&r);
}
END_TEST

START_TEST(mistakes_in_parameters_never_go_out)
{
    struct call_run r;

    call_start(
        &r,
        &aws_ecs_RunTask,
        json_pack("{s:s, s:s}", "taskDefinition", "t", "taskdefinition", "t"));
    call_go(&r);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_ptr_nonnull(strstr(r.err.message, "has no parameter taskdefinition"));
    call_finish(&r);

    call_start(&r, &aws_ecs_RunTask, NULL);
    call_go(&r);
    ck_assert_ptr_nonnull(strstr(r.err.message, "needs the parameter taskDefinition"));
    call_finish(&r);

    call_start(
        &r,
        &aws_ecs_RunTask,
        json_pack(
            "{s:s, s:{s:[{s:s, s:s}]}}",
            "taskDefinition",
            "t",
            "overrides",
            "containerOverrides",
            "name",
            "c",
            "comand",
            "x"));
    call_go(&r);
    ck_assert_ptr_nonnull(
        strstr(r.err.message, "RunTask has no parameter overrides.containerOverrides[0].comand"));
    call_finish(&r);
}
END_TEST

START_TEST(custom_endpoints_take_the_path_style)
{
    struct call_run r;

    call_start(&r, &aws_s3_HeadBucket, json_pack("{s:s}", "Bucket", "my-bucket"));
    fixture_env(&r.f, "AWS_ENDPOINT_URL", "http://127.0.0.1:5000/base/");
    call_step(&r, &(struct script_step){.url = "http://127.0.0.1:5000/base/my-bucket"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    call_finish(&r);
}
END_TEST

START_TEST(route53_takes_ids_as_it_gives_them)
{
    struct call_run r;

    call_start(&r, &aws_route53_GetHostedZone, json_pack("{s:s}", "Id", "/hostedzone/Z123"));
    call_step(
        &r,
        &(struct script_step){
            .method = "GET",
            .url = "https://route53.amazonaws.com/2013-04-01/hostedzone/Z123",
            .header = "authorization: *us-east-1/route53*",
            .reply = "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z123</Id><Name>a.</Name>"
                     "<CallerReference>c</CallerReference></HostedZone></GetHostedZoneResponse>"});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_str_eq(json_str(r.out, "HostedZone.Id"), "/hostedzone/Z123");
    call_finish(&r);
}
END_TEST

START_TEST(no_region_is_said_where_one_is_needed)
{
    struct call_run r;

    call_start(&r, &aws_ecs_ListTasks, NULL);
    fixture_env(&r.f, "AWS_REGION", NULL);
    call_go(&r);
    ck_assert_int_eq(r.err.kind, ERR_AUTH);
    ck_assert_ptr_nonnull(strstr(r.err.message, "no AWS region"));
    call_finish(&r);

    call_start(&r, &aws_sts_GetCallerIdentity, NULL); /* the partition's global endpoint serves */
    fixture_env(&r.f, "AWS_REGION", NULL);
    call_step(
        &r,
        &(struct script_step){
            .url = "https://sts.amazonaws.com/",
            .header = "authorization: *us-east-1/sts*",
            .reply = IDENTITY});
    call_go(&r);
    ck_assert_int_eq(r.rc, 0);
    call_finish(&r);
}
END_TEST

START_TEST(secrets_do_not_get_into_errors)
{
    struct call_run r;

    call_start(&r, &aws_sts_GetCallerIdentity, NULL);
    fixture_env(&r.f, "AWS_SESSION_TOKEN", "TOKEN-SECRET");
    call_step(&r, &(struct script_step){.error = -ECONNREFUSED, .times = 3});
    call_go(&r);
    cleanup_free char *text = error_format(&r.err);
    ck_assert_ptr_null(strstr(text, "TOKEN-SECRET"));
    ck_assert_ptr_null(strstr(text, "wJalr"));
    call_finish(&r);
}
END_TEST

/* Each service spells it in its own way; whose keys they were is said for all. */
START_TEST(access_02_keys_refused_by_any_service)
{
    static const struct {
        const struct aws_operation *op;
        int status;
        const char *reply, *code, *hint;
    } cases[] = {
        {&aws_ecs_ListTasks,
         400,
         "{\"__type\":\"ExpiredTokenException\",\"message\":\"expired\"}",
         "ExpiredTokenException",
         "They have expired"},
        {&aws_ecs_ListTasks,
         400,
         "{\"__type\":\"UnrecognizedClientException\",\"message\":\"invalid\"}",
         "UnrecognizedClientException",
         "AWS does not know them in us-west-2"},
        {&aws_ec2_DescribeVpcs,
         401,
         "<Response><Errors><Error><Code>AuthFailure</Code><Message>not able to validate</Message>"
         "</Error></Errors><RequestID>r</RequestID></Response>",
         "AuthFailure",
         "AWS does not know them in us-west-2"},
        {&aws_s3_GetBucketLocation,
         403,
         "<Error><Code>InvalidAccessKeyId</Code><Message>no such key</Message></Error>",
         "InvalidAccessKeyId",
         "AWS does not know them in us-west-2"},
        {&aws_cloudformation_ListStacks,
         403,
         "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>"
         "</ErrorResponse>",
         "SignatureDoesNotMatch",
         "AWS_SECRET_ACCESS_KEY does not belong to the key id"},
        {&aws_ec2_DescribeVpcs,
         403,
         "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not "
         "authorized. Encoded authorization failure message: abc</Message></Error></Errors>"
         "</Response>",
         "UnauthorizedOperation",
         "lack a right that ec2:DescribeVpcs needs"},
        {&aws_ec2_DescribeVpcs,
         401,
         "<Response><Errors><Error><Code>OptInRequired</Code><Message>not subscribed</Message>"
         "</Error></Errors></Response>",
         "OptInRequired",
         "`aws account enable-region --region-name us-west-2`"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct call_run r;

        call_start(
            &r,
            cases[i].op,
            cases[i].op == &aws_s3_GetBucketLocation ? json_pack("{s:s}", "Bucket", "my-bucket")
                                                     : NULL);
        call_step(&r, &(struct script_step){.status = cases[i].status, .reply = cases[i].reply});
        call_go(&r);
        ck_assert_int_eq(r.err.kind, ERR_AUTH);
        ck_assert_str_eq(r.err.aws_code, cases[i].code);
        ck_assert_msg(strstr(r.err.hint, cases[i].hint) != NULL, "%s", r.err.hint);
        ck_assert_ptr_nonnull(
            strstr(r.err.hint, "those of environment (AWS_ACCESS_KEY_ID) (key ****MPLE)"));
        ck_assert_ptr_null(strstr(r.err.hint, "wJalr"));
        call_finish(&r);
    }
}
END_TEST

SUITE(
    "aws/call",
    access_02_keys_refused_by_any_service,
    query_call_is_signed_and_parsed,
    deleting_objects_carries_a_digest,
    pages_are_joined,
    a_listing_that_repeats_its_token_is_an_error,
    tokens_are_made_once_for_all_attempts,
    mistakes_in_parameters_never_go_out,
    custom_endpoints_take_the_path_style,
    route53_takes_ids_as_it_gives_them,
    no_region_is_said_where_one_is_needed,
    secrets_do_not_get_into_errors)
