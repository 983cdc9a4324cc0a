/* Fibers: what a caller must not do ends the program at once, with a text or at the guard page, and
 * never goes on with another fiber's stack. */
#include "base/limits.h"
#include "unit/loop/fiber_rig.h"
#include <errno.h>
#include <string.h>

static void nothing(void *arg)
{
}

static void spawn_too_many(void *arg)
{
    for (int i = 0; i <= LIMIT_FIBERS; i++)
        fiber_detach(fiber_spawn(loop, "flood", nothing, NULL));
}

START_TEST(too_many_abort)
{
    run(spawn_too_many, NULL);
}
END_TEST

static void return_shielded(void *arg)
{
    fiber_shield(true);
}

START_TEST(returning_shielded_aborts)
{
    run(return_shielded, NULL);
}
END_TEST

static void suspend_in_callback(void *arg)
{
    fiber_sleep(1);
}

static void start_bad_callback(void *arg)
{
    loop_defer(loop, suspend_in_callback, NULL);
    fiber_sleep(10);
}

START_TEST(suspending_in_a_callback_aborts)
{
    run(start_bad_callback, NULL);
}
END_TEST

/* Each call has a frame of its own. */
static __attribute__((noinline)) int depth_sum(int n)
{
    volatile char frame[512];
    frame[0] = (char)n;
    if (n == 0)
        return 0;
    int below = depth_sum(n - 1);
    return below + 1 + (frame[0] - (char)n);
}

static void overflow(void *arg)
{
    depth_sum(1000000);
}

START_TEST(guard_page_stops_an_overflow)
{
    run(overflow, NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fiber_broken");
    TCase *broken = tcase_create("broken contracts");
    tcase_add_checked_fixture(broken, setup, teardown);
    suite_expect_abort(broken, too_many_abort);
    suite_expect_abort(broken, returning_shielded_aborts);
    suite_expect_abort(broken, suspending_in_a_callback_aborts);
    suite_expect_crash(broken, guard_page_stops_an_overflow);
    suite_add_tcase(s, broken);
    return s;
}

SUITE_MAIN(suite)
