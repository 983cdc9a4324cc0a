/* A container service: task definition, ECS service and what it waits for (defang.md 7.7).
 *
 * Three ways lead here. A service is made anew from the model (plan_container); one that runs once
 * gets no ECS service (once.c); and in a foundation over a deployed stack what runs stays as it is
 * (plan_keep_container). Which deployment's id its containers carry is decided in version.c.
 *
 * CloudFormation is done with an ECS service when it is steady. So DependsOn is the order of the
 * project: what a service waits for is up, and healthy where it has a check, before it starts.
 * docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html */
#include "plan/task/service.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/route.h"
#include "plan/compute/gpu.h"
#include "plan/compute/placement.h"
#include "plan/compute/scaling.h"
#include "plan/container/volumes.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include "plan/task/once.h"
#include "plan/task/taskdef.h"
#include "plan/task/version.h"
#include "plan/view/extensions.h"

/* Seconds of a start in which a failing health check of the load balancer's does not count. */
#define GRACE_MIN 60
#define GRACE_MAX 7200

static const char *id_of(const struct plan_ctx *c, const char *what, const struct plan_service *s)
{
    return arena_printf(c->a, "%s%s", what, s->id);
}

/* ---- parts of the ECS service ---- */

/* A target group for each of its routes; NULL: it has none. */
static json_t *
load_balancers(const struct plan_ctx *c, const struct plan_service *s, const char *container)
{
    json_t *list = array();

    for (size_t i = 0; i < c->route_count; i++) {
        const struct plan_route *route = &c->routes[i];

        if (route->service != s)
            continue;

        json_t *target = object(
            key("ContainerName", container),
            key("ContainerPort", route->port->target),
            key("TargetGroupArn", graph_ref(route->target_group)));
        json_push(list, target);
    }
    return json_unless_empty(list);
}

static json_t *grace_period(const struct plan_service *s)
{
    int64_t start = s->s->healthcheck.start_period_ms / 1000;
    int64_t at_least = MAX(start, GRACE_MIN);

    return json_integer(MIN(at_least, GRACE_MAX));
}

static json_t *capacity_strategy(const struct plan_ctx *c, const struct plan_service *s)
{
    bool instances = plan_on_instances(&c->v, s);
    json_t *provider = instances ? graph_ref(id_of(c, "CapacityProvider", s))
                                 : json_string(c->s->capacity_provider);

    return array(object(key("CapacityProvider", provider), key("Weight", 1)));
}

/* How the service's deploy.update_config would have it; what it does not say is left. ECS counts in
 * per cent of the tasks, Docker in tasks. */
struct update {
    unsigned least, most;
    bool breaker, rollback;
};

static void apply_update_config(const struct plan_service *s, struct update *u)
{
    const struct yaml_node *deploy = s->s->node ? yaml_get(s->s->node, "deploy") : NULL;
    const struct yaml_node *n = deploy ? yaml_get(deploy, "update_config") : NULL;
    const char *order = n ? plan_ext_string(n, "order") : NULL;
    const char *action = n ? plan_ext_string(n, "failure_action") : NULL;
    const char *said = n ? plan_ext_string(n, "parallelism") : NULL;
    unsigned replicas = MAX(s->replicas, 1U);
    long long at_once = replicas; /* 0: all */

    if (said && text_parse_int(said, 1, replicas, &at_once) < 0)
        at_once = replicas;

    unsigned part = (unsigned)((at_once * 100 + replicas - 1) / replicas);
    if (text_eq(order, "stop-first")) {
        u->least = 100 - MIN(part, 100U);
        u->most = 100;
    } else if (text_eq(order, "start-first")) {
        u->least = 100;
        u->most = 100 + MIN(part, 100U);
    }
    u->rollback = !action || text_eq(action, "rollback");
    u->breaker = !text_eq(action, "continue");
}

static struct update update_of(const struct plan_ctx *c, const struct plan_service *s)
{
    bool instances = plan_on_instances(&c->v, s);

    /* Where nothing need stay up during an update, no second instance with a GPU is paid for. */
    bool alone = plan_stops_first(&c->v, s) || (instances && !c->s->min_healthy_percent);
    unsigned least = alone ? 0 : c->s->min_healthy_percent;
    unsigned most = alone ? 100 : 200;

    /* ECS gives up on tasks that never become steady, and goes back to those that did. */
    struct update u = {least, most, true, true};

