/* Change sets: made under a name that the deployment determines, so that a job that comes back
 * finds its own instead of making a second.
 *
 *   describe ─ there ──────────────────────────────────┐
 *      └─ not there ─ CreateChangeSet (ClientToken) ───┴─▶ poll ─ CREATE_COMPLETE ─▶ execute
 *                                                            └─ FAILED: no changes, or refused
 *
 * Both steps may be repeated by a later life of the job. Executing is the effect: its token
 * (ClientRequestToken) stands in the journal before, and a change set that is gone, running or done
 * was executed by an earlier life. Facts: shared/reference/peers.md 4.3. */
#include "engine/stack/change.h"

#include "aws/model/operations.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/stack/refusal.h"
#include "engine/stack/stack.h"
#include "loop/fiber.h"

#include <string.h>

#define CHANGE_SET_WAIT_MS (10LL * 60 * 1000)
#define MISSING_LOOKS      5 /* just made, it may not be seen at once */

static json_t *change_key(const struct cfn_change *change)
{
    return object(
        key("StackName", change->stack_name), key("ChangeSetName", change->change_set_name));
}

/* A change set that is not there is an answer: *out is NULL then. */
static int change_describe(
    struct engine_context *c, const struct cfn_change *change, json_t **out, struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;

    int rc = engine_call(c, &aws_cloudformation_DescribeChangeSet, change_key(change), out, &local);
    if (rc < 0 && (aws_error_is_not_found(&local) || error_has_code(&local, "ChangeSetNotFound") ||
                   error_has_code(&local, "ChangeSetNotFoundException"))) {
        *out = NULL;
        return 0;
    }

    if (rc < 0)
        error_move(err, &local);
    return rc;
}

static int
change_create(struct engine_context *c, const struct cfn_change *change, struct error *err)
{
    const char *body = change->template_url ? NULL : change->template_body;
    const char *type = change->create ? "CREATE" : "UPDATE";

    json_t *in = object(
        key("StackName", change->stack_name),
        key("TemplateBody", body),
        key("TemplateURL", change->template_url),
        key("Capabilities", texts("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")),
        key("Tags", cfn_tags(c, change->stack_name)),
        key("ChangeSetName", change->change_set_name),
        key("ClientToken", change->token),
        key("ChangeSetType", type));
    if (change->import_existing)
        json_add(in, "ImportExistingResources", json_of(true));

    cleanup_error struct error local = ERROR_INIT;

    int rc = engine_call(c, &aws_cloudformation_CreateChangeSet, in, NULL, &local);
    if (rc < 0 && error_has_code(&local, "AlreadyExistsException"))
        return 0;
    if (rc < 0)
        error_move(err, &local);
    return rc;
}

/* CloudFormation has no code for it, only these words. */
static bool says_no_changes(const char *reason)
{
    return reason && (strstr(reason, "didn't contain changes") ||
                      strstr(reason, "No updates are to be performed"));
}

/* CloudFormation fails a change set without changes, in words only. It is deleted, after its
 * reasons were read: the next deployment of the same name would find it. */
static int end_failed(
    struct engine_context *c,
    const struct cfn_change *change,
    const json_t *described,
    bool *empty,
    struct error *err)
{
    cleanup_error struct error ignored = ERROR_INIT;

    *empty = says_no_changes(json_str(described, "StatusReason"));
    int rc = *empty ? 0 : cfn_change_refused(c, change, described, err);
    engine_call_optional(
        c, &aws_cloudformation_DeleteChangeSet, change_key(change), NULL, &ignored);

    return rc;
}

