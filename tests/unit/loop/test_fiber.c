/* Fibers: life, waits, cancel, shield, join, conditions. Virtual time throughout: no test sleeps.
 */
#include "base/limits.h"
#include "unit/loop/fiber_rig.h"
#include <errno.h>
#include <string.h>

static void sleep_an_hour(void *arg)
{
    int64_t started = loop_now_ms(loop);
    ck_assert_int_eq(fiber_sleep(3600000), 0);
    ck_assert_int_eq(loop_now_ms(loop) - started, 3600000);
    ck_assert_str_eq(fiber_name(fiber_current()), "main");
}

START_TEST(sleep_takes_virtual_time)
{
    ck_assert_ptr_null(fiber_current());
    ck_assert(!fiber_is_canceled());
    run(sleep_an_hour, NULL);
    ck_assert_uint_eq(fake.jumps, 1);
}
END_TEST

static unsigned finished;

static void use_stack_and_sleep(void *arg)
{
    volatile char frame[8192];
    memset((void *)frame, (int)(intptr_t)arg & 0x7f, sizeof frame);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(fiber_sleep((intptr_t)arg % 97), 0);
        ck_assert_int_eq(frame[i * 100], (int)(intptr_t)arg & 0x7f);
    }
    finished++;
}

static void spawn_thousands(void *arg)
{
    enum { N = 3000 };
    struct fiber **all = xcalloc(N, sizeof(struct fiber *));
    for (intptr_t i = 0; i < N; i++)
        all[i] = fiber_spawn(loop, "many", use_stack_and_sleep, (void *)i);
    for (int i = 0; i < N; i++)
        fiber_join(all[i]);
    free(all);
    ck_assert_uint_eq(finished, N);
}

START_TEST(thousands_run_side_by_side)
{
    finished = 0;
    run(spawn_thousands, NULL);
    finished = 0;
    run(spawn_thousands, NULL); /* on stacks used before */
}
END_TEST

/* The frame is used after the call, so that no compiler makes a loop of it. */
static __attribute__((noinline)) int depth_sum(int n)
{
    volatile char frame[512];
    frame[0] = (char)n;
    if (n == 0)
        return 0;
    int below = depth_sum(n - 1);
    return below + 1 + (frame[0] - (char)n);
}

static void go_deep(void *arg)
{
    ck_assert_int_eq(depth_sum(200), 200); /* ~100 KiB of frames fit in a stack */
}

START_TEST(stack_is_as_large_as_promised)
{
    run(go_deep, NULL);
}
END_TEST

/* What a fiber can wait in, each canceled from outside in the midst. */
static struct fiber_event never;
static struct fiber_cond never_signaled;
static int64_t woken_at;
static int results[3];

static int wait_sleep(void)
{
    return fiber_sleep(60000);
}

static int wait_event(void)
{
    return fiber_wait(&never, 60000);
}

static int wait_event_forever(void)
{
    return fiber_wait(&never, FIBER_NO_DEADLINE);
}

static int wait_cond(void)
{
    return fiber_cond_wait(&never_signaled, 60000);
}

static int wait_yields(void)
{
    int rc;
    while ((rc = fiber_sleep(0)) == 0)
        if (loop_now_ms(loop) > fake.mono_ms)
            break;
    return rc;
}

static int (*const waits[])(void) = {
    wait_sleep, wait_event, wait_event_forever, wait_cond, wait_yields};

static void wait_until_canceled(void *arg)
{
    int (*wait)(void) = *(int (*const *)(void))arg;
    results[0] = wait();
    woken_at = loop_now_ms(loop);
    results[1] = wait(); /* every later wait too */
    results[2] = fiber_sleep(1);
    ck_assert(fiber_is_canceled());
    ck_assert_int_eq(loop_now_ms(loop), woken_at);
}

static void cancel_a_waiting_fiber(void *arg)
{
    struct fiber *f = fiber_spawn(loop, "waiter", wait_until_canceled, arg);
    bool yields = *(int (*const *)(void))arg == wait_yields;
    int64_t at = loop_now_ms(loop);
    for (int i = 0; i < 5; i++)
        fiber_sleep(0);
    if (!yields) {
        fiber_sleep(1000);
        at += 1000;
    }
    fiber_cancel(f);
    fiber_cancel(f);
    fiber_join(f);
    ck_assert_int_eq(woken_at, at);
}

