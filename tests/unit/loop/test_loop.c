/* The loop itself: deadlines, timers, deferred calls, stop, close; and worker jobs. */
#include "base/limits.h"
#include "base/mem.h"
#include "loop/deadline.h"
#include "loop/fiber.h"
#include "loop/work.h"
#include "unit/lib/cases.h"
#include "unit/lib/fake_clock.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct fake_clock fake;
static struct loop *loop;
static unsigned order[16], order_len;

static void setup_virtual(void)
{
    fake_clock_install(&fake, FAKE_CLOCK_START_MS);
    loop = loop_new();
    fake_clock_attach(&fake, loop);
    order_len = 0;
}

static void teardown_virtual(void)
{
    loop_free(loop);
    fake_clock_remove(&fake);
}

static void setup_real(void)
{
    loop = loop_new();
    order_len = 0;
}

static void teardown_real(void)
{
    loop_free(loop);
}

struct beacon {
    struct deadline deadline;
    int64_t at_ms;
};

static int64_t fired_at;
static uint64_t fired_seq;
static unsigned fired;

static void on_beacon(struct deadline *d)
{
    struct beacon *b = container_of(d, struct beacon, deadline);
    ck_assert_int_eq(d->at_ms, b->at_ms);
    ck_assert(b->at_ms > fired_at || (b->at_ms == fired_at && d->seq > fired_seq));
    fired_at = b->at_ms;
    fired_seq = d->seq;
    fired++;
}

START_TEST(heap_fires_in_order)
{
    enum { N = 2000 };

    fake_clock_install(&fake, FAKE_CLOCK_START_MS);
    struct deadline_heap heap = {0};
    struct beacon *b = xcalloc(N, sizeof *b);
    unsigned set = 0;
    for (unsigned round = 0; round < 3 * N; round++) {
        struct beacon *one = &b[clock_random_below(N)];
        one->deadline.fire = on_beacon;
        if (deadline_is_set(&one->deadline) && clock_random_below(3) == 0) {
            deadline_clear(&heap, &one->deadline);
            deadline_clear(&heap, &one->deadline);
        } else {
            one->at_ms = (int64_t)clock_random_below(500) + 1;
            deadline_set(&heap, &one->deadline, one->at_ms);
        }
    }
    for (unsigned i = 0; i < N; i++)
        set += deadline_is_set(&b[i].deadline);
    fired = 0;
    fired_at = 0;
    deadline_fire_due(&heap, 250);
    for (unsigned i = 0; i < N; i++)
        ck_assert(!deadline_is_set(&b[i].deadline) || b[i].at_ms > 250);
    deadline_fire_due(&heap, 500);
    ck_assert_uint_eq(fired, set);
    ck_assert_ptr_null(deadline_first(&heap));
    deadline_heap_done(&heap);
    free(b);
    ck_assert_int_eq(deadline_after(5, INT64_MAX), INT64_MAX);
    ck_assert_int_eq(deadline_after(5, -1), 5);
    fake_clock_remove(&fake);
}
END_TEST

static void note(void *arg)
{
    order[order_len++] = (unsigned)(intptr_t)arg;
}

static void note_and_defer(void *arg)
{
    note(arg);
    loop_defer(loop, note, (void *)4);
}

