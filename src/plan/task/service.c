/* A container service: task definition, ECS service and what it waits for (defang.md 7.7). A
 * service whose content did not change keeps the deployment id it has in the deployed template, so
 * that nothing of it changes. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include "plan/route.h"
#include "plan/task/gpu.h"
#include "plan/task/task.h"
#include "plan/task/volumes.h"
#include <string.h>

/* What makes a new version of the service: its task definition without the deployment's id, and the
 * versions of the configs it uses. */
static int content_hash(struct plan_ctx *c, const struct plan_service *s, char **out)
{
    cleanup_json json_t *task = NULL;
    int rc = plan_task_definition(c, s, "-", &task);
    if (rc)
        return rc;
    cleanup_free char *text = json_print(task, false, true);
    cleanup_str struct str all = STR_INIT;
    str_append(&all, text);
    plan_task_configs(c, s, &all);
    *out = plan_hash_hex(str_get(&all), 16);
    return 0;
}

static const char *
deployment_of(const struct plan_ctx *c, const struct plan_service *s, const char *hash)
{
    const json_t *before =
        json_object_get(json_at(c->r->previous, "Metadata.Defang.services"), s->s->name);
    const char *deployment = json_str(before, "deployment");
    /* A one-off that runs in this deployment is of this deployment, also when it runs again as it
     * was. */
    return deployment && !s->pending && text_eq(json_str(before, "hash"), hash) ? deployment
                                                                                : c->r->deployment;
}

static void note_service(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, const char *hash)
{
    json_t *services = json_at(c->g->metadata, "Defang.services");
    json_t *entry = plan_json("{s:s,s:s}", "deployment", deployment, "hash", hash);
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].service == s) {
            json_add(
                entry,
                "endpointOutput",
                json_string(arena_printf(c->a, "Endpoint%sP%u", s->id, c->routes[i].port->target)));
            break;
        }
    if (!s->ingress && s->port_count)
        json_add(
            entry,
            "endpoint",
            json_string(arena_printf(c->a, "%s.%s:%u", s->label, c->domain, s->ports[0].target)));
    json_t *sidecars = json_array();
    const struct plan_service *member;
    for (size_t i = 1; (member = plan_task_member(&c->v, s, i)); i++)
        json_push(sidecars, json_string(member->s->name));
    plan_json_list(entry, "sidecars", sidecars);
    json_add(services, s->s->name, entry);
}

json_t *plan_service_network(const struct plan_ctx *c, const struct plan_service *s, bool public)
{
    return plan_json(
        "{s:{s:s,s:[o,o],s:o}}",
        "AwsvpcConfiguration",
        "AssignPublicIp",
        public && !plan_on_instances(&c->v, s) ? "ENABLED" : "DISABLED",
        "SecurityGroups",
        graph_attr(arena_printf(c->a, "SecurityGroup%s", s->id), "GroupId"),
        graph_attr("AppSecurityGroup", "GroupId"),
        "Subnets",
        plan_subnets(c, public));
}

static void add_load_balancers(
    struct plan_ctx *c, const struct plan_service *s, const char *container, json_t *properties)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].service == s)
            json_push(
                list,
                plan_json(
                    "{s:s,s:i,s:o}",
                    "ContainerName",
                    container,
                    "ContainerPort",
                    (int)c->routes[i].port->target,
                    "TargetGroupArn",
                    graph_ref(c->routes[i].target_group)));
    if (!json_array_size(list)) {
        json_decref(list);
        return;
    }
    json_add(properties, "LoadBalancers", list);
    /* Time to start before a failing health check counts. */
    int64_t start = s->s->healthcheck.start_period_ms / 1000;
    json_add(
        properties,
        "HealthCheckGracePeriodSeconds",
        json_integer(start > 60 ? MIN(start, 7200) : 60));
}

/* CloudFormation ends a service when it is steady, its tasks healthy, and a store when it is
 * available: started and healthy alike. A one-off has run when its stage is over (stage.c); what it
 * waits for itself still comes first when it need not run. */
static void add_order(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    const struct plan_service *member;
    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        for (size_t i = 0; i < member->s->depends_on_count; i++) {
            const struct plan_service *on = plan_waited(&c->v, s, &member->s->depends_on[i]);
            if (on && on->once)
                add_order(c, on, id);
            else if (on)
                graph_depend(
                    c->g,
                    id,
                    plan_is_store(on)
                        ? plan_alias_id(c, on)
                        : arena_printf(
                              c->a,
                              on->kind == PLAN_STATIC ? PLAN_STATIC_SITE "%s" : "Service%s",
                              on->id));
        }
}

static void
add_dependencies(struct plan_ctx *c, const struct plan_service *s, const char *id, bool public)
{
    if (graph_get(c->g, "CapacityProviders"))
        graph_depend(c->g, id, "CapacityProviders");
    if (graph_get(c->g, "DhcpOptionsAssociation"))
        graph_depend(c->g, id, "DhcpOptionsAssociation"); /* a task takes its search domain when it
                                                             starts and keeps it */
    plan_depend_on_internet(c, id, public);
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].service == s)
            graph_depend(
                c->g, id, c->routes[i].rule); /* ECS refuses a target group that no listener uses */
    plan_depend_on_volumes(c, s, id);
    add_order(c, s, id);
}

