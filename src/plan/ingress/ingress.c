/* The load balancer and its listeners (defang.md 7.5). It exists only when some service has an
 * ingress port. */
#include "plan/ingress/ingress.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/network/network.h"
#include <string.h>

#define NOT_FOUND_PAGE                                                                             \
    "<!DOCTYPE html><html><head><title>Not found</title></head><body><h1>Nothing here</h1><p>No "  \
    "service of this project answers to this "                                                     \
    "address, or its deployment is not finished.</p></body></html>"
/* TLS 1.3 and 1.2 with forward secrecy: what AWS recommends, and what every client of the last ten
 * years speaks. */
#define TLS_POLICY "ELBSecurityPolicy-TLS13-1-2-2021-06"

json_t *plan_attribute(const char *key, const char *value)
{
    return plan_json("{s:s,s:s}", "Key", key, "Value", value);
}

static void add_load_balancer(struct plan_ctx *c)
{
    json_t *attributes = json_array();
    json_push(
        attributes,
        plan_attribute(
            "deletion_protection.enabled", c->s->deletion_protection ? "true" : "false"));
    json_push(
        attributes, plan_attribute("routing.http.drop_invalid_header_fields.enabled", "true"));
    const char *policy = plan_alb_logs(c, attributes);
    struct graph_resource *r = graph_add(
        c->g,
        "ingress",
        "LoadBalancer",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        plan_json(
            "{s:s,s:s,s:[o],s:o,s:o,s:o}",
            "Type",
            "application",
            "Scheme",
            "internet-facing",
            "SecurityGroups",
            graph_attr("AlbSecurityGroup", "GroupId"),
            "Subnets",
            plan_subnets(c, true),
            "LoadBalancerAttributes",
            attributes,
            "Tags",
            plan_tags(arena_printf(c->a, "%s-alb", c->scope), NULL)));
    r->usual = "usually 2-3 min";
    plan_depend_on_internet(c, "LoadBalancer", true);
    if (policy)
        graph_depend(c->g, "LoadBalancer", policy);
    graph_output_add(
        c->g,
        "LoadBalancerDns",
        graph_attr("LoadBalancer", "DNSName"),
        "DNS name of the load balancer");
}

const char *plan_listener_id(const struct plan_ctx *c, unsigned port)
{
    return arena_printf(c->a, "Listener%u", port);
}

static json_t *not_found(void)
{
    return plan_json(
        "{s:s,s:{s:s,s:s,s:s}}",
        "Type",
        "fixed-response",
        "FixedResponseConfig",
        "StatusCode",
        "404",
        "ContentType",
        "text/html",
        "MessageBody",
        NOT_FOUND_PAGE);
}

json_t *plan_redirect(const struct plan_ctx *c)
{
    return plan_json(
        "{s:s,s:{s:s,s:s,s:s}}",
        "Type",
        "redirect",
        "RedirectConfig",
        "Protocol",
        "HTTPS",
        "Port",
        "443",
        "StatusCode",
        c->s->redirect_code);
}

static void add_listener(struct plan_ctx *c, unsigned port, const json_t *certificate)
{
    bool tls = plan_listener_tls(c, port);
    json_t *action = port == 80 && plan_listener_tls(c, 443) ? plan_redirect(c) : not_found();
    json_t *properties = plan_json(
        "{s:o,s:i,s:s,s:[o]}",
        "LoadBalancerArn",
        graph_ref("LoadBalancer"),
        "Port",
        (int)port,
        "Protocol",
        tls ? "HTTPS" : "HTTP",
        "DefaultActions",
        action);
    if (tls) {
        json_add(properties, "SslPolicy", json_string(TLS_POLICY));
        json_add(
            properties,
            "Certificates",
            plan_json("[{s:o}]", "CertificateArn", json_deep_copy(certificate)));
    }
    graph_add(
        c->g,
        "ingress",
        plan_listener_id(c, port),
        "AWS::ElasticLoadBalancingV2::Listener",
        properties);
}

/* The name to call: a wildcard is none. */
static const char *told(const struct plan_route *r)
{
    for (size_t i = 0; i < r->host_count; i++)
        if (!strpbrk(r->hosts[i].name, "*?"))
            return r->hosts[i].name;
    return r->hosts[0].name;
}

static void add_endpoint(struct plan_ctx *c, const struct plan_route *r)
{
    const char *name = arena_printf(c->a, "Endpoint%sP%u", r->service->id, r->port->target);
    const char *scheme = r->tls ? "https" : "http";
    json_t *value = r->host_count ? json_string(arena_printf(c->a, "%s://%s", scheme, told(r)))
                    : r->listener == 80 || r->listener == 443
                        ? graph_sub("%s://${LoadBalancer.DNSName}", scheme)
                        : graph_sub("%s://${LoadBalancer.DNSName}:%u", scheme, r->listener);
    graph_output_add(
        c->g, name, value, arena_printf(c->a, "%s port %u", r->service->s->name, r->port->target));
}

void plan_ingress(struct plan_ctx *c)
{
    if (!c->route_count)
        return;
    add_load_balancer(c);
    cleanup_json json_t *certificate = plan_certificates(c);
    for (size_t i = 0; i < c->listener_count; i++)
        add_listener(c, c->listeners[i], certificate);
    plan_listener_certificates(c, certificate);
    for (size_t i = 0; i < c->route_count; i++) {
        plan_target_group(c, &c->routes[i]);
        add_endpoint(c, &c->routes[i]);
    }
    plan_rules(c);
    plan_public_dns(c);
}
