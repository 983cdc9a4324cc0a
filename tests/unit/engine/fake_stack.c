/* A stack of CloudFormation that lives in the test: its state moves when the calls say so, and its
 * events grow like those of the real one, newest first, each with the token of its operation.
 * fake_stack.h says what can be steered. */
#include "unit/engine/fake_stack.h"

#include "base/str.h"
#include <check.h>
#include <string.h>

static void add_event(struct fake_stack *s, const char *text)
{
    cleanup_free char *copy = xstrdup(text);
    char *part[4] = {copy, NULL, NULL, NULL};
    for (int i = 1; i < 4 && part[i - 1]; i++) {
        char *bar = strchr(part[i - 1], '|');
        if (bar) {
            *bar = '\0';
            part[i] = bar + 1;
        }
    }
    bool own = text_eq(part[0], "*");
    cleanup_free char *physical = own ? xstrdup(s->id) : xasprintf("phys-%s", part[0]);
    cleanup_free char *reason =
        part[3] ? xasprintf("<ResourceStatusReason>%s</ResourceStatusReason>", part[3])
                : xstrdup("");
    cleanup_free char *token =
        s->token ? xasprintf("<ClientRequestToken>%s</ClientRequestToken>", s->token) : xstrdup("");
    char *xml = xasprintf(
        "<member><EventId>e%zu</EventId><StackId>%s</StackId><StackName>%s</"
        "StackName><LogicalResourceId>%s</LogicalResourceId>"
        "<PhysicalResourceId>%s</PhysicalResourceId><ResourceType>%s</"
        "ResourceType><ResourceStatus>%s</ResourceStatus>"
        "<Timestamp>2026-11-22T22:15:30.000Z</Timestamp>%s%s</member>",
        s->events.len + 1,
        s->id,
        s->name,
        own ? s->name : part[0],
        physical,
        own ? "AWS::CloudFormation::Stack" : part[1],
        part[2],
        reason,
        token);
    vec_push(&s->events, xml);
}

static void step(struct fake_stack *s)
{
    if (!s->now || !s->now->status)
        return;
    s->status = text_eq(s->now->status, "GONE") ? NULL : s->now->status;
    for (size_t i = 0; i < ARRAY_LEN(s->now->events) && s->now->events[i]; i++)
        add_event(s, s->now->events[i]);
    s->now++;
}

void fake_stack_begin(struct fake_stack *s, const struct beat *beats, const char *token)
{
    char *copy = xstrdup_null(token);
    free(s->token);
    s->token = copy;
    s->now = beats;
    step(s);
}

static void refuse(
    const struct cloud_call *call, struct cloud_reply *reply, const char *code, const char *message)
{
    reply->status = 400;
    reply->text = cloud_error_text(call, code, message);
}

static bool means(const struct fake_stack *s, const struct cloud_call *call, bool *by_id)
{
    cleanup_free char *name = cloud_param(call, "StackName");
    *by_id = text_eq(name, s->id);
    return !name || *by_id || text_eq(name, s->name);
}

static void missing(const struct cloud_call *call, struct cloud_reply *reply)
{
    cleanup_free char *name = cloud_param(call, "StackName");
    cleanup_free char *text = xasprintf("Stack with id %s does not exist", name);
    refuse(call, reply, "ValidationError", text);
}

static void
describe(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    bool by_id = false;
    bool known = means(s, call, &by_id);
    if (!known || (!s->status && (!by_id || s->events.len == 0))) {
        missing(call, reply);
        return;
    }
    reply->text = xasprintf(
        "<Stacks><member><StackId>%s</StackId><StackName>%s</StackName><StackStatus>%s</"
        "StackStatus>"
        "<EnableTerminationProtection>%s</EnableTerminationProtection><Tags>%s</Tags><Outputs>%s</"
        "Outputs></member></Stacks>",
        s->id,
        s->name,
        s->status ? s->status : "DELETE_COMPLETE",
        s->protected_ ? "true" : "false",
        s->foreign ? "" : "<member><Key>defang:ManagedBy</Key><Value>defangd</Value></member>",
        s->outputs ? s->outputs : "");
}

static void
events(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    cleanup_free char *next = cloud_param(call, "NextToken");
    bool by_id;
    if (!means(s, call, &by_id) || (!s->status && !by_id)) {
        missing(call, reply);
        return;
    }
    if (!next)
        step(s);
    long long skip = 0;
    if (next)
        ck_assert_int_eq(text_parse_int(next, 0, 100000, &skip), 0);
    cleanup_str struct str out = STR_INIT;
    size_t page = s->page ? s->page : 1000, sent = 0, at = s->events.len - (size_t)skip;
    str_append(&out, "<StackEvents>");
    for (; at > 0 && sent < page; at--, sent++)
        str_append(&out, s->events.items[at - 1]);
    str_append(&out, "</StackEvents>");
    if (at > 0)
        str_appendf(&out, "<NextToken>%zu</NextToken>", s->events.len - at);
    reply->text = str_take(&out);
}

static void
create_change(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    cleanup_free char *type = cloud_param(call, "ChangeSetType");
    if (s->change_status) {
        refuse(call, reply, "AlreadyExistsException", "the change set exists");
        return;
    }
    ck_assert_msg(
        text_eq(type, "CREATE") == (!s->status || text_eq(s->status, "REVIEW_IN_PROGRESS")),
        "change set type %s for a stack that is %s",
        type,
        s->status ? s->status : "absent");
    if (!s->status) {
        s->status = "REVIEW_IN_PROGRESS";
        free(s->token);
        s->token = NULL;
        add_event(s, "*||REVIEW_IN_PROGRESS");
    }
    s->change_status = s->change_looks  ? "CREATE_IN_PROGRESS"
                       : s->refuse_with ? "FAILED"
                                        : "CREATE_COMPLETE";
    s->execution = "AVAILABLE";
    s->change_reason = s->refuse_with;
    reply->text = xstrdup("<Id>cs</Id>");
}

