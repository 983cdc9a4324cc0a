/* Operations of the CD stack, as the row "account" tells them.
 *
 * Two rounds at most: an account's first stack with ECS can fail because the service-linked role
 * was not known everywhere yet (stack/service_role.h); it is then removed and made once more, with
 * journal keys of its own, because CloudFormation takes a ClientRequestToken for one operation
 * only. */
#include "engine/account/cd_work.h"

#include "base/mem.h"
#include "engine/stack/events.h"
#include "engine/stack/recover.h"
#include "engine/stack/remove.h"
#include "engine/stack/service_role.h"

char *cd_work_key(const struct cd_work *w, const char *name)
{
    return xasprintf("cd.%s%s", name, w->round);
}

static const char *row_of(void *arg, const char *logical_id)
{
    return CD_ROW;
}

static void on_event(void *arg, const struct engine_resource *r, const char *row_id)
{
    struct cd_work *w = arg;

    w->c->sink->resource(w->c->sink->arg, row_id, r);
    engine_row(
        w->c,
        ENGINE_ROW_STEP,
        CD_ROW,
        ENGINE_ACTIVE,
        CD_ROW_ORDER,
        "usually about 2 min",
        "CD stack: %s %s",
        w->verb,
        r->logical_id);
}

static struct cfn_follow follow_of(struct cd_work *w, const char *journal_key)
{
    return (struct cfn_follow){
        .context = w->c,
        .journal_key = journal_key,
        .row_of = row_of,
        .on_event = on_event,
        .arg = w};
}

/* What the end means. Frees what the follow found. */
static int judge(struct cd_work *w, struct cfn_follow *f, const char *verb, struct error *err)
{
    int rc = 0;

    w->changed += f->changed;
    w->role_was_late = service_role_was_late(f->first_failure);
    if (!cfn_status_is_good(f->status))
        rc = error_raise(
            err,
            ERR_CLOUD,
            "%s the CD stack ended in %s: %s",
            verb,
            f->status,
            f->first_failure ? f->first_failure : "no reason given");
    cfn_follow_done(f);
    return rc;
}

int cd_work_follow(
    struct cd_work *w,
    const char *stack_id,
    const char *token,
    const char *last_event,
    const char *verb,
    struct error *err)
{
    cleanup_free char *journal_key = cd_work_key(w, last_event);
    struct cfn_follow f = follow_of(w, journal_key);

    f.stack_id = stack_id;
    f.token = token;
    int rc = cfn_follow(&f, err);
    if (rc == 0)
        return judge(w, &f, verb, err);

    w->role_was_late = false;
    cfn_follow_done(&f);
    return rc;
}

int cd_work_clear(struct cd_work *w, struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *token_key = cd_work_key(w, "clear-token");
    cleanup_free char *journal_key = cd_work_key(w, "clear-last");
    struct cfn_follow f = follow_of(w, journal_key);

    w->verb = "removing failed";
    w->role_was_late = false;
    int rc = cfn_stack_clear(stack, token_key, &f, err);
    if (rc == 0)
        rc = judge(w, &f, "removing", err);
    else
        cfn_follow_done(&f);
    cfn_stack_done(stack);
    return rc;
}

int cd_work_remove(
    struct cd_work *w,
    const struct cfn_stack *stack,
    const char *token,
    bool begun,
    struct error *err)
{
    cleanup_free char *journal_key = cd_work_key(w, "delete-last");
    struct cfn_follow f = follow_of(w, journal_key);

    w->verb = "removing";
    int rc = cfn_stack_remove(stack, token, begun, &f, err);
    w->changed += f.changed;
    cfn_follow_done(&f);
    return rc;
}

int cd_work_roll_back(struct cd_work *w, struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *journal_key = cd_work_key(w, "recover");
    cleanup_free char *id = xstrdup(stack->id);
    cleanup_json json_t *skipped = NULL;
    struct cfn_follow f = follow_of(w, NULL);

    w->verb = "rolling back";
    int rc = cfn_stack_recover(stack, journal_key, &f, &skipped, err);
    cfn_follow_done(&f);
    if (rc < 0)
        return rc;

    cfn_stack_done(stack);
    return cfn_stack_describe(w->c, id, stack, err);
}

static void tell_waiting(struct engine_context *c, const struct cfn_stack *stack)
{
    engine_row(
        c,
        ENGINE_ROW_STEP,
        CD_ROW,
        ENGINE_ACTIVE,
        CD_ROW_ORDER,
        NULL,
        "CD stack: waiting, it is %s",
        stack->status);
}

/* What is busy may be ours from before a restart, or anybody's. */
int cd_work_wait_idle(struct cd_work *w, struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *executed = NULL;
    cleanup_free char *executed_key = cd_work_key(w, "executed");
    const char *name = w->c->settings->cd_name;

    int rc = engine_journal_get(w->c, executed_key, &executed, err);
    if (rc < 0)
        return rc;

    bool busy = stack->exists && cfn_status_busy(stack->status);
    if (busy && executed) {
        /* A life of this job before a restart began it: its events go on where they stopped. */
        rc = cd_work_follow(w, stack->id, executed, "last-event", w->verb, err);
        cfn_stack_done(stack);
        return rc < 0 ? rc : cfn_stack_describe(w->c, name, stack, err);
    }

    /* Another terminal's deployment may be making it right now. */
    return cfn_stack_wait_idle(w->c, name, stack, tell_waiting, err);
}
