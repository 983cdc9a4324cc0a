/* ECS while an engine works: what each service does, looked at every second or two.
 *
 * Two uses of one look: an observer in a fiber of its own while an apply runs (it only tells, and
 * gathers the last failure), and a wait for all services to be steady. A service is steady when its
 * primary deployment is complete; it has failed when ECS says so. Rows change only when their words
 * do. What ECS cannot even start stops nowhere, and CloudFormation would wait for hours in silence,
 * so the service's own events are read for it.
 *
 * Why a task stopped is stopped.c's; what the load balancer says of it is in targets.c. */
#include "engine/run/observe.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/run/observer.h"

#include <errno.h>
#include <string.h>

#define ORDER        60
#define LOOK_MIN_MS  500
#define LOOK_MAX_MS  2000
#define DESCRIBE_MAX 10 /* services a DescribeServices call takes */

static const char *service_of_group(const char *group)
{
    return text_starts(group, "service/") ? group + strlen("service/") : NULL;
}

static const json_t *task_definition_of_group(const struct graph *g, const char *group)
{
    for (size_t i = 0; i < g->len; i++)
        if (text_eq(g->resources[i].group, group) &&
            text_eq(g->resources[i].type, "AWS::ECS::TaskDefinition"))
            return g->resources[i].properties;
    return NULL;
}

/* The stack's own cluster, else the one that a service names: as text only where the cluster is not
 * the stack's. */
static void find_cluster(struct flow_observer *o, const struct graph_resource *r)
{
    if (o->cluster)
        return;
    if (text_eq(r->type, "AWS::ECS::Cluster"))
        o->cluster = xstrdup_null(json_str(r->properties, "ClusterName"));
    else if (text_eq(r->type, "AWS::ECS::Service"))
        o->cluster = xstrdup_null(json_str(r->properties, "Cluster"));
}

/* By ECS name, because that is what ECS answers with. */
static void watch(struct flow_observer *o, const struct graph *g, const struct graph_resource *r)
{
    const char *service = service_of_group(r->group);
    const char *name = json_str(r->properties, "ServiceName");

    if (!service || !name)
        return;

    const json_t *definition = task_definition_of_group(g, r->group);
    const char *family = json_str(definition, "Family");
    const char *container = json_str(definition, "ContainerDefinitions.0.Name");
    struct watched w = {
        .service = arena_strdup(o->arena, service),
        .ecs_name = arena_strdup(o->arena, name),
        .family = arena_strdup(o->arena, family),
        .container = arena_strdup(o->arena, container),
        .containers = json_incref(json_object_get(definition, "ContainerDefinitions"))};
    vec_push(&o->services, w);
}

static void collect(struct flow_observer *o, const struct graph *g)
{
    for (size_t i = 0; i < g->len; i++) {
        const struct graph_resource *r = &g->resources[i];
        find_cluster(o, r);
        if (text_eq(r->type, "AWS::ECS::Service"))
            watch(o, g, r);
    }
}

static struct flow_observer *observer_new(struct engine_context *c, const struct graph *g)
{
    struct flow_observer *o = xcalloc(1, sizeof *o);
    o->own = *c;
    o->own.wait_for_credentials = NULL;
    o->c = &o->own;
    o->arena = arena_new();
    collect(o, g);
    return o;
}

static void observer_free(struct flow_observer *o)
{
    vec_each(w, &o->services) {
        free(w->shown);
        free(w->rollout_reason);
        free(w->trouble);
        free(w->target_answers);
        json_decref(w->target_groups);
        json_decref(w->containers);
    }

    vec_each(seen, &o->stopped_seen)
        free(*seen);
    vec_free(&o->services);
    vec_free(&o->stopped_seen);
    engine_failure_done(&o->failure);
    free(o->cluster);
    arena_free(o->arena);
    free(o);
}

/* Only changes are told: the look repeats every second. */
static void
show(struct flow_observer *o, struct watched *w, enum engine_row_state state, const char *text)
{
    if (text_eq(w->shown, text) && w->shown_state == state)
        return;

    free(w->shown);
    w->shown = xstrdup(text);
    w->shown_state = state;
    cleanup_free char *row = xasprintf("service/%s", w->service);
    const char *usual = state == ENGINE_ACTIVE ? "usually 1-3 min" : NULL;

    engine_row(o->c, ENGINE_ROW_SERVICE, row, state, ORDER, usual, "%s", text);
}

