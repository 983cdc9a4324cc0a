/* One reader for each kind of service: ECS services with their sidecars, databases, caches.
 *
 * The template says what was deployed, the resources where it is; its state is asked of its own AWS
 * service. What was deleted behind CloudFormation's back is that service's state (MISSING), not an
 * end of the list. */
#include "engine/run/service_state.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <string.h>

#define DESCRIBE_TASKS_MAX 100

const char *status_physical(const struct status_reader *r, const char *logical_id)
{
    return json_string_value(json_object_get(r->resources, logical_id));
}

/* What the planner noted of the service in the template's Metadata. */
static const json_t *note_of(const struct status_reader *r, const char *service)
{
    return json_object_get(json_at(r->template, "Metadata.Defang.services"), service);
}

/* An output of the stack where the address is known only there, else the planner's word. */
static char *endpoint_of(const struct status_reader *r, const char *service)
{
    const json_t *note = note_of(r, service);
    const char *output = json_str(note, "endpointOutput");
    const char *value = output ? json_str(r->outputs, output) : NULL;
    return xstrdup_null(value ? value : json_str(note, "endpoint"));
}

char *status_deployment(const struct status_reader *r, const char *service)
{
    return xstrdup_null(json_str(note_of(r, service), "deployment"));
}

const json_t *status_containers(const struct status_reader *r, const char *service)
{
    cleanup_free char *group = xasprintf("service/%s", service);
    const char *id;
    json_t *resource;

    json_object_foreach(json_object_get(r->template, "Resources"), id, resource)
    {
        bool is_definition = text_eq(json_str(resource, "Type"), "AWS::ECS::TaskDefinition");
        if (is_definition && text_eq(json_str(resource, "Metadata.Group"), group))
            return json_at(resource, "Properties.ContainerDefinitions");
    }
    return NULL;
}

struct flow_service_status *
status_row_add(struct status_reader *r, const char *service, const char *kind)
{
    struct flow_service_status row = {
        .name = xstrdup(service),
        .kind = xstrdup(kind),
        .deployment = status_deployment(r, service),
        .endpoint = endpoint_of(r, service)};

    vec_push(&r->rows, row);
    return vec_last(&r->rows);
}

static const json_t *primary_of(const json_t *service)
{
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(service, "deployments"), i, d)
    {
        if (text_eq(json_str(d, "status"), "PRIMARY"))
            return d;
    }
    return NULL;
}

static void fill_ecs(struct flow_service_status *row, const json_t *service)
{
    const json_t *primary = primary_of(service);
    row->desired = (unsigned)json_int_or(service, "desiredCount", 0);
    row->running = (unsigned)json_int_or(service, "runningCount", 0);
    row->pending = (unsigned)json_int_or(service, "pendingCount", 0);
    const char *rollout = json_str_or(primary, "rolloutState", "");
    const char *state = row->running >= row->desired ? "RUNNING" : "DEGRADED";
    if (text_eq(rollout, "FAILED"))
        state = "FAILED";
    else if (text_eq(rollout, "IN_PROGRESS"))
        state = "DEPLOYING";

    row->state = xstrdup(state);
    if (!text_eq(state, "RUNNING"))
        row->reason = xstrdup_null(json_str(primary, "rolloutStateReason"));
    if (row->running < row->desired && !row->reason)
        row->reason = xstrdup_null(json_str(service, "events.0.message"));
}

static char *health_text(unsigned healthy, unsigned total)
{
    if (healthy == total)
        return xstrdup("healthy");
    return xasprintf("%u of %u healthy", healthy, total);
}

/* Health by the load balancer where there is one: what people at the door see. */
static int fill_health(
    struct status_reader *r,
    struct flow_service_status *row,
    const json_t *service,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    const char *group = json_str(service, "loadBalancers.0.targetGroupArn");
    if (!group)
        return 0;

    json_t *in = object(key("TargetGroupArn", group));
    int rc = engine_call(r->c, &aws_elbv2_DescribeTargetHealth, in, &reply, err);
    if (rc < 0 && aws_error_is_not_found(err)) {
        error_done(err);
        return 0;
    }
    if (rc < 0)
        return error_wrap(err, "reading the health of %s", row->name);

    unsigned healthy = 0, total = 0;
    size_t i;
    json_t *target;
    json_array_foreach(json_object_get(reply, "TargetHealthDescriptions"), i, target)
    {
        healthy += text_eq(json_str(target, "TargetHealth.State"), "healthy");
        total++;
    }
    row->health = total == 0 ? xstrdup("no targets") : health_text(healthy, total);
    return 0;
}

