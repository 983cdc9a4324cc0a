/* `ps`: what runs now, from the deployed template and the services' own word. */
#include "engine/flow.h"
#include "engine/build/tasks.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DESCRIBE_MAX 10
#define DESCRIBE_TASKS_MAX 100

void flow_status_done(struct flow_status *s)
{
    for (size_t i = 0; i < s->len; i++) {
        struct flow_service_status *x = &s->services[i];
        char *const texts[] = {x->name, x->kind, x->deployment, x->state, x->endpoint, x->health, x->image, x->reason};
        for (size_t t = 0; t < ARRAY_LEN(texts); t++)
            free(texts[t]);
    }
    free(s->services);
    *s = (struct flow_status){0};
}

struct reader {
    struct engine_context *c;
    const json_t *template, *outputs;
    const json_t *resources;                 /* logical id → physical id */
    VEC(struct flow_service_status) rows;
    char *cluster;
};

static const char *physical(const struct reader *r, const char *logical_id)
{
    return json_string_value(json_object_get(r->resources, logical_id));
}

/* Outputs are named "Endpoint<Service label>"; see plan: the template's Metadata says which belongs to which. */
static char *endpoint_of(const struct reader *r, const char *service)
{
    const json_t *entry = json_object_get(json_at(r->template, "Metadata.Defang.services"), service);
    const char *output = json_str(entry, "endpointOutput");
    const char *value = output ? json_str(r->outputs, output) : NULL;
    return xstrdup_null(value ? value : json_str(entry, "endpoint"));
}

static char *deployment_of(const struct reader *r, const char *service)
{
    return xstrdup_null(json_str(json_object_get(json_at(r->template, "Metadata.Defang.services"), service), "deployment"));
}

/* The containers of the group's task definition: the service's own first. */
static const json_t *containers_of(const struct reader *r, const char *group)
{
    const char *id;
    json_t *resource;
    json_object_foreach(json_object_get(r->template, "Resources"), id, resource)
        if (text_eq(json_str(resource, "Metadata.Group"), group) && text_eq(json_str(resource, "Type"), "AWS::ECS::TaskDefinition"))
            return json_at(resource, "Properties.ContainerDefinitions");
    return NULL;
}

static struct flow_service_status *row_add(struct reader *r, const char *service, const char *kind)
{
    vec_push(&r->rows, (struct flow_service_status){.name = xstrdup(service), .kind = xstrdup(kind), .deployment = deployment_of(r, service),
                                                    .endpoint = endpoint_of(r, service)});
    return vec_last(&r->rows);
}

static const json_t *primary_of(const json_t *service)
{
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(service, "deployments"), i, d)
        if (text_eq(json_str(d, "status"), "PRIMARY"))
            return d;
    return NULL;
}

static void fill_ecs(struct flow_service_status *row, const json_t *service)
{
    const json_t *primary = primary_of(service);
    row->desired = (unsigned)json_int_or(service, "desiredCount", 0);
    row->running = (unsigned)json_int_or(service, "runningCount", 0);
    row->pending = (unsigned)json_int_or(service, "pendingCount", 0);
    const char *rollout = json_str_or(primary, "rolloutState", "");
    const char *state = text_eq(rollout, "FAILED") ? "FAILED" : text_eq(rollout, "IN_PROGRESS") ? "DEPLOYING"
                        : row->running >= row->desired ? "RUNNING" : "DEGRADED";
    row->state = xstrdup(state);
    if (!text_eq(state, "RUNNING"))
        row->reason = xstrdup_null(json_str(primary, "rolloutStateReason"));
    if (row->running < row->desired && !row->reason)
        row->reason = xstrdup_null(json_str(service, "events.0.message"));
}