START_TEST(cancel_ends_each_wait)
{
    never = (struct fiber_event)FIBER_EVENT_INIT;
    for (int i = 0; i < 3; i++)
        results[i] = 1;
    run(cancel_a_waiting_fiber, (void *)&waits[_i]);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(results[i], -ECANCELED);
    ck_assert_ptr_null(never.waiter);
    ck_assert_ptr_null(never_signaled.first);
}
END_TEST

static void note_result(void *arg)
{
    results[0] = fiber_sleep(5);
    finished++;
}

static void cancel_before_start(void *arg)
{
    struct fiber *f = fiber_spawn(loop, "early", note_result, NULL);
    fiber_cancel(f);
    fiber_join(f);
    ck_assert_uint_eq(finished, 1);
    ck_assert_int_eq(results[0], -ECANCELED);
}

START_TEST(canceled_before_its_first_turn_it_still_runs)
{
    finished = 0;
    run(cancel_before_start, NULL);
}
END_TEST

static void shielded(void *arg)
{
    fiber_shield(true);
    fiber_shield(true);
    int64_t at = loop_now_ms(loop);
    ck_assert_int_eq(fiber_sleep(500), 0); /* canceled at +100 */
    ck_assert_int_eq(loop_now_ms(loop), at + 500);
    ck_assert(fiber_is_canceled());
    fiber_shield(false);
    ck_assert_int_eq(fiber_sleep(500), 0); /* still one shield up */
    ck_assert_int_eq(fiber_sleep(0), 0);
    fiber_shield(false);
    ck_assert_int_eq(fiber_sleep(500), -ECANCELED);
    ck_assert_int_eq(loop_now_ms(loop), at + 1000);
    finished++;
}

static void cancel_shielded(void *arg)
{
    struct fiber *f = fiber_spawn(loop, "shielded", shielded, NULL);
    fiber_sleep(100);
    fiber_cancel(f);
    fiber_join(f);
}

START_TEST(shield_holds_and_nests)
{
    finished = 0;
    run(cancel_shielded, NULL);
    ck_assert_uint_eq(finished, 1);
}
END_TEST

static void complete_event(void *arg)
{
    fiber_event_complete(arg, 42);
    fiber_event_complete(arg, 43);
}

static void wait_for_events(void *arg)
{
    struct fiber_event ev = FIBER_EVENT_INIT;
    struct loop_timer *t = loop_timer_start(loop, 250, 0, complete_event, &ev);
    int64_t at = loop_now_ms(loop);
    ck_assert_int_eq(fiber_wait(&ev, 100), -ETIMEDOUT);
    ck_assert_int_eq(loop_now_ms(loop), at + 100);
    ck_assert_int_eq(fiber_wait(&ev, 1000), 42);
    ck_assert_int_eq(loop_now_ms(loop), at + 250);
    ck_assert_int_eq(fiber_wait(&ev, 0), 42); /* stays done */
    loop_timer_stop(t);
    struct fiber_event other = FIBER_EVENT_INIT;
    ck_assert_int_eq(fiber_wait(&other, 0), -ETIMEDOUT);
    ck_assert_int_eq(fiber_wait(&other, -5), -ETIMEDOUT);
}

START_TEST(events_and_deadlines)
{
    run(wait_for_events, NULL);
}
END_TEST

static void await_once(void *arg)
{
    results[0] = fiber_wait(arg, 1000);
    results[1] = fiber_sleep(1);
}

static void complete_then_cancel(void *arg)
{
    struct fiber_event ev = FIBER_EVENT_INIT;
    struct fiber *f = fiber_spawn(loop, "both", await_once, &ev);
    fiber_sleep(10);
    fiber_cancel(f);
    fiber_event_complete(&ev, 7); /* happened before it could look */
    fiber_join(f);
    ck_assert_int_eq(results[0], 7);
    ck_assert_int_eq(results[1], -ECANCELED);
}

START_TEST(what_happened_is_not_lost_by_a_cancel)
{
    run(complete_then_cancel, NULL);
}
END_TEST

static unsigned order[8], order_len;
static struct fiber_cond cond;

static void await_cond(void *arg)
{
    int rc = fiber_cond_wait(&cond, (intptr_t)arg == 2 ? 50 : 1000);
    ck_assert_int_eq(rc, (intptr_t)arg == 2 ? -ETIMEDOUT : 0);
    order[order_len++] = (unsigned)(intptr_t)arg;
}

