/* One-offs: a task of a service that runs once, followed to its end, and recorded.
 *
 *   done in this deployment? ─ yes ─▶ nothing
 *      └─ no ─▶ where (an output of the deployed graph) ─▶ task ─▶ its end ─▶ record ─▶ "done"
 *
 * Nothing here is CloudFormation's: where a task runs is an output of the deployed graph, the same
 * of every engine. ECS forgets a task an hour after its end; how it ended is then looked for in the
 * events that a rule of the project's stack has written down. */
#include "engine/run/oneoff.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/run/once_record.h"
#include "engine/run/stopped_events.h"
#include "engine/task/left.h"
#include "engine/task/task_run.h"
#include "engine/task/tasks.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define ORDER      60
#define TAIL_LINES 40

static const struct task_phase PHASES[] = {
    {"PROVISIONING", "getting a machine"},
    {"PENDING", "fetching the image"},
    {"ACTIVATING", "starting"},
    {"RUNNING", "running"},
};

static json_t *run_input(struct engine_context *c, const struct plan_once *o, const json_t *place)
{
    const char *provider = json_str_or(place, "capacityProvider", "FARGATE");

    json_t *on = object(key("capacityProvider", provider), key("weight", 1));
    json_t *network = object(
        key("subnets", json_incref(json_object_get(place, "subnets"))),
        key("securityGroups", json_incref(json_object_get(place, "securityGroups"))),
        key("assignPublicIp", json_str_or(place, "assignPublicIp", "DISABLED")));
    json_t *tags =
        array(task_tag("defang:service", o->service), task_tag("defang:etag", c->deployment));

    return object(
        key("capacityProviderStrategy", array(on)),
        key("cluster", json_str_or(place, "cluster", "")),
        key("count", 1),
        key("enableECSManagedTags", true),
        key("networkConfiguration", object(key("awsvpcConfiguration", network))),
        key("propagateTags", "TASK_DEFINITION"),
        key("startedBy", c->deployment),
        key("tags", tags),
        key("taskDefinition", json_str_or(place, "taskDefinition", "")));
}

struct end {
    const char *id;
    json_t **task;
};

/* Of several the last one counts. */
static void take_end(void *arg, json_t *task)
{
    struct end *e = arg;

    if (!text_eq(task_id(json_str(task, "taskArn")), e->id))
        return;
    json_decref(*e->task);
    *e->task = json_incref(task);
}

static int
find_in_events(struct engine_context *c, const char *id, json_t **task, struct error *err)
{
    struct end e = {.id = id, .task = task};
    return stopped_events_each(c, id, 0, take_end, &e, err);
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
    cleanup_free char *reason = NULL;

    if (code != 0 && task)
        reason = task_reason(task, container);
    else if (code != 0)
        reason = xstrdup("ECS no longer knows its task, so nobody knows how it ended");

    int rc = flow_run_write(c, o, task_id(t->task_arn), code, reason, err);
    if (rc < 0 || code == 0)
        return rc;

    engine_failure_done(failure);
    failure->service = xstrdup(o->service);
    failure->task = xstrdup(task_id(t->task_arn));
    failure->reason = xstrdup(reason);

    struct task_stream stream = {.container = container, .stream = t->stream};
    struct task_left left = {
        .kind = "task",
        .service = o->service,
        .id = failure->task,
        .task = task,
        .reason = reason,
        .group = t->group,
        .streams = &stream,
        .stream_count = 1};
    task_left_keep(c, &left, TAIL_LINES, &failure->logs);
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

/* "1h30m", "45s" */
static char *time_text(int64_t ms)
{
    long long hours = ms / 3600000, minutes = ms / 60000 % 60, seconds = ms / 1000 % 60;
    struct str text = STR_INIT;

    if (hours)
        str_appendf(&text, "%lldh", hours);
    if (minutes)
        str_appendf(&text, "%lldm", minutes);
    if (seconds || ms < 60000)
        str_appendf(&text, "%llds", seconds);
    return str_take(&text);
}

/* What to do about one that did not end, which may well be a service that is no job. */
static void hint_timeout(const struct plan_once *o, struct error *err)
{
    if (err && err->kind == ERR_TIMEOUT)
        error_hint(
            err,
            "x-defang-timeout: 2h gives it more time; if %s is to run on, say restart: "
            "unless-stopped (and wait for it with service_started)",
            o->service);
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
    cleanup_free char *key = xasprintf("once.%s", o->service);
    cleanup_free char *what = xasprintf("service %s, which runs once,", o->service);
    cleanup_free char *group = plan_log_group(c->settings, c->project, "logs");
    cleanup_free char *prefix = xasprintf("%s/%s", o->service, container);
    cleanup_json json_t *input = run_input(c, o, place), *task = NULL;
    int64_t wait_ms = o->timeout_ms ? o->timeout_ms : PLAN_ONCE_TIMEOUT_MS;
    cleanup_free char *wait_text = time_text(wait_ms);
    cleanup_free char *usual = xasprintf("what it takes, at most %s", wait_text);
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
        .wait_ms = wait_ms,
        .wait_text = wait_text,
        .row_kind = ENGINE_ROW_SERVICE,
        .row = row,
        .row_prefix = "",
        .usual = usual,
        .order = ORDER,
        .phases = PHASES,
        .phase_count = ARRAY_LEN(PHASES)};
    int rc = task_run(&t, &task, err);

    hint_timeout(o, err);
    if (rc == 0 && !task)
        rc = find_in_events(c, task_id(t.task_arn), &task, err);
    if (rc == 0)
        rc = judge(&t, o, container, task, failure, err);
    task_run_done(&t);
    return rc;
}

