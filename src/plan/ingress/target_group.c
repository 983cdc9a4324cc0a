/* Where a route leads: a target group of the service's tasks, with the load balancer's own health
 * check (defang.md 7.5). */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/ingress/ingress.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include "plan/task/health.h"
#include <string.h>

/* "<service>-<port>-<7 hex>", at most 32; what cannot be changed in place is in the hash, so that a
 * replacement has a name of its own. */
static const char *target_group_name(const struct plan_ctx *c, const struct plan_route *r)
{
    cleanup_free char *key = xasprintf(
        "%s/%s/%u/%s", c->scope, r->service->s->name, r->port->target, r->port->app_protocol);
    cleanup_free char *sum = plan_hash_hex(key, 7);
    cleanup_free char *label =
        plan_name_fit(r->service->label, PLAN_NAME_LOWER | PLAN_NAME_SINGLE, 18, 0);
    return arena_printf(c->a, "%s%s%u-%s", label, *label ? "-" : "", r->port->target, sum);
}

static bool probes_grpc(const struct compose_healthcheck *h)
{
    for (size_t i = 0; i < h->test_count; i++)
        if (strstr(h->test[i], "grpc_health_probe") || strstr(h->test[i], "grpc-health-probe"))
            return true;
    return false;
}

/* "/package.service/method" */
static bool is_method(const char *path)
{
    const char *slash = path[0] == '/' ? strchr(path + 1, '/') : NULL;
    return slash && slash > path + 1 && slash[1] && !strpbrk(slash + 1, "/?");
}

/* gRPC calls a method. Without one in the test, any answer will do: a server that has no such
 * method says 12 and is alive. */
static const char *grpc_path(
    struct plan_ctx *c,
    const struct compose_healthcheck *h,
    const struct plan_health_url *url,
    const char **codes)
{
    *codes = "0";
    if (url->found && is_method(url->path))
        return arena_strdup(c->a, url->path);
    if (h->present && probes_grpc(h))
        return "/grpc.health.v1.Health/Check";
    *codes = "0-99";
    return "/AWS.ALB/healthcheck";
}

/* The path and the port that the test names; the port only when the service has it, else the
 * traffic's own. */
static void add_health(struct plan_ctx *c, const struct plan_route *r, json_t *properties)
{
    const struct compose_healthcheck *h = &r->service->s->healthcheck;
    struct plan_health_url url;
    plan_health_url(h->present ? h->test : NULL, h->present ? h->test_count : 0, &url);
    struct plan_health_timing t;
    plan_target_group_timing(c->s, h, &t);
    const char *codes = NULL,
               *path = arena_printf(c->a, "%s%s", url.path[0] == '/' ? "" : "/", url.path);
    if (plan_port_is_grpc(r->port))
        path = grpc_path(c, h, &url, &codes);
    json_add(properties, "HealthCheckPath", json_string(path));
    json_add(properties, "HealthCheckIntervalSeconds", json_integer(t.interval));
    json_add(properties, "HealthCheckTimeoutSeconds", json_integer(t.timeout));
    json_add(properties, "HealthyThresholdCount", json_integer(t.healthy));
    json_add(properties, "UnhealthyThresholdCount", json_integer(t.unhealthy));
    json_add(
        properties,
        "Matcher",
        plan_port_is_grpc(r->port) ? plan_json("{s:s}", "GrpcCode", codes)
                                   : plan_json("{s:s}", "HttpCode", "200-399"));
    for (size_t i = 0; i < r->service->port_count; i++) {
        const struct plan_port *p = &r->service->ports[i];
        /* The load balancer asks every port of the target group in its own protocol. */
        if (url.found && url.port != r->port->target && p->target == url.port && p->ingress &&
            text_eq(p->app_protocol, r->port->app_protocol))
            json_add(
                properties, "HealthCheckPort", json_string(arena_printf(c->a, "%u", url.port)));
    }
}

void plan_target_group(struct plan_ctx *c, const struct plan_route *r)
{
    json_t *attributes = json_array();
    json_push(
        attributes,
        plan_attribute(
            "deregistration_delay.timeout_seconds",
            arena_printf(c->a, "%u", c->s->deregistration_delay)));
    json_push(
        attributes, plan_attribute("load_balancing.algorithm.type", "least_outstanding_requests"));
    json_t *properties = plan_json(
        "{s:s,s:s,s:s,s:i,s:o,s:o,s:o}",
        "Name",
        target_group_name(c, r),
        "TargetType",
        "ip",
        "Protocol",
        "HTTP",
        "Port",
        (int)r->port->target,
        "VpcId",
        plan_vpc(c),
        "TargetGroupAttributes",
        attributes,
        "Tags",
        plan_tags(NULL, r->service->s->name));
    if (strcmp(r->port->app_protocol, "http2") == 0)
        json_add(properties, "ProtocolVersion", json_string("HTTP2"));
    if (plan_port_is_grpc(r->port))
        json_add(properties, "ProtocolVersion", json_string("GRPC"));
    add_health(c, r, properties);
    graph_add(
        c->g,
        r->service->group,
        r->target_group,
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        properties);
}
