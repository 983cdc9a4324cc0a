/* The published endpoint tests of the services that we call, against aws/settings/endpoint.c and
 * the table beside it. */
#include "aws/model/operations.h"
#include "aws/settings/endpoint.h"
#include "aws/settings/settings.h"
#include "base/mem.h"
#include "vectors/exceptions.h"
#include "vectors/vectors.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *folder;
    const struct aws_service *service;
} services[] = {
    {"acm", &aws_service_acm},
    {"cloudformation", &aws_service_cloudformation},
    {"cloudfront", &aws_service_cloudfront},
    {"docdb", &aws_service_docdb},
    {"ec2", &aws_service_ec2},
    {"ecr", &aws_service_ecr},
    {"ecs", &aws_service_ecs},
    {"efs", &aws_service_efs},
    {"elasticache", &aws_service_elasticache},
    {"elbv2", &aws_service_elbv2},
    {"iam", &aws_service_iam},
    {"logs", &aws_service_logs},
    {"rds", &aws_service_rds},
    {"resourcegroupstaggingapi", &aws_service_resourcegroupstaggingapi},
    {"route53", &aws_service_route53},
    {"secretsmanager", &aws_service_secretsmanager},
    {"ssm", &aws_service_ssm},
    {"signin", &aws_service_signin},
    {"sso", &aws_service_sso},
    {"sso-oidc", &aws_service_sso_oidc},
    {"sts", &aws_service_sts},
};

/* The signing region that the test names, or NULL. */
static const char *expected_region(const json_t *expect)
{
    return json_str(expect, "endpoint.properties.authSchemes.0.signingRegion");
}

static void
run_case(struct vectors *v, const struct aws_service *service, const char *id, const json_t *c)
{
    const json_t *params = json_object_get(c, "params"), *expect = json_object_get(c, "expect");
    struct aws_endpoint_params p = {
        .region = json_str(params, "Region"),
        .fips = json_bool_or(params, "UseFIPS", false),
        .dual_stack = json_bool_or(params, "UseDualStack", false),
        .custom_url = json_str(params, "Endpoint"),
    };
    cleanup_endpoint struct aws_endpoint e = {0};
    cleanup_error struct error err = ERROR_INIT;
    const char *url = json_str(expect, "endpoint.url");

    /* the tests give a custom endpoint without a region; sessions refuse that (aws-access.md
     * section 4) */
    if (p.custom_url && !p.region)
        p.region = "us-east-1";
    int rc = aws_endpoint_resolve(service, &p, &e, &err);
    if (!url) {
        if (rc < 0)
            vectors_pass(v);
        else
            vectors_fail(
                v,
                id,
                "resolves to %s where an error is expected: %s",
                e.url,
                json_str_or(expect, "error", "?"));
        return;
    }
    if (rc < 0) {
        vectors_fail(v, id, "%s", err.message);
        return;
    }
    if (vectors_equal(v, id, "url", url, e.url) &&
        (!expected_region(expect) ||
         vectors_equal(v, id, "signing region", expected_region(expect), e.signing_region)))
        vectors_pass(v);
}

/* What makes it right that account_id_endpoint_mode changes no endpoint (aws/settings/settings.h).
 */
static void takes_no_account_id(struct vectors *v, const char *folder)
{
    cleanup_free char *relative =
        xasprintf("endpoint-rules/services/%s/endpoint-rule-set-1.json", folder);
    cleanup_json json_t *rules = vectors_json(relative);
    const json_t *parameters = json_object_get(rules, "parameters"), *p;
    const char *name;

    json_object_foreach((json_t *)(uintptr_t)parameters, name, p)
        if (text_starts(json_str_or(p, "builtIn", ""), "AWS::Auth::AccountId")) {
            vectors_fail(
                v, relative, "%s: endpoints of accounts, which endpoint.c does not know", name);
            return;
        }
    if (json_object_size(parameters))
        vectors_pass(v);
    else
        vectors_fail(v, relative, "no parameters");
}

int main(void)
{
    struct vectors v = {.name = "endpoint rules"};

    takes_no_account_id(&v, "s3");
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        cleanup_free char *relative =
            xasprintf("endpoint-rules/services/%s/endpoint-tests-1.json", services[i].folder);
        cleanup_json json_t *file = vectors_json(relative);
        json_t *c;
        size_t k;

        takes_no_account_id(&v, services[i].folder);
        json_array_foreach(json_object_get(file, "testCases"), k, c) {
            cleanup_free char *id = xasprintf("endpoint-rules/%s#%zu", services[i].folder, k);
            const char *reason = exception_reason(id);

            if (json_bool_or(c, "params.UseGlobalEndpoint", false))
                reason = "UseGlobalEndpoint: the legacy mode of sts_regional_endpoints, which the "
                         "CLI v2 "
                         "does not have";
            if (json_bool_or(c, "params.IsControlPlane", false) ||
                json_bool_or(c, "params.IsOAuthEndpoint", false))
                reason = "other parts of signin: we renew sessions only";
            if (text_starts(json_str_or(c, "params.ServiceType", ""), "ACM-"))
                reason = "ACM-ACME is another service";
            if (reason)
                vectors_not_applicable(&v, id, reason);
            else
                run_case(&v, services[i].service, id, c);
        }
    }
    return vectors_end(&v);
}
