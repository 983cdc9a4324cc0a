/* The engine `cloudformation` canceled: it takes back what it began and nothing of others, and says
 * how the stack stands, whatever was meant. */
#include "unit/engine/apply_rig.h"

START_TEST(a_cancel_takes_back_once)
{
    setup("CREATE_COMPLETE");
    stack.on_execute = endless;
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 1);
    ck_assert_str_eq(stack.status, "UPDATE_ROLLBACK_COMPLETE"); /* followed to the end */
    ck_assert_uint_eq(cloud_said(&cl, "Web UPDATE_COMPLETE"), 1);
    ck_assert_uint_ge(cloud_said(&cl, "row service/web canceled taken back"), 1);
    finish();
}
END_TEST

START_TEST(a_canceled_creation_is_removed)
{
    static const struct beat slow[] = {
        {"CREATE_IN_PROGRESS",
         {"*||CREATE_IN_PROGRESS", "Web|AWS::ECS::Service|CREATE_IN_PROGRESS"}},
        {0}};
    setup(NULL);
    stack.on_execute = slow;
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 1);
    ck_assert_ptr_null(stack.status);
    finish();
}
END_TEST

/* CloudFormation refuses a token that it knows from another operation, and the double does nothing
 * then. */
START_TEST(a_removal_has_a_token_of_its_own)
{
    static const struct beat slow[] = {{"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS"}}, {0}};
    setup(NULL);
    stack.on_execute = slow;
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert(!cloud_body_has(&cl, "DeleteStack", 0, cloud_journal(&cl, "cfn.whole.token")));
    finish();
}
END_TEST

START_TEST(detaching_leaves_the_cloud_alone)
{
    setup("CREATE_COMPLETE");
    stack.on_execute = endless;
    cl.detaching = true;
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 0);
    ck_assert_str_eq(stack.status, "UPDATE_IN_PROGRESS");
    ck_assert_uint_eq(cloud_said(&cl, "canceled"), 0);
    finish();
}
END_TEST

START_TEST(a_cancel_in_mid_execute_is_taken_back_too)
{
    setup("CREATE_COMPLETE");
    stack.on_execute = endless;
    stack.execute_delay_ms = 2000; /* CloudFormation has begun, its answer is still on the way */
    cloud_run_canceled(&cl, apply, 1000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), 1);
    ck_assert_str_eq(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    finish();
}
END_TEST

START_TEST(a_cancel_from_an_earlier_life_is_carried_out)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_journal_put(&cl, "cfn.whole.executed", "1");
    cloud_journal_put(&cl, "cfn.whole.last-event", "e1");
    fake_stack_begin(&stack, endless, "t-1");
    cloud_run(&cl, cancel_whole);
    ck_assert_str_eq(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    cloud_run(&cl, cancel_whole); /* and again: nothing left to do */
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 1);
    finish();
}
END_TEST

START_TEST(what_others_began_is_not_taken_back)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_journal_put(&cl, "cfn.whole.executed", "1");
    while (stack.status && !text_eq(stack.status, "UPDATE_COMPLETE"))
        fake_stack_begin(&stack, stack.now ? stack.now : updated, "t-1");
    fake_stack_begin(&stack, endless, "theirs");
    cloud_run(&cl, cancel_whole);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 0);
    ck_assert_str_eq(stack.status, "UPDATE_IN_PROGRESS");
    finish();
}
END_TEST

START_TEST(nothing_was_begun_nothing_is_taken_back)
{
    setup("UPDATE_IN_PROGRESS");
    cloud_run(&cl, cancel_whole);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack") + cloud_count(&cl, "DeleteStack"), 0);
    ck_assert_int_eq(end_.back, ENGINE_BACK_NONE);
    finish();
}
END_TEST

static void executed(const char *status)
{
    setup(status);
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_journal_put(&cl, "cfn.whole.executed", "1");
}

/* What AWS says counts, at each moment after the update's last step. */
START_TEST(trust_31_a_cancel_after_the_end_is_too_late)
{
    for (int beats = 3; beats <= 4; beats++) {
        executed("CREATE_COMPLETE");
        fake_stack_begin(&stack, updated, "t-1");
        for (int i = 1; i < beats; i++)
            fake_stack_begin(&stack, stack.now, "t-1");
        cloud_run(&cl, cancel_whole);
        ck_assert_int_eq(end_.back, ENGINE_BACK_LATE);
        ck_assert_str_eq(end_.said, "stack Defang-shop-beta is UPDATE_COMPLETE");
        ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 0);
        ck_assert_uint_eq(cloud_said(&cl, "taking back"), 0);
        finish();
    }
}
END_TEST

