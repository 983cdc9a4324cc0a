/* Where a route leads: a target group of the service's tasks, with the load balancer's own health
 * check (defang.md 7.5). Keys in the order of the page
 * AWS::ElasticLoadBalancingV2::TargetGroup.
 *
 * Targets are addresses, because each task has one of its own (awsvpc). The load balancer cannot
 * run the test that the Compose file gives: the path and the port that it names are taken over, and
 * its timing. Without a test it asks for "/". */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/container/health.h"
#include "plan/ingress/ingress.h"
#include "plan/names.h"
#include "plan/network/network.h"
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

/* The port that the test names, as text; NULL for the traffic's own. Only a port that the service
 * has: the load balancer asks every port of the target group in its own protocol. */
static const char *
health_port(const struct plan_ctx *c, const struct plan_route *r, const struct plan_health_url *url)
{
    if (!url->found || url->port == r->port->target)
        return NULL;

    for (size_t i = 0; i < r->service->port_count; i++) {
        const struct plan_port *p = &r->service->ports[i];
        bool same_protocol = text_eq(p->app_protocol, r->port->app_protocol);

        if (p->ingress && p->target == url->port && same_protocol)
            return arena_printf(c->a, "%u", url->port);
    }
    return NULL;
}

static const char *protocol_version(const struct plan_port *p)
{
    if (plan_port_is_grpc(p))
        return "GRPC";
    return text_eq(p->app_protocol, "http2") ? "HTTP2" : NULL;
}

void plan_target_group(struct plan_ctx *c, const struct plan_route *r)
{
    const struct compose_healthcheck *h = &r->service->s->healthcheck;
    const char *drain = arena_printf(c->a, "%u", c->s->deregistration_delay);
    struct plan_health_url url;
    struct plan_health_timing t;
    const char *path;
    json_t *healthy;

    plan_health_url(h->present ? h->test : NULL, h->present ? h->test_count : 0, &url);
    plan_target_group_timing(c->s, h, &t);

    if (plan_port_is_grpc(r->port)) {
        const char *codes;
        path = grpc_path(c, h, &url, &codes);
        healthy = object(key("GrpcCode", codes));
    } else {
        path = arena_printf(c->a, "%s%s", url.path[0] == '/' ? "" : "/", url.path);
        healthy = object(key("HttpCode", "200-399"));
    }

    json_t *attributes = array(
        plan_attribute("deregistration_delay.timeout_seconds", drain),
        plan_attribute("load_balancing.algorithm.type", "least_outstanding_requests"));
    json_t *group = object(
        key("Name", target_group_name(c, r)),
        key("TargetType", "ip"),
        key("Protocol", "HTTP"),
        key("Port", r->port->target),
        key("VpcId", plan_vpc(c)),
        key("TargetGroupAttributes", attributes),
        key("Tags", plan_tags(NULL, r->service->s->name)),
        key("ProtocolVersion", protocol_version(r->port)),
        key("HealthCheckPath", path),
        key("HealthCheckIntervalSeconds", t.interval),
        key("HealthCheckTimeoutSeconds", t.timeout),
        key("HealthyThresholdCount", t.healthy),
        key("UnhealthyThresholdCount", t.unhealthy),
        key("Matcher", healthy),
        key("HealthCheckPort", health_port(c, r, &url)));
    graph_add(
        c->g,
        r->service->group,
        r->target_group,
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        group);
}