/* Tasks that ECS cannot even start stop nowhere, and CloudFormation waits for hours: for a quota of
 * vCPUs, for Spot capacity, for a role. The service's events, newest first, say so in words; those
 * from before the deployment are of another one. NULL when there is none. */
static const char *trouble_of(const json_t *service, double since)
{
    size_t i;
    json_t *event;

    json_array_foreach(json_object_get(service, "events"), i, event) {
        const char *text = json_str_or(event, "message", "");
        if (json_number_value(json_object_get(event, "createdAt")) < since)
            return NULL;
        if (!strstr(text, "unable to place a task") && !strstr(text, "failed to launch a task"))
            continue;
        const char *words = strstr(text, ") "); /* after "(service shop_web-1f2e3d4) " */
        return words ? words + strlen(") ") : text;
    }

    return NULL;
}

static void tell_trouble(
    struct flow_observer *o, struct watched *w, const json_t *service, const json_t *primary)
{
    double since = json_number_value(json_object_get(primary, "createdAt"));
    const char *words = trouble_of(service, since);

    if (!words || text_eq(w->trouble, words))
        return;

    free(w->trouble);
    w->trouble = xstrdup(words);
    engine_note(o->c, ENGINE_SAY_WARNING, NULL, "service %s: ECS %s", w->service, words);
}

static const json_t *primary_of(const json_t *service)
{
    const json_t *primary = NULL;
    size_t i;
    json_t *d;

    json_array_foreach(json_object_get(service, "deployments"), i, d) {
        if (text_eq(json_str(d, "status"), "PRIMARY"))
            primary = d;
    }

    return primary;
}

/* Where its tasks are targets; of the service, which outlives a deployment. */
static void take_groups(struct watched *w, const json_t *service)
{
    size_t i;
    json_t *balancer;

    json_decref(w->target_groups);
    w->target_groups = array();
    json_array_foreach(json_object_get(service, "loadBalancers"), i, balancer) {
        json_push(w->target_groups, json_of(json_str(balancer, "targetGroupArn")));
    }
}

/* The primary deployment is ours; older ones are on their way out. */
static void look_at_service(struct flow_observer *o, struct watched *w, const json_t *service)
{
    const json_t *primary = primary_of(service);
    if (!primary)
        return;

    long long desired = json_int_or(primary, "desiredCount", 0);
    long long running = json_int_or(primary, "runningCount", 0);
    long long pending = json_int_or(primary, "pendingCount", 0);
    long long failed = json_int_or(primary, "failedTasks", 0);
    const char *rollout = json_str_or(primary, "rolloutState", "");
    bool complete = text_eq(rollout, "COMPLETED") || text_empty(rollout);

    w->running = running;
    take_groups(w, service);
    w->failed = text_eq(rollout, "FAILED");
    w->steady = !w->failed && running >= desired && pending == 0 && complete;
    free(w->rollout_reason);
    w->rollout_reason = xstrdup_null(json_str(primary, "rolloutStateReason"));
    if (!w->steady)
        tell_trouble(o, w, service, primary);

    cleanup_str struct str text = STR_INIT;
    str_appendf(&text, "%lld of %lld running", running, desired);
    if (pending)
        str_appendf(&text, ", %lld starting", pending);
    if (failed)
        str_appendf(&text, ", %lld failed", failed);

    enum engine_row_state state = w->steady ? ENGINE_DONE : ENGINE_ACTIVE;
    if (w->failed)
        state = ENGINE_FAILED;
    show(o, w, state, str_get(&text));
}

static struct watched *by_ecs_name(struct flow_observer *o, const char *name)
{
    vec_each(w, &o->services) {
        if (text_eq(w->ecs_name, name))
            return w;
    }

    return NULL;
}

static int look_at_some(struct flow_observer *o, size_t begin, size_t end, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *names = array();

    for (size_t i = begin; i < end; i++)
        json_push(names, json_of(o->services.items[i].ecs_name));
    json_t *in = object(key("cluster", o->cluster), key("services", names));

    int rc = engine_call(o->c, &aws_ecs_DescribeServices, in, &reply, err);
    if (rc < 0)
        return rc;

    size_t i;
    json_t *service;

    json_array_foreach(json_object_get(reply, "services"), i, service) {
        struct watched *w = by_ecs_name(o, json_str(service, "serviceName"));
        if (w)
            look_at_service(o, w, service);
    }

    return 0;
}

