#include "aws/settings/endpoint.h"
#include "aws/settings/region.h"
#include "base/mem.h"
#include "base/str.h"
#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <string.h>

static bool matches(const char *pattern, const char *text)
{
    regex_t re;
    bool yes;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    yes = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return yes;
}

const struct aws_partition *aws_partition_of(const char *region)
{
    for (size_t i = 0; i < aws_partition_count; i++)
        for (const char *const *r = aws_partitions[i].regions; *r; r++)
            if (strcmp(*r, region) == 0)
                return &aws_partitions[i];
    for (size_t i = 0; i < aws_partition_count; i++)
        if (matches(aws_partitions[i].region_regex, region))
            return &aws_partitions[i];
    return &aws_partitions[0];
}

bool aws_region_valid(const char *region)
{
    size_t n = strlen(region);
    bool digits_only = true;

    if (n == 0 || n > 63 || region[0] == '-' || region[n - 1] == '-')
        return false;
    for (const char *p = region; *p; p++) {
        if (!isalnum((unsigned char)*p) && *p != '-')
            return false;
        digits_only = digits_only && isdigit((unsigned char)*p);
    }
    return !digits_only;
}

/* Exceptions. {r} = region, {g} = the partition's own region, {d} = DNS suffix, {D} = dual-stack
 * suffix. The first row that fits counts. */
enum variant { PLAIN = 1, FIPS = 2, DUAL = 4, FIPS_DUAL = 8, ANY = 15 };

struct rule {
    const char *service;   /* endpoint prefix */
    const char *partition; /* NULL = any */
    const char *region;    /* NULL = any */
    unsigned variants;
    const char *host;
    const char *signing_region; /* NULL = the region */
};

static const struct rule rules[] = {
    /* GovCloud's ordinary endpoints are the FIPS ones */
    {"acm", "aws-us-gov", NULL, FIPS, "acm.{r}.{d}", NULL},
    {"cloudformation", "aws-us-gov", NULL, FIPS, "cloudformation.{r}.{d}", NULL},
    {"ec2", "aws-us-gov", NULL, FIPS, "ec2.{r}.{d}", NULL},
    {"elasticache", "aws-us-gov", NULL, FIPS, "elasticache.{r}.{d}", NULL},
    {"elasticloadbalancing", "aws-us-gov", NULL, FIPS, "elasticloadbalancing.{r}.{d}", NULL},
    {"logs", "aws-us-gov", NULL, FIPS, "logs.{r}.{d}", NULL},
    {"rds", "aws-us-gov", NULL, FIPS, "rds.{r}.{d}", NULL},
    {"ssm", "aws-us-gov", NULL, FIPS, "ssm.{r}.{d}", NULL},
    {"sts", "aws-us-gov", NULL, FIPS, "sts.{r}.{d}", NULL},
    {"portal.sso", "aws-us-gov", NULL, FIPS, "portal.sso.{r}.{d}", NULL},
    {"oidc", "aws-us-gov", NULL, FIPS, "oidc.{r}.{d}", NULL},
    {"api.ecr", NULL, NULL, DUAL, "ecr.{r}.{D}", NULL},
    {"api.ecr", NULL, NULL, FIPS_DUAL, "ecr-fips.{r}.{D}", NULL},
    {"secretsmanager", NULL, NULL, DUAL, "secretsmanager.{r}.{d}", NULL},
    {"secretsmanager", "aws", NULL, FIPS_DUAL, "secretsmanager-fips.{r}.{d}", NULL},
    {"secretsmanager", "aws-us-gov", NULL, FIPS_DUAL, "secretsmanager-fips.{r}.{d}", NULL},
    /* S3 names dual stack inside its own domain */
    {"s3", "aws", "aws-global", DUAL, "s3.dualstack.{g}.{d}", "{g}"},
    {"s3", "aws", "aws-global", FIPS, "s3-fips.{g}.{d}", "{g}"},
    {"s3", "aws", "aws-global", FIPS_DUAL, "s3-fips.dualstack.{g}.{d}", "{g}"},
    {"s3", NULL, NULL, DUAL, "s3.dualstack.{r}.{d}", NULL},
    {"s3", NULL, NULL, FIPS_DUAL, "s3-fips.dualstack.{r}.{d}", NULL},
    {"s3", "aws", "aws-global", PLAIN, "s3.{d}", "{g}"},
    /* signing in has domains of its own */
    {"signin", "aws", NULL, PLAIN, "{r}.signin.aws.amazon.com", NULL},
    {"signin", "aws-cn", NULL, PLAIN, "{r}.signin.amazonaws.cn", NULL},
    {"signin", "aws-us-gov", NULL, PLAIN, "{r}.signin.amazonaws-us-gov.com", NULL},
    {"signin", "aws-us-gov", "us-gov-west-1", FIPS, "signin-fips.amazonaws-us-gov.com", NULL},
    {"signin", "aws-us-gov", NULL, FIPS, "{r}.signin-fips.amazonaws-us-gov.com", NULL},
    {"signin", "aws-iso", NULL, PLAIN, "{r}.signin.c2shome.ic.gov", NULL},
    {"signin", "aws-iso-b", NULL, PLAIN, "{r}.signin.sc2shome.sgov.gov", NULL},
    /* one endpoint per partition */
    {"sts", "aws", "aws-global", ANY, "sts.{d}", "us-east-1"},
    {"iam", "aws", NULL, PLAIN, "iam.{d}", "{g}"},
    {"iam", "aws", NULL, FIPS, "iam-fips.{d}", "{g}"},
    {"iam", "aws", NULL, DUAL, "iam.global.{D}", "{g}"},
    {"iam", "aws", NULL, FIPS_DUAL, "iam-fips.global.{D}", "{g}"},
    {"iam", "aws-cn", NULL, PLAIN, "iam.cn-north-1.{d}", "cn-north-1"},
    {"iam", "aws-cn", NULL, DUAL, "iam.global.{D}", "cn-north-1"},
    {"iam", "aws-us-gov", NULL, PLAIN | FIPS, "iam.us-gov.{d}", "{g}"},
    {"iam", "aws-us-gov", NULL, DUAL | FIPS_DUAL, "iam.us-gov.{D}", "{g}"},
    {"iam", "aws-iso", NULL, FIPS, "iam-fips.{g}.{d}", "{g}"},
    {"iam", "aws-iso-b", NULL, FIPS, "iam-fips.{g}.{d}", "{g}"},
    {"iam", NULL, NULL, PLAIN, "iam.{g}.{d}", "{g}"},
    {"iam", NULL, NULL, FIPS, "iam-fips.{d}", "{g}"},
    {"iam", NULL, NULL, DUAL, "iam.{D}", "{g}"},
    {"iam", NULL, NULL, FIPS_DUAL, "iam-fips.{D}", "{g}"},
    {"route53", "aws", NULL, FIPS_DUAL, "route53-fips.global.{D}", "{g}"},
    {"route53", "aws-us-gov", NULL, PLAIN | FIPS, "route53.us-gov.{d}", "{g}"},
    {"route53", "aws-us-gov", NULL, DUAL | FIPS_DUAL, "route53.us-gov.{D}", "{g}"},
    {"route53", NULL, NULL, PLAIN, "route53.{d}", "{g}"},
    {"route53", NULL, NULL, FIPS, "route53-fips.{d}", "{g}"},
    {"route53", NULL, NULL, DUAL, "route53.global.{D}", "{g}"},
    {"route53", NULL, NULL, FIPS_DUAL, "route53-fips.{D}", "{g}"},
};

