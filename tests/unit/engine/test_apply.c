/* The engine `cloudformation`: create, update, and every way to come back after a kill without a
 * second effect. */
#include "plan/consent.h"
#include "unit/engine/apply_rig.h"

START_TEST(a_stack_is_created)
{
    setup(NULL);
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!out.nothing_changed);
    ck_assert_uint_eq(out.resources_changed, 2);
    ck_assert_str_eq(json_str(out.outputs, "EndpointWeb"), "https://web");
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ChangeSetType=CREATE"));
    ck_assert_ptr_nonnull(cloud_journal(&cl, "cfn.whole.token"));
    ck_assert(cloud_body_has(&cl, "ExecuteChangeSet", 0, cloud_journal(&cl, "cfn.whole.token")));
    ck_assert_uint_ge(cloud_said(&cl, "row network done"), 1);
    ck_assert_uint_ge(cloud_said(&cl, "row service/web done"), 1);
    finish();
}
END_TEST

START_TEST(a_stack_is_updated)
{
    setup("CREATE_COMPLETE");
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(out.resources_changed, 1);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ChangeSetType=UPDATE"));
    finish();
}
END_TEST

/* AWS says that it would make the database anew, for a property that the planner's table does not
 * know: nothing is executed unless that loss was allowed by name. */
START_TEST(trust_20_cloudformation_has_the_last_word)
{
    static const char *const others[] = {"cache"}, *const db[] = {"cache,db"};
    struct plan_consent consents[] = {
        {0}, {.names = others, .count = 1}, {.names = db, .count = 1}, {.all = true}};

    for (size_t i = 0; i < ARRAY_LEN(consents); i++) {
        bool allowed = i >= 2;
        setup("CREATE_COMPLETE");
        graph_add(graph, "service/db", "DatabaseDb", "AWS::RDS::DBInstance", json_object());
        stack.changes =
            "<Changes><member><ResourceChange><Action>Modify</Action>"
            "<LogicalResourceId>Web</LogicalResourceId><Replacement>True</Replacement>"
            "<ResourceType>AWS::ECS::Service</ResourceType></ResourceChange></member>"
            "<member><ResourceChange><Action>Modify</Action>"
            "<LogicalResourceId>DatabaseDb</LogicalResourceId><Replacement>True</Replacement>"
            "<ResourceType>AWS::RDS::DBInstance</ResourceType></ResourceChange></member></Changes>";
        cl.c.consent = &consents[i];
        cloud_run(&cl, apply);
        ck_assert_int_eq(cl.err.kind, allowed ? ERR_NONE : ERR_REFUSED);
        ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), allowed);
        ck_assert_uint_eq(cloud_count(&cl, "DeleteChangeSet"), !allowed);
        if (!allowed) {
            ck_assert_ptr_nonnull(strstr(cl.err.message, "DatabaseDb"));
            ck_assert_ptr_null(strstr(cl.err.message, "Web"));
            ck_assert_ptr_nonnull(strstr(cl.err.hint, "--allow-loss db"));
        }
        finish();
    }
}
END_TEST

START_TEST(nothing_to_change)
{
    setup("CREATE_COMPLETE");
    stack.refuse_with = "No updates are to be performed.";
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(out.nothing_changed);
    ck_assert_uint_eq(stack.effects, 0);
    finish();
}
END_TEST

START_TEST(a_long_template_goes_through_the_bucket)
{
    setup("CREATE_COMPLETE");
    cleanup_free char *text = xcalloc(60001, 1);
    memset(text, 'x', 60000);
    json_object_set_new(graph_get(graph, "Web")->properties, "Long", json_string(text));
    cloud_reply(&cl, "S3 PUT", "");
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "S3 PUT"), 1);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "TemplateURL=https"));
    ck_assert(!cloud_body_has(&cl, "CreateChangeSet", 0, "TemplateBody="));
    finish();
}
END_TEST

START_TEST(a_failed_creation_is_cleared_first)
{
    static const char *const dead[] = {"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"};
    for (size_t i = 0; i < ARRAY_LEN(dead); i++) {
        setup(dead[i]);
        stack.on_execute = created;
        cloud_run(&cl, apply);
        ck_assert_msg(cl.rc == 0, "%s: %s", dead[i], cl.err.message);
        ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 1);
        ck_assert(!cloud_body_has(&cl, "DeleteStack", 0, cloud_journal(&cl, "cfn.whole.token")));
        ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ChangeSetType=CREATE"));
        finish();
    }
}
END_TEST