/* Made by the planner (plan_once): cluster, task definition, subnets, security groups. */
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

/* What failed may be another service's task: its reason is not this one's. */
static void tell_end(
    struct engine_context *c,
    const struct plan_once *o,
    const char *row,
    int rc,
    const struct engine_failure *failure)
{
    bool own_reason = failure->reason && text_eq(failure->service, o->service);

    if (rc == 0)
        show_end(c, row, ENGINE_DONE, "ran, exit code 0");
    else if (rc != -ECANCELED)
        show_end(c, row, ENGINE_FAILED, own_reason ? failure->reason : "failed");
    else if (!engine_detaching(c))
        show_end(c, row, ENGINE_CANCELED, "stopped");
}

int flow_once_done(
    struct engine_context *c, const struct plan_once *o, bool *done, struct error *err)
{
    cleanup_free char *key = xasprintf("once.%s.done", o->service);
    cleanup_free char *value = NULL;
    int rc = engine_journal_get(c, key, &value, err);

    *done = value != NULL;
    return rc;
}

int flow_once_run(
    struct engine_context *c,
    const struct plan_once *o,
    const json_t *outputs,
    struct engine_failure *failure,
    struct error *err)
{
    cleanup_free char *row = xasprintf("service/%s", o->service);
    cleanup_free char *key = xasprintf("once.%s.done", o->service);
    cleanup_json json_t *place = NULL;
    bool done = false;

    int rc = flow_once_done(c, o, &done, err);
    if (rc < 0 || done)
        return rc;

    rc = read_place(o, outputs, &place, err);
    if (rc == 0) {
        show_end(c, row, ENGINE_ACTIVE, "runs once: asking for a task");
        rc = run(c, o, row, place, failure, err);
    }

    if (rc == 0)
        rc = engine_journal_put(c, key, "1", err);
    tell_end(c, o, row, rc, failure);
    return rc;
}

void flow_once_stop(struct engine_context *c, const json_t *outputs)
{
    const char *name;
    json_t *value;

    fiber_shield(true);
    json_object_foreach((json_t *)outputs, name, value) {
        cleanup_json json_t *place = NULL;
        bool is_place = text_starts(name, "Once") && json_is_string(value);
        const char *text = is_place ? json_string_value(value) : "";

        if (json_parse(text, strlen(text), &place, NULL) < 0 || !json_str(place, "cluster"))
            continue;
        task_run_stop_all(c, json_str(place, "cluster"));
        break; /* one cluster a project */
    }

    fiber_shield(false);
}
