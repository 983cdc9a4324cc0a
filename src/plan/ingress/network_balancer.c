/* What speaks no HTTP and is to be public: one Network Load Balancer for all such ports of the
 * project, with a static address in each zone, its listeners and target groups.
 *
 * A listener takes one number and leads to one target group; there are no rules. Health is asked by
 * opening a connection of TCP, also for UDP: then at another port of the service that speaks TCP,
 * when it has one. A listener of TLS needs a certificate; where there is none, the bytes are passed
 * on as they come, and the program's own certificate is seen (check/ports.c).
 * docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/container/health.h"
#include "plan/ingress/ingress.h"
#include "plan/network/network.h"
#include "plan/view/probe.h"
#include <stdlib.h>
#include <string.h>

#define BALANCER "NetworkLoadBalancer"

/* ---- numbers ---- */

static const struct plan_route *owner(const struct plan_ctx *c, unsigned number)
{
    for (size_t i = 0; i < c->route_count; i++)
        for (size_t k = 0; c->routes[i].network && k < c->routes[i].place_count; k++)
            if (c->routes[i].places[k].listener == number)
                return &c->routes[i];
    return NULL;
}

static void give(struct plan_ctx *c, struct plan_route *r, unsigned number)
{
    r->places[r->place_count++] = (struct plan_place){
        .slot = number,
        .listener = number,
        .tls = r->tls,
        .rule = arena_printf(c->a, "NetworkListener%u", number)};
}

static void say_lost(struct plan_ctx *c, const struct plan_route *r, const struct plan_lost *lost)
{
    plan_warn(
        &c->diag,
        lost->publish->pos,
        "Publish it at another port.",
        "service %s: port %u is published by service %s, which comes first: its port %u is served "
        "on port %u of the network load balancer",
        r->service->s->name,
        lost->publish->from,
        lost->owner->service->s->name,
        r->port->target,
        r->listener);
}

static void place(struct plan_ctx *c, struct plan_route *r)
{
    const struct plan_port *p = r->port;
    struct plan_lost lost = {0};

    r->places = arena_array(c->a, struct plan_place, p->published_count + 1);
    for (size_t i = 0; i < p->published_count; i++) {
        unsigned at = p->published[i].from;

        while (at <= p->published[i].to && owner(c, at))
            at++;
        if (at <= p->published[i].to)
            give(c, r, at);
        else if (owner(c, p->published[i].from) != r)
            lost = (struct plan_lost){&p->published[i], owner(c, p->published[i].from)};
    }

    unsigned at = p->target;
    while (!r->place_count && owner(c, at))
        at = at == 65535 ? 1024 : at + 1;
    if (!r->place_count)
        give(c, r, at);
    r->listener = r->places[0].listener;
    r->rule = r->places[0].rule;
    if (lost.owner)
        say_lost(c, r, &lost);
}

static int by_file(const void *a, const void *b)
{
    const struct plan_route *x = *(struct plan_route *const *)a;
    const struct plan_route *y = *(struct plan_route *const *)b;

    if (x->service->order != y->service->order)
        return x->service->order < y->service->order ? -1 : 1;
    return x < y ? -1 : x > y;
}

void plan_network_places(struct plan_ctx *c)
{
    struct plan_route **all = arena_array(c->a, struct plan_route *, c->route_count + 1);
    size_t count = 0;

    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].network)
            all[count++] = &c->routes[i];
    qsort(all, count, sizeof(struct plan_route *), by_file);
    for (size_t i = 0; i < count; i++)
        place(c, all[i]);
}

/* ---- the load balancer ---- */

/* One address that stays in each zone. */
static json_t *subnet_mappings(struct plan_ctx *c)
{
    json_t *mappings = array();
    cleanup_json json_t *subnets = plan_zone_subnets(c, true);

    for (size_t i = 0; i < json_array_size(subnets); i++) {
        const char *id = arena_printf(c->a, "NetworkAddress%zu", i + 1);
        const char *name = arena_printf(c->a, "%s-nlb-%zu", c->scope, i + 1);
        json_t *address = object(key("Domain", "vpc"), key("Tags", plan_tags(name, NULL)));

        graph_add(c->g, "ingress", id, "AWS::EC2::EIP", address);
        if (graph_get(c->g, "InternetGatewayAttachment"))
            graph_depend(c->g, id, "InternetGatewayAttachment");
        json_push(
            mappings,
            object(
                key("SubnetId", json_incref(json_array_get(subnets, i))),
                key("AllocationId", graph_attr(id, "AllocationId"))));
    }
    return mappings;
}

