/* What is deployed is asked of CloudFormation each time: there is no state of our own that could
 * differ. `deployed` refuses a stack that is not ours and says whether anything moves in it;
 * outputs and resources are read as they are. */
#include "engine/cloudformation/state.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/stack/stack.h"

/* A teardown that did not finish: what is left may hold data, and an `up` is no order to delete it.
 */
char *cloudformation_refuses(const struct cfn_stack *stack)
{
    const char *reason = stack->status_reason ? stack->status_reason : "no reason given";

    if (text_eq(stack->status, "DELETE_FAILED"))
        return xasprintf(
            "stack %s is DELETE_FAILED: its last teardown did not finish (%s)",
            stack->name,
            reason);
    if (text_eq(stack->status, "IMPORT_ROLLBACK_FAILED"))
        return xasprintf(
            "stack %s is IMPORT_ROLLBACK_FAILED (%s): it cannot be changed any more",
            stack->name,
            reason);
    return NULL;
}

static char *way_out(const struct cfn_stack *stack)
{
    const char *way = cfn_status_way_out(stack->status);

    if (!way && cfn_status_busy(stack->status) && !text_eq(stack->status, "REVIEW_IN_PROGRESS"))
        way = "another operation works on it; `defangctl up` and `defangctl down` wait for its end";
    return xstrdup_null(way);
}

/* A stack in review has no resources yet; a dead one has none that serve. */
int cloudformation_deployed(
    struct engine_context *c, struct engine_template *out, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    struct cfn_stack stack;
    *out = (struct engine_template){0};

    int rc = cfn_stack_describe(c, name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, STACK_NAME_SETTING, err);
    if (rc == 0 && stack.exists) {
        bool in_review = text_eq(stack.status, "REVIEW_IN_PROGRESS");
        bool moves = cfn_status_busy(stack.status) || text_ends(stack.status, "_FAILED");

        out->status = xstrdup(stack.status);
        out->stuck = way_out(&stack);
        out->refused = cloudformation_refuses(&stack);
        out->exists = !in_review && !cfn_status_is_dead(stack.status);
        out->settled = out->exists && !moves;
        if (out->exists)
            rc = cfn_stack_template(c, name, &out->json, err);
    }

    cfn_stack_done(&stack);
    return rc;
}

int cloudformation_outputs(struct engine_context *c, json_t **out, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    struct cfn_stack stack;

    int rc = cfn_stack_describe(c, name, &stack, err);
    *out = rc == 0 && stack.exists ? json_incref(stack.outputs) : NULL;
    cfn_stack_done(&stack);
    return rc;
}

/* The list keeps resources that are gone, and those that the stack let go (retained). */
int cloudformation_resources(struct engine_context *c, json_t **out, struct error *err)
{
    cleanup_free char *stack = plan_stack_name(c->settings, c->project);
    cleanup_json json_t *items = NULL;
    json_t *in = object(key("StackName", stack));
    *out = NULL;

    int rc = engine_call_all(c, &aws_cloudformation_ListStackResources, in, &items, err);
    if (rc < 0)
        return error_wrap(err, "listing the resources of stack %s", stack);

    *out = json_object();
    size_t i;
    json_t *item;

    json_array_foreach(items, i, item) {
        const char *logical = json_str(item, "LogicalResourceId");
        const char *physical = json_str(item, "PhysicalResourceId");
        const char *status = json_str(item, "ResourceStatus");
        bool gone = text_eq(status, "DELETE_COMPLETE") || text_eq(status, "DELETE_SKIPPED");

        if (logical && physical && !gone)
            json_add(*out, logical, json_of(physical));
    }

    return 0;
}