static void describe_change(
    struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    if (!s->change_status) {
        reply->status = 404;
        reply->text = cloud_error_text(call, "ChangeSetNotFound", "there is none");
        return;
    }
    if (s->change_looks && --s->change_looks == 0)
        s->change_status = s->refuse_with ? "FAILED" : "CREATE_COMPLETE";
    reply->text = xasprintf(
        "<ChangeSetId>" FAKE_CHANGE_SET_ID "</ChangeSetId>"
        "<Status>%s</Status><ExecutionStatus>%s</ExecutionStatus>%s%s%s%s",
        s->change_status,
        s->execution,
        s->change_reason ? "<StatusReason>" : "",
        s->change_reason ? s->change_reason : "",
        s->change_reason ? "</StatusReason>" : "",
        s->changes ? s->changes : "");
}

/* AWS finds a set's events by its ARN, and while the set is there. */
static void
found(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    cleanup_free char *id = cloud_param(call, "ChangeSetName");
    ck_assert_msg(s->change_status && text_eq(id, FAKE_CHANGE_SET_ID), "events of no change set");
    reply->text =
        xasprintf("<OperationEvents>%s</OperationEvents>", s->found_with ? s->found_with : "");
}

static void
execute(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    ck_assert_msg(
        text_eq(s->execution, "AVAILABLE") && s->change_status,
        "a change set was executed that is not there to be");
    cleanup_free char *token = cloud_param(call, "ClientRequestToken");
    s->change_status = NULL;
    s->effects++;
    reply->delay_ms = s->execute_delay_ms;
    fake_stack_begin(s, s->on_execute, token);
}

static void
delete_stack(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    cleanup_free char *token = cloud_param(call, "ClientRequestToken");
    if (!s->status || text_eq(token, s->token))
        return; /* known already: CloudFormation does nothing */
    s->effects++;
    s->change_status = NULL;
    const struct beat *beats = s->on_delete;
    if (s->deletes && s->deletes <= ARRAY_LEN(s->on_delete_again))
        beats = s->on_delete_again[s->deletes - 1];
    s->deletes++;
    fake_stack_begin(s, beats ? beats : s->on_delete, token);
}

static void continue_roll_back(
    struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    cleanup_free char *token = cloud_param(call, "ClientRequestToken");
    if (!text_eq(s->status, "UPDATE_ROLLBACK_FAILED")) {
        refuse(call, reply, "ValidationError", "the stack can not continue update rollback");
        return;
    }
    ck_assert_ptr_nonnull(s->on_continue[s->continues]);
    s->effects++;
    fake_stack_begin(s, s->on_continue[s->continues++], token);
}

static void
roll_back(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    if (!text_eq(s->status, "UPDATE_FAILED")) {
        refuse(call, reply, "ValidationError", "the stack can not be rolled back");
        return;
    }
    s->effects++;
    cleanup_free char *token = cloud_param(call, "ClientRequestToken");
    fake_stack_begin(s, s->on_cancel, token);
}

static void
cancel_update(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    if (!text_eq(s->status, "UPDATE_IN_PROGRESS")) {
        refuse(
            call,
            reply,
            "ValidationError",
            "CancelUpdateStack cannot be called from the current stack status");
        return;
    }
    s->effects++;
    cleanup_free char *token = xstrdup_null(s->token);
    fake_stack_begin(s, s->on_cancel, token);
}

static void
delete_change(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    ((struct fake_stack *)arg)->change_status = NULL;
}

static void
get_template(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    if (!s->status)
        missing(call, reply);
    else
        reply->text = xasprintf(
            "<TemplateBody><![CDATA[%s]]></TemplateBody>",
            s->template ? s->template : "{\"Resources\":{}}");
}

static void
protection(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct fake_stack *s = arg;
    cleanup_free char *on = cloud_param(call, "EnableTerminationProtection");
    s->protected_ = text_eq(on, "true");
    reply->text = xasprintf("<StackId>%s</StackId>", s->id);
}

void fake_stack_init(struct fake_stack *s, struct cloud *cl, const char *name, const char *id)
{
    *s = (struct fake_stack){.cl = cl, .name = name, .id = id};
    cloud_on(cl, "DescribeStacks", describe, s);
    cloud_on(cl, "DescribeStackEvents", events, s);
    cloud_on(cl, "CreateChangeSet", create_change, s);
    cloud_on(cl, "DescribeChangeSet", describe_change, s);
    cloud_on(cl, "DescribeEvents", found, s);
    cloud_on(cl, "ExecuteChangeSet", execute, s);
    cloud_on(cl, "DeleteChangeSet", delete_change, s);
    cloud_on(cl, "DeleteStack", delete_stack, s);
    cloud_on(cl, "CancelUpdateStack", cancel_update, s);
    cloud_on(cl, "ContinueUpdateRollback", continue_roll_back, s);
    cloud_on(cl, "RollbackStack", roll_back, s);
    cloud_on(cl, "GetTemplate", get_template, s);
    cloud_on(cl, "UpdateTerminationProtection", protection, s);
    cloud_reply(cl, "GetRole", "<Role><RoleName>there</RoleName></Role>"); /* of the services */
}

void fake_stack_done(struct fake_stack *s)
{
    vec_each(e, &s->events)
        free(*e);
    vec_free(&s->events);
    free(s->token);
}