START_TEST(an_unfinished_teardown_is_not_finished_by_up)
{
    setup("DELETE_FAILED");
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 0);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    finish();
}
END_TEST

START_TEST(a_busy_stack_is_waited_for)
{
    static const struct beat other[] = {{"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS"}}, {0}};
    setup("CREATE_COMPLETE");
    fake_stack_begin(&stack, other, "theirs");
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    ck_assert_uint_eq(stack.effects, 0); /* theirs is not taken back */
    ck_assert_uint_eq(cloud_said(&cl, "is busy with another operation"), 1);
    stack.status = "UPDATE_COMPLETE";
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), 1);
    finish();
}
END_TEST

START_TEST(a_foreign_stack_is_refused)
{
    setup("CREATE_COMPLETE");
    stack.foreign = true;
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "DEFANG_PREFIX"));
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    finish();
}
END_TEST

START_TEST(a_failed_creation_is_rolled_back)
{
    setup(NULL);
    stack.on_execute = failed_create;
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.err.kind, ERR_ROLLED_BACK);
    ck_assert(out.rolled_back);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "Web (AWS::ECS::Service): no such image"));
    /* The row of what failed says so to the end; what only went with it does not. */
    ck_assert_str_eq(cl.said.items[cl.said.len - 1], "row service/web failed failed");
    finish();
}
END_TEST

START_TEST(a_stack_deleted_meanwhile_is_no_success)
{
    setup("CREATE_COMPLETE");
    stack.on_execute = deleted; /* somebody deletes it under our hands */
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    finish();
}
END_TEST

/* Kills at every point: the journal holds what it would hold then, the stack is where it would be.
 */
START_TEST(resumed_before_the_change_set)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(stack.effects, 1);
    ck_assert(cloud_body_has(&cl, "ExecuteChangeSet", 0, "ClientRequestToken=t-1"));
    finish();
}
END_TEST

START_TEST(resumed_with_the_change_set_made)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    stack.change_status = "CREATE_COMPLETE";
    stack.execution = "AVAILABLE";
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    ck_assert_uint_eq(stack.effects, 1);
    finish();
}
END_TEST

START_TEST(resumed_between_the_flag_and_the_execute)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_journal_put(&cl, "cfn.whole.executed", "1");
    stack.change_status = "CREATE_COMPLETE";
    stack.execution = "AVAILABLE";
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(stack.effects, 1);
    finish();
}
END_TEST

START_TEST(resumed_while_it_runs_and_after_it_ended)
{
    for (int beats = 1; beats <= 4; beats++) {
        setup("CREATE_COMPLETE");
        cloud_journal_put(&cl, "cfn.whole.token", "t-1");
        cloud_journal_put(&cl, "cfn.whole.executed", "1");
        fake_stack_begin(&stack, updated, "t-1");
        for (int i = 1; i < beats; i++)
            fake_stack_begin(&stack, stack.now, "t-1");
        cloud_run(&cl, apply);
        ck_assert_msg(cl.rc == 0, "%d beats: %s", beats, cl.err.message);
        ck_assert_uint_eq(stack.effects, 0);
        ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
        ck_assert_uint_eq(cloud_said(&cl, "Web UPDATE_COMPLETE"), 1);
        ck_assert_uint_eq(out.resources_changed, 1);
        finish();
    }
}
END_TEST

SUITE(
    "engine/apply",
    a_stack_is_created,
    a_stack_is_updated,
    trust_20_cloudformation_has_the_last_word,
    nothing_to_change,
    a_long_template_goes_through_the_bucket,
    a_failed_creation_is_cleared_first,
    an_unfinished_teardown_is_not_finished_by_up,
    a_busy_stack_is_waited_for,
    a_foreign_stack_is_refused,
    a_failed_creation_is_rolled_back,
    a_stack_deleted_meanwhile_is_no_success,
    resumed_before_the_change_set,
    resumed_with_the_change_set_made,
    resumed_between_the_flag_and_the_execute,
    resumed_while_it_runs_and_after_it_ended)
