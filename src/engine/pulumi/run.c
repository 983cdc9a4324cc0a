/* One task of the CD stack that runs Pulumi: its input, its end, its stopping.
 *
 * What the task is told goes through its environment, which ECS bounds; the program itself lies in
 * the bucket. Why it ended is taken from the nearest word: Pulumi's first error, else the exit code
 * of cd_task.sh, else ECS's reason, which is all there is when it was killed. There is no roll
 * back: what was made stays, and the next run goes on from there. */
#include "engine/pulumi/run.h"

#include "aws/model/operations.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/task/task_run.h"
#include "engine/task/tasks.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define BUSY_EXIT 75 /* cd_task.sh: another task holds the stack */
#define WAIT_MS   (4LL * 60 * 60 * 1000)
#define STOP_MS   (180LL * 1000) /* the task's stopTimeout is 120 s */
#define CONTAINER "main"

/* An empty variable is left out: the script tells unset from set. */
static void add(json_t *environment, const char *name, const char *value)
{
    if (!text_empty(value))
        json_push(environment, object(key("name", name), key("value", value)));
}

static json_t *
environment_of(struct engine_context *c, const struct pulumi_place *p, const struct pulumi_order *o)
{
    json_t *e = json_array();
    add(e, "CD_VERB", o->verb);
    add(e, "PROJECT", c->project);
    add(e, "STACK", c->settings->stack);
    add(e, "DEFANG_ETAG", c->deployment);
    add(e, "CD_BUCKET", p->cd.bucket);
    add(e, "CD_BUNDLE", o->bundle->key);
    add(e, "CD_BUNDLE_SHA256", o->bundle->sha256);
    add(e, "CD_PASSPHRASE", p->passphrase);
    add(e, "CD_PLUGINS", o->plugins);
    add(e, "CD_DNS_SUFFIX", c->facts->dns_suffix);
    add(e, "CD_UNCLEAN", o->unclean ? "1" : NULL);
    add(e, "CD_UNPROTECT", o->unprotect ? "1" : NULL);
    return e;
}

/* ECS takes so many bytes of overrides and no more. */
static int input_of(
    struct engine_context *c,
    const struct pulumi_place *p,
    const struct pulumi_order *o,
    json_t **out,
    struct error *err)
{
    json_t *container = object(key("name", CONTAINER), key("environment", environment_of(c, p, o)));
    json_t *overrides = object(key("containerOverrides", array(container)));
    cleanup_free char *text = json_print(overrides, false, false);

    json_t *on_fargate = object(key("capacityProvider", "FARGATE"), key("weight", 1));
    json_t *network = object(
        key("subnets", texts(p->cd.subnet)),
        key("securityGroups", texts(p->cd.security_group)),
        key("assignPublicIp", "ENABLED"));
    json_t *tags =
        array(task_tag("defang:project", c->project), task_tag("defang:etag", c->deployment));

    *out = object(
        key("capacityProviderStrategy", array(on_fargate)),
        key("cluster", p->cd.cluster),
        key("count", 1),
        key("networkConfiguration", object(key("awsvpcConfiguration", network))),
        key("overrides", overrides),
        key("startedBy", c->deployment),
        key("tags", tags),
        key("taskDefinition", p->cd.task_definition));
    if (strlen(text) > LIMIT_ECS_OVERRIDES_BYTES)
        return error_raise(
            err,
            ERR_FAILED,
            "what the Pulumi task is told has %zu bytes, ECS takes %zu",
            strlen(text),
            (size_t)LIMIT_ECS_OVERRIDES_BYTES);
    return 0;
}

static bool take_line(struct task_run *t, const char *line)
{
    return pulumi_events_line(t->arg, line);
}

/* Why it ended: what Pulumi said is nearer to the cause than its exit code, and ECS's word is all
 * there is when it was killed. */
static int judge(
    const struct json_t *task,
    const struct pulumi_order *o,
    const struct pulumi_events *events,
    const char *arn,
    struct error *err)
{
    int code = task ? task_exit_code(task, CONTAINER) : -1;
    if (code == 0)
        return 0;
    if (!task)
        return error_raise(
            err,
            ERR_CLOUD,
            "ECS no longer knows the Pulumi task %s: how it ended is in the state of the stack; "
            "run the command again",
            task_id(arn));

    cleanup_free char *reason = task_reason(task, CONTAINER);
    if (code == BUSY_EXIT) {
        error_raise(err, ERR_REFUSED, "another run of Pulumi holds this project and stack");
        error_hint(err, "wait until it has ended, or end it: `defangctl cd cancel --force`");
        return -EPERM;
    }

    if (events->first_failure)
        error_raise(err, ERR_CLOUD, "pulumi %s failed: %s", o->verb, events->first_failure);
    else
        error_raise(
            err,
            ERR_CLOUD,
            "the Pulumi task ended without success: %s%s",
            reason,
            task_was_spot_interrupted(task) ? " (Spot)" : "");
    error_hint(
        err,
        "what was made stays as it is, there is no roll back with Pulumi: mend the cause and run "
        "the command again");
    return error_kind_errno(ERR_CLOUD);
}

