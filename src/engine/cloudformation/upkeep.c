/* A project's stack outside its deployments: does the cloud still look as the template says?
 *
 * CloudFormation compares by itself (drift.h). The differences are told and nothing is changed:
 * there is no state of our own to mend. What is gone, an `up` makes anew (daemon/jobs/up_gone.c).
 */
#include "engine/cloudformation/upkeep.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/cloudformation/drift.h"
#include "engine/cloudformation/state.h"
#include "plan/consent.h"

#include <errno.h>

#define ROW           "stack"
#define ROW_ORDER     2
#define VALUE_COLUMNS 60 /* of a property, on a line for people */

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

/* What is looked for by every `up`, and what only where it is asked for; what held data comes back
 * empty, which somebody has to want. */
static const char *way_back(const char *type)
{
    if (text_eq(type, "AWS::ECS::Service") || text_eq(type, "AWS::ECS::Cluster") ||
        text_eq(type, "AWS::Logs::LogGroup"))
        return "`defangctl up` makes it anew";
    if (plan_effect_of_going(type) == PLAN_LOSES)
        return "`defangctl up --refresh` says what making it anew means: it begins empty";
    return "`defangctl up --refresh` makes it anew";
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
            way_back(type),
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
    struct engine_context *c;
    unsigned differ, same, unknown;
};

static void count_drift(void *arg, const json_t *drift)
{
    struct drift_count *n = arg;
    const char *status = json_str_or(drift, "StackResourceDriftStatus", "");
    bool is_same = text_eq(status, "IN_SYNC");
    bool differs = text_eq(status, "MODIFIED") || text_eq(status, "DELETED");

    n->same += is_same;
    n->differ += differs;
    n->unknown += !is_same && !differs;
    if (differs)
        tell_difference(n->c, drift);
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
    tell(c, ENGINE_ACTIVE, "comparing what is there with the template");
    int rc = drift_detect(c, stack, count_drift, n, err);

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

    if (drift_possible(stack->status))
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
    struct drift_count n = {.c = c};
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
