/* Where a call goes.
 *
 * A region belongs to a partition (partitions.c), which has the DNS suffixes. Nearly every host is
 * then service[-fips].region.suffix; the exceptions are the rows of endpoint_rules.c. Both tables
 * are written from what botocore ships, so that a new region or a service's odd name is a run of
 * tests/tools/aws_models.py and not a hunt. What stands here is what the rule sets have in common:
 * which of them asks for a region, what a custom endpoint excludes, how a row is filled in.
 *
 * Sources: the endpoint rule sets and partitions.json of botocore; shared/reference/aws-access.md
 * section 4. The published endpoint tests run against this file (tests/vectors). */
#include "aws/settings/endpoint.h"
#include "aws/settings/endpoint_rules.h"
#include "aws/settings/region.h"
#include "aws/sign/uri.h"
#include "base/mem.h"
#include "base/str.h"
#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <string.h>

/* --- partitions --- */

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

/* All lists before any pattern: "aws-us-gov-global" is in a list and matches no pattern, and a
 * region that is newer than the lists is known by its pattern alone. */
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

/* --- rules --- */

static enum aws_endpoint_variant variant_of(const struct aws_endpoint_params *p)
{
    if (p->fips && p->dual_stack)
        return AWS_FIPS_DUAL;
    if (p->fips)
        return AWS_FIPS;

    return p->dual_stack ? AWS_DUAL : AWS_PLAIN;
}

static const struct aws_endpoint_rule *find_rule(
    const char *service,
    const struct aws_partition *p,
    const char *region,
    enum aws_endpoint_variant variant)
{
    for (size_t i = 0; i < aws_endpoint_rule_count; i++) {
        const struct aws_endpoint_rule *r = &aws_endpoint_rules[i];

        if (strcmp(r->service, service) == 0 && (r->variants & (unsigned)variant) &&
            (!r->partition || strcmp(r->partition, p->id) == 0) &&
            (!r->region || strcmp(r->region, region) == 0))
            return r;
    }

    return NULL;
}

static const char *value_of(char mark, const char *region, const struct aws_partition *p)
{
    switch (mark) {
    case 'r':
        return region;
    case 'g':
        return p->global_region;
    case 'd':
        return p->dns_suffix;
    default:
        return p->dual_stack_suffix;
    }
}

/* Fills {r}, {g}, {d} and {D} in. */
static void
expand(const char *text, const char *region, const struct aws_partition *p, struct str *out)
{
    for (; *text; text++) {
        if (*text != '{') {
            str_append_char(out, *text);
            continue;
        }
        str_append(out, value_of(text[1], region, p));
        text += 2;
    }
}

static void by_rule(
    const struct aws_service *service,
    const struct aws_endpoint_params *p,
    const struct aws_partition *partition,
    const char *region,
    struct aws_endpoint *out)
{
    const struct aws_endpoint_rule *rule = find_rule(service->id, partition, region, variant_of(p));
    const char *fips = p->fips ? "-fips" : "";
    const char *suffix = p->dual_stack ? partition->dual_stack_suffix : partition->dns_suffix;
    const char *signing_rule = rule && rule->signing_region ? rule->signing_region : "{r}";
    struct str host = STR_INIT, signing = STR_INIT;

    if (rule)
        expand(rule->host, region, partition, &host);
    else
        str_appendf(&host, "%s%s.%s.%s", service->id, fips, region, suffix);
    expand(signing_rule, region, partition, &signing);

    /* a region may come in capitals: in the scope they stay */
    cleanup_free char *lower = text_lower(str_get(&host));
    out->url = xasprintf("https://%s", lower);
    out->signing_region = str_take(&signing);
    str_done(&host);
}

/* --- endpoints of the caller's own --- */

static int custom(const struct aws_endpoint_params *p, struct aws_endpoint *out, struct error *err)
{
    cleanup_free char *shown = uri_shown(p->custom_url);
    cleanup_uri struct uri u = {0};

    if (p->fips)
        return error_raise(
            err, ERR_USAGE, "a FIPS endpoint and the custom endpoint %s exclude each other", shown);
    if (p->dual_stack)
        return error_raise(
            err,
            ERR_USAGE,
            "a dual-stack endpoint and the custom endpoint %s exclude each other",
            shown);

    int rc = uri_split(p->custom_url, &u, err);
    if (rc < 0)
        return error_wrap(err, "Invalid endpoint");

    out->query = steal(u.query);
    out->url = uri_text(&u);
    out->signing_region = xstrdup(p->region);

    return 0;
}

/* A service with one endpoint for all the world answers without a region, and STS and S3 do so by
 * the rules' pseudo region; with an endpoint of one's own nothing stands in for the region. */
static const char *region_of(const struct aws_service *service, const struct aws_endpoint_params *p)
{
    bool anywhere =
        service->global || strcmp(service->id, "sts") == 0 || strcmp(service->id, "s3") == 0;

    if (p->region)
        return p->region;

    return anywhere && !p->custom_url ? "aws-global" : NULL;
}

int aws_endpoint_resolve(
    const struct aws_service *service,
    const struct aws_endpoint_params *p,
    struct aws_endpoint *out,
    struct error *err)
{
    const char *region = region_of(service, p);

    *out = (struct aws_endpoint){0};
    if (!region) {
        aws_region_missing(NULL, err);
        return -EINVAL;
    }

    if (p->custom_url)
        return custom(p, out, err);

    const struct aws_partition *partition = aws_partition_of(region);
    if (p->fips && !partition->fips)
        return error_raise(err, ERR_USAGE, "partition %s has no FIPS endpoints", partition->id);
    if (p->dual_stack && !partition->dual_stack)
        return error_raise(
            err, ERR_USAGE, "partition %s has no dual-stack endpoints", partition->id);

    by_rule(service, p, partition, region, out);
    return 0;
}

void aws_endpoint_done(struct aws_endpoint *e)
{
    free(e->url);
    free(e->query);
    free(e->signing_region);
    *e = (struct aws_endpoint){0};
}
