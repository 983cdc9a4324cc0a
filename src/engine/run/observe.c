/* ECS while CloudFormation works: what each service does, and why a task of this deployment stopped, read before a roll back takes it away. */
#include "engine/flow.h"
#include "engine/build/tasks.h"

#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define ORDER            60
#define DESCRIBE_MAX     10  /* services a DescribeServices call takes */
#define TAIL_LINES       40
#define STOPPED_SEEN_MAX 2000 /* a crash loop of every service; later ones say nothing new */
#define DESCRIBE_TASKS_MAX 100
#define KEY_BEFORE "observe.before" /* journal: stopped before this deployment began, so none of its failures */

struct watched {
    const char *service;     /* Compose name */
    const char *ecs_name, *family, *container;
    json_t *containers;      /* of the task definition, its own first: sidecars fail too */
    char *shown;             /* last row text and state, so that only changes become events */
    enum engine_row_state shown_state;
    bool steady, failed;
    char *rollout_reason;
    char *trouble;           /* what ECS said last about tasks that it cannot start */
};

struct flow_observer {
    struct engine_context *c, own; /* own: without the wait for credentials, which is the job's business and would hold up its end */
    struct arena *arena;
    char *cluster;
    VEC(struct watched) services;
    VEC(char *) stopped_seen;
    bool before_known;
    struct engine_failure failure;
    struct fiber *fiber;
    struct fiber_event stop;
};

static const char *service_of_group(const char *group)
{
    return text_starts(group, "service/") ? group + strlen("service/") : NULL;
}

static const json_t *task_definition_of_group(const struct graph *g, const char *group)
{
    for (size_t i = 0; i < g->len; i++)
        if (text_eq(g->resources[i].group, group) && text_eq(g->resources[i].type, "AWS::ECS::TaskDefinition"))
            return g->resources[i].properties;
    return NULL;
}

