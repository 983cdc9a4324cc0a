/* Fan-out: limit, first error, cancel, nesting. */
#include "base/mem.h"
#include "loop/fiber.h"
#include "unit/lib/cases.h"
#include "unit/lib/fake_clock.h"
#include <errno.h>

static struct fake_clock fake;
static struct loop *loop;
static unsigned running, most, ended, canceled;

static void setup(void)
{
    fake_clock_install(&fake, FAKE_CLOCK_START_MS);
    loop = loop_new();
    fake_clock_attach(&fake, loop);
    running = most = ended = canceled = 0;
}

static void teardown(void)
{
    loop_free(loop);
    fake_clock_remove(&fake);
}

static int item_sleep(void *arg, struct error *err)
{
    most = MAX(most, ++running);
    int rc = fiber_sleep((intptr_t)arg);
    running--;
    ended++;
    canceled += rc == -ECANCELED;
    return rc;
}

static int item_fail(void *arg, struct error *err)
{
    fiber_sleep((intptr_t)arg);
    return error_raise_errno(err, ERR_CLOUD, EBUSY, "part failed after %d ms", (int)(intptr_t)arg);
}

static int item_fail_silently(void *arg, struct error *err)
{
    return -ENOSPC;
}

static void limited(void *arg)
{
    struct error err cleanup_error = ERROR_INIT;
    struct fiber_group *g = fiber_group_new(loop, 4);
    int64_t at = loop_now_ms(loop);
    for (int i = 0; i < 20; i++)
        fiber_group_spawn(g, "part", item_sleep, (void *)100);
    ck_assert_int_eq(fiber_group_wait(g, &err), 0);
    ck_assert(!error_is_set(&err));
    ck_assert_uint_eq(most, 4);
    ck_assert_uint_eq(ended, 20);
    ck_assert_int_eq(loop_now_ms(loop) - at, 500);
    fiber_group_free(g);
    g = fiber_group_new(loop, 0); /* all at once */
    for (int i = 0; i < 50; i++)
        fiber_group_spawn(g, "part", item_sleep, (void *)100);
    ck_assert_int_eq(fiber_group_wait(g, &err), 0);
    ck_assert_uint_eq(most, 50);
    fiber_group_free(g);
    g = fiber_group_new(loop, 0);
    ck_assert_int_eq(fiber_group_wait(g, &err), 0);
    fiber_group_free(g);
    fiber_group_free(NULL);
}

START_TEST(limit_bounds_what_runs_at_once)
{
    loop_run_fiber(loop, "main", limited, NULL);
}
END_TEST

static void fail_one(void *arg)
{
    struct error err cleanup_error = ERROR_INIT;
    struct fiber_group *g = fiber_group_new(loop, 3);
    int64_t at = loop_now_ms(loop);
    fiber_group_spawn(g, "long", item_sleep, (void *)60000);
    fiber_group_spawn(g, "bad", item_fail, (void *)200);
    fiber_group_spawn(g, "bad too", item_fail, (void *)300);
    fiber_group_spawn(g, "queued", item_sleep, (void *)60000);
    fiber_group_spawn(g, "queued", item_sleep, (void *)60000);
    ck_assert_int_eq(fiber_group_wait(g, &err), -EBUSY);
    ck_assert_int_eq(err.kind, ERR_CLOUD);
    ck_assert_str_eq(err.message, "part failed after 200 ms");
    ck_assert_int_eq(loop_now_ms(loop) - at, 200);
    ck_assert_uint_eq(ended, 3); /* each ran, and its wait was canceled */
    ck_assert_uint_eq(canceled, 3);
    fiber_group_free(g);
    error_done(&err);
    g = fiber_group_new(loop, 0);
    fiber_group_spawn(g, "silent", item_fail_silently, NULL);
    ck_assert_int_eq(fiber_group_wait(g, &err), -ENOSPC);
    ck_assert_str_eq(err.message, "silent: No space left on device");
    fiber_group_free(g);
}

