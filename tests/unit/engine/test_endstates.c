/* The engine `cloudformation` and stacks in every state that CloudFormation has: each verb goes on,
 * waits, or refuses with the command that helps. */
#include "engine/stack/stack.h"
#include "unit/engine/apply_rig.h"

static json_t *again;

static const struct beat rolled_back[] = {
    {"UPDATE_ROLLBACK_IN_PROGRESS", {"*||UPDATE_ROLLBACK_IN_PROGRESS|User Initiated"}},
    {"UPDATE_ROLLBACK_COMPLETE",
     {"Db|AWS::RDS::DBInstance|UPDATE_COMPLETE", "*||UPDATE_ROLLBACK_COMPLETE"}},
    {0},
};
static const struct beat web_fails[] = {
    {"UPDATE_ROLLBACK_IN_PROGRESS", {"*||UPDATE_ROLLBACK_IN_PROGRESS|User Initiated"}},
    {"UPDATE_ROLLBACK_FAILED",
     {"Web|AWS::ECS::Service|UPDATE_FAILED|it stays unhealthy",
      "Db|AWS::RDS::DBInstance|UPDATE_FAILED|Resource update cancelled",
      "*||UPDATE_ROLLBACK_FAILED"}},
    {0},
};
static const struct beat not_deleted[] = {
    {"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS"}},
    {"DELETE_FAILED",
     {"Files|AWS::S3::Bucket|DELETE_FAILED|the bucket is not empty", "*||DELETE_FAILED"}},
    {0},
};

static void mend(struct cloud *c)
{
    json_decref(again);
    again = NULL;
    error_done(&c->err);
    c->rc = engine_cloudformation.mend(&c->c, &again, &c->err);
}

static void release(struct cloud *c)
{
    error_done(&c->err);
    engine_outcome_done(&out);
    c->rc = engine_cloudformation.release(&c->c, false, &out, &c->err);
}

static void refresh(struct cloud *c)
{
    error_done(&c->err);
    engine_outcome_done(&out);
    c->rc = engine_cloudformation.refresh(&c->c, &out, &c->err);
}

static void destroy(struct cloud *c)
{
    error_done(&c->err);
    engine_outcome_done(&out);
    c->rc = engine_cloudformation.destroy(&c->c, false, &out, &c->err);
}

static void begin(const char *status)
{
    setup(status);
    stack.on_continue[0] = rolled_back;
    cloud_reply(&cl, "ListStackResources", "<StackResourceSummaries></StackResourceSummaries>");
    cloud_reply(&cl, "DetectStackDrift", "<StackDriftDetectionId>d-1</StackDriftDetectionId>");
    cloud_reply(
        &cl,
        "DescribeStackDriftDetectionStatus",
        "<DetectionStatus>DETECTION_COMPLETE</DetectionStatus>");
    cloud_reply(&cl, "DescribeStackResourceDrifts", "<StackResourceDrifts></StackResourceDrifts>");
}

static void end(void)
{
    json_decref(again);
    again = NULL;
    finish();
}

START_TEST(trust_33_a_roll_back_that_failed_is_continued)
{
    begin("UPDATE_ROLLBACK_FAILED");
    cloud_run(&cl, mend);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_str_eq(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    ck_assert(!cloud_body_has(&cl, "ContinueUpdateRollback", 0, "ResourcesToSkip"));
    ck_assert_ptr_null(again);
    cloud_run(&cl, mend); /* nothing is left to mend */
    ck_assert_uint_eq(cloud_count(&cl, "ContinueUpdateRollback"), 1);
    end();
}
END_TEST

/* What was only stopped with it is tried again; what is left out is named, and kept for the
 * deployment that makes it anew. */
START_TEST(trust_33_only_what_fails_by_itself_is_left_out)
{
    begin("UPDATE_ROLLBACK_FAILED");
    stack.on_continue[0] = web_fails;
    stack.on_continue[1] = rolled_back;
    cloud_run(&cl, mend);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "ContinueUpdateRollback"), 2);
    ck_assert(cloud_body_has(&cl, "ContinueUpdateRollback", 1, "ResourcesToSkip.member.1=Web"));
    ck_assert(!cloud_body_has(&cl, "ContinueUpdateRollback", 1, "member.2"));
    ck_assert_uint_eq(cloud_said(&cl, "Web (AWS::ECS::Service) cannot be rolled back"), 1);
    ck_assert_uint_ge(cloud_said(&cl, "and is left as it is: it stays unhealthy"), 1);
    ck_assert_uint_eq(json_array_size(again), 1);
    cloud_run(&cl, mend); /* a later life of the job */
    ck_assert_str_eq(json_string_value(json_array_get(again, 0)), "Web");
    end();
}
END_TEST

START_TEST(trust_33_a_hopeless_roll_back_names_the_command)
{
    begin("UPDATE_ROLLBACK_FAILED");
    for (size_t i = 0; i < ARRAY_LEN(stack.on_continue); i++)
        stack.on_continue[i] = web_fails;
    cloud_run(&cl, mend);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "it stays unhealthy"));
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "defangctl down"));
    ck_assert_uint_le(cloud_count(&cl, "ContinueUpdateRollback"), 6);
    end();
}
END_TEST

