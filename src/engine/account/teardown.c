/* The CD stack is taken away: only when no project needs it any more, whichever engine deployed it,
 * unless somebody insists. Its bucket stays (it is retained by the template): what is in it is the
 * projects' history.
 *
 * The delete has its token in the journal before it is asked for; a removal that an earlier life of
 * this job began is followed, not begun again. */
#include "engine/account/teardown.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/object.h"
#include "engine/account/cd_work.h"
#include "engine/account/stacks.h"
#include "engine/call.h"
#include "engine/engine.h"
#include "engine/stack/cd.h"

#include <errno.h>

#define DELETE_TOKEN "cd.delete-token"

/* Project stacks of ours in this account and region, by tag, and states of Pulumi. */
static int refuse_while_projects(struct engine_context *c, struct error *err)
{
    struct flow_stacks stacks = {0};
    cleanup_str struct str list = STR_INIT;

    int rc = flow_stacks_list(c, &stacks, err);
    vec_each(s, &stacks) {
        str_appendf(
            &list,
            "%s%s (%s/%s, engine %s)",
            list.len ? ", " : "",
            s->name,
            s->project,
            s->stack,
            s->engine->name);
    }

    flow_stacks_done(&stacks);
    if (rc < 0 || list.len == 0)
        return rc;

    error_raise(err, ERR_REFUSED, "projects are still deployed with it: %s", str_get(&list));
    error_hint(
        err,
        "take each down first (`defangctl down -p PROJECT`; `defangctl cd ls` lists them), or "
        "force it with `defangctl cd teardown --force`");
    return -EPERM;
}

static int unprotect(struct engine_context *c, const char *stack, struct error *err)
{
    json_t *in = object(key("EnableTerminationProtection", false), key("StackName", stack));
    return engine_call(c, &aws_cloudformation_UpdateTerminationProtection, in, NULL, err);
}

/* Ready to be deleted. */
static int begin(struct engine_context *c, const char *stack, char **token, struct error *err)
{
    int rc = engine_no_return(c, err);
    if (rc == 0 && !*token)
        rc = engine_token(c, DELETE_TOKEN, token, err);
    return rc < 0 ? rc : unprotect(c, stack, err);
}

/* From a stack that is there to none. */
static int remove_stack(struct cd_work *w, struct cfn_stack *stack, bool force, struct error *err)
{
    cleanup_free char *token = NULL;

    int rc = engine_journal_get(w->c, DELETE_TOKEN, &token, err);
    bool begun = token && text_eq(stack->status, "DELETE_IN_PROGRESS");

    if (rc == 0 && !begun && !force)
        rc = refuse_while_projects(w->c, err);
    if (rc == 0 && !begun)
        rc = cd_work_wait_idle(w, stack, err);
    if (rc < 0 || !stack->exists)
        return rc;

    if (!begun)
        rc = begin(w->c, stack->name, &token, err);
    return rc < 0 ? rc : cd_work_remove(w, stack, token, begun, err);
}

static void tell(struct engine_context *c, enum engine_row_state state, const char *what)
{
    engine_row(c, ENGINE_ROW_STEP, CD_ROW, state, CD_ROW_ORDER, NULL, "%s", what);
}

/* A creation that failed early came to none, and one that was emptied may have been deleted by
 * hand: it is looked at. */
static bool is_left(struct engine_context *c, const char *bucket)
{
    cleanup_error struct error ignored = ERROR_INIT;

    if (text_empty(bucket))
        return false;

    int rc =
        engine_call_optional(c, &aws_s3_HeadBucket, object(key("Bucket", bucket)), NULL, &ignored);
    return rc == 0 || !aws_error_is_not_found(&ignored);
}

int flow_cd_teardown(
    struct engine_context *c, bool force, unsigned *changed, char **bucket, struct error *err)
{
    struct cfn_stack stack = {0};
    struct cd_work w = {.c = c, .verb = "removing", .round = ""};
    cleanup_free char *name = NULL;
    *changed = 0;
    *bucket = NULL;

    int rc = cfn_stack_describe(c, c->settings->cd_name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, CD_NAME_SETTING, err);
    if (rc < 0) {
        cfn_stack_done(&stack);
        return rc;
    }

    if (!stack.exists) {
        cleanup_free char *none = xasprintf("there is no CD stack %s", c->settings->cd_name);
        tell(c, ENGINE_SKIPPED, none);
        return 0;
    }

    /* The bucket's name is read before its stack goes: nobody could say later what it was. */
    rc = cfn_stack_physical_id(c, stack.id, "Bucket", &name, err);
    if (rc == 0)
        rc = remove_stack(&w, &stack, force, err);
    *changed = w.changed;

    bool left = rc == 0 && is_left(c, name);
    if (left)
        *bucket = steal(name);
    if (rc == 0)
        tell(c, ENGINE_DONE, left ? "CD stack removed; its bucket is kept" : "CD stack removed");
    else if (!engine_detaching(c))
        tell(c, engine_state_of(rc), "CD stack: not removed");
    cfn_stack_done(&stack);
    return rc;
}
