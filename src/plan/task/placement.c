#include "plan/task/placement.h"
#include "plan/network/network.h"
#include "plan/task/gpu.h"

json_t *plan_service_network(const struct plan_ctx *c, const struct plan_service *s, bool public)
{
    const char *own_group = arena_printf(c->a, "SecurityGroup%s", s->id);

    /* A task on an instance never has a public address (gpu.c). */
    bool public_address = public && !plan_on_instances(&c->v, s);
    const char *assign = public_address ? "ENABLED" : "DISABLED";

    json_t *groups =
        array(graph_attr(own_group, "GroupId"), graph_attr("AppSecurityGroup", "GroupId"));
    json_t *vpc = object(
        key("AssignPublicIp", assign),
        key("SecurityGroups", groups),
        key("Subnets", plan_subnets(c, public)));

    return object(key("AwsvpcConfiguration", vpc));
}