static void
expand(const char *host, const char *region, const struct aws_partition *p, struct str *out)
{
    for (; *host; host++) {
        if (host[0] != '{') {
            str_append_char(out, *host);
            continue;
        }
        const char *value = host[1] == 'r'   ? region
                            : host[1] == 'g' ? p->global_region
                            : host[1] == 'd' ? p->dns_suffix
                                             : p->dual_stack_suffix;
        str_append(out, value);
        host += 2;
    }
}

static const struct rule *find_rule(
    const char *service, const struct aws_partition *p, const char *region, enum variant variant)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const struct rule *r = &rules[i];

        if (strcmp(r->service, service) == 0 && (r->variants & (unsigned)variant) &&
            (!r->partition || strcmp(r->partition, p->id) == 0) &&
            (!r->region || strcmp(r->region, region) == 0))
            return r;
    }
    return NULL;
}

static int custom(const struct aws_endpoint_params *p, struct aws_endpoint *out, struct error *err)
{
    size_t n = strlen(p->custom_url);

    if (p->fips)
        return error_raise(
            err,
            ERR_USAGE,
            "a FIPS endpoint and the custom endpoint %s exclude each other",
            p->custom_url);
    if (p->dual_stack)
        return error_raise(
            err,
            ERR_USAGE,
            "a dual-stack endpoint and the custom endpoint %s exclude each other",
            p->custom_url);
    while (n && p->custom_url[n - 1] == '/')
        n--;
    out->url = xstrndup(p->custom_url, n);
    out->signing_region = xstrdup(p->region);
    return 0;
}

int aws_endpoint_resolve(
    const struct aws_service *service,
    const struct aws_endpoint_params *p,
    struct aws_endpoint *out,
    struct error *err)
{
    enum variant variant = p->fips         ? (p->dual_stack ? FIPS_DUAL : FIPS)
                           : p->dual_stack ? DUAL
                                           : PLAIN;
    bool anywhere =
        service->global || strcmp(service->id, "sts") == 0 || strcmp(service->id, "s3") == 0;
    const char *region = p->region ? p->region : anywhere ? "aws-global" : NULL;
    struct str host = STR_INIT, signing = STR_INIT;

    *out = (struct aws_endpoint){0};
    if (p->custom_url && p->region)
        return custom(p, out, err);
    if (!region ||
        p->custom_url) { /* with an endpoint of one's own nothing stands in for the region */
        aws_region_missing(NULL, err);
        return -EINVAL;
    }
    const struct aws_partition *partition = aws_partition_of(region);
    if (p->fips && !partition->fips)
        return error_raise(err, ERR_USAGE, "partition %s has no FIPS endpoints", partition->id);
    if (p->dual_stack && !partition->dual_stack)
        return error_raise(
            err, ERR_USAGE, "partition %s has no dual-stack endpoints", partition->id);
    const struct rule *r = find_rule(service->id, partition, region, variant);
    if (r)
        expand(r->host, region, partition, &host);
    else
        str_appendf(
            &host,
            "%s%s.%s.%s",
            service->id,
            p->fips ? "-fips" : "",
            region,
            p->dual_stack ? partition->dual_stack_suffix : partition->dns_suffix);
    expand(r && r->signing_region ? r->signing_region : "{r}", region, partition, &signing);
    out->signing_region = str_take(&signing);
    cleanup_free char *lower =
        text_lower(str_get(&host)); /* a region may come in capitals: in the scope they stay */
    out->url = xasprintf("https://%s", lower);
    str_done(&host);
    return 0;
}

void aws_endpoint_done(struct aws_endpoint *e)
{
    free(e->url);
    free(e->signing_region);
    *e = (struct aws_endpoint){0};
}