static void defer_some(void *arg)
{
    loop_defer(loop, note, (void *)1);
    loop_defer(loop, note_and_defer, (void *)2);
    loop_defer(loop, note, (void *)3);
    ck_assert_uint_eq(order_len, 0); /* at the end of the turn, not now */
    fiber_sleep(0);
    ck_assert_uint_eq(order_len, 3);
    fiber_sleep(0);
    ck_assert_uint_eq(order_len, 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(order[i], i + 1);
}

START_TEST(deferred_run_in_order_at_the_end_of_the_turn)
{
    loop_run_fiber(loop, "main", defer_some, NULL);
    loop_defer(loop, note, (void *)9);
    loop_run(loop); /* what is deferred counts as work; then nothing is left */
    ck_assert_uint_eq(order_len, 5);
}
END_TEST

static struct loop_timer *beat;
static int64_t beats[8];
static unsigned beat_count;

static void on_beat(void *arg)
{
    beats[beat_count++] = loop_now_ms(loop);
    if (beat_count == 2)
        fake_clock_advance(&fake, 350); /* a long turn: beats 3 to 5 are missed */
    if (beat_count == 4) {
        loop_timer_stop(beat);
        loop_stop(loop);
    }
}

START_TEST(timers_repeat_stop_and_drop_missed_beats)
{
    int64_t at = loop_now_ms(loop);
    beat_count = 0;
    beat = loop_timer_start(loop, 50, 100, on_beat, NULL);
    struct loop_timer *never = loop_timer_start(loop, 10, 0, note, NULL);
    loop_timer_stop(never);
    loop_timer_stop(NULL);
    loop_run(loop);
    ck_assert_uint_eq(beat_count, 4);
    ck_assert_int_eq(beats[0] - at, 50);
    ck_assert_int_eq(beats[1] - at, 150);
    ck_assert_int_eq(beats[2] - at, 500); /* 250 was due, comes late */
    ck_assert_int_eq(beats[3] - at, 600);
    ck_assert_uint_eq(order_len, 0);
}
END_TEST

START_TEST(stop_before_run_and_empty_run_return)
{
    struct loop_timer *t = loop_timer_start(loop, 1000000, 0, note, NULL);
    int64_t at = loop_now_ms(loop);
    loop_stop(loop);
    loop_run(loop);
    ck_assert_int_eq(loop_now_ms(loop), at);
    loop_timer_stop(t);
    loop_run(loop);
    loop_free(NULL);
}
END_TEST

static void sleep_really(void *arg)
{
    int64_t at = clock_mono_ms();
    ck_assert_int_eq(fiber_sleep(30), 0);
    ck_assert_int_ge(clock_mono_ms() - at, 30);
    struct fiber_event ev = FIBER_EVENT_INIT;
    at = clock_mono_ms();
    ck_assert_int_eq(fiber_wait(&ev, 20), -ETIMEDOUT);
    ck_assert_int_ge(clock_mono_ms() - at, 20);
}

START_TEST(real_time_passes_too)
{
    loop_run_fiber(loop, "main", sleep_really, NULL);
}
END_TEST

struct job {
    atomic_bool canceled;
    atomic_int rounds;
    unsigned sum;
    int rc;
    bool on_loop_thread;
};

static pthread_t loop_thread;

static void add_up(void *arg)
{
    struct job *job = arg;
    job->on_loop_thread = pthread_equal(pthread_self(), loop_thread);
    for (unsigned i = 0; i <= 1000; i++)
        job->sum += i;
}

static void spin_until_canceled(void *arg)
{
    struct job *job = arg;
    while (!atomic_load(&job->canceled)) {
        atomic_fetch_add(&job->rounds, 1);
        usleep(1000);
    }
    usleep(20000); /* still busy: work_run must not return before this */
    job->sum = 77;
}

static void run_jobs(void *arg)
{
    loop_thread = pthread_self();
    struct job job = {0};
    ck_assert_int_eq(work_run(loop, add_up, &job, NULL), 0);
    ck_assert_uint_eq(job.sum, 500500);
    ck_assert(!job.on_loop_thread);
}

static void job_fiber(void *arg)
{
    struct job *job = arg;
    job->rc = work_run(loop, spin_until_canceled, job, &job->canceled);
    struct job late = {0};
    ck_assert_int_eq(work_run(loop, add_up, &late, NULL), -ECANCELED);
    ck_assert_uint_eq(late.sum, 0);
}

static void cancel_jobs(void *arg)
{
    struct job jobs[8] = {0}; /* more than libuv has threads: some are canceled while they queue */
    struct fiber *f[ARRAY_LEN(jobs)];
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        f[i] = fiber_spawn(loop, "job", job_fiber, &jobs[i]);
    while (atomic_load(&jobs[0].rounds) == 0)
        fiber_sleep(1);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        fiber_cancel(f[i]);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        fiber_join(f[i]);
        ck_assert_int_eq(jobs[i].rc, -ECANCELED);
        ck_assert(atomic_load(&jobs[i].canceled));
        ck_assert_uint_eq(jobs[i].sum, atomic_load(&jobs[i].rounds) ? 77 : jobs[i].sum);
    }
    ck_assert_uint_eq(jobs[0].sum, 77);
}

/* Long work that nobody ends until short work has been done beside it. */
static atomic_bool released;
static atomic_int running, most;

static void hold_thread(void *arg)
{
    int now = atomic_fetch_add(&running, 1) + 1;

    if (now > atomic_load(&most))
        atomic_store(&most, now);
    while (!atomic_load(&released))
        usleep(1000);
    atomic_fetch_sub(&running, 1);
}

static void long_fiber(void *arg)
{
    int *rc = arg;

    *rc = work_run_long(loop, hold_thread, NULL, NULL);
}

