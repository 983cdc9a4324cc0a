/* One reader for each kind of service: ECS services, databases, caches. Sidecars are sidecars.c's.
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
#include "engine/run/sidecars.h"

static const json_t *primary_of(const json_t *service)
{
    size_t i;
    json_t *d;

    json_array_foreach(json_object_get(service, "deployments"), i, d) {
        if (text_eq(json_str(d, "status"), "PRIMARY"))
            return d;
    }

    return NULL;
}

/* The rollout's word first; without one, the numbers. Why it is not whole: the rollout's reason,
 * else the newest event. */
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

    json_array_foreach(json_object_get(reply, "TargetHealthDescriptions"), i, target) {
        healthy += text_eq(json_str(target, "TargetHealth.State"), "healthy");
        total++;
    }

    row->health = total == 0 ? xstrdup("no targets") : status_health_text(healthy, total);
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

    /* ECS goes on telling of a deleted one for a while. */
    const json_t *found = json_at(reply, "services.0");
    if (!found || text_eq(json_str(found, "status"), "INACTIVE")) {
        row->state = xstrdup("MISSING");
        return 0;
    }

    fill_ecs(row, found);
    rc = fill_health(r, row, found, err);
    return rc < 0 ? rc : sidecars_read(r, service, arn, containers, err);
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
