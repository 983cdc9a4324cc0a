/* See gone.h. ECS tells a deleted service as INACTIVE for a while, then as one of `failures` with
 * the reason MISSING (API reference, DescribeServices); a deleted cluster is an error of the call.
 */
#include "engine/run/gone.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/engine.h"
#include "engine/run/status_reader.h"

#define DESCRIBE_MAX 10 /* services a DescribeServices call takes */

struct look {
    struct engine_context *c;
    const json_t *resources; /* of the template */
    json_t *physical;        /* logical id → physical id */
    json_t *gone;
};

static bool is_service(const struct look *l, const char *id)
{
    return text_eq(json_str(json_object_get(l->resources, id), "Type"), "AWS::ECS::Service");
}

static void mark(struct look *l, const char *id)
{
    if (!l->gone)
        l->gone = json_object();
    json_object_set_new(l->gone, id, json_true());
}

/* The cluster takes its services with it. */
static void mark_cluster(struct look *l)
{
    const char *id;
    json_t *resource;

    json_object_foreach((json_t *)l->resources, id, resource) {
        const char *type = json_str(resource, "Type");

        if (text_eq(type, "AWS::ECS::Cluster") || text_eq(type, "AWS::ECS::Service"))
            mark(l, id);
    }
}

static bool is_listed(const json_t *reply, const char *arn)
{
    size_t i;
    json_t *service;

    json_array_foreach(json_object_get(reply, "services"), i, service) {
        if (text_eq(json_str(service, "serviceArn"), arn))
            return !text_eq(json_str(service, "status"), "INACTIVE");
    }
    return false;
}

/* `arns`: logical id → ARN, at most DESCRIBE_MAX of one cluster. */
static int look_at(struct look *l, const json_t *arns, struct error *err)
{
    json_t *list = array(), *arn;
    cleanup_json json_t *reply = NULL;
    cleanup_free char *cluster = NULL;
    const char *id;

    json_object_foreach((json_t *)arns, id, arn) {
        if (!cluster)
            cluster = status_cluster_of(json_string_value(arn));
        json_push(list, json_incref(arn));
    }

    json_t *in = object(key("cluster", cluster), key("services", list));
    int rc = engine_call(l->c, &aws_ecs_DescribeServices, in, &reply, err);
    if (rc < 0 && error_has_code(err, "ClusterNotFoundException")) {
        error_done(err);
        mark_cluster(l);
        return 0;
    }
    if (rc < 0)
        return error_wrap(err, "looking whether the services are there");

    json_object_foreach((json_t *)arns, id, arn) {
        if (!is_listed(reply, json_string_value(arn)))
            mark(l, id);
    }
    return 0;
}

static int look_at_all(struct look *l, struct error *err)
{
    cleanup_json json_t *some = json_object();
    const char *id;
    json_t *resource;
    int rc = 0;

    json_object_foreach((json_t *)l->resources, id, resource) {
        const char *arn = json_str(l->physical, id);

        if (!arn || !is_service(l, id) || rc < 0)
            continue;
        json_object_set_new(some, id, json_string(arn));
        if (json_object_size(some) == DESCRIBE_MAX) {
            rc = look_at(l, some, err);
            json_object_clear(some);
        }
    }

    return rc == 0 && json_object_size(some) ? look_at(l, some, err) : rc;
}

int flow_services_gone(
    struct engine_context *c, const json_t *template, json_t **gone, struct error *err)
{
    struct look l = {.c = c, .resources = json_object_get(template, "Resources")};
    cleanup_error struct error local = ERROR_INIT;

    *gone = NULL;
    if (!l.resources)
        return 0;

    int rc = c->engine->resources(c, &l.physical, &local);
    if (rc == 0)
        rc = look_at_all(&l, &local);
    json_decref(l.physical);

    if (rc < 0) {
        json_decref(l.gone);
        if (local.http_status == 403)
            return 0;
        error_move(err, &local);
        return rc;
    }
    *gone = l.gone;
    return 0;
}
