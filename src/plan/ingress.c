/* The load balancer and what hangs on it (defang.md 7.5). It exists only when some service has an ingress port. */
#include "base/str.h"
#include "plan/internal.h"
#include <string.h>

#define NOT_FOUND_PAGE                                                                                                                     \
    "<!DOCTYPE html><html><head><title>Not found</title></head><body><h1>Nothing here</h1><p>No service of this project answers to this " \
    "address, or its deployment is not finished.</p></body></html>"
#define CATCH_ALL_PRIORITY 50000
#define HOST_PRIORITIES    40000u

static json_t *attribute(const char *key, const char *value)
{
    return plan_json("{s:s,s:s}", "Key", key, "Value", value);
}

static void add_load_balancer(struct plan_ctx *c)
{
    json_t *attributes = json_array();
    plan_json_push(attributes, attribute("deletion_protection.enabled", c->s->deletion_protection ? "true" : "false"));
    plan_json_push(attributes, attribute("routing.http.drop_invalid_header_fields.enabled", "true"));
    struct graph_resource *r =
        graph_add(c->g, "ingress", "LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer",
                  plan_json("{s:s,s:s,s:[o],s:o,s:o,s:o}", "Type", "application", "Scheme", "internet-facing", "SecurityGroups",
                            graph_attr("AlbSecurityGroup", "GroupId"), "Subnets", plan_subnets(c, true), "LoadBalancerAttributes",
                            attributes, "Tags", plan_tags(arena_printf(c->a, "%s-alb", c->scope), NULL)));
    r->usual = "usually 2-3 min";
    plan_depend_on_internet(c, "LoadBalancer", true);
    graph_output_add(c->g, "LoadBalancerDns", graph_attr("LoadBalancer", "DNSName"), "DNS name of the load balancer");
}

static const char *listener_id(const struct plan_ctx *c, unsigned port)
{
    return arena_printf(c->a, "Listener%u", port);
}

static void add_listener(struct plan_ctx *c, unsigned port)
{
    json_t *page = plan_json("{s:s,s:{s:s,s:s,s:s}}", "Type", "fixed-response", "FixedResponseConfig", "StatusCode", "404", "ContentType",
                             "text/html", "MessageBody", NOT_FOUND_PAGE);
    graph_add(c->g, "ingress", listener_id(c, port), "AWS::ElasticLoadBalancingV2::Listener",
              plan_json("{s:o,s:i,s:s,s:[o]}", "LoadBalancerArn", graph_ref("LoadBalancer"), "Port", (int)port, "Protocol", "HTTP",
                        "DefaultActions", page));
}

/* "<service>-<port>-<7 hex>", at most 32; what cannot be changed in place is in the hash, so that a replacement has a name of its own. */
static const char *target_group_name(const struct plan_ctx *c, const struct plan_route *r)
{
    cleanup_free char *key =
        xasprintf("%s/%s/%u/%s", c->scope, r->service->s->name, r->port->target, r->port->app_protocol);
    cleanup_free char *sum = plan_hash_hex(key, 7);
    cleanup_free char *label = plan_name_fit(r->service->label, PLAN_NAME_LOWER | PLAN_NAME_SINGLE, 18, 0);
    return arena_printf(c->a, "%s%s%u-%s", label, *label ? "-" : "", r->port->target, sum);
}

/* The path and the port that the test names; the port only when the service has it, else the traffic's own. */
static void add_health(const struct plan_route *r, json_t *properties)
{
    const struct compose_healthcheck *h = &r->service->s->healthcheck;
    bool grpc = strcmp(r->port->app_protocol, "grpc") == 0;
    struct plan_health_url url;
    plan_health_url(h->present ? h->test : NULL, h->present ? h->test_count : 0, &url);
    struct plan_health_timing t;
    plan_target_group_timing(h, &t);
    cleanup_free char *path = xasprintf("%s%s", url.path[0] == '/' ? "" : "/", url.path);
    if (grpc && !url.found) {
        free(path);
        path = xstrdup("/AWS.ALB/healthcheck");
    }
    plan_json_set(properties, "HealthCheckPath", json_string(path));
    plan_json_set(properties, "HealthCheckIntervalSeconds", json_integer(t.interval));
    plan_json_set(properties, "HealthCheckTimeoutSeconds", json_integer(t.timeout));
    plan_json_set(properties, "HealthyThresholdCount", json_integer(t.healthy));
    plan_json_set(properties, "UnhealthyThresholdCount", json_integer(t.unhealthy));
    /* A gRPC server that has no such method answers 12: it is alive. */
    plan_json_set(properties, "Matcher",
                  grpc ? plan_json("{s:s}", "GrpcCode", url.found ? "0" : "0-99") : plan_json("{s:s}", "HttpCode", "200-399"));
    for (size_t i = 0; i < r->service->port_count; i++)
        if (url.found && url.port != r->port->target && r->service->ports[i].target == url.port && r->service->ports[i].ingress) {
            cleanup_free char *port = xasprintf("%u", url.port);
            plan_json_set(properties, "HealthCheckPort", json_string(port));
        }
}

