/* Sidecars: containers of a service's tasks that the Compose file calls services of their own. ECS
 * tells of them by the task only, so the running tasks are read and their containers counted. One
 * that may end (it is not essential) is complete when it has ended well in every task. */
#include "engine/run/sidecars.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#define DESCRIBE_TASKS_MAX 100 /* of one call */

static const json_t *definition_of(const json_t *containers, const char *name)
{
    size_t i;
    json_t *definition;

    json_array_foreach(containers, i, definition) {
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

    json_array_foreach(tasks, i, task) {
        json_array_foreach(json_object_get(task, "containers"), k, container) {
            if (text_eq(json_str(container, "name"), name))
                count_container(&n, container);
        }
    }

    return n;
}

/* Any failure outweighs what runs. */
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
        row->health = status_health_text(n.healthy, n.total);
}

/* The first hundred stand for all: as many as one call takes. */
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

int sidecars_read(
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

    json_array_foreach(names, i, name) {
        add_sidecar(r, json_string_value(name), deployment, containers, tasks);
    }

    return 0;
}
