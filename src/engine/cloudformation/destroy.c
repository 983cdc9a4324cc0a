/* The project's stack is removed.
 *
 * Before anything is touched: what is protected against deletion is refused, or lifted on demand.
 * Stores go first, each with its last snapshot (keep/keep.h): a stack that no longer holds one can
 * always be removed. Which buckets the stack will leave is noted in the journal. Then the delete,
 * under the phase's token, followed to its end. CloudFormation cannot stop a removal, so a cancel
 * only stops looking. At last the buckets are settled, also when an earlier life of the job saw the
 * stack go. */
#include "engine/cloudformation/destroy.h"

#include "base/str.h"
#include "engine/cloudformation/buckets.h"
#include "engine/cloudformation/operation.h"
#include "engine/cloudformation/state.h"
#include "engine/keep/keep.h"
#include "engine/stack/protect.h"
#include "engine/stack/remove.h"

#include <errno.h>

static int follow_removal(
    struct operation *o,
    const struct cfn_stack *stack,
    struct engine_outcome *out,
    struct error *err)
{
    struct cfn_follow f = operation_told(o);
    bool begun = text_eq(stack->status, "DELETE_IN_PROGRESS");

    int rc = cfn_stack_remove(stack, o->token, begun, &f, err);
    out->resources_changed = f.changed;
    cfn_follow_done(&f);
    return rc;
}

/* Begun by an earlier life, it is followed without asking again. */
static int
run(struct operation *o, struct cfn_stack *stack, struct engine_outcome *out, struct error *err)
{
    bool executed = false;

    int rc = operation_executed(o, &executed, err);
    if (rc == 0 && !executed)
        rc = operation_wait_idle(o, stack, err);
    if (rc == 0 && stack->exists)
        rc = engine_no_return(o->c, err);
    if (rc == 0 && !executed && stack->exists)
        rc = operation_set_executed(o, err);
    if (rc < 0 || !stack->exists)
        return rc;

    rc = follow_removal(o, stack, out, err);
    if (engine_detaching(o->c))
        return rc;
    if (rc == -ECANCELED)
        engine_note(
            o->c,
            ENGINE_SAY_WARNING,
            NULL,
            "CloudFormation cannot stop a removal: stack %s goes on being removed",
            stack->name);
    rows_finish(o->rows, rc == 0);
    return rc;
}

/* Stores go first, each with its last snapshot. */
static int retire(struct engine_context *c, const json_t *template, bool force, struct error *err)
{
    cleanup_json json_t *ids = NULL;
    struct keep_stores stores = {0};

    int rc = cloudformation_resources(c, &ids, err);
    if (rc == 0)
        rc = keep_list(c, template, ids, &stores, err);
    if (rc == 0)
        rc = keep_retire(c, &stores, force, err);
    if (rc == 0)
        rc = keep_before(c, template, NULL, ids, err);
    keep_stores_done(&stores);
    return rc;
}

static int destroy_existing(
    struct operation *o,
    struct cfn_stack *stack,
    bool begun,
    bool force,
    struct engine_outcome *out,
    struct error *err)
{
    cleanup_json json_t *template = NULL;
    /* Rows are for people: a template that cannot be read must not stop a teardown. */
    cleanup_error struct error ignored = ERROR_INIT;
    int rc = 0;

    cfn_stack_template(o->c, o->stack_name, &template, &ignored);
    o->rows = rows_from_template(o->c, template);
    if (!begun)
        rc = protect_lift(o->c, o->stack_name, template, force, err);
    if (rc == 0 && !begun)
        rc = retire(o->c, template, force, err);
    if (rc == 0 && !begun)
        rc = buckets_note(o->c, o->stack_name, template, o->key_buckets, err);
    return rc < 0 ? rc : run(o, stack, out, err);
}

int cloudformation_destroy(
    struct engine_context *c, bool force, struct engine_outcome *out, struct error *err)
{
    struct operation o = {0};
    struct cfn_stack stack = {0};
    bool begun = false;
    *out = (struct engine_outcome){0};

    int rc = operation_init(&o, c, "destroy", err);
    if (rc == 0)
        rc = operation_executed(&o, &begun, err);
    if (rc == 0)
        rc = cfn_stack_describe(c, o.stack_name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, STACK_NAME_SETTING, err);

    if (rc == 0 && stack.exists)
        rc = destroy_existing(&o, &stack, begun, force, out, err);
    else if (rc == 0)
        out->nothing_changed = !begun; /* an earlier life may have removed it */

    if (rc == 0)
        keep_after(c, NULL);
    if (rc == 0)
        rc = buckets_settle(c, o.key_buckets, err);
    cfn_stack_done(&stack);
    operation_done(&o);
    return rc;
}
