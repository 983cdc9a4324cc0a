/* CloudFormation compares by itself (DetectStackDrift), which takes minutes; the id of the
 * comparison is kept, so that a restart goes on waiting for the same one. */
#include "engine/cloudformation/drift.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/cloudformation/upkeep.h"

#define DRIFT_WAIT_MS (30LL * 60 * 1000)
#define DRIFT_ID      "cfn.drift-id"
#define PAGE_DRIFTS   100 /* the most that one call gives */

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

/* Page by page, not by engine_call_all(): the model has no paginator for this operation. */
static int read_drifts(
    struct engine_context *c,
    const struct cfn_stack *stack,
    drift_fn *fn,
    void *arg,
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
            fn(arg, drift);
        }

        free(token);
        token = xstrdup_null(json_str(reply, "NextToken"));
    } while (!text_empty(token));
    return 0;
}

int drift_detect(
    struct engine_context *c,
    const struct cfn_stack *stack,
    drift_fn *fn,
    void *arg,
    struct error *err)
{
    cleanup_free char *id = NULL;

    int rc = begin_detection(c, stack, &id, err);
    if (rc == 0)
        rc = wait_for_detection(c, stack, id, err);
    return rc < 0 ? rc : read_drifts(c, stack, fn, arg, err);
}

bool drift_possible(const char *status)
{
    return (text_ends(status, "_COMPLETE") && !cfn_status_is_dead(status)) ||
           text_eq(status, "UPDATE_ROLLBACK_FAILED");
}

/* ---- what is gone ---- */

static void take_gone(void *arg, const json_t *drift)
{
    json_t *gone = arg;
    const char *id = json_str(drift, "LogicalResourceId");

    if (id && text_eq(json_str(drift, "StackResourceDriftStatus"), "DELETED"))
        json_object_set_new(gone, id, json_true());
}

/* What cannot be compared has nothing to be found in; its state is the deployment's business. */
int cloudformation_gone(struct engine_context *c, json_t **gone, struct error *err)
{
    struct cfn_stack stack = {0};
    *gone = json_object();

    int rc = cloudformation_find(c, &stack, err);
    if (rc == 0 && drift_possible(stack.status))
        rc = drift_detect(c, &stack, take_gone, *gone, err);
    cfn_stack_done(&stack);

    if (rc < 0) {
        json_decref(*gone);
        *gone = NULL;
    }
    return rc;
}