static void collect(struct flow_observer *o, const struct graph *g)
{
    for (size_t i = 0; i < g->len; i++) {
        const struct graph_resource *r = &g->resources[i];
        if (text_eq(r->type, "AWS::ECS::Cluster") && !o->cluster)
            o->cluster = xstrdup_null(json_str(r->properties, "ClusterName"));
        if (text_eq(r->type, "AWS::ECS::Service") && !o->cluster)
            o->cluster = xstrdup_null(json_str(r->properties, "Cluster")); /* text only where the cluster is not the stack's */
        const char *service = service_of_group(r->group);
        const char *name = text_eq(r->type, "AWS::ECS::Service") ? json_str(r->properties, "ServiceName") : NULL;
        const json_t *definition = task_definition_of_group(g, r->group);
        if (service && name)
            vec_push(&o->services, (struct watched){.service = arena_strdup(o->arena, service), .ecs_name = arena_strdup(o->arena, name),
                                                    .family = arena_strdup(o->arena, json_str(definition, "Family")),
                                                    .container = arena_strdup(o->arena, json_str(definition, "ContainerDefinitions.0.Name")),
                                                    .containers = json_incref(json_object_get(definition, "ContainerDefinitions"))});
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

static void show(struct flow_observer *o, struct watched *w, enum engine_row_state state, const char *text)
{
    if (text_eq(w->shown, text) && w->shown_state == state)
        return;
    free(w->shown);
    w->shown = xstrdup(text);
    w->shown_state = state;
    cleanup_free char *row = xasprintf("service/%s", w->service);
    engine_row(o->c, ENGINE_ROW_SERVICE, row, state, ORDER, state == ENGINE_ACTIVE ? "usually 1-3 min" : NULL, "%s", text);
}

/* Tasks that ECS cannot even start stop nowhere, and CloudFormation waits for hours: for a quota of vCPUs, for Spot capacity, for a role. The service's
 * events, newest first, say so in words. */
static void tell_trouble(struct flow_observer *o, struct watched *w, const json_t *service, const json_t *primary)
{
    double since = json_number_value(json_object_get(primary, "createdAt"));
    size_t i;
    json_t *event;
    json_array_foreach(json_object_get(service, "events"), i, event) {
        const char *text = json_str_or(event, "message", "");
        if (json_number_value(json_object_get(event, "createdAt")) < since)
            return;
        if (!strstr(text, "unable to place a task") && !strstr(text, "failed to launch a task"))
            continue;
        const char *words = strstr(text, ") "); /* after "(service shop_web-1f2e3d4) " */
        words = words ? words + 2 : text;
        if (text_eq(w->trouble, words))
            return;
        free(w->trouble);
        w->trouble = xstrdup(words);
        engine_note(o->c, ENGINE_SAY_WARNING, NULL, "service %s: ECS %s", w->service, words);
        return;
    }
}

static void look_at_service(struct flow_observer *o, struct watched *w, const json_t *service)
{
    const json_t *primary = NULL;
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(service, "deployments"), i, d)
        if (text_eq(json_str(d, "status"), "PRIMARY"))
            primary = d;
    if (!primary)
        return;
    long long desired = json_int_or(primary, "desiredCount", 0), running = json_int_or(primary, "runningCount", 0);
    long long pending = json_int_or(primary, "pendingCount", 0), failed = json_int_or(primary, "failedTasks", 0);
    const char *rollout = json_str_or(primary, "rolloutState", "");
    w->failed = text_eq(rollout, "FAILED");
    w->steady = !w->failed && running >= desired && pending == 0 && (text_eq(rollout, "COMPLETED") || text_empty(rollout));
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
    show(o, w, w->failed ? ENGINE_FAILED : w->steady ? ENGINE_DONE : ENGINE_ACTIVE, str_get(&text));
}

static struct watched *by_ecs_name(struct flow_observer *o, const char *name)
{
    vec_each(w, &o->services)
        if (text_eq(w->ecs_name, name))
            return w;
    return NULL;
}

static int look_at_services(struct flow_observer *o, struct error *err)
{
    for (size_t begin = 0; begin < o->services.len; begin += DESCRIBE_MAX) {
        json_t *names = json_array();
        for (size_t i = begin; i < MIN(begin + DESCRIBE_MAX, o->services.len); i++)
            json_array_append_new(names, json_string(o->services.items[i].ecs_name));
        cleanup_json json_t *reply = NULL;
        int rc = engine_call(o->c, &aws_ecs_DescribeServices, json_pack("{s:s,s:o}", "cluster", o->cluster, "services", names), &reply, err);
        if (rc < 0)
            return rc;
        size_t i;
        json_t *service;
        json_array_foreach(json_object_get(reply, "services"), i, service) {
            struct watched *w = by_ecs_name(o, json_str(service, "serviceName"));
            if (w)
                look_at_service(o, w, service);
        }
    }
    return 0;
}

static bool stopped_known(struct flow_observer *o, const char *arn)
{
    vec_each(seen, &o->stopped_seen)
        if (text_eq(*seen, arn))
            return true;
    return o->stopped_seen.len >= STOPPED_SEEN_MAX;
}

static void stopped_remember(struct flow_observer *o, const char *arn)
{
    vec_push(&o->stopped_seen, xstrdup(arn));
}

static bool has_container(const json_t *task, const char *name)
{
    size_t i;
    json_t *container;
    json_array_foreach(json_object_get(task, "containers"), i, container)
        if (text_eq(json_str(container, "name"), name))
            return true;
    return false;
}

/* ECS itself stops tasks when it scales in or replaces them: no failure. */
static bool stopped_on_purpose(const json_t *task)
{
    const char *code = json_str_or(task, "stopCode", ""), *reason = json_str_or(task, "stoppedReason", "");
    if (text_eq(code, "UserInitiated") || task_was_spot_interrupted(task))
        return true;
    return text_eq(code, "ServiceSchedulerInitiated") && !strstr(reason, "health check");
}

/* Said once in a deployment, also when a restarted daemon finds it again. */
static void say_once(struct flow_observer *o, const char *id)
{
    struct engine_journal const *j = o->c->journal;
    cleanup_free char *key = xasprintf("observe.said.%s", id), *said = NULL;
    cleanup_error struct error ignored = ERROR_INIT; /* at worst it is said twice */
    j->get(j->arg, key, &said, &ignored);
    if (said)
        return;
    engine_note(o->c, ENGINE_SAY_WARNING, NULL, "service %s: task %s stopped: %s", o->failure.service, id, o->failure.reason);
    j->put(j->arg, key, "1", &ignored);
}

/* The container that brought the task down: the one with a reason of its own, else the one that ended badly by itself (the others are told to stop then:
 * 143, 137), else the service's own. */
static const json_t *culprit(const struct watched *w, const json_t *task)
{
    const json_t *best = NULL;
    size_t i;
    json_t *definition;
    json_array_foreach(w->containers, i, definition) {
        size_t k;
        json_t *container;
        json_array_foreach(json_object_get(task, "containers"), k, container) {
            if (!text_eq(json_str(container, "name"), json_str(definition, "Name")))
                continue;
            long long code = json_int_or(container, "exitCode", 0);
            if (!text_empty(json_str(container, "reason")))
                return definition;
            if (!best && code != 0 && code != 143 && code != 137)
                best = definition;
        }
    }
    return best ? best : json_array_get(w->containers, 0);
}

static void tell_failure(struct flow_observer *o, struct watched *w, const json_t *task)
{
    const char *id = task_id(json_str(task, "taskArn"));
    const json_t *container = culprit(w, task);
    const char *name = json_str_or(container, "Name", w->container);
    const char *prefix = json_str_or(container, "LogConfiguration.Options.awslogs-stream-prefix", w->service);
    engine_failure_done(&o->failure);
    o->failure.service = xstrdup(text_eq(name, w->container) ? w->service : prefix);
    o->failure.task = xstrdup(id);
    o->failure.reason = task_reason(task, name);
    say_once(o, id);
    cleanup_free char *group = plan_log_group(o->c->settings, o->c->project, "logs");
    cleanup_free char *stream = xasprintf("%s/%s/%s", prefix, name, id);
    cleanup_error struct error ignored = ERROR_INIT;
    flow_log_tail(o->c, group, stream, TAIL_LINES, &o->failure.logs, &ignored);
}

static int list_stopped(struct flow_observer *o, const struct watched *w, json_t **arns, struct error *err)
{
    return engine_call_all(o->c, &aws_ecs_ListTasks, json_pack("{s:s,s:s,s:s}", "cluster", o->cluster, "family", w->family, "desiredStatus", "STOPPED"),
                           arns, err);
}

static int look_at_tasks(struct flow_observer *o, struct watched *w, json_t *arns, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    int rc = engine_call(o->c, &aws_ecs_DescribeTasks, json_pack("{s:s,s:O}", "cluster", o->cluster, "tasks", arns), &reply, err);
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(reply, "tasks"), i, task) {
        const char *arn = json_str(task, "taskArn");
        bool failure = has_container(task, w->container) && !stopped_on_purpose(task);
        if (!arn || (failure && !task_is_over(task)))
            continue; /* on its way down: its exit code comes later, look again */
        stopped_remember(o, arn);
        if (failure)
            tell_failure(o, w, task);
    }
    return rc;
}

