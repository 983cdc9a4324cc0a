/* The private zone and its names: "api.shop.internal" inside the VPC (defang.md 7.6).
 *
 * Cloud Map owns the zone and its records: ECS registers each task's address and takes it away with
 * the task. docs/SERVICE_DISCOVERY.md says why that and not a sidecar; a project that asks for the
 * document's own way gets discovery.c instead. */
#include "plan/common/context.h"
#include "plan/names.h"
#include "plan/network/network.h"

static void add_name(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *id,
    const char *label,
    json_t *dns_config,
    json_t *health)
{
    json_t *service = object(
        key("Name", label),
        key("NamespaceId", graph_attr("Namespace", "Id")),
        key("DnsConfig", dns_config),
        key("HealthCheckCustomConfig", health),
        key("Tags", plan_tags(NULL, s->s->name)));

    graph_add(c->g, s->group, id, "AWS::ServiceDiscovery::Service", service);
}

static void
add_service(struct plan_ctx *c, const struct plan_service *s, json_t *dns_config, json_t *health)
{
    add_name(c, s, arena_printf(c->a, "Discovery%s", s->id), s->label, dns_config, health);
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

/* ---- the other names of services (view/aliases.c) ---- */

bool plan_is_shared(const struct plan_view *v, const struct plan_alias *alias)
{
    for (size_t i = 0; i < v->alias_count; i++)
        if (v->aliases[i].shared == alias)
            return true;
    return alias->shared != NULL;
}

static const char *
alias_id(const struct plan_ctx *c, const char *what, const struct plan_alias *alias)
{
    return arena_printf(c->a, "%s%s", what, plan_logical_id(c->a, alias->record));
}

const char *plan_other_name_id(const struct plan_ctx *c, const struct plan_alias *alias)
{
    return arena_printf(c->a, "%sOf%s", alias_id(c, "Alias", alias), alias->of->id);
}

/* Of a name and a service: one that goes to another service is another resource, so that it is not
 * taken back under the other's hands. A name leads to the service's own: one instance, or one for
 * each service that has the name, of which DNS gives one at random. */
static void add_alias_instance(struct plan_ctx *c, const struct plan_alias *alias)
{
    const char *target = arena_printf(c->a, "%s.%s", alias->of->label, c->domain);

    json_t *instance = object(
        key("ServiceId", graph_attr(alias_id(c, "NameOf", alias), "Id")),
        key("InstanceId", alias->of->label),
        key("InstanceAttributes", object(key("AWS_INSTANCE_CNAME", target))));
    graph_add(
        c->g,
        alias->of->group,
        plan_other_name_id(c, alias),
        "AWS::ServiceDiscovery::Instance",
        instance);
}

static void add_other_name(struct plan_ctx *c, const struct plan_alias *alias)
{
    if (plan_by_sidecar(c)) {
        plan_alias_record(c, alias, plan_other_name_id(c, alias));
        return;
    }
    if (!alias->shared)
        add_name(
            c,
            alias->of,
            alias_id(c, "NameOf", alias),
            alias->record,
            dns_config("WEIGHTED", "CNAME", 60),
            NULL);
    add_alias_instance(c, alias);
}

static void add_other_names(struct plan_ctx *c)
{
    for (size_t i = 0; i < c->v.alias_count; i++)
        if (c->v.aliases[i].record)
            add_other_name(c, &c->v.aliases[i]);
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
        add_other_names(c);
        return;
    }

    add_namespace(c);
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (s->kind == PLAN_CONTAINER && plan_has_name(s))
            add_discovery(c, s);
    }
    add_other_names(c);
}