/* Health by the load balancer where there is one: what people at the door see. */
static int fill_health(struct reader *r, struct flow_service_status *row, const json_t *service, struct error *err)
{
    const char *group = json_str(service, "loadBalancers.0.targetGroupArn");
    if (!group)
        return 0;
    cleanup_json json_t *reply = NULL;
    int rc = engine_call(r->c, &aws_elbv2_DescribeTargetHealth, json_pack("{s:s}", "TargetGroupArn", group), &reply, err);
    if (rc < 0 && aws_error_is_not_found(err)) {
        error_done(err);
        return 0;
    }
    if (rc < 0)
        return error_wrap(err, "reading the health of %s", row->name);
    unsigned healthy = 0, total = (unsigned)json_len(reply, "TargetHealthDescriptions");
    for (unsigned i = 0; i < total; i++)
        if (text_eq(json_str(json_array_get(json_at(reply, "TargetHealthDescriptions"), i), "TargetHealth.State"), "healthy"))
            healthy++;
    row->health = total == 0 ? xstrdup("no targets") : healthy == total ? xstrdup("healthy") : xasprintf("%u of %u healthy", healthy, total);
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
        if (text_eq(json_str(definition, "Name"), name))
            return definition;
    return NULL;
}

static void fill_sidecar(struct flow_service_status *row, const json_t *definition, const json_t *tasks)
{
    const char *name = json_str(definition, "Name");
    bool lasting = json_bool_or(definition, "Essential", true);
    unsigned ended = 0, failed = 0, healthy = 0;
    size_t i, k;
    json_t *task, *container;
    json_array_foreach(tasks, i, task)
        json_array_foreach(json_object_get(task, "containers"), k, container) {
            if (!text_eq(json_str(container, "name"), name))
                continue;
            long long code = json_int_or(container, "exitCode", -1);
            row->desired++;
            row->running += text_eq(json_str(container, "lastStatus"), "RUNNING");
            row->pending += text_eq(json_str(container, "lastStatus"), "PENDING");
            ended += code == 0;
            failed += code > 0;
            healthy += text_eq(json_str(container, "healthStatus"), "HEALTHY");
        }
    row->state = xstrdup(failed                                    ? "FAILED"
                         : row->pending                            ? "DEPLOYING"
                         : row->running == row->desired            ? "RUNNING"
                         : !lasting && row->running + ended == row->desired ? "COMPLETED"
                                                                   : "DEGRADED");
    if (json_object_get(definition, "HealthCheck"))
        row->health = healthy == row->desired ? xstrdup("healthy") : xasprintf("%u of %u healthy", healthy, row->desired);
}

static int read_tasks(struct reader *r, const char *service_arn, json_t **tasks, struct error *err)
{
    cleanup_json json_t *arns = NULL, *reply = NULL;
    *tasks = NULL;
    int rc = engine_call_all(r->c, &aws_ecs_ListTasks, json_pack("{s:s,s:s}", "cluster", r->cluster, "serviceName", service_arn), &arns, err);
    if (rc < 0 || json_array_size(arns) == 0)
        return rc;
    while (json_array_size(arns) > DESCRIBE_TASKS_MAX)
        json_array_remove(arns, json_array_size(arns) - 1);
    rc = engine_call(r->c, &aws_ecs_DescribeTasks, json_pack("{s:s,s:O}", "cluster", r->cluster, "tasks", arns), &reply, err);
    *tasks = json_incref(json_object_get(reply, "tasks"));
    return rc;
}

static int read_sidecars(struct reader *r, const char *service, const char *service_arn, const json_t *containers, struct error *err)
{
    const json_t *names = json_object_get(json_object_get(json_at(r->template, "Metadata.Defang.services"), service), "sidecars");
    cleanup_free char *deployment = deployment_of(r, service);
    cleanup_json json_t *tasks = NULL;
    if (!json_array_size(names) || !deployment)
        return 0;
    int rc = read_tasks(r, service_arn, &tasks, err);
    if (rc < 0)
        return error_wrap(err, "looking at the tasks of service %s", service);
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name) {
        cleanup_free char *container = plan_container_name(json_string_value(name), deployment);
        const json_t *definition = definition_of(containers, container);
        struct flow_service_status *row = row_add(r, json_string_value(name), "sidecar");
        free(row->deployment);
        row->deployment = xstrdup(deployment);
        row->image = xstrdup_null(json_str(definition, "Image"));
        fill_sidecar(row, definition, tasks);
    }
    return 0;
}

