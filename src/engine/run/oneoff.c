/* One-offs: a task of a service that runs once, followed to its end; what is known of its last run
 * stands in an SSM parameter under plan_runs_path(), so that what succeeded is not run again, by
 * whichever machine deploys next.
 *
 * Nothing here is CloudFormation's: where a task runs is an output of the deployed graph, the same
 * of every engine. */
#include "engine/build/task_run.h"
#include "engine/build/tasks.h"
#include "engine/flow.h"
#include "engine/values/parameters.h"

#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define ORDER        60
#define RUN_WAIT_MS  (2LL * 60 * 60 * 1000)
#define TAIL_LINES   40
#define NAMES_A_CALL 10 /* GetParameters and DeleteParameters */

void flow_run_done(struct flow_run *r)
{
    free(r->hash);
    free(r->deployment);
    free(r->task);
    free(r->reason);
    *r = (struct flow_run){0};
}

const char *flow_run_why(const struct flow_run *last, const char *hash)
{
    if (!last->known)
        return "new";
    if (!text_eq(last->hash, hash))
        return "changed";
    return last->exit_code != 0 ? "failed before" : NULL;
}

/* ---- records ---- */
static char *record_name(struct engine_context *c, const char *service)
{
    cleanup_free char *root = plan_runs_path(c->settings, c->project);
    return xasprintf("%s%s", root, service);
}

static void read_record(const json_t *parameter, struct flow_run *out)
{
    cleanup_json json_t *value = NULL;
    cleanup_error struct error ignored =
        ERROR_INIT; /* not ours, or from another time: as if it never ran */
    const char *text = json_str_or(parameter, "Value", "");
    if (json_parse(text, strlen(text), &value, &ignored) < 0 || !json_is_object(value))
        return;
    *out = (struct flow_run){
        .known = true,
        .hash = xstrdup_null(json_str(value, "hash")),
        .deployment = xstrdup_null(json_str(value, "deployment")),
        .task = xstrdup_null(json_str(value, "task")),
        .reason = xstrdup_null(json_str(value, "reason")),
        .exit_code = (int)json_int_or(value, "exit", -1),
        .ended_ms = json_int_or(value, "ended_ms", 0)};
}

static int read_some(
    struct engine_context *c,
    const char *const *services,
    size_t count,
    struct flow_run *out,
    struct error *err)
{
    json_t *names = json_array();
    cleanup_json json_t *reply = NULL;
    for (size_t i = 0; i < count; i++) {
        cleanup_free char *name = record_name(c, services[i]);
        json_array_append_new(names, json_string(name));
    }
    int rc =
        engine_call(c, &aws_ssm_GetParameters, json_pack("{s:o}", "Names", names), &reply, err);
    if (rc < 0)
        return error_wrap(err, "reading how the services that run once have ended");
    size_t k;
    json_t *parameter;
    json_array_foreach(
        json_object_get(reply, "Parameters"), k, parameter) for (size_t i = 0; i < count; i++)
    {
        cleanup_free char *name = record_name(c, services[i]);
        if (text_eq(json_str(parameter, "Name"), name))
            read_record(parameter, &out[i]);
    }
    return 0;
}

int flow_runs_read(
    struct engine_context *c,
    const char *const *services,
    size_t count,
    struct flow_run *out,
    struct error *err)
{
    int rc = 0;
    memset(out, 0, count * sizeof *out);
    for (size_t i = 0; i < count && rc == 0; i += NAMES_A_CALL)
        rc = read_some(c, services + i, MIN(count - i, (size_t)NAMES_A_CALL), out + i, err);
    return rc;
}

static int write_record(
    struct engine_context *c,
    const struct plan_once *o,
    const char *task,
    int exit_code,
    const char *reason,
    struct error *err)
{
    cleanup_free char *name = record_name(c, o->service);
    cleanup_json json_t *value = json_pack(
        "{s:s,s:s,s:s,s:i,s:I,s:s*}",
        "hash",
        o->hash,
        "deployment",
        c->deployment,
        "task",
        task,
        "exit",
        exit_code,
        "ended_ms",
        (json_int_t)clock_wall_ms(),
        "reason",
        reason);
    cleanup_free char *text = json_print(value, false, true);
    int rc = engine_call(
        c,
        &aws_ssm_PutParameter,
        json_pack(
            "{s:s,s:s,s:s,s:b}", "Name", name, "Value", text, "Type", "String", "Overwrite", 1),
        NULL,
        err);
    return rc < 0 ? error_wrap(err, "recording that %s has run", o->service) : 0;
}