static void add_balancer(struct plan_ctx *c)
{
    const char *protected = c->s->deletion_protection ? "true" : "false";

    /* Across zones: each address answers, also when the task is in another zone. */
    json_t *attributes = array(
        plan_attribute("deletion_protection.enabled", protected),
        plan_attribute("load_balancing.cross_zone.enabled", "true"));
    json_t *balancer = object(
        key("Type", "network"),
        key("Scheme", "internet-facing"),
        key("SecurityGroups", array(graph_attr("NlbSecurityGroup", "GroupId"))),
        key("SubnetMappings", subnet_mappings(c)),
        key("LoadBalancerAttributes", attributes),
        key("Tags", plan_tags(arena_printf(c->a, "%s-nlb", c->scope), NULL)));
    struct graph_resource *r =
        graph_add(c->g, "ingress", BALANCER, "AWS::ElasticLoadBalancingV2::LoadBalancer", balancer);
    r->usual = "usually 2-3 min";

    plan_depend_on_internet(c, BALANCER, true);
    graph_output_add(
        c->g,
        "NetworkLoadBalancerDns",
        graph_attr(BALANCER, "DNSName"),
        "DNS name of the network load balancer");
}

/* ---- where a port leads ---- */

/* What the listener passes on: TLS ends at the listener, or is not its business. */
static const char *inner(const struct plan_route *r)
{
    return strcmp(r->network, "TLS") == 0 ? "TCP" : r->network;
}

static void add_target_group(struct plan_ctx *c, const struct plan_route *r)
{
    const char *drain = arena_printf(c->a, "%u", c->s->deregistration_delay);
    unsigned health = plan_network_health(r->service, r->port);
    const char *port = health == r->port->target ? NULL : arena_printf(c->a, "%u", health);
    struct plan_health_timing t;

    plan_target_group_timing(c->s, &r->service->s->healthcheck, &t);

    json_t *attributes = array(plan_attribute("deregistration_delay.timeout_seconds", drain));
    if (r->service->sticky)
        plan_sticky(c, attributes, r->service, "source_ip");
    json_t *group = object(
        key("Name", plan_target_group_name(c, r)),
        key("TargetType", "ip"),
        key("Protocol", inner(r)),
        key("Port", r->port->target),
        key("VpcId", plan_vpc(c)),
        key("TargetGroupAttributes", attributes),
        key("Tags", plan_tags(NULL, r->service->s->name)),
        key("HealthCheckIntervalSeconds", t.interval),
        key("HealthCheckTimeoutSeconds", t.timeout),
        key("HealthyThresholdCount", t.healthy),
        key("UnhealthyThresholdCount", t.unhealthy),
        key("HealthCheckProtocol", "TCP"),
        key("HealthCheckPort", port));
    graph_add(
        c->g,
        r->service->group,
        r->target_group,
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        group);
}

/* The project's own, the service's, or that of the project's domain. */
static json_t *certificate_of(const struct plan_ctx *c, const struct plan_route *r)
{
    const char *own = arena_printf(c->a, "Certificate%s", r->service->id);

    if (c->certificate)
        return json_string(c->certificate);
    return graph_ref(graph_get(c->g, own) ? own : "CertificateDomain");
}

static void add_listener(struct plan_ctx *c, const struct plan_route *r, const struct plan_place *p)
{
    const char *protocol = strcmp(r->network, "TLS") == 0 && !p->tls ? "TCP" : r->network;
    json_t *action =
        object(key("Type", "forward"), key("TargetGroupArn", graph_ref(r->target_group)));
    json_t *certificates = NULL;

    if (p->tls)
        certificates = array(object(key("CertificateArn", certificate_of(c, r))));
    json_t *listener = object(
        key("LoadBalancerArn", graph_ref(BALANCER)),
        key("Port", p->listener),
        key("Protocol", protocol),
        key("DefaultActions", array(action)),
        key("SslPolicy", p->tls ? PLAN_TLS_POLICY : NULL),
        key("Certificates", certificates));
    graph_add(c->g, r->service->group, p->rule, "AWS::ElasticLoadBalancingV2::Listener", listener);
}

void plan_network_balancer(struct plan_ctx *c)
{
    if (!c->v.network)
        return;

    add_balancer(c);
    for (size_t i = 0; i < c->route_count; i++) {
        const struct plan_route *r = &c->routes[i];

        if (!r->network)
            continue;
        add_target_group(c, r);
        for (size_t k = 0; k < r->place_count; k++)
            add_listener(c, r, &r->places[k]);
    }
}
