/* What a plan depends on beside the project: account, partition, region, availability zones.
 *
 * The order of zones is part of the plan (subnets are numbered by it), so it is made the same each
 * time: by name, those where all services of ours are to be had first. */
#include "engine/account/facts.h"

#include "aws/model/operations.h"
#include "aws/settings/endpoint.h"
#include "aws/settings/region.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Zones where Fargate, NAT gateways or Graviton database classes are not to be had, by id: names
 * are shuffled from account to account, so that "us-east-1a" is a zone of these in some. Fargate:
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html; use1-az3 has no
 * Nitro instances. */
static bool is_short_of_services(const char *zone_id)
{
    static const char *const ids[] = {"apne1-az3", "cac1-az3", "cnn1-az3", "use1-az3", "usw1-az2"};

    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        if (text_eq(ids[i], zone_id))
            return true;
    return false;
}

struct zone_list {
    const char **names;
    size_t count;
};

static void zone_add(struct zone_list *l, const char *name)
{
    l->names[l->count++] = name;
}

int flow_zones(
    struct engine_context *c, struct arena *arena, struct plan_facts *f, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *available = object(key("Name", "state"), key("Values", texts("available")));
    json_t *plain = object(key("Name", "zone-type"), key("Values", texts("availability-zone")));
    json_t *in = object(key("Filters", array(available, plain)));

    int rc = engine_call(c, &aws_ec2_DescribeAvailabilityZones, in, &reply, err);
    if (rc < 0)
        return error_wrap(err, "listing the availability zones of %s", f->region);

    size_t n = json_len(reply, "AvailabilityZones");
    struct zone_list good = {.names = arena_array(arena, const char *, n + 1)};
    struct zone_list rest = {.names = arena_array(arena, const char *, n + 1)};

    for (size_t i = 0; i < n; i++) {
        const json_t *zone = json_array_get(json_at(reply, "AvailabilityZones"), i);
        const char *name = json_str(zone, "ZoneName");
        bool is_short = is_short_of_services(json_str(zone, "ZoneId"));

        if (name)
            zone_add(is_short ? &rest : &good, arena_strdup(arena, name));
    }

    qsort(good.names, good.count, sizeof *good.names, by_name);
    qsort(rest.names, rest.count, sizeof *rest.names, by_name);
    /* A load balancer needs two: an account with fewer full zones gets the others after them. */
    for (size_t i = 0; good.count < 2 && i < rest.count; i++)
        zone_add(&good, rest.names[i]);
    if (good.count == 0)
        return error_raise(
            err, ERR_CLOUD, "region %s offers this account no availability zone", f->region);

    f->zones = good.names;
    f->zone_count = good.count;
    return 0;
}

/* STS says who it is that asks; the region comes from the session, since no service tells it. */
int flow_facts(
    struct engine_context *c, struct arena *arena, struct plan_facts **out, struct error *err)
{
    const char *region = aws_session_region(c->aws);
    if (text_empty(region)) {
        return aws_region_missing(aws_session_profile(c->aws), err);
    }

    struct aws_identity identity = {0};
    int rc;

    do
        rc = aws_session_identity(c->aws, &identity, err);
    while (engine_retry_after_auth(c, rc, err));
    if (rc < 0)
        return rc;

    struct plan_facts *f = arena_make(arena, struct plan_facts);
    f->account = arena_strdup(arena, identity.account);
    f->partition = arena_strdup(arena, identity.partition);
    f->dns_suffix = aws_partition_of(region)->dns_suffix; /* of registries, for instance */
    f->region = arena_strdup(arena, region);
    aws_identity_done(&identity);
    rc = flow_zones(c, arena, f, err);
    *out = f;
    return rc;
}