    apply_update_config(s, &u);
    if (alone) { /* whatever the file says: two tasks would write the same files */
        u.least = least;
        u.most = most;
    }
    return u;
}

static json_t *deployment_configuration(const struct plan_ctx *c, const struct plan_service *s)
{
    struct update u = update_of(c, s);
    bool rollback = u.breaker && u.rollback;
    json_t *breaker = object(key("Enable", u.breaker), key("Rollback", rollback));
    return object(
        key("MinimumHealthyPercent", u.least),
        key("MaximumPercent", u.most),
        key("DeploymentCircuitBreaker", breaker));
}

/* ECS moves tasks to another zone by starting one more than there should be, and refuses to where
 * that is not allowed: on unless it is said otherwise, also for a service whose percentages change.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html */
static json_t *rebalancing(const struct plan_ctx *c, const struct plan_service *s)
{
    return update_of(c, s).most > 100 ? NULL : json_string("DISABLED");
}

/* The service as it is deployed. */
static const json_t *deployed(const struct plan_ctx *c, const struct plan_service *s)
{
    const json_t *resources = json_object_get(c->r->previous, "Resources");

    return json_object_get(json_object_get(resources, id_of(c, "Service", s)), "Properties");
}

/* Tasks stay where they are until they are started anew, and ECS refuses another capacity provider
 * without that order ("you must force a new deployment"). Its nonce is the provider, so that
 * nothing is forced while that stays; once said it stays said, since taking it away would be a
 * change, too. */
static json_t *forced(const struct plan_ctx *c, const struct plan_service *s)
{
    const json_t *before = deployed(c, s);
    cleanup_json json_t *strategy = capacity_strategy(c, s);
    bool same = json_equal(json_object_get(before, "CapacityProviderStrategy"), strategy);
    bool instances = plan_on_instances(&c->v, s);

    if (!before || (same && !json_object_get(before, "ForceNewDeployment")))
        return NULL;
    return object(
        key("EnableForceNewDeployment", true),
        key("ForceNewDeploymentNonce", instances ? "instances" : c->s->capacity_provider));
}

/* The registry of its private name; with the sidecar of discovery the task registers itself. One
 * that it had goes when an empty list is said: without a word ECS keeps it, and what is registered
 * with it keeps the name from being deleted (containers-roadmap#1746). */
static json_t *registries(const struct plan_ctx *c, const struct plan_service *s)
{
    bool registered = plan_has_name(s) && !plan_by_sidecar(c);

    if (!registered)
        return json_object_get(deployed(c, s), "ServiceRegistries") ? json_array() : NULL;
    return array(object(key("RegistryArn", graph_attr(id_of(c, "Discovery", s), "Arn"))));
}

/* The id is a tag too: a task shows which deployment it is of (PropagateTags). */
static json_t *tags(const struct plan_service *s, const char *deployment)
{
    json_t *list = plan_tags(NULL, s->s->name);

    json_push(list, object(key("Key", "defang:etag"), key("Value", deployment)));
    return list;
}

/* ---- what it waits for ---- */

/* The resource that is there when the service `on` can be used. */
static const char *resource_of(struct plan_ctx *c, const struct plan_service *on)
{
    if (plan_is_store(on))
        return plan_alias_id(c, on);
    return id_of(c, on->kind == PLAN_STATIC ? PLAN_STATIC_SITE : "Service", on);
}

static void wait_for(struct plan_ctx *c, const char *id, const struct plan_service *on)
{
    graph_depend(c->g, id, resource_of(c, on));
    for (size_t i = 0; i < c->v.alias_count; i++)
        if (c->v.aliases[i].of == on && c->v.aliases[i].record)
            graph_depend(c->g, id, plan_other_name_id(c, &c->v.aliases[i]));
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
                wait_for(c, id, on);
        }
}

static void
add_dependencies(struct plan_ctx *c, const struct plan_service *s, const char *id, bool public)
{
    if (graph_get(c->g, "CapacityProviders"))
        graph_depend(c->g, id, "CapacityProviders");

    /* A task takes its search domain when it starts and keeps it. */
    if (graph_get(c->g, "DhcpOptionsAssociation"))
        graph_depend(c->g, id, "DhcpOptionsAssociation");
    plan_depend_on_internet(c, id, public);

    /* ECS refuses a target group that no listener uses. */
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].service == s)
            graph_depend(c->g, id, c->routes[i].rule);

    plan_depend_on_volumes(c, s, id);
    add_order(c, s, id);
}