static int read_ecs_service(struct reader *r, const char *service, const char *logical_id, struct error *err)
{
    struct flow_service_status *row = row_add(r, service, "service");
    cleanup_free char *group = xasprintf("service/%s", service);
    const json_t *containers = containers_of(r, group);
    row->image = xstrdup_null(json_str(containers, "0.Image"));
    const char *arn = physical(r, logical_id);
    if (!arn) {
        row->state = xstrdup("PENDING");
        return 0;
    }
    cleanup_json json_t *reply = NULL;
    int rc = engine_call(r->c, &aws_ecs_DescribeServices, json_pack("{s:s,s:[s]}", "cluster", r->cluster, "services", arn), &reply, err);
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

static int read_postgres(struct reader *r, const char *service, const char *logical_id, struct error *err)
{
    struct flow_service_status *row = row_add(r, service, "postgres");
    const char *id = physical(r, logical_id);
    row->desired = 1;
    if (!id) {
        row->state = xstrdup("PENDING");
        return 0;
    }
    cleanup_json json_t *reply = NULL;
    int rc = engine_call(r->c, &aws_rds_DescribeDBInstances, json_pack("{s:s}", "DBInstanceIdentifier", id), &reply, err);
    if (rc < 0)
        return missing_or(row, err, "database");
    const json_t *db = json_at(reply, "DBInstances.0");
    const char *status = json_str_or(db, "DBInstanceStatus", "unknown");
    row->running = text_eq(status, "available");
    row->state = text_eq(status, "available") ? xstrdup("RUNNING") : xstrdup(status);
    row->image = xasprintf("%s %s (%s)", json_str_or(db, "Engine", "postgres"), json_str_or(db, "EngineVersion", "?"), json_str_or(db, "DBInstanceClass", "?"));
    row->health = xstrdup(status);
    return 0;
}

static int read_redis(struct reader *r, const char *service, const char *logical_id, struct error *err)
{
    struct flow_service_status *row = row_add(r, service, "redis");
    const char *id = physical(r, logical_id);
    row->desired = 1;
    if (!id) {
        row->state = xstrdup("PENDING");
        return 0;
    }
    cleanup_json json_t *reply = NULL;
    int rc = engine_call(r->c, &aws_elasticache_DescribeReplicationGroups, json_pack("{s:s}", "ReplicationGroupId", id), &reply, err);
    if (rc < 0)
        return missing_or(row, err, "cache");
    const json_t *group = json_at(reply, "ReplicationGroups.0");
    const char *status = json_str_or(group, "Status", "unknown");
    row->running = text_eq(status, "available");
    row->state = text_eq(status, "available") ? xstrdup("RUNNING") : xstrdup(status);
    row->image = xasprintf("%s (%s)", json_str_or(group, "Engine", "redis"), json_str_or(group, "CacheNodeType", "?"));
    row->health = xstrdup(status);
    return 0;
}

/* ---- services that run once: the deployed template's notes name them ---- */
static int runs_now(struct reader *r, const char *service, bool *now, struct error *err)
{
    cleanup_free char *group = xasprintf("service/%s", service);
    const char *id;
    json_t *resource;
    const char *family = NULL;
    json_object_foreach(json_object_get(r->template, "Resources"), id, resource)
        if (text_eq(json_str(resource, "Metadata.Group"), group) && text_eq(json_str(resource, "Type"), "AWS::ECS::TaskDefinition"))
            family = json_str(resource, "Properties.Family");
    cleanup_json json_t *list = NULL;
    int rc = 0;
    if (family && r->cluster)
        rc = engine_call(r->c, &aws_ecs_ListTasks, json_pack("{s:s,s:s}", "cluster", r->cluster, "family", family), &list, err);
    *now = json_len(list, "taskArns") > 0;
    return rc < 0 ? error_wrap(err, "looking for tasks of %s", service) : 0;
}

/* "2026-11-23T01:08:45Z" */
static void time_text(int64_t ms, char *out, size_t n)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, n, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int read_once(struct reader *r, const char *service, struct error *err)
{
    struct flow_service_status *row = row_add(r, service, "once");
    cleanup_free char *group = xasprintf("service/%s", service);
    row->image = xstrdup_null(json_str(containers_of(r, group), "0.Image"));
    struct flow_run last = {0};
    bool now = false;
    int rc = runs_now(r, service, &now, err);
    if (rc == 0)
        rc = flow_runs_read(r->c, &service, 1, &last, err);
    if (rc < 0)
        return rc;
    row->desired = row->running = now;
    if (now || !last.known) {
        row->state = xstrdup(now ? "RUNNING" : "NOT RUN");
    } else {
        char when[40];
        time_text(last.ended_ms, when, sizeof when);
        row->state = xstrdup(last.exit_code == 0 ? "COMPLETED" : "FAILED");
        row->reason = last.exit_code == 0 ? xasprintf("exited 0 at %s", when) : xasprintf("%s, at %s", last.reason ? last.reason : "failed", when);
        free(row->deployment);
        row->deployment = xstrdup_null(last.deployment);
    }
    flow_run_done(&last);
    return 0;
}

static int read_onces(struct reader *r, struct error *err)
{
    const char *service;
    json_t *note;
    int rc = 0;
    json_object_foreach(json_at(r->template, "Metadata.Defang.services"), service, note)
        if (rc == 0 && json_str(note, "once"))
            rc = read_once(r, service, err);
    return rc;
}

static const struct {
    const char *type;
    int (*read)(struct reader *r, const char *service, const char *logical_id, struct error *err);
} readers[] = {
    {"AWS::ECS::Service", read_ecs_service},
    {"AWS::RDS::DBInstance", read_postgres},
    {"AWS::ElastiCache::ReplicationGroup", read_redis},
};

static int read_services(struct reader *r, struct error *err)
{
    const char *id;
    json_t *resource;
    json_object_foreach(json_object_get(r->template, "Resources"), id, resource) {
        const char *group = json_str_or(resource, "Metadata.Group", "");
        if (!text_starts(group, "service/"))
            continue;
        for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
            if (!text_eq(readers[i].type, json_str(resource, "Type")))
                continue;
            int rc = readers[i].read(r, group + strlen("service/"), id, err);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

/* Of the ARN of a service, arn:…:service/<cluster>/<name>: a project may run in a cluster that its stack does not hold. */
static char *cluster_of(const char *service_arn)
{
    const char *at = service_arn ? strstr(service_arn, ":service/") : NULL;
    const char *name = at ? at + strlen(":service/") : NULL, *slash = name ? strchr(name, '/') : NULL;
    return slash ? xstrndup(name, (size_t)(slash - name)) : NULL;
}

/* Cluster: the stack's own, or the one that a service's ARN names. */
static void find_cluster(struct reader *r)
{
    const char *id;
    json_t *resource;
    json_object_foreach(json_object_get(r->template, "Resources"), id, resource) {
        if (text_eq(json_str(resource, "Type"), "AWS::ECS::Cluster") && !r->cluster)
            r->cluster = xstrdup_null(physical(r, id));
        if (text_eq(json_str(resource, "Type"), "AWS::ECS::Service") && !r->cluster)
            r->cluster = cluster_of(physical(r, id));
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct flow_service_status *)a)->name, ((const struct flow_service_status *)b)->name);
}

int flow_status(struct engine_context *c, struct flow_status *out, struct error *err)
{
    *out = (struct flow_status){0};
    const struct engine *engine = c->engine ? c->engine : &engine_cloudformation;
    struct engine_template deployed = {0};
    cleanup_json json_t *outputs = NULL, *resources = NULL;
    int rc = engine->deployed(c, &deployed, err);
    if (rc == 0 && !deployed.exists) {
        rc = error_raise(err, ERR_NOT_FOUND, "project %s (stack %s) is not deployed in %s", c->project, c->settings->stack, aws_session_region(c->aws));
        error_hint(err, "deploy it with `defangctl up`");
    }
    if (rc == 0)
        rc = engine->outputs(c, &outputs, err);
    if (rc == 0)
        rc = engine->resources(c, &resources, err);
    struct reader r = {.c = c, .template = deployed.json, .outputs = outputs, .resources = resources};
    find_cluster(&r);
    if (rc == 0)
        rc = read_services(&r, err);
    if (rc == 0)
        rc = read_onces(&r, err);
    if (r.rows.len)
        qsort(r.rows.items, r.rows.len, sizeof *r.rows.items, by_name);
    *out = (struct flow_status){.services = r.rows.items, .len = r.rows.len};
    free(r.cluster);
    engine_template_done(&deployed);
    return rc;
}