/* Once more as it is, then without what would not go; that is named. */
START_TEST(trust_33_what_cannot_be_removed_is_left_and_named)
{
    begin("CREATE_COMPLETE");
    stack.on_delete = not_deleted;
    stack.on_delete_again[0] = not_deleted;
    stack.on_delete_again[1] = deleted;
    cloud_reply(
        &cl,
        "ListStackResources",
        "<StackResourceSummaries><member><LogicalResourceId>Files</LogicalResourceId>"
        "<PhysicalResourceId>files-1</PhysicalResourceId><ResourceType>AWS::S3::Bucket"
        "</ResourceType><ResourceStatus>DELETE_FAILED</ResourceStatus><ResourceStatusReason>"
        "the bucket is not empty</ResourceStatusReason></member></StackResourceSummaries>");
    cloud_run(&cl, destroy);
    if (cl.rc)
        cloud_show(&cl);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 3);
    ck_assert(!cloud_body_has(&cl, "DeleteStack", 1, "RetainResources"));
    ck_assert(cloud_body_has(&cl, "DeleteStack", 2, "RetainResources.member.1=Files"));
    ck_assert_uint_eq(cloud_said(&cl, "files-1 (the bucket is not empty)"), 1);
    end();
}
END_TEST

/* Every state of CloudFormation and what each verb makes of it: '+' goes on, 'w' waits for another
 * operation, 'b' takes it back and waits for that, 'r' refuses and names the command, 'n' is not
 * deployed, '.' nothing to do. */
static const struct {
    const char *status; /* NULL: no stack */
    char up, down, cancel, refresh, mends;
} states[] = {
    {NULL, '+', '.', 'n', 'n', '.'},
    {"REVIEW_IN_PROGRESS", '+', '+', '+', 'r', '.'},
    {"CREATE_IN_PROGRESS", 'w', 'w', 'r', 'w', '.'},
    {"CREATE_COMPLETE", '+', '+', '.', '+', '.'},
    {"CREATE_FAILED", '+', '+', '.', 'r', '.'},
    {"ROLLBACK_IN_PROGRESS", 'w', 'w', 'w', 'w', '.'},
    {"ROLLBACK_COMPLETE", '+', '+', '.', 'r', '.'},
    {"ROLLBACK_FAILED", '+', '+', '.', 'r', '.'},
    {"UPDATE_IN_PROGRESS", 'w', 'w', 'b', 'w', '.'},
    {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", 'w', 'w', 'r', 'w', '.'},
    {"UPDATE_COMPLETE", '+', '+', '.', '+', '.'},
    {"UPDATE_FAILED", '+', '+', '+', 'r', '.'},
    {"UPDATE_ROLLBACK_IN_PROGRESS", 'w', 'w', 'w', 'w', 'w'},
    {"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", 'w', 'w', 'w', 'w', '.'},
    {"UPDATE_ROLLBACK_COMPLETE", '+', '+', '.', '+', '.'},
    {"UPDATE_ROLLBACK_FAILED", '+', '+', '+', '+', '+'},
    {"DELETE_IN_PROGRESS", 'w', 'w', 'r', 'w', '.'},
    {"DELETE_FAILED", 'r', '+', '.', 'r', '.'},
    {"IMPORT_IN_PROGRESS", 'w', 'w', 'r', 'w', '.'},
    {"IMPORT_COMPLETE", '+', '+', '.', '+', '.'},
    {"IMPORT_ROLLBACK_IN_PROGRESS", 'w', 'w', 'r', 'w', '.'},
    {"IMPORT_ROLLBACK_COMPLETE", '+', '+', '.', '+', '.'},
    {"IMPORT_ROLLBACK_FAILED", 'r', '+', '.', 'r', '.'},
};

static char outcome(void (*verb)(struct cloud *), const char *status)
{
    begin(status);
    if (status && (strcmp(status, "REVIEW_IN_PROGRESS") == 0 || cfn_status_is_dead(status)))
        stack.on_execute = created;
    cloud_reply(&cl, "ListChangeSets", "<Summaries></Summaries>");
    cloud_run_canceled(&cl, verb, 200000);

    char got = '+';
    if (cl.rc == -ECANCELED)
        got = 'w';
    else if (cl.rc < 0 && cl.err.kind == ERR_NOT_FOUND)
        got = 'n';
    else if (cl.rc < 0)
        got = cl.err.kind == ERR_REFUSED && !text_empty(cl.err.hint) ? 'r' : '!';
    else if (verb == mend)
        got = cloud_count(&cl, "ContinueUpdateRollback") ? '+' : '.';
    else if (out.nothing_changed && verb != refresh)
        got = '.';
    if (got == '!')
        fprintf(stderr, "%s: %s\n", status, cl.err.message);
    ck_assert_msg(!cl.err.hint || !strstr(cl.err.hint, "console"), "%s: %s", status, cl.err.hint);
    /* Of others: nothing of it is disturbed, unless that was asked for. */
    bool taken_back_ = verb == release && stack.effects == 1;
    if (got == 'w' && !taken_back_)
        ck_assert_uint_eq(stack.effects, 0);
    if (taken_back_ && got == 'w')
        got = 'b';
    end();
    return got;
}

START_TEST(trust_33_every_state_has_its_way)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        const char *status = states[i].status;
        char got[] = {
            outcome(apply, status),
            outcome(destroy, status),
            outcome(release, status),
            outcome(refresh, status),
            outcome(mend, status),
            '\0'};
        char want[] = {
            states[i].up,
            states[i].down,
            states[i].cancel,
            states[i].refresh,
            states[i].mends,
            '\0'};
        ck_assert_msg(
            text_eq(got, want), "%s: %s instead of %s", status ? status : "absent", got, want);
    }
}
END_TEST

SUITE(
    "engine/endstates",
    trust_33_a_roll_back_that_failed_is_continued,
    trust_33_only_what_fails_by_itself_is_left_out,
    trust_33_a_hopeless_roll_back_names_the_command,
    trust_33_what_cannot_be_removed_is_left_and_named,
    trust_33_every_state_has_its_way)
