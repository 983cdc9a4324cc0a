/* One stack as CloudFormation tells it, and what its states mean.
 *
 * Whose a stack is decides everything else, so it is asked first everywhere: ours carries our tag.
 * The one exception is a stack in REVIEW_IN_PROGRESS, which has no tags yet and is nothing but its
 * change sets.
 *
 *            absent ──create──▶ busy ──▶ good ──update──▶ busy ──▶ good
 *              ▲                  │                          └──▶ rolled back (still whole)
 *              └────delete──── dead (a first create that failed)
 *
 * States: AWS CloudFormation user guide, "Stack status codes". */
#include "engine/stack/stack.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <errno.h>
#include <string.h>

void cfn_stack_done(struct cfn_stack *s)
{
    free(s->id);
    free(s->name);
    free(s->status);
    free(s->status_reason);
    json_decref(s->outputs);
    *s = (struct cfn_stack){0};
}

/* As the API has them they are a list; here a name is looked up. */
static json_t *outputs_as_object(const json_t *stack)
{
    json_t *object = json_object();
    size_t i;
    json_t *item;

    json_array_foreach(json_object_get(stack, "Outputs"), i, item) {
        const char *key = json_str(item, "OutputKey");
        if (key)
            json_object_set(object, key, json_object_get(item, "OutputValue"));
    }

    return object;
}

static bool has_our_tag(const json_t *stack)
{
    size_t i;
    json_t *tag;

    json_array_foreach(json_object_get(stack, "Tags"), i, tag) {
        if (text_eq(json_str(tag, "Key"), ENGINE_TAG_OWNER) &&
            text_eq(json_str(tag, "Value"), ENGINE_TAG_OWNER_VALUE))
            return true;
    }

    return false;
}

/* "defang-<deployment>-<phase>" */
static bool change_set_is_ours(const char *name)
{
    static const char prefix[] = "defang-";
    size_t id = text_starts(name, prefix)
                    ? strspn(name + strlen(prefix), "0123456789abcdefghijklmnopqrstuvwxyz")
                    : 0;

    return id == 12 && name[strlen(prefix) + id] == '-';
}

/* A stack gets its tags when its first change set is executed. Before that it is nothing but its
 * change sets: it is somebody else's when one of those is. */
static int review_is_ours(struct engine_context *c, struct cfn_stack *stack, struct error *err)
{
    cleanup_json json_t *sets = NULL;

    int rc = engine_call_all(
        c, &aws_cloudformation_ListChangeSets, object(key("StackName", stack->id)), &sets, err);
    if (rc < 0)
        return error_wrap(err, "looking at the change sets of stack %s", stack->name);

    size_t i;
    json_t *set;
    stack->ours = true;
    json_array_foreach(sets, i, set) {
        const char *name = json_str_or(set, "ChangeSetName", "");
        stack->ours = stack->ours && change_set_is_ours(name);
    }

    return 0;
}

static int64_t last_change(const json_t *stack)
{
    static const char *const times[] = {"DeletionTime", "LastUpdatedTime", "CreationTime"};

    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        if (json_is_number(json_object_get(stack, times[i])))
            return (int64_t)(json_number_value(json_object_get(stack, times[i])) * 1000);
    return 0;
}

/* A stack that was deleted is still described by its id, as DELETE_COMPLETE: it does not exist
 * for us. */
int cfn_stack_describe(
    struct engine_context *c, const char *name_or_id, struct cfn_stack *out, struct error *err)
{
    *out = (struct cfn_stack){0};
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;

    int rc = engine_call(
        c,
        &aws_cloudformation_DescribeStacks,
        object(key("StackName", name_or_id)),
        &reply,
        &local);
    if (rc < 0) {
        if (aws_error_is_not_found(&local))
            return 0;

        error_move(err, &local);
        return error_wrap(err, "looking at stack %s", name_or_id);
    }

    const json_t *stack = json_at(reply, "Stacks.0");
    if (!stack || text_eq(json_str(stack, "StackStatus"), "DELETE_COMPLETE"))
        return 0;

    out->exists = true;
    out->id = xstrdup(json_str_or(stack, "StackId", ""));
    out->name = xstrdup(json_str_or(stack, "StackName", ""));
    out->status = xstrdup(json_str_or(stack, "StackStatus", ""));
    out->status_reason = xstrdup_null(json_str(stack, "StackStatusReason"));
    out->termination_protected = json_bool_or(stack, "EnableTerminationProtection", false);
    out->ours = has_our_tag(stack);
    out->outputs = outputs_as_object(stack);
    out->changed_ms = last_change(stack);
    if (!out->ours && text_eq(out->status, "REVIEW_IN_PROGRESS"))
        rc = review_is_ours(c, out, err);
    return rc;
}

int cfn_stack_check_ours(const struct cfn_stack *s, const char *setting, struct error *err)
{
    if (!s->exists || s->ours)
        return 0;

    error_raise(
        err,
        ERR_REFUSED,
        "the CloudFormation stack %s exists in this account and was not made by defangd, so it is "
        "not touched",
        s->name);
    error_hint(
        err, "choose another name with %s, or delete that stack if nothing needs it", setting);
    return -EPERM;
}

/* The original, not the processed one: what we gave, to compare with what we would give. */
int cfn_stack_template(
    struct engine_context *c, const char *name_or_id, json_t **out, struct error *err)
{
    *out = NULL;
    cleanup_json json_t *reply = NULL;

