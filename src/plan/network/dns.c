/* The private zone and its names: "api.shop.internal" inside the VPC (defang.md 7.6).
 *
 * Cloud Map owns the zone and its records: ECS registers each task's address and takes it away with
 * the task. docs/SERVICE_DISCOVERY.md says why that and not a sidecar; a project that asks for the
 * document's own way gets discovery.c instead. */
#include "plan/common/context.h"
#include "plan/network/network.h"

static void
add_service(struct plan_ctx *c, const struct plan_service *s, json_t *dns_config, json_t *health)
{
    json_t *service = object(
        key("Name", s->label),
        key("NamespaceId", graph_attr("Namespace", "Id")),
        key("DnsConfig", dns_config),
        key("HealthCheckCustomConfig", health),
        key("Tags", plan_tags(NULL, s->s->name)));
    const char *id = arena_printf(c->a, "Discovery%s", s->id);

    graph_add(c->g, s->group, id, "AWS::ServiceDiscovery::Service", service);
}

static json_t *dns_config(const char *routing, const char *type, int ttl_s)
{
    json_t *record = object(key("Type", type), key("TTL", ttl_s));

    return object(key("RoutingPolicy", routing), key("DnsRecords", array(record)));
}

/* The address of a store is a name of AWS's: one instance, which is that name. */
static void add_alias(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *store_id,
    const char *endpoint_attr)
{
    const char *service_id = arena_printf(c->a, "Discovery%s", s->id);

    add_service(c, s, dns_config("WEIGHTED", "CNAME", 60), NULL);

    /* The instance's name is part of Cloud Map's key: one per store. */
    json_t *instance = object(
        key("ServiceId", graph_attr(service_id, "Id")),
        key("InstanceId", "store"),
        key("InstanceAttributes",
            object(key("AWS_INSTANCE_CNAME", graph_attr(store_id, endpoint_attr)))));
    graph_add(c->g, s->group, plan_alias_id(c, s), "AWS::ServiceDiscovery::Instance", instance);
}

void plan_store_alias(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *store_id,
    const char *endpoint_attr)
{
    if (plan_by_sidecar(c))
        plan_store_record(c, s, store_id, endpoint_attr);
    else
        add_alias(c, s, store_id, endpoint_attr);
}

/* A short life, and all addresses at once: who asks anew gets the tasks that run now. */
static void add_discovery(struct plan_ctx *c, const struct plan_service *s)
{
    json_t *health = object(key("FailureThreshold", 1));

    add_service(c, s, dns_config("MULTIVALUE", "A", 10), health);
}

static void add_namespace(struct plan_ctx *c)
{
    json_t *properties = object(key("DnsProperties", object(key("SOA", object(key("TTL", 15))))));

    json_t *namespace = object(
        key("Name", c->domain),
        key("Description", arena_printf(c->a, "Services of %s", c->scope)),
        key("Vpc", plan_vpc(c)),
        key("Properties", properties));
    struct graph_resource *r = graph_add(
        c->g, "dns", "Namespace", "AWS::ServiceDiscovery::PrivateDnsNamespace", namespace);
    r->usual = "usually 45 s";
}

void plan_dns(struct plan_ctx *c)
{
    if (plan_by_sidecar(c)) {
        plan_private_zone(c);
        return;
    }

    add_namespace(c);
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (s->kind == PLAN_CONTAINER && s->port_count)
            add_discovery(c, s);
    }
}