START_TEST(first_error_cancels_the_rest)
{
    loop_run_fiber(loop, "main", fail_one, NULL);
}
END_TEST

static int nested_result;

static int item_nested(void *arg, struct error *err)
{
    intptr_t depth = (intptr_t)arg;
    struct fiber_group *g = fiber_group_new(loop, 2);
    for (int i = 0; i < 3; i++) {
        if (depth > 0)
            fiber_group_spawn(g, "inner", item_nested, (void *)(depth - 1));
        else
            fiber_group_spawn(g, "leaf", item_sleep, (void *)1000);
    }
    int rc = fiber_group_wait(g, err);
    fiber_group_free(g);
    return rc;
}

static void nested_main(void *arg)
{
    struct error err cleanup_error = ERROR_INIT;
    nested_result = item_nested((void *)3, &err);
    ck_assert_int_eq(err.kind, nested_result ? ERR_CANCELED : ERR_NONE);
}

static void nested_cancel(void *arg)
{
    struct fiber *f = fiber_spawn(loop, "outer", nested_main, NULL);
    fiber_join(f);
    ck_assert_int_eq(nested_result, 0);
    ck_assert_uint_eq(ended, 81);
    ck_assert_uint_eq(canceled, 0);

    ended = 0;
    f = fiber_spawn(loop, "outer", nested_main, NULL);
    fiber_sleep(1500);
    int64_t at = loop_now_ms(loop);
    fiber_cancel(f);
    fiber_join(f);
    ck_assert_int_eq(loop_now_ms(loop), at);
    ck_assert_int_eq(nested_result, -ECANCELED);
    ck_assert_uint_eq(running, 0);
    ck_assert_uint_gt(canceled, 0);
    ck_assert_uint_eq(ended, 81); /* whoever owns an argument can rely on it */
}

START_TEST(cancel_reaches_nested_groups)
{
    loop_run_fiber(loop, "main", nested_cancel, NULL);
}
END_TEST

static void cancel_group(void *arg)
{
    fiber_group_cancel(arg);
}

static void canceled_from_outside(void *arg)
{
    struct error err cleanup_error = ERROR_INIT;
    struct fiber_group *g = fiber_group_new(loop, 1);
    fiber_group_spawn(g, "first", item_sleep, (void *)60000);
    fiber_group_spawn(g, "second", item_sleep, (void *)60000);
    struct loop_timer *t = loop_timer_start(loop, 100, 0, cancel_group, g);
    ck_assert_int_eq(fiber_group_wait(g, &err), -ECANCELED);
    ck_assert_int_eq(err.kind, ERR_CANCELED);
    ck_assert_uint_eq(canceled, 2);
    loop_timer_stop(t);
    fiber_group_spawn(g, "after", item_sleep, (void *)60000); /* a canceled group stays so */
    ck_assert_int_eq(fiber_group_wait(g, NULL), -ECANCELED);
    ck_assert_uint_eq(canceled, 3);
    fiber_group_free(g);
}

START_TEST(group_cancel)
{
    loop_run_fiber(loop, "main", canceled_from_outside, NULL);
}
END_TEST

static void free_too_early(void *arg)
{
    struct fiber_group *g = fiber_group_new(loop, 0);
    fiber_group_spawn(g, "part", item_sleep, (void *)100);
    fiber_group_free(g);
}

START_TEST(free_before_wait_aborts)
{
    loop_run_fiber(loop, "main", free_too_early, NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("group");
    TCase *t = tcase_create("group");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, limit_bounds_what_runs_at_once);
    tcase_add_test(t, first_error_cancels_the_rest);
    tcase_add_test(t, cancel_reaches_nested_groups);
    tcase_add_test(t, group_cancel);
    suite_expect_abort(t, free_before_wait_aborts);
    suite_add_tcase(s, t);
    return s;
}

SUITE_MAIN(suite)
