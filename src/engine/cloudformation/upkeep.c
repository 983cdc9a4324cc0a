/* A project's stack outside its deployments: does the cloud still look as the template says, and an
 * update that nobody follows any more is taken back. */
#include "engine/cloudformation/cfn.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>

#define ROW           "stack"
#define ROW_ORDER     2
#define DRIFT_WAIT_MS (30LL * 60 * 1000)
#define DRIFT_ID      "cfn.drift-id"
#define CANCEL_SENT   "cfn.cancel-sent"
#define VALUE_COLUMNS 60

static int find_stack(struct engine_context *c, struct cfn_stack *out, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    int rc = cfn_stack_describe(c, name, out, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(out, "DEFANG_PREFIX or --stack", err);
    if (rc == 0 && !out->exists) {
        rc = error_raise(
            err,
            ERR_NOT_FOUND,
            "project %s, stack %s is not deployed in %s",
            c->project,
            c->settings->stack,
            aws_session_region(c->aws));
        error_hint(err, "`defangctl cd ls` lists what is");
    }
    return rc;
}

/* Begun once, also over a restart: the id is kept. */
static int begin_detection(
    struct engine_context *c, const struct cfn_stack *stack, char **id, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    int rc = c->journal->get(c->journal->arg, DRIFT_ID, id, err);
    if (rc < 0 || *id)
        return rc;
    rc = engine_call(
        c,
        &aws_cloudformation_DetectStackDrift,
        json_pack("{s:s}", "StackName", stack->id),
        &reply,
        err);
    if (rc < 0)
        return error_wrap(
            err, "asking CloudFormation to compare stack %s with what is there", stack->name);
    *id = xstrdup(json_str_or(reply, "StackDriftDetectionId", ""));
    return c->journal->put(c->journal->arg, DRIFT_ID, *id, err);
}

static int wait_for_detection(
    struct engine_context *c, const struct cfn_stack *stack, const char *id, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + DRIFT_WAIT_MS;
    for (;;) {
        cleanup_json json_t *reply = NULL;
        int rc = engine_call(
            c,
            &aws_cloudformation_DescribeStackDriftDetectionStatus,
            json_pack("{s:s}", "StackDriftDetectionId", id),
            &reply,
            err);
        const char *status = json_str_or(reply, "DetectionStatus", "");
        if (rc < 0)
            return error_wrap(err, "comparing stack %s with what is there", stack->name);
        if (text_eq(
                status,
                "DETECTION_FAILED")) /* some resources could not be read: the others are told */
            engine_note(
                c,
                ENGINE_SAY_WARNING,
                NULL,
                "CloudFormation could not compare everything: %s",
                json_str_or(reply, "DetectionStatusReason", "no reason given"));
        if (!text_eq(status, "DETECTION_IN_PROGRESS"))
            return 0;
        if (loop_now_ms(c->loop) > deadline)
            return error_raise(
                err,
                ERR_TIMEOUT,
                "CloudFormation did not end comparing stack %s within 30 minutes",
                stack->name);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

static void tell_difference(struct engine_context *c, const json_t *drift)
{
    const char *id = json_str_or(drift, "LogicalResourceId", "?"),
               *type = json_str_or(drift, "ResourceType", "?"),
               *status = json_str_or(drift, "StackResourceDriftStatus", "?");
    c->sink->resource(
        c->sink->arg,
        ROW,
        &(struct engine_resource){
            .logical_id = id,
            .type = type,
            .physical_id = json_str(drift, "PhysicalResourceId"),
            .status = status});
    if (text_eq(status, "DELETED"))
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            "take the project down and up again, or delete what is left of it and deploy it anew",
            "%s (%s) %s is gone",
            id,
            type,
            json_str_or(drift, "PhysicalResourceId", ""));
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(drift, "PropertyDifferences"), i, d) engine_note(
        c,
        ENGINE_SAY_WARNING,
        NULL,
        "%s (%s) %s: the template says %.*s, it is %.*s",
        id,
        type,
        json_str_or(d, "PropertyPath", "?"),
        VALUE_COLUMNS,
        json_str_or(d, "ExpectedValue", "nothing"),
        VALUE_COLUMNS,
        json_str_or(d, "ActualValue", "nothing"));
}

static int tell_drifts(
    struct engine_context *c,
    const struct cfn_stack *stack,
    unsigned *differ,
    unsigned *same,
    unsigned *unknown,
    struct error *err)
{
    cleanup_free char *token = NULL;
    do {
        cleanup_json json_t *reply = NULL,
                            *in = json_pack("{s:s,s:i}", "StackName", stack->id, "MaxResults", 100);
        if (token)
            json_object_set_new(in, "NextToken", json_string(token));
        int rc = engine_call(
            c, &aws_cloudformation_DescribeStackResourceDrifts, json_incref(in), &reply, err);
        if (rc < 0)
            return error_wrap(err, "reading how stack %s differs", stack->name);
        size_t i;
        json_t *drift;
        json_array_foreach(json_object_get(reply, "StackResourceDrifts"), i, drift)
        {
            const char *status = json_str_or(drift, "StackResourceDriftStatus", "");
            bool is_same = text_eq(status, "IN_SYNC"),
                 differs = text_eq(status, "MODIFIED") || text_eq(status, "DELETED");
            *same += is_same;
            *differ += differs;
            *unknown += !is_same && !differs;
            if (differs)
                tell_difference(c, drift);
        }
        free(token);
        token = xstrdup_null(json_str(reply, "NextToken"));
    } while (!text_empty(token));
    return 0;
}

int cfn_refresh(struct engine_context *c, struct engine_outcome *out, struct error *err)
{
    struct cfn_stack stack = {0};
    cleanup_free char *id = NULL;
    unsigned differ = 0, same = 0, unknown = 0;
    *out = (struct engine_outcome){0};
    int rc = find_stack(c, &stack, err);
    if (rc == 0) {
        engine_row(
            c,
            ENGINE_ROW_STEP,
            ROW,
            ENGINE_ACTIVE,
            ROW_ORDER,
            NULL,
            "comparing what is there with the template");
        rc = begin_detection(c, &stack, &id, err);
        if (rc == 0)
            rc = wait_for_detection(c, &stack, id, err);
        if (rc == 0)
            rc = tell_drifts(c, &stack, &differ, &same, &unknown, err);
        if (rc == 0)
            engine_row(
                c,
                ENGINE_ROW_STEP,
                ROW,
                ENGINE_DONE,
                ROW_ORDER,
                NULL,
                "%u as the template says, %u changed from outside%s",
                same,
                differ,
                unknown ? ", some of a type that CloudFormation cannot compare" : "");
        else if (!engine_detaching(c))
            engine_row(
                c,
                ENGINE_ROW_STEP,
                ROW,
                rc == -ECANCELED ? ENGINE_CANCELED : ENGINE_FAILED,
                ROW_ORDER,
                NULL,
                "not compared");
    }
    if (rc == 0 && differ)
        engine_note(
            c,
            ENGINE_SAY_NOTE,
            NULL,
            "nothing was changed: CloudFormation has no state of its own to mend; an `up` with a "
            "change of that resource sets it again");
    out->resources_changed = differ;
    out->nothing_changed = differ == 0;
    cfn_stack_done(&stack);
    return rc;
}

static int wait_until_idle(struct engine_context *c, struct cfn_stack *stack, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + CFN_WAIT_MS;
    while (stack->exists && cfn_status_busy(stack->status)) {
        engine_row(c, ENGINE_ROW_STEP, ROW, ENGINE_ACTIVE, ROW_ORDER, NULL, "%s", stack->status);
        if (loop_now_ms(c->loop) > deadline)
            return error_raise(err, ERR_TIMEOUT, "stack %s stayed %s", stack->name, stack->status);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
        cleanup_free char *id = xstrdup(stack->id);
        cfn_stack_done(stack);
        int rc = cfn_stack_describe(c, id, stack, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int take_back(struct engine_context *c, struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *sent = NULL;
    int rc = c->journal->get(c->journal->arg, CANCEL_SENT, &sent, err);
    if (rc == 0 && !sent) {
        rc = engine_call(
            c,
            &aws_cloudformation_CancelUpdateStack,
            json_pack("{s:s}", "StackName", stack->id),
            NULL,
            err);
        if (rc < 0)
            return error_wrap(err, "taking back the update of stack %s", stack->name);
        rc = c->journal->put(c->journal->arg, CANCEL_SENT, "1", err);
    }
    if (rc == 0)
        rc = wait_until_idle(c, stack, err);
    if (rc == 0 && !text_eq(stack->status, "UPDATE_ROLLBACK_COMPLETE") &&
        !text_eq(stack->status, "UPDATE_COMPLETE"))
        rc = error_raise(
            err,
            ERR_CLOUD,
            "stack %s ended in %s: %s",
            stack->name,
            stack->status ? stack->status : "DELETE_COMPLETE",
            stack->status_reason ? stack->status_reason : "no reason given");
    if (rc == 0)
        engine_row(c, ENGINE_ROW_STEP, ROW, ENGINE_DONE, ROW_ORDER, NULL, "%s", stack->status);
    else if (!engine_detaching(c))
        engine_row(
            c,
            ENGINE_ROW_STEP,
            ROW,
            rc == -ECANCELED ? ENGINE_CANCELED : ENGINE_FAILED,
            ROW_ORDER,
            NULL,
            "%s",
            stack->status ? stack->status : "gone");
    return rc;
}

int cfn_release(struct engine_context *c, bool force, struct engine_outcome *out, struct error *err)
{
    struct cfn_stack stack = {0};
    cleanup_free char *sent = NULL;
    *out = (struct engine_outcome){0};
    int rc = find_stack(c, &stack, err);
    if (rc == 0)
        rc = c->journal->get(c->journal->arg, CANCEL_SENT, &sent, err);
    if (rc == 0 && (sent || text_eq(stack.status, "UPDATE_IN_PROGRESS"))) {
        rc = take_back(c, &stack, err);
    } else if (rc == 0 && cfn_status_busy(stack.status)) {
        rc = error_raise(
            err,
            ERR_REFUSED,
            "stack %s is %s: CloudFormation can take back an update only",
            stack.name,
            stack.status);
        error_hint(
            err, "wait until it has ended; `defangctl down` removes a stack whose creation failed");
    } else if (rc == 0) {
        out->nothing_changed = true;
        engine_row(
            c,
            ENGINE_ROW_STEP,
            ROW,
            ENGINE_SKIPPED,
            ROW_ORDER,
            NULL,
            "nothing is under way: %s",
            stack.status);
    }
    cfn_stack_done(&stack);
    return rc;
}