static int look_at_services(struct flow_observer *o, struct error *err)
{
    int rc = 0;

    for (size_t begin = 0; rc == 0 && begin < o->services.len; begin += DESCRIBE_MAX)
        rc = look_at_some(o, begin, MIN(begin + DESCRIBE_MAX, o->services.len), err);
    return rc;
}

/* A steady service is not asked for stopped tasks: what stops there now is no failure of the
 * start. */
static int look(struct flow_observer *o, struct error *err)
{
    if (!o->cluster || o->services.len == 0)
        return 0;

    int rc = stopped_know_before(o, err);
    if (rc == 0) {
        int seen = look_at_services(o, err);
        rc = stopped_forgive_missing(seen, err);
        o->vanished = seen < 0 && rc == 0;
    }
    vec_each(w, &o->services) {
        if (rc == 0 && !w->steady) {
            rc = stopped_forgive_missing(stopped_look(o, w, err), err);
            targets_look(o, w);
        }
    }

    return rc;
}

/* The last look comes after it was asked to stop, so that the cause of a failure is in it.
 * Trouble is told once: the apply itself goes on without an observer. */
static void observe(void *arg)
{
    struct flow_observer *o = arg;
    bool told = false;

    for (int64_t pause_ms = LOOK_MIN_MS;; pause_ms = MIN(pause_ms * 2, (int64_t)LOOK_MAX_MS)) {
        bool last = o->stop.done;
        cleanup_error struct error err = ERROR_INIT;

        if (look(o, &err) < 0 && !told && err.kind != ERR_CANCELED) {
            engine_note(
                o->c,
                ENGINE_SAY_WARNING,
                NULL,
                "cannot watch the services while they start: %s",
                err.message);
            told = true;
        }

        if (last)
            stopped_look_back(o);
        if (last || fiber_wait(&o->stop, pause_ms) == -ECANCELED)
            break;
    }
}

static const struct watched *first_failed(struct flow_observer *o)
{
    vec_each(w, &o->services) {
        if (w->failed)
            return w;
    }

    return NULL;
}

static bool all_steady(struct flow_observer *o)
{
    vec_each(w, &o->services) {
        if (!w->steady)
            return false;
    }

    return true;
}

static int refuse_failed(struct flow_observer *o, const struct watched *w, struct error *err)
{
    const char *why = o->failure.reason ? o->failure.reason : w->rollout_reason;

    return error_raise(
        err,
        ERR_CLOUD,
        "service %s did not become steady: %s",
        w->service,
        why ? why : "its deployment failed");
}

static int wait_steady(struct flow_observer *o, int64_t timeout_ms, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(o->c->loop) + timeout_ms;

    for (;;) {
        int rc = look(o, err);
        if (rc < 0)
            return error_wrap(err, "watching the services");

        const struct watched *failed = first_failed(o);
        if (failed)
            return refuse_failed(o, failed, err);
        if (all_steady(o))
            return 0;

        if (loop_now_ms(o->c->loop) > deadline)
            return error_raise(
                err,
                ERR_TIMEOUT,
                "the services were not steady after %lld min",
                (long long)(timeout_ms / 60000));
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

/* Moves what was found. */
static void hand_over(struct flow_observer *o, struct engine_failure *failure)
{
    engine_failure_done(failure);
    *failure = o->failure;
    o->failure = (struct engine_failure){0};
}

struct flow_observer *flow_observe_start(struct engine_context *c, const struct graph *g)
{
    struct flow_observer *o = observer_new(c, g);
    o->fiber = fiber_spawn(c->loop, "observe", observe, o);
    return o;
}

void flow_observe_stop(struct flow_observer *o, struct engine_failure *failure)
{
    if (!o)
        return;

    fiber_event_complete(&o->stop, 0);
    if (!failure)
        fiber_cancel(o->fiber); /* nobody asks what it saw: do not wait for AWS */
    fiber_join(o->fiber);
    if (failure)
        hand_over(o, failure);
    observer_free(o);
}

int flow_observe_steady(
    struct engine_context *c,
    const struct graph *g,
    int64_t timeout_ms,
    struct engine_failure *failure,
    struct error *err)
{
    struct flow_observer *o = observer_new(c, g);

    int rc = wait_steady(o, timeout_ms, err);
    if (failure && rc < 0 && o->failure.service)
        hand_over(o, failure);
    observer_free(o);
    return rc;
}