/* Deleted behind CloudFormation's back: that is this service's state, not an end of the list. */
static int missing_or(struct flow_service_status *row, struct error *err, const char *what)
{
    if (!aws_error_is_not_found(err))
        return error_wrap(err, "looking at %s %s", what, row->name);
    error_done(err);
    row->state = xstrdup("MISSING");
    return 0;
}

/* ---- sidecars: containers in a service's tasks, of which ECS tells by the task only ---- */

static const json_t *definition_of(const json_t *containers, const char *name)
{
    size_t i;
    json_t *definition;

    json_array_foreach(containers, i, definition)
    {
        if (text_eq(json_str(definition, "Name"), name))
            return definition;
    }
    return NULL;
}

struct container_count {
    unsigned total, running, pending, ended, failed, healthy;
};

static void count_container(struct container_count *n, const json_t *container)
{
    const char *status = json_str(container, "lastStatus");
    long long code = json_int_or(container, "exitCode", -1);

    n->total++;
    n->running += text_eq(status, "RUNNING");
    n->pending += text_eq(status, "PENDING");
    n->ended += code == 0;
    n->failed += code > 0;
    n->healthy += text_eq(json_str(container, "healthStatus"), "HEALTHY");
}

static struct container_count count_containers(const json_t *tasks, const char *name)
{
    struct container_count n = {0};
    size_t i, k;
    json_t *task, *container;

    json_array_foreach(tasks, i, task)
    {
        json_array_foreach(json_object_get(task, "containers"), k, container)
        {
            if (text_eq(json_str(container, "name"), name))
                count_container(&n, container);
        }
    }
    return n;
}

/* One that may end (not essential) is complete when it has ended well everywhere. */
static const char *sidecar_state(const struct container_count *n, bool lasting)
{
    if (n->failed)
        return "FAILED";
    if (n->pending)
        return "DEPLOYING";
    if (n->running == n->total)
        return "RUNNING";
    if (!lasting && n->running + n->ended == n->total)
        return "COMPLETED";
    return "DEGRADED";
}

static void
fill_sidecar(struct flow_service_status *row, const json_t *definition, const json_t *tasks)
{
    struct container_count n = count_containers(tasks, json_str(definition, "Name"));
    bool lasting = json_bool_or(definition, "Essential", true);

    row->desired = n.total;
    row->running = n.running;
    row->pending = n.pending;
    row->state = xstrdup(sidecar_state(&n, lasting));
    if (json_object_get(definition, "HealthCheck"))
        row->health = health_text(n.healthy, n.total);
}

static int
read_tasks(struct status_reader *r, const char *service_arn, json_t **tasks, struct error *err)
{
    cleanup_json json_t *arns = NULL, *reply = NULL;
    json_t *in = object(key("cluster", r->cluster), key("serviceName", service_arn));
    *tasks = NULL;

    int rc = engine_call_all(r->c, &aws_ecs_ListTasks, in, &arns, err);
    if (rc < 0 || json_array_size(arns) == 0)
        return rc;
    while (json_array_size(arns) > DESCRIBE_TASKS_MAX)
        json_array_remove(arns, json_array_size(arns) - 1);

    in = object(key("cluster", r->cluster), key("tasks", json_incref(arns)));
    rc = engine_call(r->c, &aws_ecs_DescribeTasks, in, &reply, err);
    *tasks = json_incref(json_object_get(reply, "tasks"));
    return rc;
}

static void add_sidecar(
    struct status_reader *r,
    const char *name,
    const char *deployment,
    const json_t *containers,
    const json_t *tasks)
{
    cleanup_free char *container = plan_container_name(name, deployment);
    const json_t *definition = definition_of(containers, container);
    struct flow_service_status *row = status_row_add(r, name, "sidecar");

    free(row->deployment);
    row->deployment = xstrdup(deployment);
    row->image = xstrdup_null(json_str(definition, "Image"));
    fill_sidecar(row, definition, tasks);
}