static void add_target_group(struct plan_ctx *c, const struct plan_route *r)
{
    json_t *attributes = json_array();
    /* Zero in the mode that stops old tasks first anyway. */
    plan_json_push(attributes, attribute("deregistration_delay.timeout_seconds", c->s->min_healthy_percent ? "10" : "0"));
    plan_json_push(attributes, attribute("load_balancing.algorithm.type", "least_outstanding_requests"));
    json_t *properties = plan_json("{s:s,s:s,s:s,s:i,s:o,s:o,s:o}", "Name", target_group_name(c, r), "TargetType", "ip", "Protocol", "HTTP",
                                   "Port", (int)r->port->target, "VpcId", graph_ref("Vpc"), "TargetGroupAttributes", attributes, "Tags",
                                   plan_tags(NULL, r->service->s->name));
    if (strcmp(r->port->app_protocol, "http2") == 0)
        plan_json_set(properties, "ProtocolVersion", json_string("HTTP2"));
    if (strcmp(r->port->app_protocol, "grpc") == 0)
        plan_json_set(properties, "ProtocolVersion", json_string("GRPC"));
    add_health(r, properties);
    graph_add(c->g, r->service->group, r->target_group, "AWS::ElasticLoadBalancingV2::TargetGroup", properties);
}

/* From a hash, so that a new rule never moves another's: CloudFormation cannot swap two priorities. */
static unsigned host_priority(const struct plan_ctx *c, const struct plan_route *r, bool *used)
{
    cleanup_free char *sum = plan_hash_hex(r->rule, 7);
    unsigned at = (unsigned)(strtoul(sum, NULL, 16) % HOST_PRIORITIES);
    while (used[at])
        at = (at + 1) % HOST_PRIORITIES;
    used[at] = true;
    return at + 1;
}

static void add_rule(struct plan_ctx *c, const struct plan_route *r, bool *used)
{
    json_t *condition;
    if (r->host_count) {
        json_t *hosts = json_array();
        for (size_t i = 0; i < r->host_count; i++)
            plan_json_push(hosts, json_string(r->hosts[i]));
        condition = plan_json("{s:s,s:{s:o}}", "Field", "host-header", "HostHeaderConfig", "Values", hosts);
    } else {
        condition = plan_json("{s:s,s:{s:[s]}}", "Field", "path-pattern", "PathPatternConfig", "Values", "/*");
    }
    graph_add(c->g, r->service->group, r->rule, "AWS::ElasticLoadBalancingV2::ListenerRule",
              plan_json("{s:o,s:i,s:[o],s:[{s:s,s:o}]}", "ListenerArn", graph_ref(listener_id(c, r->listener)), "Priority",
                        r->host_count ? (int)host_priority(c, r, used) : CATCH_ALL_PRIORITY, "Conditions", condition, "Actions", "Type",
                        "forward", "TargetGroupArn", graph_ref(r->target_group)));
}

static void add_endpoint(struct plan_ctx *c, const struct plan_route *r)
{
    const char *name = arena_printf(c->a, "Endpoint%sP%u", r->service->id, r->port->target);
    json_t *value = r->host_count         ? json_string(arena_printf(c->a, "http://%s", r->hosts[0]))
                    : r->listener == 80 ? graph_sub("http://${LoadBalancer.DNSName}")
                                        : graph_sub("http://${LoadBalancer.DNSName}:%u", r->listener);
    graph_output_add(c->g, name, value, arena_printf(c->a, "%s port %u", r->service->s->name, r->port->target));
}

void plan_ingress(struct plan_ctx *c)
{
    if (!c->route_count)
        return;
    add_load_balancer(c);
    for (size_t i = 0; i < c->listener_count; i++)
        add_listener(c, c->listeners[i]);
    cleanup_free bool *used = xcalloc(HOST_PRIORITIES, sizeof *used);
    for (size_t i = 0; i < c->route_count; i++) {
        add_target_group(c, &c->routes[i]);
        add_rule(c, &c->routes[i], used);
        add_endpoint(c, &c->routes[i]);
    }
}
