/* Before a deployment is planned: a stack that cannot be changed as it stands is brought to where
 * it can be.
 *
 * Only UPDATE_ROLLBACK_FAILED needs it: its roll back is continued (stack/recover.h). Which
 * resources had to be left out is kept in the journal, because the deployment must make their
 * services anew, in a later life of the job too. Stacks that only a delete helps are cleared by the
 * apply, when it is known that there is something to deploy. */
#include "engine/cloudformation/mend.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/cloudformation/state.h"
#include "engine/stack/recover.h"

#include <string.h>

#define ROW       "stack"
#define ROW_ORDER 2
#define JOURNAL   "cfn.recover"
#define SKIPPED   "cfn.recover.skipped"

static const char *row_of(void *arg, const char *logical_id)
{
    return ROW;
}

static void on_event(void *arg, const struct engine_resource *r, const char *row_id)
{
    struct engine_context *c = arg;
    c->sink->resource(c->sink->arg, row_id, r);
}

static void tell(struct engine_context *c, enum engine_row_state state, const char *what)
{
    engine_row(c, ENGINE_ROW_STEP, ROW, state, ROW_ORDER, NULL, "%s", what);
}

/* Beside what an earlier round of the same job left out. */
static int keep(struct engine_context *c, const json_t *skipped, struct error *err)
{
    cleanup_free char *before = NULL;
    cleanup_json json_t *all = NULL;
    json_t *one;
    size_t i;

    int rc = engine_journal_get(c, SKIPPED, &before, err);
    if (rc == 0 && before)
        rc = json_parse(before, strlen(before), &all, err);
    if (rc < 0)
        return rc;

    if (!all)
        all = json_array();
    json_array_foreach(skipped, i, one) {
        json_push(all, json_string(json_str(one, "id")));
    }

    cleanup_free char *text = json_print(all, false, true);
    return engine_journal_put(c, SKIPPED, text, err);
}

static int kept(struct engine_context *c, json_t **out, struct error *err)
{
    cleanup_free char *text = NULL;
    *out = NULL;

    int rc = engine_journal_get(c, SKIPPED, &text, err);
    if (rc == 0 && text)
        rc = json_parse(text, strlen(text), out, err);
    return rc;
}

int cloudformation_roll_back(
    struct engine_context *c, struct cfn_stack *stack, json_t **skipped, struct error *err)
{
    cleanup_json json_t *left = NULL;
    cleanup_free char *id = xstrdup(stack->id);
    struct cfn_follow f = {.context = c, .row_of = row_of, .on_event = on_event, .arg = c};

    tell(c, ENGINE_ACTIVE, "continuing the roll back that failed");
    int rc = cfn_stack_recover(stack, JOURNAL, &f, &left, err);
    if (rc == 0 && json_array_size(left))
        rc = keep(c, left, err);
    cfn_follow_done(&f);

    if (rc == 0)
        tell(c, ENGINE_DONE, "rolled back: UPDATE_ROLLBACK_COMPLETE");
    else if (!engine_detaching(c))
        tell(c, engine_state_of(rc), "not rolled back");

    if (rc == 0 && skipped)
        rc = kept(c, skipped, err);
    if (rc == 0) {
        cfn_stack_done(stack);
        rc = cfn_stack_describe(c, id, stack, err);
    }
    return rc;
}

static void tell_waiting(struct engine_context *c, const struct cfn_stack *stack)
{
    cleanup_free char *what = xasprintf("waiting for another operation to end: %s", stack->status);
    tell(c, ENGINE_ACTIVE, what);
}

int cloudformation_mend(struct engine_context *c, json_t **skipped, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    struct cfn_stack stack = {0};
    *skipped = NULL;

    int rc = cfn_stack_describe(c, name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, STACK_NAME_SETTING, err);
    if (rc == 0 && stack.exists && text_eq(stack.status, "UPDATE_ROLLBACK_IN_PROGRESS"))
        rc = cfn_stack_wait_idle(c, name, &stack, tell_waiting, err);

    if (rc == 0 && stack.exists && text_eq(stack.status, "UPDATE_ROLLBACK_FAILED"))
        rc = cloudformation_roll_back(c, &stack, skipped, err);
    else if (rc == 0)
        rc = kept(c, skipped, err);

    cfn_stack_done(&stack);
    return rc;
}