static void tell_end(struct engine_context *c, const char *verb, int rc)
{
    const char *what = rc == 0 ? "done" : "failed";
    if (rc == -ECANCELED)
        what = "canceled";

    engine_row(
        c,
        ENGINE_ROW_STEP,
        PULUMI_ROW,
        engine_state_of(rc),
        PULUMI_ROW_ORDER,
        NULL,
        "pulumi %s: %s",
        verb,
        what);
}

static const struct task_phase PHASES[] = {
    {"PROVISIONING", "getting a machine"},
    {"PENDING", "fetching Pulumi's image"},
    {"ACTIVATING", "starting"},
    {"RUNNING", "running"},
};

int pulumi_run(
    struct engine_context *c,
    const struct pulumi_place *p,
    const struct pulumi_order *o,
    struct pulumi_events *events,
    struct error *err)
{
    cleanup_json json_t *input = NULL, *task = NULL;

    int rc = input_of(c, p, o, &input, err);
    if (rc < 0)
        return rc;

    cleanup_free char *what = xasprintf("the Pulumi task (%s)", o->verb);
    cleanup_free char *prefix = xasprintf("pulumi %s: ", o->verb);
    struct task_run t = {
        .c = c,
        .service = "pulumi",
        .what = what,
        .key = o->key,
        .cluster = p->cd.cluster,
        .input = input,
        .group = p->cd.log_group,
        .prefix = "defang/" CONTAINER,
        .source = "cd",
        .wait_ms = WAIT_MS,
        .wait_text = "4 hours",
        .row_kind = ENGINE_ROW_STEP,
        .row = PULUMI_ROW,
        .row_prefix = prefix,
        .usual = "usually 3-12 min",
        .order = PULUMI_ROW_ORDER,
        .phases = PHASES,
        .phase_count = ARRAY_LEN(PHASES),
        .take_line = take_line,
        .arg = events};
    rc = task_run(&t, &task, err);
    if (rc == 0)
        rc = judge(task, o, events, t.task_arn, err);
    if (!engine_detaching(c))
        tell_end(c, o->verb, rc);
    task_run_done(&t);
    return rc;
}

static int task_of(struct engine_context *c, const char *key, char **arn, struct error *err)
{
    cleanup_free char *name = xasprintf("%s.task", key);
    return engine_journal_get(c, name, arn, err);
}

int pulumi_run_begun(struct engine_context *c, const char *key, bool *begun, struct error *err)
{
    cleanup_free char *name = xasprintf("%s.token", key), *token = NULL;

    int rc = engine_journal_get(c, name, &token, err);
    *begun = token != NULL;
    return rc;
}

/* Bounded by the task's own stop timeout and some: then ECS kills it. False: it lives on. */
static bool wait_until_over(struct engine_context *c, const struct pulumi_place *p, const char *arn)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + STOP_MS;

    while (loop_now_ms(c->loop) < deadline) {
        cleanup_json json_t *reply = NULL;
        cleanup_error struct error ignored = ERROR_INIT;
        json_t *in = object(key("cluster", p->cd.cluster), key("tasks", texts(arn)));

        int rc = engine_call(c, &aws_ecs_DescribeTasks, in, &reply, &ignored);
        const json_t *task = json_at(reply, "tasks.0");

        if (rc < 0 || !task || text_eq(json_str(task, "lastStatus"), "STOPPED"))
            return true;

        engine_pace_wait(&pace);
    }

    return false;
}

int pulumi_task_stop(
    struct engine_context *c,
    const struct pulumi_place *p,
    const char *arn,
    bool *over,
    struct error *err)
{
    json_t *in = object(
        key("cluster", p->cd.cluster), key("task", arn), key("reason", "canceled by defangctl"));

    int rc = engine_call(c, &aws_ecs_StopTask, in, NULL, err);
    *over = wait_until_over(c, p, arn); /* one that ECS does not know any more is over too */
    if (rc < 0 && *over) {
        error_done(err);
        return 0;
    }
    return rc < 0 ? error_wrap(err, "stopping task %s", task_id(arn)) : 0;
}

void pulumi_run_stop(struct engine_context *c, const struct pulumi_place *p, const char *key)
{
    cleanup_free char *arn = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (task_of(c, key, &arn, &ignored) < 0 || !arn)
        return;

    fiber_shield(true);
    engine_note(
        c,
        ENGINE_SAY_NOTE,
        NULL,
        "canceling: Pulumi ends what is under way, which takes up to two minutes");
    bool over = false;
    pulumi_task_stop(c, p, arn, &over, &ignored);
    fiber_shield(false);

    if (!over)
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            "`defangctl cd cancel --force` ends it",
            "Pulumi did not end within %lld s of being asked to; its task is %s",
            STOP_MS / 1000,
            task_id(arn));
}
