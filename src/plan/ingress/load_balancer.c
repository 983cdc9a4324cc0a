/* The load balancer itself (defang.md 7.5): one Application Load Balancer in the public subnets,
 * which all ingress ports of the project share. Keys in the order of the page
 * AWS::ElasticLoadBalancingV2::LoadBalancer. */
#include "base/mem.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include "plan/network/network.h"

#define IDLE_SECONDS 60 /* AWS's own */

json_t *plan_attribute(const char *key, const char *value)
{
    return object(key("Key", key), key("Value", value));
}

/* Of x-defang-idle-timeout: the load balancer has one for all services. */
static const char *longest_idle(const struct plan_ctx *c)
{
    unsigned most = 0;

    for (size_t i = 0; i < c->v.count; i++)
        most = MAX(most, c->v.services[i].idle);
    return arena_printf(c->a, "%u", most ? most : IDLE_SECONDS);
}

/* Logging is said also when it is off, and the timeout: an attribute that is left out stays what it
 * was. */
static json_t *attributes(const struct plan_ctx *c)
{
    const char *protected = c->s->deletion_protection ? "true" : "false";
    const char *logging = c->s->access_logs ? "true" : "false";
    const char *idle = longest_idle(c);
    json_t *bucket = NULL;

    if (c->s->access_logs)
        bucket =
            object(key("Key", "access_logs.s3.bucket"), key("Value", graph_ref(PLAN_ALB_LOGS)));
    return array(
        plan_attribute("deletion_protection.enabled", protected),
        plan_attribute("routing.http.drop_invalid_header_fields.enabled", "true"),
        plan_attribute("access_logs.s3.enabled", logging),
        bucket,
        plan_attribute("idle_timeout.timeout_seconds", idle));
}

void plan_load_balancer(struct plan_ctx *c)
{
    const char *logs_policy = plan_alb_logs(c);

    json_t *balancer = object(
        key("Type", "application"),
        key("Scheme", "internet-facing"),
        key("SecurityGroups", array(graph_attr("AlbSecurityGroup", "GroupId"))),
        key("Subnets", plan_zone_subnets(c, true)) /* a load balancer takes one a zone */,
        key("LoadBalancerAttributes", attributes(c)),
        key("Tags", plan_tags(arena_printf(c->a, "%s-alb", c->scope), NULL)));
    struct graph_resource *r = graph_add(
        c->g, "ingress", "LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer", balancer);
    r->usual = "usually 2-3 min";

    plan_depend_on_internet(c, "LoadBalancer", true);
    /* Logging is refused while the bucket does not let Elastic Load Balancing write. */
    if (logs_policy)
        graph_depend(c->g, "LoadBalancer", logs_policy);

    graph_output_add(
        c->g,
        "LoadBalancerDns",
        graph_attr("LoadBalancer", "DNSName"),
        "DNS name of the load balancer");
}