    int rc = engine_call(
        c,
        &aws_cloudformation_GetTemplate,
        object(key("StackName", name_or_id), key("TemplateStage", "Original")),
        &reply,
        err);
    if (rc < 0)
        return error_wrap(err, "reading the template of stack %s", name_or_id);

    const char *body = json_str(reply, "TemplateBody");
    if (!body)
        return error_raise(
            err, ERR_CLOUD, "CloudFormation answered no template for stack %s", name_or_id);

    rc = json_parse(body, strlen(body), out, err);
    return rc < 0 ? error_wrap(err, "the template of stack %s is not JSON of ours", name_or_id) : 0;
}

/* One that was never begun is told as an error, in words only. */
int cfn_stack_physical_id(
    struct engine_context *c,
    const char *name_or_id,
    const char *logical_id,
    char **out,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    json_t *in = object(key("StackName", name_or_id), key("LogicalResourceId", logical_id));
    *out = NULL;

    int rc = engine_call(c, &aws_cloudformation_DescribeStackResources, in, &reply, &local);
    if (rc < 0 && aws_error_is_not_found(&local))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return rc;
    }

    const char *id = json_str(reply, "StackResources.0.PhysicalResourceId");
    const char *status = json_str(reply, "StackResources.0.ResourceStatus");

    if (!text_empty(id) && !text_eq(status, "DELETE_COMPLETE"))
        *out = xstrdup(id);
    return 0;
}

bool cfn_status_busy(const char *status)
{
    return text_ends(status, "_IN_PROGRESS") && !text_eq(status, "REVIEW_IN_PROGRESS");
}

bool cfn_status_is_rollback(const char *status)
{
    return text_starts(status, "ROLLBACK_") || text_starts(status, "UPDATE_ROLLBACK_");
}

bool cfn_status_is_good(const char *status)
{
    return text_eq(status, "CREATE_COMPLETE") || text_eq(status, "UPDATE_COMPLETE") ||
           text_eq(status, "DELETE_COMPLETE") || text_eq(status, "IMPORT_COMPLETE");
}

bool cfn_status_is_dead(const char *status)
{
    return text_eq(status, "ROLLBACK_COMPLETE") || text_eq(status, "ROLLBACK_FAILED") ||
           text_eq(status, "CREATE_FAILED") || text_eq(status, "DELETE_FAILED");
}

const char *cfn_status_way_out(const char *status)
{
    static const struct {
        const char *status, *way;
    } ways[] = {
        {"UPDATE_ROLLBACK_FAILED",
         "`defangctl cd cancel` continues the roll back; so does the next `defangctl up`, before "
         "it deploys"},
        {"UPDATE_FAILED",
         "`defangctl cd cancel` takes the update back; `defangctl up` goes on from here"},
        {"CREATE_FAILED", "`defangctl up` removes what is left and deploys anew"},
        {"ROLLBACK_FAILED", "`defangctl up` removes what is left and deploys anew"},
        {"ROLLBACK_COMPLETE", "`defangctl up` removes what is left and deploys anew"},
        {"IMPORT_ROLLBACK_FAILED",
         "nothing but a removal leads out of it: `defangctl down`, then `defangctl up`"},
        {"DELETE_FAILED",
         "`defangctl down` again (with --force also what is protected) removes what can be removed "
         "and names what it has to leave; then `defangctl up` deploys anew"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        if (text_eq(ways[i].status, status))
            return ways[i].way;
    return NULL;
}

static json_t *tag(const char *name, const char *value)
{
    return object(key("Key", name), key("Value", value));
}

json_t *cfn_tags(const struct engine_context *c, const char *stack_name)
{
    json_t *tags = array(
        tag(ENGINE_TAG_OWNER, ENGINE_TAG_OWNER_VALUE),
        tag("defang:CreatedBy", ENGINE_TAG_OWNER_VALUE));

    /* CloudFormation refuses a tag without a value. */
    if (c->settings && !text_empty(c->settings->prefix))
        json_push(tags, tag("defang:Prefix", c->settings->prefix));

    bool of_a_project = c->project && !text_eq(stack_name, c->settings->cd_name);
    if (of_a_project) {
        json_push(tags, tag("defang:project", c->project));
        json_push(tags, tag("defang:stack", c->settings->stack));
    }

    return tags;
}

int cfn_stack_wait_idle(
    struct engine_context *c,
    const char *name_or_id,
    struct cfn_stack *stack,
    void (*waiting)(struct engine_context *c, const struct cfn_stack *stack),
    struct error *err)
{
    cleanup_free char *which = xstrdup(name_or_id); /* it may be the stack's own, freed below */
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + CFN_WAIT_MS;

    while (stack->exists && cfn_status_busy(stack->status)) {
        if (waiting)
            waiting(c, stack);
        if (loop_now_ms(c->loop) > deadline)
            return error_raise(err, ERR_TIMEOUT, "stack %s stayed %s", stack->name, stack->status);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");

        cfn_stack_done(stack);
        int rc = cfn_stack_describe(c, which, stack, err);
        if (rc < 0)
            return rc;
    }

    return 0;
}

/* The token makes a repeated call the same call. */
int cfn_stack_delete(
    struct engine_context *c, const char *name, const char *token, struct error *err)
{
    int rc = engine_call(
        c,
        &aws_cloudformation_DeleteStack,
        object(key("StackName", name), key("ClientRequestToken", token)),
        NULL,
        err);
    return rc < 0 ? error_wrap(err, "deleting stack %s", name) : 0;
}
