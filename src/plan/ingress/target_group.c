/* Where a route leads: a target group of the service's tasks, with the load balancer's own health
 * check (defang.md 7.5). Keys in the order of the page
 * AWS::ElasticLoadBalancingV2::TargetGroup.
 *
 * Targets are addresses, because each task has one of its own (awsvpc). The load balancer cannot
 * run the test that the Compose file gives: the request that the test makes is taken over (path,
 * port, TLS, the codes that pass), and its timing. Where there is none it asks for "/", and any
 * answer below 500 says that somebody is there. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/container/health.h"
#include "plan/ingress/ingress.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include "plan/view/probe.h"
#include <string.h>

/* "<service>-<port>-<7 hex>", at most 32; what cannot be changed in place is in the hash, so that a
 * replacement has a name of its own. */
const char *plan_target_group_name(const struct plan_ctx *c, const struct plan_route *r)
{
    cleanup_free char *key = xasprintf(
        "%s/%s/%u/%s",
        c->scope,
        r->service->s->name,
        r->port->target,
        r->network ? r->network : r->port->app_protocol);
    cleanup_free char *sum = plan_hash_hex(key, 7);
    cleanup_free char *label =
        plan_name_fit(r->service->label, PLAN_NAME_LOWER | PLAN_NAME_SINGLE, 18, 0);

    return arena_printf(c->a, "%s%s%u-%s", label, *label ? "-" : "", r->port->target, sum);
}

void plan_sticky(
    const struct plan_ctx *c, json_t *attributes, const struct plan_service *s, const char *type)
{
    /* Said also when it is off: an attribute that is left out stays what it was. */
    json_push(attributes, plan_attribute("stickiness.enabled", s->sticky ? "true" : "false"));
    json_push(attributes, plan_attribute("stickiness.type", type));
    if (s->sticky && strcmp(type, "lb_cookie") == 0)
        json_push(
            attributes,
            plan_attribute(
                "stickiness.lb_cookie.duration_seconds", arena_printf(c->a, "%u", s->sticky)));
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
    const struct plan_probe *probe,
    const char **codes)
{
    *codes = "0";
    if (probe->http && is_method(probe->path))
        return arena_strdup(c->a, probe->path);
    if (plan_probes_grpc(h))
        return "/grpc.health.v1.Health/Check";
    *codes = "0-99";
    return "/AWS.ALB/healthcheck";
}

static const char *protocol_version(const struct plan_port *p)
{
    if (plan_port_is_grpc(p))
        return "GRPC";
    return text_eq(p->app_protocol, "http2") ? "HTTP2" : NULL;
}

/* The port that the test names, as text; NULL for the traffic's own. Where the URL leaves it out,
 * 80 is meant only of a service that has such a port. A group of gRPC or HTTP/2 asks every port in
 * its own protocol, so there it must be one of the service's that speaks it. */
static const char *
health_port(const struct plan_ctx *c, const struct plan_route *r, const struct plan_probe *probe)
{
    if (!probe->http || probe->port == r->port->target)
        return NULL;

    const struct plan_port *own = plan_ingress_port(r->service, probe->port);
    bool same_protocol = own && text_eq(own->app_protocol, r->port->app_protocol);
    bool any_will_do = probe->has_port && !protocol_version(r->port);

    return same_protocol || any_will_do ? arena_printf(c->a, "%u", probe->port) : NULL;
}

void plan_target_group(struct plan_ctx *c, const struct plan_route *r)
{
    const struct compose_healthcheck *h = &r->service->s->healthcheck;
    const char *drain = arena_printf(c->a, "%u", c->s->deregistration_delay);
    struct plan_probe probe;
    struct plan_health_timing t;
    const char *path;
    json_t *healthy;

    plan_probe_read(c->a, r->service->s, &probe);
    plan_target_group_timing(c->s, h, &t);

    if (plan_port_is_grpc(r->port)) {
        const char *codes;
        path = grpc_path(c, h, &probe, &codes);
        healthy = object(key("GrpcCode", codes));
    } else {
        path = arena_printf(c->a, "%s%s", probe.path[0] == '/' ? "" : "/", probe.path);
        healthy = object(key("HttpCode", probe.codes));
    }

    /* What listens at 443 speaks TLS; the load balancer takes any certificate of it. */
    bool inner_tls = text_eq(r->port->app_protocol, "https");
    const char *port = health_port(c, r, &probe);
    bool tls = (probe.tls || (inner_tls && !port)) && !protocol_version(r->port);
    json_t *attributes = array(
        plan_attribute("deregistration_delay.timeout_seconds", drain),
        plan_attribute("load_balancing.algorithm.type", "least_outstanding_requests"));
    plan_sticky(c, attributes, r->service, "lb_cookie");
    json_t *group = object(
        key("Name", plan_target_group_name(c, r)),
        key("TargetType", "ip"),
        key("Protocol", inner_tls ? "HTTPS" : "HTTP"),
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
        key("HealthCheckProtocol", tls ? "HTTPS" : NULL),
        key("HealthCheckPort", port));
    graph_add(
        c->g,
        r->service->group,
        r->target_group,
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        group);
}
