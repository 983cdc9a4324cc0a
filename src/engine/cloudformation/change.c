/* Change sets: made under a name that the deployment determines, so that a job that comes back
 * finds its own instead of making a second. */
#include "engine/cloudformation/cfn.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define CHANGE_SET_WAIT_MS (10LL * 60 * 1000)
#define MISSING_LOOKS      5 /* just made, it may not be seen at once */

static json_t *change_key(const struct cfn_change *change)
{
    return json_pack(
        "{s:s,s:s}", "StackName", change->stack_name, "ChangeSetName", change->change_set_name);
}

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
    json_t *in = json_pack(
        "{s:s,s:s,s:s,s:s,s:[s,s],s:o}",
        "StackName",
        change->stack_name,
        "ChangeSetName",
        change->change_set_name,
        "ChangeSetType",
        change->create ? "CREATE" : "UPDATE",
        "ClientToken",
        change->token,
        "Capabilities",
        "CAPABILITY_IAM",
        "CAPABILITY_NAMED_IAM",
        "Tags",
        cfn_tags(c, change->stack_name));
    if (change->template_url)
        json_object_set_new(in, "TemplateURL", json_string(change->template_url));
    else
        json_object_set_new(in, "TemplateBody", json_string(change->template_body));
    if (change->parameters)
        json_object_set(in, "Parameters", change->parameters);
    if (change->description)
        json_object_set_new(in, "Description", json_string(change->description));
    cleanup_error struct error local = ERROR_INIT;
    int rc = engine_call(c, &aws_cloudformation_CreateChangeSet, in, NULL, &local);
    if (rc < 0 && error_has_code(&local, "AlreadyExistsException"))
        return 0;
    if (rc < 0)
        error_move(err, &local);
    return rc;
}

static bool says_no_changes(const char *reason)
{
    return reason && (strstr(reason, "didn't contain changes") ||
                      strstr(reason, "No updates are to be performed"));
}

int cfn_change_prepare(
    struct engine_context *c, const struct cfn_change *change, bool *empty, struct error *err)
{
    *empty = false;
    cleanup_json json_t *seen = NULL;
    int rc = change_describe(c, change, &seen, err);
    if (rc == 0 && !seen)
        rc = change_create(c, change, err);
    if (rc < 0)
        return error_wrap(err, "asking CloudFormation what would change in %s", change->stack_name);

    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + CHANGE_SET_WAIT_MS;
    for (unsigned missing = 0;;) {
        cleanup_json json_t *reply = NULL;
        rc = change_describe(c, change, &reply, err);
        if (rc < 0)
            return error_wrap(err, "waiting for the change set of %s", change->stack_name);
        if (!reply && ++missing > MISSING_LOOKS)
            return error_raise(
                err,
                ERR_CLOUD,
                "the change set of %s vanished before it was applied",
                change->stack_name);
        const char *status = json_str_or(reply, "Status", "");
        const char *reason = json_str(reply, "StatusReason");
        if (text_eq(status, "CREATE_COMPLETE"))
            return 0;
        if (text_eq(status, "FAILED")) {
            bool nothing = says_no_changes(reason);
            cleanup_error struct error ignored = ERROR_INIT;
            cleanup_free char *why = xstrdup(reason ? reason : "no reason given");
            engine_call(c, &aws_cloudformation_DeleteChangeSet, change_key(change), NULL, &ignored);
            if (nothing) {
                *empty = true;
                return 0;
            }
            return error_raise(
                err,
                ERR_CLOUD,
                "CloudFormation refused the change to %s: %s",
                change->stack_name,
                why);
        }
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

/* A cancel in the middle of this call would leave it open whether it had an effect: it is waited
 * for, but not for fresh credentials. */
static int
execute_call(struct engine_context *c, const struct cfn_change *change, struct error *err)
{
    for (;;) {
        json_t *in = change_key(change);
        json_object_set_new(in, "ClientRequestToken", json_string(change->token));
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
    rc = execute_call(c, change, err);
    return rc < 0 ? error_wrap(err, "applying the change to %s", change->stack_name) : 0;
}
