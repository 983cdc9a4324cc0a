/* The loop itself: turns, the alarm, the end.
 *
 * A turn polls libuv, fires what is due, runs the fibers that are ready, then what was deferred
 * (loop/internal.h). One timerfd stands for all deadlines and is set to the first; it keeps the
 * loop alive while there is one. A poll that is under way must not block when something became
 * ready: loop_nudge().
 *
 * Under virtual time (tests) nobody is waited for: when a look at the sockets brings nothing, the
 * clock jumps to the first deadline. While a thread, a child or a transfer is outside, time is
 * real.
 *
 * loop_free() cancels all fibers and waits for them; a timer or a handle that somebody forgot ends
 * the program, as what it points to would be gone. */
#include "loop/internal.h"

#include "base/clock.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* A close takes one turn of libuv, one that is started in a close callback one more. */
#define CLOSE_TURNS 100

void loop_die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("loop: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

static void must(int rc, const char *what)
{
    if (rc < 0)
        loop_die("%s: %s", what, uv_strerror(rc));
}

static void on_alarm(uv_poll_t *handle, int status, int events)
{
    struct loop *loop = container_of(handle, struct loop, alarm);
    uint64_t expirations;
    ssize_t n = read(loop->alarm_fd, &expirations, sizeof expirations);
    (void)n; /* EAGAIN only: it was set anew meanwhile */
    loop->alarm_at_ms = INT64_MAX;
}

struct loop *loop_new(void)
{
    struct loop *loop = xcalloc(1, sizeof *loop);

    must(uv_loop_init(&loop->uv), "cannot start the event loop");
    uv_loop_configure(&loop->uv, UV_METRICS_IDLE_TIME); /* held.c */

    /* Counts through suspend, so that deadlines that passed while the machine slept fire as soon as
     * it wakes.
     */
    loop->alarm_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->alarm_fd < 0)
        loop->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    must(loop->alarm_fd < 0 ? -errno : 0, "cannot make a timer");
    must(uv_poll_init(&loop->uv, &loop->alarm, loop->alarm_fd), "cannot watch the timer");
    must(uv_poll_start(&loop->alarm, UV_READABLE, on_alarm), "cannot watch the timer");
    uv_unref((uv_handle_t *)&loop->alarm);
    loop->alarm_at_ms = INT64_MAX;
    sched_init(&loop->sched);

    return loop;
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

int64_t loop_now_ms(struct loop *loop)
{
    return clock_mono_ms();
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
    loop_nudge(loop);
}

void loop_nudge(struct loop *loop)
{
    if (loop->polling)
        uv_stop(&loop->uv);
}

void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    vec_push(&loop->deferred, (struct loop_deferred){fn, arg});
    loop_nudge(loop);
}

static void run_deferred(struct loop *loop)
{
    __typeof__(loop->deferred) batch = loop->deferred;
    memset(&loop->deferred, 0, sizeof loop->deferred);
    vec_each(d, &batch)
        d->fn(d->arg);
    vec_free(&batch);
}

void loop_use_virtual_time(struct loop *loop, void (*jump)(void *arg, int64_t at_ms), void *arg)
{
    loop->jump = jump;
    loop->jump_arg = arg;
}

static void set_alarm(struct loop *loop)
{
    const struct deadline *first = deadline_first(&loop->deadlines);
    int64_t at_ms = first ? first->at_ms : INT64_MAX;

    if (first)
        uv_ref((uv_handle_t *)&loop->alarm);
    else
        uv_unref((uv_handle_t *)&loop->alarm);
    if (at_ms == loop->alarm_at_ms)
        return;
    loop->alarm_at_ms = at_ms;
    struct itimerspec spec = {0};
    if (first) {
        int64_t delay_ms = MAX(at_ms - loop_now_ms(loop), 0);
        spec.it_value.tv_sec = (time_t)(delay_ms / 1000);
        spec.it_value.tv_nsec = (long)(delay_ms % 1000) * 1000000;
        if (delay_ms == 0)
            spec.it_value.tv_nsec = 1; /* zero would disarm */
    }

    if (timerfd_settime(loop->alarm_fd, 0, &spec, NULL) < 0)
        loop_die("cannot set the timer: %s", strerror(errno));
}