/* By family, not by service: a roll back takes the service away, its stopped tasks stay readable for an hour. */
static int look_at_stopped(struct flow_observer *o, struct watched *w, struct error *err)
{
    if (!w->container || !w->family)
        return 0;
    cleanup_json json_t *list = NULL, *fresh = json_array();
    int rc = list_stopped(o, w, &list, err);
    size_t i;
    json_t *arn;
    json_array_foreach(list, i, arn)
        if (json_array_size(fresh) < DESCRIBE_TASKS_MAX && json_is_string(arn) && !stopped_known(o, json_string_value(arn)))
            json_array_append(fresh, arn);
    return rc < 0 || json_array_size(fresh) == 0 ? rc : look_at_tasks(o, w, fresh, err);
}

/* What is not there yet, or no more, is nothing to report. */
static int forgive_missing(int rc, struct error *err)
{
    if (rc < 0 && (aws_error_is_not_found(err) || error_has_code(err, "ClusterNotFoundException") || error_has_code(err, "ServiceNotFoundException"))) {
        error_done(err);
        return 0;
    }
    return rc;
}

/* A service that does not change keeps its container's name, so what stopped in it earlier must be told apart: once in a deployment, at its first look. */
static int know_before(struct flow_observer *o, struct error *err)
{
    struct engine_journal const *j = o->c->journal;
    cleanup_free char *text = NULL;
    int rc = o->before_known ? 0 : j->get(j->arg, KEY_BEFORE, &text, err);
    if (rc < 0 || o->before_known)
        return rc;
    cleanup_json json_t *before = NULL;
    if (text && json_parse(text, strlen(text), &before, err) < 0)
        return error_wrap(err, "reading the journal");
    if (!before) {
        before = json_array();
        vec_each(w, &o->services) {
            cleanup_json json_t *list = NULL;
            if (rc == 0 && w->family)
                rc = forgive_missing(list_stopped(o, w, &list, err), err);
            if (list)
                json_array_extend(before, list);
        }
        cleanup_free char *made = json_print(before, false, true);
        if (rc == 0)
            rc = j->put(j->arg, KEY_BEFORE, made, err);
    }
    size_t i;
    json_t *arn;
    json_array_foreach(before, i, arn)
        if (rc == 0 && json_is_string(arn) && !stopped_known(o, json_string_value(arn)))
            stopped_remember(o, json_string_value(arn));
    o->before_known = rc == 0;
    return rc;
}