/* ---- the resources ---- */

static void add_service(struct plan_ctx *c, const struct plan_service *s, const char *deployment)
{
    const char *id = id_of(c, "Service", s);
    cleanup_free char *name = plan_service_name(c->s, c->p->name, s->s->name);
    cleanup_free char *container = plan_container_name(s->s->name, deployment);
    bool instances = plan_on_instances(&c->v, s);
    bool public = plan_in_public(c, s->open && !instances);

    /* Unsaid, it is left as the scaler set it. */
    json_t *count = s->scaling.present ? NULL : json_integer(s->replicas);
    json_t *balancers = load_balancers(c, s, container);
    json_t *grace = balancers ? grace_period(s) : NULL;

    json_t *service = object(
        key("ServiceName", name),
        key("Cluster", plan_cluster_ref(c)),
        key("TaskDefinition", graph_ref(id_of(c, "TaskDefinition", s))),
        key("DesiredCount", count),
        key("CapacityProviderStrategy", capacity_strategy(c, s)),
        key("DeploymentConfiguration", deployment_configuration(c, s)),
        key("AvailabilityZoneRebalancing", rebalancing(c, s)),
        key("ForceNewDeployment", forced(c, s)),
        key("NetworkConfiguration", plan_service_network(c, s, public)),
        key("EnableECSManagedTags", true),
        key("PropagateTags", "SERVICE"),
        key("Tags", tags(s, deployment)),
        key("LoadBalancers", balancers),
        key("HealthCheckGracePeriodSeconds", grace),
        key("ServiceRegistries", registries(c, s)));

    struct graph_resource *r = graph_add(c->g, s->group, id, "AWS::ECS::Service", service);
    r->usual = instances ? "usually 4-8 min" : "usually 1-3 min";

    add_dependencies(c, s, id, public);
    plan_scaling(c, s);
}

static void add_task_definition(struct plan_ctx *c, const struct plan_service *s, json_t *task)
{
    const char *id = id_of(c, "TaskDefinition", s);

    graph_add(c->g, s->group, id, "AWS::ECS::TaskDefinition", task);
}

int plan_container(struct plan_ctx *c, const struct plan_service *s)
{
    cleanup_free char *hash = NULL;
    json_t *task = NULL;

    int rc = plan_version_hash(c, s, &hash);
    if (rc)
        return rc;

    const char *deployment = plan_version_deployment(c, s, hash);
    rc = plan_task_definition(c, s, deployment, &task);
    if (rc) {
        json_decref(task);
        return rc;
    }
    add_task_definition(c, s, task);

    if (s->once) {
        plan_once_add(c, s, deployment, hash);
    } else {
        add_service(c, s, deployment);
        plan_version_note(c, s, deployment, hash);
    }
    return 0;
}

/* ---- a foundation over a deployed stack: what runs goes on as it is ---- */

/* What the service waited for may be gone from the project. */
static void keep_order(struct plan_ctx *c, const char *id, const json_t *depends_on)
{
    for (size_t i = 0; i < json_array_size(depends_on); i++) {
        const char *on = json_string_value(json_array_get(depends_on, i));

        if (graph_get(c->g, on))
            graph_depend(c->g, id, on);
    }
}

/* As long as what it refers to is there. */
void plan_keep_container(struct plan_ctx *c, const struct plan_service *s)
{
    const json_t *resources = json_object_get(c->r->previous, "Resources");
    const json_t *notes = json_at(c->r->previous, "Metadata.Defang.services");
    const json_t *note = json_object_get(notes, s->s->name);
    const char *service_id = id_of(c, "Service", s);
    const json_t *service = json_object_get(resources, service_id);
    const json_t *of_service = json_object_get(service, "Properties");
    const json_t *task = json_object_get(resources, id_of(c, "TaskDefinition", s));
    const json_t *of_task = json_object_get(task, "Properties");

    if (!task || !service || !note || !graph_resolves(c->g, of_task))
        return;
    add_task_definition(c, s, json_deep_copy(of_task));

    if (!graph_resolves(c->g, of_service))
        return;
    graph_add(c->g, s->group, service_id, "AWS::ECS::Service", json_deep_copy(of_service));
    keep_order(c, service_id, json_object_get(service, "DependsOn"));

    if (json_object_get(resources, id_of(c, "Scaling", s)))
        plan_scaling(c, s);
    json_add(json_at(c->g->metadata, "Defang.services"), s->s->name, json_deep_copy(note));
}
