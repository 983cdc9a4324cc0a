#include "engine/flow.h"

#include "aws/operations.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_zones(struct engine_context *c, struct arena *arena, struct plan_facts *f, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = json_pack("{s:[{s:s,s:[s]},{s:s,s:[s]}]}", "Filters", "Name", "state", "Values", "available", "Name", "zone-type",
                           "Values", "availability-zone");
    int rc = engine_call(c, &aws_ec2_DescribeAvailabilityZones, in, &reply, err);
    if (rc < 0)
        return error_wrap(err, "listing the availability zones of %s", f->region);
    size_t n = json_len(reply, "AvailabilityZones"), count = 0;
    const char **zones = arena_array(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_str(json_array_get(json_at(reply, "AvailabilityZones"), i), "ZoneName");
        if (name)
            zones[count++] = arena_strdup(arena, name);
    }
    if (count == 0)
        return error_raise(err, ERR_CLOUD, "region %s offers this account no availability zone", f->region);
    qsort(zones, count, sizeof *zones, by_name);
    f->zones = zones;
    f->zone_count = count;
    return 0;
}

int flow_facts(struct engine_context *c, struct arena *arena, struct plan_facts **out, struct error *err)
{
    const char *region = aws_session_region(c->aws);
    if (text_empty(region)) {
        error_raise(err, ERR_AUTH, "no AWS region is set for profile %s", aws_session_profile(c->aws));
        error_hint(err, "set AWS_REGION, pass --region, or add a region to the profile in ~/.aws/config");
        return -EACCES;
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
    f->dns_suffix = text_eq(identity.partition, "aws-cn") ? "amazonaws.com.cn" : "amazonaws.com";
    f->region = arena_strdup(arena, region);
    aws_identity_done(&identity);
    rc = read_zones(c, arena, f, err);
    *out = f;
    return rc;
}
