/* The private zone and its names. Cloud Map owns the zone and its records: see
 * docs/SERVICE_DISCOVERY.md for why. */
#include "plan/context.h"
#include "plan/network/network.h"
#include <string.h>

/* The instance's name is part of Cloud Map's key: one per store. */
void plan_store_alias(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *store_id,
    const char *endpoint_attr)
{
    if (plan_by_sidecar(c)) {
        plan_store_record(c, s, store_id, endpoint_attr);
        return;
    }
    const char *discovery = arena_printf(c->a, "Discovery%s", s->id),
               *instance = arena_printf(c->a, "StoreAlias%s", s->id);
    graph_add(
        c->g,
        s->group,
        discovery,
        "AWS::ServiceDiscovery::Service",
        plan_json(
            "{s:s,s:o,s:{s:s,s:[{s:s,s:i}]},s:o}",
            "Name",
            s->label,
            "NamespaceId",
            graph_attr("Namespace", "Id"),
            "DnsConfig",
            "RoutingPolicy",
            "WEIGHTED",
            "DnsRecords",
            "Type",
            "CNAME",
            "TTL",
            60,
            "Tags",
            plan_tags(NULL, s->s->name)));
    graph_add(
        c->g,
        s->group,
        instance,
        "AWS::ServiceDiscovery::Instance",
        plan_json(
            "{s:o,s:s,s:{s:o}}",
            "ServiceId",
            graph_attr(discovery, "Id"),
            "InstanceId",
            "store",
            "InstanceAttributes",
            "AWS_INSTANCE_CNAME",
            graph_attr(store_id, endpoint_attr)));
}

static void add_discovery(struct plan_ctx *c, const struct plan_service *s)
{
    graph_add(
        c->g,
        s->group,
        arena_printf(c->a, "Discovery%s", s->id),
        "AWS::ServiceDiscovery::Service",
        plan_json(
            "{s:s,s:o,s:{s:s,s:[{s:s,s:i}]},s:{s:i},s:o}",
            "Name",
            s->label,
            "NamespaceId",
            graph_attr("Namespace", "Id"),
            "DnsConfig",
            "RoutingPolicy",
            "MULTIVALUE",
            "DnsRecords",
            "Type",
            "A",
            "TTL",
            10,
            "HealthCheckCustomConfig",
            "FailureThreshold",
            1,
            "Tags",
            plan_tags(NULL, s->s->name)));
}

void plan_dns(struct plan_ctx *c)
{
    if (plan_by_sidecar(c)) {
        plan_private_zone(c);
        return;
    }
    struct graph_resource *r = graph_add(
        c->g,
        "dns",
        "Namespace",
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        plan_json(
            "{s:s,s:s,s:o,s:{s:{s:{s:i}}}}",
            "Name",
            c->domain,
            "Description",
            arena_printf(c->a, "Services of %s", c->scope),
            "Vpc",
            plan_vpc(c),
            "Properties",
            "DnsProperties",
            "SOA",
            "TTL",
            15));
    r->usual = "usually 45 s";
    for (size_t i = 0; i < c->v.count; i++)
        if (c->v.services[i].kind == PLAN_CONTAINER && c->v.services[i].port_count)
            add_discovery(c, &c->v.services[i]);
}