/* Just made, it may not be seen at once; a few looks that find nothing are forgiven. */
static int wait_until_made(
    struct engine_context *c, const struct cfn_change *change, bool *empty, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + CHANGE_SET_WAIT_MS;
    unsigned missing = 0;

    for (;;) {
        cleanup_json json_t *reply = NULL;

        int rc = change_describe(c, change, &reply, err);
        if (rc < 0)
            return error_wrap(err, "waiting for the change set of %s", change->stack_name);
        if (!reply && ++missing > MISSING_LOOKS)
            return error_raise(
                err,
                ERR_CLOUD,
                "the change set of %s vanished before it was applied",
                change->stack_name);

        const char *status = json_str_or(reply, "Status", "");
        if (text_eq(status, "CREATE_COMPLETE"))
            return 0;
        if (text_eq(status, "FAILED"))
            return end_failed(c, change, reply, empty, err);

        if (loop_now_ms(c->loop) > deadline)
            return error_raise(
                err,
                ERR_TIMEOUT,
                "CloudFormation did not finish the change set of %s within 10 minutes",
                change->stack_name);

        rc = engine_pace_wait(&pace);
        if (rc < 0)
            return error_raise_errno(err, ERR_CANCELED, -rc, "canceled");
    }
}

int cfn_change_prepare(
    struct engine_context *c, const struct cfn_change *change, bool *empty, struct error *err)
{
    cleanup_json json_t *seen = NULL;
    *empty = false;

    int rc = change_describe(c, change, &seen, err);
    if (rc == 0 && !seen)
        rc = change_create(c, change, err);
    if (rc < 0)
        return error_wrap(err, "asking CloudFormation what would change in %s", change->stack_name);
    return wait_until_made(c, change, empty, err);
}

/* A cancel in the middle of this call would leave it open whether it had an effect: it is waited
 * for, but not for fresh credentials. */
static int execute_call(
    struct engine_context *c, const struct cfn_change *change, bool keep_failed, struct error *err)
{
    for (;;) {
        json_t *in = change_key(change);
        json_add(in, "ClientRequestToken", json_of(change->token));
        json_add(in, "DisableRollback", json_of(keep_failed));

        cleanup_error struct error local = ERROR_INIT;
        fiber_shield(true);
        int rc = aws_call(c->aws, &aws_cloudformation_ExecuteChangeSet, in, NULL, &local);
        fiber_shield(false);
        if (engine_retry_after_auth(c, rc, &local))
            continue;
        if (rc < 0)
            error_move(err, &local);
        return rc;
    }
}

/* "Replacement type updates not supported on stack with disable-rollback": what cannot be kept is
 * rolled back, and that is said before it begins. */
static int
may_keep(struct engine_context *c, const struct cfn_change *change, bool *keep, struct error *err)
{
    cleanup_json json_t *changes = NULL;
    *keep = change->keep_failed;
    if (!*keep)
        return 0;

    int rc = engine_call_all(
        c, &aws_cloudformation_DescribeChangeSet, change_key(change), &changes, err);
    size_t i;
    json_t *item;

    json_array_foreach(changes, i, item) {
        const char *replaced = json_str_or(item, "ResourceChange.Replacement", "False");
        if (!*keep || text_eq(replaced, "False"))
            continue;
        *keep = false;
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            NULL,
            "--no-rollback has no effect: CloudFormation can keep a failure only where nothing is "
            "replaced, and this replaces %s; what fails is rolled back",
            json_str_or(item, "ResourceChange.LogicalResourceId", "a resource"));
    }

    return rc;
}

/* An OBSOLETE one would apply a difference to a stack that has moved on. */
int cfn_change_execute(struct engine_context *c, const struct cfn_change *change, struct error *err)
{
    cleanup_json json_t *seen = NULL;

    int rc = change_describe(c, change, &seen, err);
    if (rc < 0)
        return error_wrap(err, "looking at the change set of %s", change->stack_name);

    const char *execution = json_str_or(seen, "ExecutionStatus", "AVAILABLE");
    if (text_eq(execution, "OBSOLETE"))
        return error_raise(
            err,
            ERR_CLOUD,
            "stack %s was changed by somebody else meanwhile: deploy again",
            change->stack_name);

    /* Gone or running: an earlier life of this job executed it. */
    if (!seen || !text_eq(execution, "AVAILABLE"))
        return 0;

    bool keep_failed = false;
    rc = may_keep(c, change, &keep_failed, err);
    if (rc == 0)
        rc = execute_call(c, change, keep_failed, err);
    return rc < 0 ? error_wrap(err, "applying the change to %s", change->stack_name) : 0;
}