static void add_service(struct plan_ctx *c, const struct plan_service *s, const char *deployment)
{
    const char *id = arena_printf(c->a, "Service%s", s->id);
    cleanup_free char *name = plan_service_name(c->s, c->p->name, s->s->name);
    cleanup_free char *container = plan_container_name(s->s->name, deployment);
    bool instances = plan_on_instances(&c->v, s);
    bool public = plan_in_public(c, s->open && !instances);
    /* Where nothing need stay up during an update, no second instance with a GPU is paid for. */
    bool alone = plan_stops_first(&c->v, s) || (instances && !c->s->min_healthy_percent);
    json_t *provider = instances ? graph_ref(arena_printf(c->a, "CapacityProvider%s", s->id))
                                 : json_string(c->s->capacity_provider);
    json_t *properties = plan_json(
        "{s:s,s:o,s:o,s:i,s:[{s:o,s:i}],s:{s:i,s:i,s:{s:b,s:b}},s:o,s:b,s:s,s:o}",
        "ServiceName",
        name,
        "Cluster",
        plan_cluster_ref(c),
        "TaskDefinition",
        graph_ref(arena_printf(c->a, "TaskDefinition%s", s->id)),
        "DesiredCount",
        (int)s->replicas,
        "CapacityProviderStrategy",
        "CapacityProvider",
        provider,
        "Weight",
        1,
        "DeploymentConfiguration",
        "MinimumHealthyPercent",
        alone ? 0 : (int)c->s->min_healthy_percent,
        "MaximumPercent",
        alone ? 100 : 200,
        "DeploymentCircuitBreaker",
        "Enable",
        1,
        "Rollback",
        1,
        "NetworkConfiguration",
        plan_service_network(c, s, public),
        "EnableECSManagedTags",
        1,
        "PropagateTags",
        "SERVICE",
        "Tags",
        plan_tags(NULL, s->s->name));
    json_push(
        json_object_get(properties, "Tags"),
        plan_json("{s:s,s:s}", "Key", "defang:etag", "Value", deployment));
    add_load_balancers(c, s, container, properties);
    if (s->port_count && !plan_by_sidecar(c))
        json_add(
            properties,
            "ServiceRegistries",
            plan_json(
                "[{s:o}]",
                "RegistryArn",
                graph_attr(arena_printf(c->a, "Discovery%s", s->id), "Arn")));
    struct graph_resource *r = graph_add(c->g, s->group, id, "AWS::ECS::Service", properties);
    r->usual = instances ? "usually 4-8 min" : "usually 1-3 min";
    add_dependencies(c, s, id, public);
    if (s->scaling.present)
        json_object_del(properties, "DesiredCount");
    plan_scaling(c, s);
}

/* A foundation over a deployed stack: what runs goes on as it is, as long as what it refers to is
 * there. */
void plan_keep_container(struct plan_ctx *c, const struct plan_service *s)
{
    const json_t *resources = json_object_get(c->r->previous, "Resources");
    const char *ids[] = {
        arena_printf(c->a, "TaskDefinition%s", s->id), arena_printf(c->a, "Service%s", s->id)};
    const json_t *task = json_object_get(resources, ids[0]),
                 *service = json_object_get(resources, ids[1]);
    const json_t *note =
        json_object_get(json_at(c->r->previous, "Metadata.Defang.services"), s->s->name);
    if (!task || !service || !note || !graph_resolves(c->g, json_object_get(task, "Properties")))
        return;
    graph_add(
        c->g,
        s->group,
        ids[0],
        "AWS::ECS::TaskDefinition",
        json_deep_copy(json_object_get(task, "Properties")));
    if (!graph_resolves(c->g, json_object_get(service, "Properties")))
        return;
    const json_t *on = json_object_get(service, "DependsOn");
    graph_add(
        c->g,
        s->group,
        ids[1],
        "AWS::ECS::Service",
        json_deep_copy(json_object_get(service, "Properties")));
    for (size_t i = 0; i < json_array_size(on); i++)
        if (graph_get(c->g, json_string_value(json_array_get(on, i))))
            graph_depend(c->g, ids[1], json_string_value(json_array_get(on, i)));
    if (json_object_get(resources, arena_printf(c->a, "Scaling%s", s->id)))
        plan_scaling(c, s);
    json_add(json_at(c->g->metadata, "Defang.services"), s->s->name, json_deep_copy(note));
}

int plan_container(struct plan_ctx *c, const struct plan_service *s)
{
    cleanup_free char *hash = NULL;
    json_t *task = NULL;
    int rc = content_hash(c, s, &hash);
    if (rc)
        return rc;
    const char *deployment = deployment_of(c, s, hash);
    rc = plan_task_definition(c, s, deployment, &task);
    if (rc) {
        json_decref(task);
        return rc;
    }
    graph_add(
        c->g,
        s->group,
        arena_printf(c->a, "TaskDefinition%s", s->id),
        "AWS::ECS::TaskDefinition",
        task);
    if (s->once) {
        plan_once_add(c, s, deployment, hash);
        return 0;
    }
    add_service(c, s, deployment);
    note_service(c, s, deployment, hash);
    return 0;
}
