/* One task of the CD stack. */
#include "engine/build/task_run.h"
#include "engine/build/tasks.h"
#include "engine/pulumi/pulumi.h"

#include "aws/model/operations.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define ROW       "pulumi"
#define ROW_ORDER 28
#define WAIT_MS   (4LL * 60 * 60 * 1000)
#define STOP_MS   (180LL * 1000) /* the task's stopTimeout is 120 s */
#define CONTAINER "main"

static void add(json_t *environment, const char *name, const char *value)
{
    if (!text_empty(value))
        json_array_append_new(environment, json_pack("{s:s,s:s}", "name", name, "value", value));
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

static int input_of(
    struct engine_context *c,
    const struct pulumi_place *p,
    const struct pulumi_order *o,
    json_t **out,
    struct error *err)
{
    json_t *overrides = json_pack(
        "{s:[{s:s,s:o}]}",
        "containerOverrides",
        "name",
        CONTAINER,
        "environment",
        environment_of(c, p, o));
    cleanup_free char *text = json_print(overrides, false, false);
    *out = json_pack(
        "{s:s,s:s,s:i,s:s,s:[{s:s,s:i}],s:{s:{s:[s],s:[s],s:s}},s:o,s:[{s:s,s:s},{s:s,s:s}]}",
        "cluster",
        p->cd.cluster,
        "taskDefinition",
        p->cd.task_definition,
        "count",
        1,
        "startedBy",
        c->deployment,
        "capacityProviderStrategy",
        "capacityProvider",
        "FARGATE",
        "weight",
        1,
        "networkConfiguration",
        "awsvpcConfiguration",
        "subnets",
        p->cd.subnet,
        "securityGroups",
        p->cd.security_group,
        "assignPublicIp",
        "ENABLED",
        "overrides",
        overrides,
        "tags",
        "key",
        "defang:project",
        "value",
        c->project,
        "key",
        "defang:etag",
        "value",
        c->deployment);
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
    if (code == PULUMI_BUSY_EXIT) {
        error_raise(err, ERR_REFUSED, "another run of Pulumi holds this project and stack");
        error_hint(err, "wait until it has ended, or see `defangctl cd cancel`");
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

int pulumi_run(
    struct engine_context *c,
    const struct pulumi_place *p,
    const struct pulumi_order *o,
    struct pulumi_events *events,
    struct error *err)
{
    static const struct task_phase phases[] = {
        {"PROVISIONING", "getting a machine"},
        {"PENDING", "fetching Pulumi's image"},
        {"ACTIVATING", "starting"},
        {"RUNNING", "running"},
    };
    cleanup_json json_t *input = NULL, *task = NULL;
    int rc = input_of(c, p, o, &input, err);
    if (rc < 0)
        return rc;
    cleanup_free char *what = xasprintf("the Pulumi task (%s)", o->verb),
                      *prefix = xasprintf("pulumi %s: ", o->verb);
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
        .row = ROW,
        .row_prefix = prefix,
        .usual = "usually 3-12 min",
        .order = ROW_ORDER,
        .phases = phases,
        .phase_count = ARRAY_LEN(phases),
        .take_line = take_line,
        .arg = events};
    rc = task_run(&t, &task, err);
    if (rc == 0)
        rc = judge(task, o, events, t.task_arn, err);
    if (!engine_detaching(c))
        engine_row(
            c,
            ENGINE_ROW_STEP,
            ROW,
            rc == 0            ? ENGINE_DONE
            : rc == -ECANCELED ? ENGINE_CANCELED
                               : ENGINE_FAILED,
            ROW_ORDER,
            NULL,
            "pulumi %s: %s",
            o->verb,
            rc == 0            ? "done"
            : rc == -ECANCELED ? "canceled"
                               : "failed");
    task_run_done(&t);
    return rc;
}

static int task_of(struct engine_context *c, const char *key, char **arn, struct error *err)
{
    cleanup_free char *name = xasprintf("%s.task", key);
    return c->journal->get(c->journal->arg, name, arn, err);
}

int pulumi_run_begun(struct engine_context *c, const char *key, bool *begun, struct error *err)
{
    cleanup_free char *name = xasprintf("%s.token", key), *token = NULL;
    int rc = c->journal->get(c->journal->arg, name, &token, err);
    *begun = token != NULL;
    return rc;
}

static void wait_until_over(struct engine_context *c, const struct pulumi_place *p, const char *arn)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + STOP_MS;
    while (loop_now_ms(c->loop) < deadline) {
        cleanup_json json_t *reply = NULL;
        cleanup_error struct error ignored = ERROR_INIT;
        int rc = engine_call(
            c,
            &aws_ecs_DescribeTasks,
            json_pack("{s:s,s:[s]}", "cluster", p->cd.cluster, "tasks", arn),
            &reply,
            &ignored);
        const json_t *task = json_at(reply, "tasks.0");
        if (rc < 0 || !task || text_eq(json_str(task, "lastStatus"), "STOPPED"))
            return;
        engine_pace_wait(&pace);
    }
    engine_note(
        c,
        ENGINE_SAY_WARNING,
        NULL,
        "Pulumi did not end within %lld s of being asked to; its task is %s",
        STOP_MS / 1000,
        task_id(arn));
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
    engine_call(
        c,
        &aws_ecs_StopTask,
        json_pack(
            "{s:s,s:s,s:s}",
            "cluster",
            p->cd.cluster,
            "task",
            arn,
            "reason",
            "canceled by defangctl"),
        NULL,
        &ignored);
    wait_until_over(c, p, arn);
    fiber_shield(false);
}
