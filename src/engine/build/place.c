/* The place to build in is made by the project's own stack: its cluster, two subnets that reach the
 * internet, a security group, and the bucket that keeps logs. It is looked for by logical id in the
 * stack as it is now; plan_build_needs() says which ids, or what the project brought instead. */
#include "engine/build/place.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

void flow_build_place_done(struct flow_build_place *p)
{
    free(p->cluster);
    free(p->subnets[0]);
    free(p->subnets[1]);
    free(p->security_group);
    free(p->bucket);
    *p = (struct flow_build_place){0};
}

/* *complete goes false for a resource that is not there, or not whole. */
static const char *physical_id(const json_t *resources, const char *logical_id, bool *complete)
{
    size_t i;
    json_t *r;

    json_array_foreach(resources, i, r) {
        if (!text_eq(json_str(r, "LogicalResourceId"), logical_id))
            continue;
        const char *status = json_str_or(r, "ResourceStatus", "");
        if (!text_eq(status, "CREATE_COMPLETE") && !text_eq(status, "UPDATE_COMPLETE"))
            *complete = false;
        return json_str(r, "PhysicalResourceId");
    }

    *complete = false;
    return NULL;
}

static void fill(
    struct flow_build_place *out,
    const struct plan_build_needs *needs,
    const json_t *resources,
    bool *complete)
{
    const char *cluster = needs->cluster;
    bool ignored = true; /* the bucket is for later readers: builds do not wait for it */

    for (size_t i = 0; i < needs->count; i++)
        physical_id(resources, needs->logical_ids[i], complete);

    if (!needs->own_cluster)
        cluster = physical_id(resources, needs->cluster, complete);
    out->cluster = xstrdup_null(cluster);
    out->security_group = xstrdup_null(physical_id(resources, needs->security_group, complete));
    out->bucket = xstrdup_null(physical_id(resources, PLAN_BUILD_BUCKET, &ignored));

    for (size_t i = 0; i < ARRAY_LEN(out->subnets); i++) {
        const char *subnet = needs->subnets[i];
        if (subnet && !needs->own_network)
            subnet = physical_id(resources, subnet, complete);
        out->subnets[i] = xstrdup_null(subnet);
    }
}

int flow_build_place(
    struct engine_context *c, struct flow_build_place *out, bool *ready, struct error *err)
{
    cleanup_free char *stack = plan_stack_name(c->settings, c->project);
    cleanup_json json_t *resources = NULL;
    cleanup_error struct error local = ERROR_INIT;
    json_t *in = object(key("StackName", stack));
    *out = (struct flow_build_place){0};
    *ready = false;

    /* Not DescribeStackResources: that one shows the first hundred only. */
    int rc = engine_call_all(c, &aws_cloudformation_ListStackResources, in, &resources, &local);
    if (rc < 0 && aws_error_is_not_found(&local))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "looking for the place to build in stack %s", stack);
    }

    cleanup_arena struct arena *arena = arena_new();
    struct plan_build_needs needs;
    bool complete = true;
    plan_build_needs(arena, c->model, &needs);
    fill(out, &needs, resources, &complete);

    *ready = complete && out->cluster && out->security_group && out->subnets[0];
    if (!*ready)
        flow_build_place_done(out);
    return 0;
}