static int read_sidecars(
    struct status_reader *r,
    const char *service,
    const char *service_arn,
    const json_t *containers,
    struct error *err)
{
    const json_t *services = json_at(r->template, "Metadata.Defang.services");
    const json_t *names = json_object_get(json_object_get(services, service), "sidecars");
    cleanup_free char *deployment = status_deployment(r, service);
    cleanup_json json_t *tasks = NULL;
    if (!json_array_size(names) || !deployment)
        return 0;

    int rc = read_tasks(r, service_arn, &tasks, err);
    if (rc < 0)
        return error_wrap(err, "looking at the tasks of service %s", service);

    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        add_sidecar(r, json_string_value(name), deployment, containers, tasks);
    }
    return 0;
}

/* ---- one for each type ---- */

static int pending(struct flow_service_status *row)
{
    row->state = xstrdup("PENDING");
    return 0;
}

static int read_ecs_service(
    struct status_reader *r, const char *service, const char *logical_id, struct error *err)
{
    struct flow_service_status *row = status_row_add(r, service, "service");
    const json_t *containers = status_containers(r, service);
    const char *arn = status_physical(r, logical_id);
    cleanup_json json_t *reply = NULL;

    row->image = xstrdup_null(json_str(containers, "0.Image"));
    if (!arn)
        return pending(row);

    json_t *in = object(key("cluster", r->cluster), key("services", texts(arn)));
    int rc = engine_call(r->c, &aws_ecs_DescribeServices, in, &reply, err);
    if (rc < 0)
        return error_wrap(err, "looking at service %s", service);

    const json_t *found = json_at(reply, "services.0");
    if (!found) {
        row->state = xstrdup("MISSING");
        return 0;
    }
    fill_ecs(row, found);
    rc = fill_health(r, row, found, err);
    return rc < 0 ? rc : read_sidecars(r, service, arn, containers, err);
}

/* A store's own word is its health, and its state unless it is available. */
static void fill_store(struct flow_service_status *row, const char *status)
{
    bool available = text_eq(status, "available");

    row->running = available;
    row->state = xstrdup(available ? "RUNNING" : status);
    row->health = xstrdup(status);
}

static int read_postgres(
    struct status_reader *r, const char *service, const char *logical_id, struct error *err)
{
    struct flow_service_status *row = status_row_add(r, service, "postgres");
    const char *id = status_physical(r, logical_id);
    cleanup_json json_t *reply = NULL;

    row->desired = 1;
    if (!id)
        return pending(row);

    json_t *in = object(key("DBInstanceIdentifier", id));
    int rc = engine_call(r->c, &aws_rds_DescribeDBInstances, in, &reply, err);
    if (rc < 0)
        return missing_or(row, err, "database");

    const json_t *db = json_at(reply, "DBInstances.0");
    fill_store(row, json_str_or(db, "DBInstanceStatus", "unknown"));
    row->image = xasprintf(
        "%s %s (%s)",
        json_str_or(db, "Engine", "postgres"),
        json_str_or(db, "EngineVersion", "?"),
        json_str_or(db, "DBInstanceClass", "?"));
    return 0;
}

static int
read_redis(struct status_reader *r, const char *service, const char *logical_id, struct error *err)
{
    struct flow_service_status *row = status_row_add(r, service, "redis");
    const char *id = status_physical(r, logical_id);
    cleanup_json json_t *reply = NULL;

    row->desired = 1;
    if (!id)
        return pending(row);

    json_t *in = object(key("ReplicationGroupId", id));
    int rc = engine_call(r->c, &aws_elasticache_DescribeReplicationGroups, in, &reply, err);
    if (rc < 0)
        return missing_or(row, err, "cache");

    const json_t *group = json_at(reply, "ReplicationGroups.0");
    fill_store(row, json_str_or(group, "Status", "unknown"));
    row->image = xasprintf(
        "%s (%s)", json_str_or(group, "Engine", "redis"), json_str_or(group, "CacheNodeType", "?"));
    return 0;
}

static const struct {
    const char *type;
    status_fn *read;
} READERS[] = {
    {"AWS::ECS::Service", read_ecs_service},
    {"AWS::RDS::DBInstance", read_postgres},
    {"AWS::ElastiCache::ReplicationGroup", read_redis},
};

status_fn *status_reader_of(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(READERS); i++)
        if (text_eq(READERS[i].type, type))
            return READERS[i].read;
    return NULL;
}
