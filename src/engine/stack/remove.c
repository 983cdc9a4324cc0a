/* DeleteStack, again and again with less.
 *
 *   delete ─ DELETE_COMPLETE ─▶ done
 *      └─ DELETE_FAILED ─▶ once more as it is: networks of tasks take minutes to be given back
 *             └─ DELETE_FAILED ─▶ without what failed (RetainResources) ─ … ─▶ at most ROUNDS
 *
 * CloudFormation takes RetainResources only for a stack in DELETE_FAILED (API reference,
 * DeleteStack). What is left behind still costs what it costs, so each is named. Two kinds are
 * never left behind: what is protected against deletion, which is a person's wish, and what the
 * caller had no right to delete, which another caller may have. */
#include "engine/stack/remove.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/stack/stack.h"

#include <errno.h>
#include <string.h>

#define ROUNDS 6

static const char *command_for(const struct engine_context *c, const struct cfn_stack *stack)
{
    return text_eq(stack->name, c->settings->cd_name) ? "defangctl cd teardown" : "defangctl down";
}

/* In the words of RDS, ELB and DocumentDB. */
static bool is_protected(const char *reason)
{
    return strstr(reason, "DeletionProtection") || strstr(reason, "deletion protection") ||
           strstr(reason, "delete protected");
}

static bool is_denied(const char *reason)
{
    return strstr(reason, "AccessDenied") || strstr(reason, "not authorized") ||
           strstr(reason, "UnauthorizedOperation");
}

static int refuse(const char *command, const json_t *item, const char *reason, struct error *err)
{
    const char *id = json_str_or(item, "LogicalResourceId", "?");

    if (is_protected(reason)) {
        error_raise(err, ERR_REFUSED, "%s is protected against deletion: %s", id, reason);
        error_hint(err, "`%s --force` lifts the protection and removes it", command);
        return -EPERM;
    }

    error_raise_errno(err, ERR_AUTH, EACCES, "%s could not be deleted: %s", id, reason);
    error_hint(err, "run `%s` again with credentials that may delete it", command);
    return -EACCES;
}

/* What failed in the delete that has just ended. */
static int failed_ones(
    struct engine_context *c, const struct cfn_stack *stack, json_t **out, struct error *err)
{
    cleanup_json json_t *items = NULL;
    json_t *in = object(key("StackName", stack->id));
    size_t i;
    json_t *item;
    *out = json_array();

    int rc = engine_call_all(c, &aws_cloudformation_ListStackResources, in, &items, err);
    if (rc < 0)
        return error_wrap(err, "looking at what stack %s could not remove", stack->name);

    json_array_foreach(items, i, item) {
        const char *reason = json_str_or(item, "ResourceStatusReason", "");
        if (!text_eq(json_str(item, "ResourceStatus"), "DELETE_FAILED"))
            continue;
        if (is_protected(reason) || is_denied(reason))
            return refuse(command_for(c, stack), item, reason, err);
        json_array_append(*out, item);
    }

    return 0;
}

static void name_left(struct engine_context *c, const json_t *failed)
{
    size_t i;
    json_t *item;

    json_array_foreach(failed, i, item) {
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            "what stays costs what it cost before; it belongs to no stack any more",
            "%s (%s) could not be removed and stays: %s (%s)",
            json_str_or(item, "LogicalResourceId", "?"),
            json_str_or(item, "ResourceType", "?"),
            json_str_or(item, "PhysicalResourceId", "?"),
            json_str_or(item, "ResourceStatusReason", "no reason given"));
    }
}

static json_t *names_of(const json_t *failed)
{
    json_t *names = json_array(), *item;
    size_t i;

    json_array_foreach(failed, i, item) {
        json_push(names, json_string(json_str(item, "LogicalResourceId")));
    }

    return json_unless_empty(names);
}

/* What an earlier life left out is named in the same words by the next one: the failures stand in
 * the stack. */
static int
ask(struct engine_context *c,
    const struct cfn_stack *stack,
    const char *token,
    const json_t *without,
    struct error *err)
{
    json_t *in = object(
        key("StackName", stack->id),
        key("ClientRequestToken", token),
        key("RetainResources", names_of(without)));

    int rc = engine_call(c, &aws_cloudformation_DeleteStack, in, NULL, err);
    return rc < 0 ? error_wrap(err, "deleting stack %s", stack->name) : 0;
}

static int follow(
    struct cfn_follow *f,
    const struct cfn_stack *stack,
    const char *token,
    const char *journal_key,
    struct error *err)
{
    const char *own = f->journal_key;

    cfn_follow_done(f);
    f->stack_id = stack->id;
    f->token = token;
    f->journal_key = journal_key;
    int rc = cfn_follow(f, err);
    f->token = NULL;
    f->journal_key = own;
    return rc;
}

static int again(
    const struct cfn_stack *stack,
    unsigned round,
    const json_t *without,
    struct cfn_follow *f,
    struct error *err)
{
    cleanup_free char *token = NULL;
    cleanup_free char *token_key = xasprintf("%s.again-%u", f->journal_key, round);
    cleanup_free char *last = xasprintf("%s.last-%u", f->journal_key, round);

    int rc = engine_token(f->context, token_key, &token, err);
    if (rc == 0)
        rc = ask(f->context, stack, token, without, err);
    return rc < 0 ? rc : follow(f, stack, token, last, err);
}

static int still_there(const struct cfn_stack *stack, const struct cfn_follow *f, struct error *err)
{
    error_raise(
        err,
        ERR_CLOUD,
        "stack %s ended in %s: %s",
        stack->name,
        f->status,
        f->first_failure ? f->first_failure : "no resource gave a reason");
    error_hint(err, "mend the cause and run `%s` again", command_for(f->context, stack));
    return error_kind_errno(ERR_CLOUD);
}

int cfn_stack_remove(
    const struct cfn_stack *stack,
    const char *token,
    bool begun,
    struct cfn_follow *f,
    struct error *err)
{
    int rc = begun ? 0 : ask(f->context, stack, token, NULL, err);
    if (rc == 0)
        rc = follow(f, stack, token, f->journal_key, err);

    for (unsigned round = 1; rc == 0 && round < ROUNDS; round++) {
        cleanup_json json_t *failed = NULL;

        if (!text_eq(f->status, "DELETE_FAILED"))
            break;
        rc = failed_ones(f->context, stack, &failed, err);
        if (rc == 0 && round > 1 && !json_array_size(failed))
            break; /* the stack itself has the reason */
        if (rc == 0 && round == 1)
            engine_note(
                f->context,
                ENGINE_SAY_NOTE,
                NULL,
                "not everything of stack %s could be removed: trying once more",
                stack->name);
        if (rc == 0 && round > 1)
            name_left(f->context, failed);
        if (rc == 0)
            rc = again(stack, round, round > 1 ? failed : NULL, f, err);
    }

    return rc == 0 && !text_eq(f->status, "DELETE_COMPLETE") ? still_there(stack, f, err) : rc;
}

int cfn_stack_clear(
    const struct cfn_stack *stack, const char *token_key, struct cfn_follow *f, struct error *err)
{
    cleanup_free char *token = NULL;

    int rc = engine_token(f->context, token_key, &token, err);
    return rc < 0 ? rc : cfn_stack_remove(stack, token, false, f, err);
}