/* CloudFormation ends the update in the moment between the look and the call. */
START_TEST(trust_31_a_refused_cancel_is_too_late)
{
    static const struct beat ends[] = {
        {"UPDATE_COMPLETE", {"Web|AWS::ECS::Service|UPDATE_COMPLETE", "*||UPDATE_COMPLETE"}}, {0}};
    executed("CREATE_COMPLETE");
    fake_stack_begin(&stack, endless, "t-1");
    stack.on_cancel = ends;
    cloud_run(&cl, cancel_whole);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 1);
    ck_assert_int_eq(end_.back, ENGINE_BACK_LATE);
    finish();
}
END_TEST

/* Somebody has changed the stack since: ours is told by its own events. */
START_TEST(trust_31_an_end_is_known_after_others_came)
{
    static const struct {
        const struct beat *ours;
        enum engine_back back;
    } ends[] = {{updated, ENGINE_BACK_LATE}, {taken_back, ENGINE_BACK_DONE}};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        executed("CREATE_COMPLETE");
        fake_stack_begin(&stack, endless, "t-1");
        fake_stack_begin(&stack, ends[i].ours, "t-1");
        while (stack.now && stack.now->status)
            fake_stack_begin(&stack, stack.now, "t-1");
        fake_stack_begin(&stack, endless, "theirs");
        cloud_run(&cl, cancel_whole);
        ck_assert_int_eq(end_.back, ends[i].back);
        ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 0);
        finish();
    }
}
END_TEST

/* The mark stands in the journal, but the call never came to CloudFormation. */
START_TEST(trust_31_what_never_arrived_changed_nothing)
{
    executed("CREATE_COMPLETE");
    fake_stack_begin(&stack, updated, "theirs");
    while (stack.now && stack.now->status)
        fake_stack_begin(&stack, stack.now, "theirs");
    cloud_run(&cl, cancel_whole);
    ck_assert_int_eq(end_.back, ENGINE_BACK_NONE);
    ck_assert_ptr_null(end_.said);
    finish();
}
END_TEST

START_TEST(trust_31_a_failed_roll_back_is_no_cancel)
{
    static const struct beat fails[] = {
        {"UPDATE_ROLLBACK_IN_PROGRESS", {"*||UPDATE_ROLLBACK_IN_PROGRESS|User Initiated"}},
        {"UPDATE_ROLLBACK_FAILED",
         {"Web|AWS::ECS::Service|UPDATE_FAILED|unhealthy", "*||UPDATE_ROLLBACK_FAILED"}},
        {0}};
    executed("CREATE_COMPLETE");
    fake_stack_begin(&stack, endless, "t-1");
    stack.on_cancel = fails;
    cloud_run(&cl, cancel_whole);
    ck_assert_int_eq(end_.back, ENGINE_BACK_FAILED);
    ck_assert_ptr_nonnull(strstr(end_.hint, "defangctl cd cancel"));
    finish();
}
END_TEST

/* All of it runs by then: protection that was begun is let through, not half taken back. */
START_TEST(trust_31_protection_that_was_begun_goes_through)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.keep.token", "t-2");
    cloud_journal_put(&cl, "cfn.keep.executed", "1");
    fake_stack_begin(&stack, updated, "t-2");
    cloud_run(&cl, cancel_keep);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 0);
    ck_assert_int_eq(end_.back, ENGINE_BACK_LATE);
    ck_assert_str_eq(stack.status, "UPDATE_COMPLETE");
    ck_assert_uint_eq(cloud_said(&cl, "waiting for the end of what runs"), 1);
    finish();
}
END_TEST

SUITE(
    "engine/cancel",
    a_cancel_takes_back_once,
    a_canceled_creation_is_removed,
    a_removal_has_a_token_of_its_own,
    detaching_leaves_the_cloud_alone,
    a_cancel_in_mid_execute_is_taken_back_too,
    a_cancel_from_an_earlier_life_is_carried_out,
    what_others_began_is_not_taken_back,
    nothing_was_begun_nothing_is_taken_back,
    trust_31_a_cancel_after_the_end_is_too_late,
    trust_31_a_refused_cancel_is_too_late,
    trust_31_an_end_is_known_after_others_came,
    trust_31_what_never_arrived_changed_nothing,
    trust_31_a_failed_roll_back_is_no_cancel,
    trust_31_protection_that_was_begun_goes_through)