struct kept {
    const char *root;
    const char *const *services;
    size_t count;
};

static bool is_kept(const void *arg, const char *name)
{
    const struct kept *k = arg;
    for (size_t i = 0; i < k->count; i++)
        if (text_eq(k->services[i], name + strlen(k->root)))
            return true;
    return false;
}

int flow_runs_prune(
    struct engine_context *c, const char *const *keep, size_t count, struct error *err)
{
    cleanup_free char *root = plan_runs_path(c->settings, c->project);
    return parameters_prune(c, root, is_kept, &(struct kept){root, keep, count}, err);
}

/* ---- the run ---- */
static const struct task_phase PHASES[] = {
    {"PROVISIONING", "getting a machine"},
    {"PENDING", "fetching the image"},
    {"ACTIVATING", "starting"},
    {"RUNNING", "running"},
};

static json_t *run_input(struct engine_context *c, const struct plan_once *o, const json_t *place)
{
    return json_pack(
        "{s:s,s:s,s:i,s:s,s:b,s:s,s:[{s:s,s:i}],s:{s:{s:O,s:O,s:s}},s:[{s:s,s:s},{s:s,s:s}]}",
        "cluster",
        json_str_or(place, "cluster", ""),
        "taskDefinition",
        json_str_or(place, "taskDefinition", ""),
        "count",
        1,
        "startedBy",
        c->deployment,
        "enableECSManagedTags",
        1,
        "propagateTags",
        "TASK_DEFINITION",
        "capacityProviderStrategy",
        "capacityProvider",
        json_str_or(place, "capacityProvider", "FARGATE"),
        "weight",
        1,
        "networkConfiguration",
        "awsvpcConfiguration",
        "subnets",
        json_object_get(place, "subnets"),
        "securityGroups",
        json_object_get(place, "securityGroups"),
        "assignPublicIp",
        json_str_or(place, "assignPublicIp", "DISABLED"),
        "tags",
        "key",
        "defang:service",
        "value",
        o->service,
        "key",
        "defang:etag",
        "value",
        c->deployment);
}

/* ECS forgets a task an hour after its end; the rule of the project's stack has written its events
 * down. */
static int
find_in_events(struct engine_context *c, const char *id, json_t **task, struct error *err)
{
    cleanup_free char *group = plan_log_group(c->settings, c->project, "ecs"),
                      *pattern = xasprintf("\"%s\"", id);
    cleanup_json json_t *events = NULL;
    int rc = engine_call_all(
        c,
        &aws_logs_FilterLogEvents,
        json_pack("{s:s,s:s}", "logGroupName", group, "filterPattern", pattern),
        &events,
        err);
    if (rc < 0 && aws_error_is_not_found(err)) {
        error_done(err);
        return 0;
    }
    size_t i;
    json_t *item;
    json_array_foreach(events, i, item)
    {
        cleanup_json json_t *event = NULL;
        cleanup_error struct error ignored = ERROR_INIT;
        const char *text = json_str_or(item, "message", "");
        if (json_parse(text, strlen(text), &event, &ignored) < 0)
            continue;
        json_t *detail = json_object_get(event, "detail");
        if (!text_eq(task_id(json_str(detail, "taskArn")), id) ||
            !text_eq(json_str(detail, "lastStatus"), "STOPPED"))
            continue;
        json_decref(*task);
        *task = json_incref(detail);
    }
    return rc < 0 ? error_wrap(err, "looking for the end of task %s in the log group %s", id, group)
                  : 0;
}

static void
show_end(struct engine_context *c, const char *row, enum engine_row_state state, const char *text)
{
    engine_row(c, ENGINE_ROW_SERVICE, row, state, ORDER, NULL, "%s", text);
}

/* What its end means: recorded, and said. */
static int judge(
    struct task_run *t,
    const struct plan_once *o,
    const char *container,
    const json_t *task,
    struct engine_failure *failure,
    struct error *err)
{
    struct engine_context *c = t->c;
    int code = task_exit_code(task, container);
    cleanup_free char *reason =
        code == 0 ? NULL
        : task    ? task_reason(task, container)
                  : xstrdup("ECS no longer knows its task, so nobody knows how it ended");
    int rc = write_record(c, o, task_id(t->task_arn), code, reason, err);
    if (rc < 0 || code == 0)
        return rc;
    engine_failure_done(failure);
    failure->service = xstrdup(o->service);
    failure->task = xstrdup(task_id(t->task_arn));
    failure->reason = xstrdup(reason);
    cleanup_error struct error ignored = ERROR_INIT;
    flow_log_tail(c, t->group, t->stream, TAIL_LINES, &failure->logs, &ignored);
    error_raise(
        err,
        ERR_CLOUD,
        "service %s, which runs once, failed: %s (task %s)",
        o->service,
        reason,
        failure->task);
    error_hint(
        err,
        "see `defangctl logs %s --deployment %s`; what ran before runs on; mend it and run "
        "`defangctl up` again",
        o->service,
        c->deployment);
    return error_kind_errno(ERR_CLOUD);
}