static int look(struct flow_observer *o, struct error *err)
{
    if (!o->cluster || o->services.len == 0)
        return 0;
    int rc = know_before(o, err);
    if (rc == 0)
        rc = forgive_missing(look_at_services(o, err), err);
    vec_each(w, &o->services)
        if (rc == 0 && !w->steady)
            rc = forgive_missing(look_at_stopped(o, w, err), err);
    return rc;
}

static void observe(void *arg)
{
    struct flow_observer *o = arg;
    bool told = false;
    for (int64_t pause_ms = 500;; pause_ms = MIN(pause_ms * 2, (int64_t)2000)) {
        bool last = o->stop.done;
        cleanup_error struct error err = ERROR_INIT;
        if (look(o, &err) < 0 && !told && err.kind != ERR_CANCELED) {
            engine_note(o->c, ENGINE_SAY_WARNING, NULL, "cannot watch the services while they start: %s", err.message);
            told = true;
        }
        if (last || fiber_wait(&o->stop, pause_ms) == -ECANCELED)
            break;
    }
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
    if (failure) {
        engine_failure_done(failure);
        *failure = o->failure;
        o->failure = (struct engine_failure){0};
    }
    observer_free(o);
}

static const struct watched *first_failed(struct flow_observer *o)
{
    vec_each(w, &o->services)
        if (w->failed)
            return w;
    return NULL;
}

static bool all_steady(struct flow_observer *o)
{
    vec_each(w, &o->services)
        if (!w->steady)
            return false;
    return true;
}

static int wait_steady(struct flow_observer *o, int64_t timeout_ms, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(o->c->loop) + timeout_ms;
    for (;;) {
        int rc = look(o, err);
        if (rc < 0)
            return error_wrap(err, "watching the services");
        const struct watched *w = first_failed(o);
        if (w)
            return error_raise(err, ERR_CLOUD, "service %s did not become steady: %s", w->service,
                               o->failure.reason ? o->failure.reason : w->rollout_reason ? w->rollout_reason : "its deployment failed");
        if (all_steady(o))
            return 0;
        if (loop_now_ms(o->c->loop) > deadline)
            return error_raise(err, ERR_TIMEOUT, "the services were not steady after %lld min", (long long)(timeout_ms / 60000));
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

int flow_observe_steady(struct engine_context *c, const struct graph *g, int64_t timeout_ms, struct engine_failure *failure, struct error *err)
{
    struct flow_observer *o = observer_new(c, g);
    int rc = wait_steady(o, timeout_ms, err);
    if (failure && rc < 0 && o->failure.service) {
        engine_failure_done(failure);
        *failure = o->failure;
        o->failure = (struct engine_failure){0};
    }
    observer_free(o);
    return rc;
}
