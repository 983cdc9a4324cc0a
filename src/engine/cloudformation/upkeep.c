/* A project's stack outside its deployments: does the cloud still look as the template says?
 *
 * CloudFormation compares by itself (DetectStackDrift), which takes minutes; the id of the
 * comparison is kept, so that a restart goes on waiting for the same one. The differences are told
 * and nothing is changed: there is no state of our own to mend. */
#include "engine/cloudformation/upkeep.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/cloudformation/state.h"

#include <errno.h>

#define ROW           "stack"
#define ROW_ORDER     2
#define DRIFT_WAIT_MS (30LL * 60 * 1000)
#define DRIFT_ID      "cfn.drift-id"
#define VALUE_COLUMNS 60  /* of a property, on a line for people */
#define PAGE_DRIFTS   100 /* the most that one call gives */

int cloudformation_find(struct engine_context *c, struct cfn_stack *out, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);

    int rc = cfn_stack_describe(c, name, out, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(out, STACK_NAME_SETTING, err);
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

    int rc = engine_journal_get(c, DRIFT_ID, id, err);
    if (rc < 0 || *id)
        return rc;

    rc = engine_call(
        c, &aws_cloudformation_DetectStackDrift, object(key("StackName", stack->id)), &reply, err);
    if (rc < 0)
        return error_wrap(
            err, "asking CloudFormation to compare stack %s with what is there", stack->name);

    *id = xstrdup(json_str_or(reply, "StackDriftDetectionId", ""));
    return engine_journal_put(c, DRIFT_ID, *id, err);
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
            object(key("StackDriftDetectionId", id)),
            &reply,
            err);
        const char *status = json_str_or(reply, "DetectionStatus", "");
        if (rc < 0)
            return error_wrap(err, "comparing stack %s with what is there", stack->name);

        /* Some resources could not be read: the others are told. */
        if (text_eq(status, "DETECTION_FAILED"))
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
    const char *id = json_str_or(drift, "LogicalResourceId", "?");
    const char *type = json_str_or(drift, "ResourceType", "?");
    const char *status = json_str_or(drift, "StackResourceDriftStatus", "?");
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
            text_eq(type, "AWS::ECS::Service") ? "`defangctl up` makes it anew"
                                               : "`defangctl down`, then `defangctl up`",
            "%s (%s) %s is gone",
            id,
            type,
            json_str_or(drift, "PhysicalResourceId", ""));

    size_t i;
    json_t *d;

    json_array_foreach(json_object_get(drift, "PropertyDifferences"), i, d) {
        engine_note(
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
}

struct drift_count {
    unsigned differ, same, unknown;
};

static void count_drift(struct engine_context *c, const json_t *drift, struct drift_count *n)
{
    const char *status = json_str_or(drift, "StackResourceDriftStatus", "");
    bool is_same = text_eq(status, "IN_SYNC");
    bool differs = text_eq(status, "MODIFIED") || text_eq(status, "DELETED");

    n->same += is_same;
    n->differ += differs;
    n->unknown += !is_same && !differs;
    if (differs)
        tell_difference(c, drift);
}

/* Page by page, not by engine_call_all(): the model has no paginator for this operation. */
static int tell_drifts(
    struct engine_context *c,
    const struct cfn_stack *stack,
    struct drift_count *n,
    struct error *err)
{
    cleanup_free char *token = NULL;

    do {
        cleanup_json json_t *reply = NULL;
        json_t *in = object(
            key("StackName", stack->id), key("NextToken", token), key("MaxResults", PAGE_DRIFTS));

        int rc = engine_call(c, &aws_cloudformation_DescribeStackResourceDrifts, in, &reply, err);
        if (rc < 0)
            return error_wrap(err, "reading how stack %s differs", stack->name);

        size_t i;
        json_t *drift;

        json_array_foreach(json_object_get(reply, "StackResourceDrifts"), i, drift) {
            count_drift(c, drift, n);
        }

        free(token);
        token = xstrdup_null(json_str(reply, "NextToken"));
    } while (!text_empty(token));
    return 0;
}

static void tell(struct engine_context *c, enum engine_row_state state, const char *what)
{
    engine_row(c, ENGINE_ROW_STEP, ROW, state, ROW_ORDER, NULL, "%s", what);
}

static int compare(
    struct engine_context *c,
    const struct cfn_stack *stack,
    struct drift_count *n,
    struct error *err)
{
    cleanup_free char *id = NULL;

    tell(c, ENGINE_ACTIVE, "comparing what is there with the template");
    int rc = begin_detection(c, stack, &id, err);
    if (rc == 0)
        rc = wait_for_detection(c, stack, id, err);
    if (rc == 0)
        rc = tell_drifts(c, stack, n, err);

    if (rc == 0) {
        cleanup_free char *what = xasprintf(
            "%u as the template says, %u changed from outside%s",
            n->same,
            n->differ,
            n->unknown ? ", some of a type that CloudFormation cannot compare" : "");
        tell(c, ENGINE_DONE, what);
    } else if (!engine_detaching(c)) {
        tell(c, engine_state_of(rc), "not compared");
    }

    return rc;
}

static void tell_waiting(struct engine_context *c, const struct cfn_stack *stack)
{
    cleanup_free char *what = xasprintf("waiting for another operation to end: %s", stack->status);
    tell(c, ENGINE_ACTIVE, what);
}

/* CloudFormation compares only a stack that is whole; of the others it says no more than that. */
static int wait_until_whole(struct engine_context *c, struct cfn_stack *stack, struct error *err)
{
    int rc = cfn_stack_wait_idle(c, stack->id, stack, tell_waiting, err);
    if (rc < 0)
        return rc;
    if (!stack->exists)
        return error_raise(err, ERR_NOT_FOUND, "the stack was removed meanwhile");

    bool whole = (text_ends(stack->status, "_COMPLETE") && !cfn_status_is_dead(stack->status)) ||
                 text_eq(stack->status, "UPDATE_ROLLBACK_FAILED");
    if (whole)
        return 0;

    const char *way = cfn_status_way_out(stack->status);
    error_raise(
        err,
        ERR_REFUSED,
        "stack %s is %s: there is no whole deployment to compare",
        stack->name,
        stack->status);
    error_hint(err, "%s", way ? way : "`defangctl up` deploys it");
    return -EPERM;
}

int cloudformation_refresh(struct engine_context *c, struct engine_outcome *out, struct error *err)
{
    struct cfn_stack stack = {0};
    struct drift_count n = {0};
    *out = (struct engine_outcome){0};

    int rc = cloudformation_find(c, &stack, err);
    if (rc == 0)
        rc = wait_until_whole(c, &stack, err);
    if (rc == 0)
        rc = compare(c, &stack, &n, err);
    if (rc == 0 && n.differ)
        engine_note(
            c,
            ENGINE_SAY_NOTE,
            NULL,
            "nothing was changed: CloudFormation has no state of its own to mend; an `up` with a "
            "change of that resource sets it again");

    out->resources_changed = n.differ;
    out->nothing_changed = n.differ == 0;
    cfn_stack_done(&stack);
    return rc;
}