static void crowd_the_pool(void *arg)
{
    int rc[3 * LIMIT_WORK_THREADS];
    struct fiber *f[ARRAY_LEN(rc)];
    struct job job = {0};

    for (size_t i = 0; i < ARRAY_LEN(rc); i++)
        f[i] = fiber_spawn(loop, "long", long_fiber, &rc[i]);
    while (atomic_load(&running) < LIMIT_WORK_LONG)
        fiber_sleep(1);

    ck_assert_int_eq(work_run(loop, add_up, &job, NULL), 0);
    ck_assert_uint_eq(job.sum, 500500);
    fiber_cancel(f[ARRAY_LEN(rc) - 1]); /* one that waits for its turn */
    fiber_join(f[ARRAY_LEN(rc) - 1]);
    ck_assert_int_eq(rc[ARRAY_LEN(rc) - 1], -ECANCELED);

    atomic_store(&released, true);
    for (size_t i = 0; i + 1 < ARRAY_LEN(rc); i++) {
        fiber_join(f[i]);
        ck_assert_int_eq(rc[i], 0);
    }
    ck_assert_int_eq(atomic_load(&most), LIMIT_WORK_LONG);
}

START_TEST(survive_16_long_work_leaves_threads_to_short)
{
    work_set_threads();
    loop_run_fiber(loop, "main", crowd_the_pool, NULL);
}
END_TEST

static int refuse(void *arg, struct error *err)
{
    return error_raise(err, ERR_REFUSED, "said by %s", (const char *)arg);
}

static void call_and_fail(void *arg)
{
    cleanup_error struct error err = ERROR_INIT;

    ck_assert_int_eq(work_call(loop, refuse, (char *)"work", &err), error_kind_errno(ERR_REFUSED));
    ck_assert_str_eq(err.message, "said by work");
}

START_TEST(work_hands_its_error_over)
{
    loop_run_fiber(loop, "main", call_and_fail, NULL);
}
END_TEST

static struct held {
    char by[64];
    int64_t ms;
} held;

static void on_held(void *arg, const char *by, int64_t held_ms, int64_t cpu_ms)
{
    if (strcmp(by, "the busy one") != 0) /* what a loaded machine brings about */
        return;
    snprintf(held.by, sizeof held.by, "%s", by);
    held.ms = held_ms;
}

static void be_busy(void *arg)
{
    usleep(60000);
}

START_TEST(survive_20_who_holds_the_loop_is_named)
{
    loop_on_held(loop, 50, on_held, NULL);
    loop_run_fiber(loop, "the busy one", be_busy, NULL);
    ck_assert_str_eq(held.by, "the busy one");
    ck_assert_int_ge(held.ms, 50);
}
END_TEST

START_TEST(work_runs_on_another_thread)
{
    loop_run_fiber(loop, "main", run_jobs, NULL);
}
END_TEST

START_TEST(work_is_waited_for_after_a_cancel)
{
    loop_run_fiber(loop, "main", cancel_jobs, NULL);
}
END_TEST

START_TEST(work_holds_virtual_time)
{
    int64_t at = loop_now_ms(loop);
    loop_run_fiber(loop, "main", run_jobs, NULL);
    ck_assert_int_eq(loop_now_ms(loop), at);
}
END_TEST

static uv_timer_t forgotten;

START_TEST(open_handle_at_the_end_aborts)
{
    uv_timer_init(loop_uv(loop), &forgotten);
    loop_free(loop);
}
END_TEST

START_TEST(running_timer_at_the_end_aborts)
{
    loop_timer_start(loop, 5, 0, note, NULL);
    loop_free(loop);
}
END_TEST

static void wait_in_vain(void *arg)
{
    struct fiber_event ev = FIBER_EVENT_INIT;
    fiber_wait(&ev, FIBER_NO_DEADLINE);
}

START_TEST(waiting_in_vain_aborts)
{
    loop_run_fiber(loop, "main", wait_in_vain, NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("loop");
    TCase *plain = tcase_create("deadline");
    tcase_add_test(plain, heap_fires_in_order);
    suite_add_tcase(s, plain);
    TCase *t = tcase_create("loop");
    tcase_add_checked_fixture(t, setup_virtual, teardown_virtual);
    tcase_add_test(t, deferred_run_in_order_at_the_end_of_the_turn);
    tcase_add_test(t, timers_repeat_stop_and_drop_missed_beats);
    tcase_add_test(t, stop_before_run_and_empty_run_return);
    tcase_add_test(t, work_holds_virtual_time);
    suite_expect_abort(t, open_handle_at_the_end_aborts);
    suite_expect_abort(t, running_timer_at_the_end_aborts);
    suite_expect_abort(t, waiting_in_vain_aborts);
    suite_add_tcase(s, t);
    TCase *real = tcase_create("real time");
    tcase_add_checked_fixture(real, setup_real, teardown_real);
    tcase_add_test(real, real_time_passes_too);
    tcase_add_test(real, work_runs_on_another_thread);
    tcase_add_test(real, work_hands_its_error_over);
    tcase_add_test(real, survive_16_long_work_leaves_threads_to_short);
    tcase_add_test(real, survive_20_who_holds_the_loop_is_named);
    tcase_add_test(real, work_is_waited_for_after_a_cancel);
    suite_add_tcase(s, real);
    return s;
}

SUITE_MAIN(suite)