static void broadcast_to_many(void *arg)
{
    struct fiber *f[4];
    for (intptr_t i = 0; i < 4; i++)
        f[i] = fiber_spawn(loop, "cond", await_cond, (void *)i);
    fiber_sleep(100);
    ck_assert_uint_eq(order_len, 1);
    fiber_cond_broadcast(&cond);
    fiber_cond_broadcast(&cond);
    for (int i = 0; i < 4; i++)
        fiber_join(f[i]);
    const unsigned expected[] = {2, 0, 1, 3};
    ck_assert_uint_eq(order_len, 4);
    ck_assert_mem_eq(order, expected, sizeof expected);
    ck_assert_ptr_null(cond.first);
}

START_TEST(cond_wakes_all_in_order)
{
    order_len = 0;
    run(broadcast_to_many, NULL);
}
END_TEST

static struct fiber *target;

static void sleep_a_little(void *arg)
{
    fiber_sleep(300);
}

static void join_target(void *arg)
{
    int64_t at = loop_now_ms(loop);
    fiber_join(target);
    ck_assert_int_eq(loop_now_ms(loop), at + 300);
    finished++;
}

static void join_from_several(void *arg)
{
    target = fiber_spawn(loop, "target", sleep_a_little, NULL);
    struct fiber *f[5];
    for (int i = 0; i < 5; i++)
        f[i] = fiber_spawn(loop, "joiner", join_target, NULL);
    fiber_cancel(f[2]); /* does not end its join */
    for (int i = 0; i < 5; i++)
        fiber_join(f[i]);
    ck_assert_uint_eq(finished, 5);
    struct fiber *late = fiber_spawn(loop, "late", sleep_a_little, NULL);
    fiber_sleep(1000);
    fiber_join(late); /* has returned long ago */
    late = fiber_spawn(loop, "late", sleep_a_little, NULL);
    fiber_sleep(1000);
    fiber_detach(late);
}

START_TEST(join)
{
    finished = 0;
    run(join_from_several, NULL);
}
END_TEST

static void yielder(void *arg)
{
    for (unsigned i = 0; i < 3; i++) {
        order[order_len++] = (unsigned)(intptr_t)arg;
        ck_assert_int_eq(fiber_sleep(0), 0);
    }
}

static void spawn_yielders(void *arg)
{
    struct fiber *a = fiber_spawn(loop, "a", yielder, (void *)1);
    struct fiber *b = fiber_spawn(loop, "b", yielder, (void *)2);
    fiber_join(a);
    fiber_join(b);
    const unsigned expected[] = {1, 2, 1, 2, 1, 2};
    ck_assert_mem_eq(order, expected, sizeof expected);
}

START_TEST(yield_takes_turns)
{
    order_len = 0;
    run(spawn_yielders, NULL);
}
END_TEST

static void until_canceled(void *arg)
{
    while (fiber_sleep(1000000) == 0)
        ;
    fiber_shield(true);
    ck_assert_int_eq(fiber_sleep(100), 0); /* cleanup that takes its time */
    fiber_shield(false);
    fiber_detach(fiber_spawn(loop, "child of a canceled fiber", note_result, NULL));
    finished++;
}

START_TEST(loop_free_cancels_and_waits)
{
    finished = 0;
    struct loop *other = loop;
    for (int i = 0; i < 10; i++)
        fiber_detach(fiber_spawn(other, "daemon", until_canceled, NULL));
    loop_cancel_fibers(other);
    ck_assert_uint_eq(finished, 20);
    ck_assert_int_eq(results[0], -ECANCELED);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fiber");
    TCase *t = tcase_create("fiber");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, sleep_takes_virtual_time);
    tcase_add_test(t, thousands_run_side_by_side);
    tcase_add_test(t, stack_is_as_large_as_promised);
    tcase_add_loop_test(t, cancel_ends_each_wait, 0, ARRAY_LEN(waits));
    tcase_add_test(t, canceled_before_its_first_turn_it_still_runs);
    tcase_add_test(t, shield_holds_and_nests);
    tcase_add_test(t, events_and_deadlines);
    tcase_add_test(t, what_happened_is_not_lost_by_a_cancel);
    tcase_add_test(t, cond_wakes_all_in_order);
    tcase_add_test(t, join);
    tcase_add_test(t, yield_takes_turns);
    tcase_add_test(t, loop_free_cancels_and_waits);
    suite_add_tcase(s, t);
    return s;
}

SUITE_MAIN(suite)