static int
run(struct engine_context *c,
    const struct plan_once *o,
    const char *row,
    const json_t *place,
    struct engine_failure *failure,
    struct error *err)
{
    const char *container = json_str_or(place, "container", "");
    cleanup_free char *key = xasprintf("once.%s", o->service),
                      *what = xasprintf("service %s, which runs once,", o->service);
    cleanup_free char *group = plan_log_group(c->settings, c->project, "logs"),
                      *prefix = xasprintf("%s/%s", o->service, container);
    cleanup_json json_t *input = run_input(c, o, place), *task = NULL;
    struct task_run t = {
        .c = c,
        .service = o->service,
        .what = what,
        .key = key,
        .cluster = json_str_or(place, "cluster", ""),
        .input = input,
        .group = group,
        .prefix = prefix,
        .source = "run",
        .wait_ms = RUN_WAIT_MS,
        .wait_text = "2 hours",
        .row_kind = ENGINE_ROW_SERVICE,
        .row = row,
        .row_prefix = "",
        .usual = "usually 1 min and what it does",
        .order = ORDER,
        .phases = PHASES,
        .phase_count = ARRAY_LEN(PHASES)};
    int rc = task_run(&t, &task, err);
    if (rc == 0 && !task)
        rc = find_in_events(c, task_id(t.task_arn), &task, err);
    if (rc == 0)
        rc = judge(&t, o, container, task, failure, err);
    task_run_done(&t);
    return rc;
}

static int
read_place(const struct plan_once *o, const json_t *outputs, json_t **place, struct error *err)
{
    const char *text = json_str_or(outputs, o->output, "");
    if (json_parse(text, strlen(text), place, NULL) < 0 ||
        !json_is_array(json_object_get(*place, "subnets")) ||
        !json_is_array(json_object_get(*place, "securityGroups")))
        return error_raise(
            err,
            ERR_CLOUD,
            "the deployed stack does not say where service %s runs (output %s)",
            o->service,
            o->output);
    return 0;
}

int flow_once_run(
    struct engine_context *c,
    const struct plan_once *o,
    const json_t *outputs,
    struct engine_failure *failure,
    struct error *err)
{
    cleanup_free char *row = xasprintf("service/%s", o->service),
                      *key = xasprintf("once.%s.done", o->service), *done = NULL;
    cleanup_json json_t *place = NULL;
    int rc = c->journal->get(c->journal->arg, key, &done, err);
    if (rc < 0 || done)
        return rc;
    rc = read_place(o, outputs, &place, err);
    if (rc == 0) {
        show_end(c, row, ENGINE_ACTIVE, "runs once: asking for a task");
        rc = run(c, o, row, place, failure, err);
    }
    if (rc == 0)
        rc = c->journal->put(c->journal->arg, key, "1", err);
    if (rc == 0)
        show_end(c, row, ENGINE_DONE, "ran, exit code 0");
    else if (rc == -ECANCELED && !engine_detaching(c))
        show_end(c, row, ENGINE_CANCELED, "stopped");
    else if (rc != -ECANCELED)
        show_end(
            c,
            row,
            ENGINE_FAILED,
            failure->reason && text_eq(failure->service, o->service) ? failure->reason : "failed");
    return rc;
}

void flow_once_stop(struct engine_context *c, const json_t *outputs)
{
    const char *name;
    json_t *value;
    fiber_shield(true);
    json_object_foreach((json_t *)outputs, name, value)
    {
        cleanup_json json_t *place = NULL;
        const char *text =
            text_starts(name, "Once") && json_is_string(value) ? json_string_value(value) : "";
        if (json_parse(text, strlen(text), &place, NULL) < 0 || !json_str(place, "cluster"))
            continue;
        task_run_stop_all(c, json_str(place, "cluster"));
        break; /* one cluster a project */
    }
    fiber_shield(false);
}
