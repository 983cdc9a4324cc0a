/* Where a service's tasks run. The cluster is the project's own or one that x-defang-aws names; the
 * network is the VPC's public or private subnets, with security groups: the service's own, which
 * says who may call it, and the badges of its networks (view/networks.c).
 *
 * An ECS service and a one-off run alike, so both ask here. */
#include "plan/compute/placement.h"
#include "plan/compute/gpu.h"
#include "plan/network/network.h"

json_t *plan_cluster_ref(const struct plan_ctx *c)
{
    const char *own = c->v.adopt.cluster.value;

    return own ? json_string(own) : graph_ref("Cluster");
}

const char *plan_cluster_sub(const struct plan_ctx *c)
{
    const char *own = c->v.adopt.cluster.value;

    return own ? own : "${Cluster}";
}

json_t *plan_service_network(const struct plan_ctx *c, const struct plan_service *s, bool public)
{
    const char *own_group = arena_printf(c->a, "SecurityGroup%s", s->id);

    /* A task on an instance never has a public address (gpu.c). */
    bool public_address = public && !plan_on_instances(&c->v, s);
    const char *assign = public_address ? "ENABLED" : "DISABLED";

    json_t *groups = array(graph_attr(own_group, "GroupId"));
    for (size_t i = 0; i < s->worn_count; i++)
        json_push(groups, graph_attr(s->worn[i], "GroupId"));

    json_t *vpc = object(
        key("AssignPublicIp", assign),
        key("SecurityGroups", groups),
        key("Subnets", plan_subnets(c, public)));

    return object(key("AwsvpcConfiguration", vpc));
}