static bool has_pending(struct loop *loop)
{
    const struct deadline *first = deadline_first(&loop->deadlines);
    return sched_has_ready(&loop->sched) || loop->deferred.len > 0 ||
           (first && first->at_ms <= loop_now_ms(loop));
}

static void poll_uv(struct loop *loop, uv_run_mode mode)
{
    loop->polling = true;
    loop_poll_measured(loop, mode);
    loop->polling = false;
}

/* Virtual time: nobody is waited for, so when a look at the sockets brings nothing, the clock jumps
 * to the first deadline. */
static void poll_virtual(struct loop *loop)
{
    poll_uv(loop, UV_RUN_NOWAIT);
    const struct deadline *first = deadline_first(&loop->deadlines);
    if (first && !has_pending(loop) && !loop->stopping)
        loop->jump(loop->jump_arg, first->at_ms);
}

/* One turn; false, and nothing done, when there is nothing left to wait for. */
static bool turn(struct loop *loop)
{
    if (has_pending(loop)) {
        poll_uv(loop, UV_RUN_NOWAIT);
    } else if (loop->jump && loop->outside == 0 && deadline_first(&loop->deadlines)) {
        poll_virtual(loop);
    } else {
        if (!loop->jump)
            set_alarm(loop);
        if (!uv_loop_alive(&loop->uv))
            return false;
        poll_uv(loop, UV_RUN_ONCE);
    }

    loop_hold(loop, "timers");
    deadline_fire_due(&loop->deadlines, loop_now_ms(loop));
    loop_release(loop);
    sched_run_ready(&loop->sched);
    loop_hold(loop, "deferred work");
    run_deferred(loop);
    loop_release(loop);

    return true;
}

void loop_run(struct loop *loop)
{
    if (fiber_current())
        loop_die("loop_run called inside the fiber '%s'", fiber_name(fiber_current()));
    while (!loop->stopping && turn(loop))
        ;
    loop->stopping = false;
}

struct main_fiber {
    void (*fn)(void *arg);
    void *arg;
    bool done;
};

static void run_main_fiber(void *arg)
{
    struct main_fiber *main_fiber = arg;
    main_fiber->fn(main_fiber->arg);
    main_fiber->done = true;
}

void loop_run_fiber(struct loop *loop, const char *name, void (*main_fn)(void *arg), void *arg)
{
    struct main_fiber main_fiber = {main_fn, arg, false};
    fiber_detach(fiber_spawn(loop, name, run_main_fiber, &main_fiber));
    while (!main_fiber.done)
        if (!turn(loop))
            loop_die("the fiber '%s' waits for something that can no longer happen", name);
}

void loop_cancel_fibers(struct loop *loop)
{
    bool closing = loop->sched.closing;

    loop->sched.closing = true;
    sched_cancel_all(&loop->sched);
    while (loop->sched.count > 0) {
        if (turn(loop))
            continue;
        for (struct fiber *f = loop->sched.all; f; f = f->next)
            fprintf(stderr, "loop: fiber '%s' was canceled and did not return\n", f->name);
        loop_die("%zu fibers are left", loop->sched.count);
    }

    loop->sched.closing = closing;
}

static void report_handle(uv_handle_t *handle, void *arg)
{
    if (!uv_is_closing(handle))
        fprintf(stderr, "loop: a %s handle was left open\n", uv_handle_type_name(handle->type));
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    loop->sched.closing = true;
    loop_cancel_fibers(loop);
    while (loop->deferred.len > 0)
        run_deferred(loop);
    if (deadline_first(&loop->deadlines))
        loop_die("%zu loop timers were not stopped", loop->deadlines.slots.len);
    uv_close((uv_handle_t *)&loop->alarm, NULL);

    /* A handle that its owner forgot would block here for ever: only what is closing is waited for.
     */
    int rc = UV_EBUSY;
    for (unsigned i = 0; i < CLOSE_TURNS && (rc = uv_loop_close(&loop->uv)) == UV_EBUSY; i++)
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    if (rc < 0) {
        uv_walk(&loop->uv, report_handle, NULL);
        loop_die("handles were left open at the end of the loop");
    }

    close(loop->alarm_fd);
    sched_done(&loop->sched);
    deadline_heap_done(&loop->deadlines);
    vec_free(&loop->deferred);
    free(loop);
}
