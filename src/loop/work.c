/* Work on the pool's threads, as a fiber sees it: it waits, and what it waits for owns the input.
 *
 * There is one pool for all: loading and planning, which take milliseconds and which somebody waits
 * for at a terminal, and packing and hashing, which take minutes. So the latter go through a lane
 * of their own: a count of turns, fewer than there are threads, and a condition for who comes when
 * all are taken. Without it two deployments that pack keep everybody else from loading.
 *
 * A cancel does not leave work behind: its input is on the fiber's stack. What still queues for a
 * thread is taken back, what runs is waited for. */
#include "loop/work.h"

#include "base/limits.h"
#include "loop/internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct work {
    uv_work_t req;
    void (*fn)(void *arg);
    void *arg;
    struct fiber_event done;
};

static void on_thread(uv_work_t *req)
{
    struct work *w = container_of(req, struct work, req);
    w->fn(w->arg);
}

static void on_done(uv_work_t *req, int status)
{
    struct work *w = container_of(req, struct work, req);
    fiber_event_complete(&w->done, status == UV_ECANCELED ? -ECANCELED : 0);
}

int work_run(struct loop *loop, void (*fn)(void *arg), void *arg, atomic_bool *canceled)
{
    if (!fiber_current())
        loop_die("work_run outside a fiber");
    if (fiber_must_unwind())
        return -ECANCELED;

    struct work w = {.fn = fn, .arg = arg};
    int rc = uv_queue_work(&loop->uv, &w.req, on_thread, on_done);
    if (rc < 0)
        return rc;
    loop->outside++;
    rc = fiber_wait(&w.done, FIBER_NO_DEADLINE);
    if (!w.done.done) {
        if (canceled)
            atomic_store(canceled, true);
        uv_cancel((uv_req_t *)&w.req); /* succeeds only while it still queues for a thread */
        fiber_wait_shielded(&w.done, FIBER_NO_DEADLINE);
    }

    loop->outside--;

    return rc;
}

/* A turn in the lane for long work. First come, first served is not kept: all wait for one thing.
 */
static int take_turn(struct loop *loop)
{
    while (loop->long_work >= LIMIT_WORK_LONG) {
        int rc = fiber_cond_wait(&loop->long_free, FIBER_NO_DEADLINE);

        if (rc < 0)
            return rc;
    }

    loop->long_work++;
    return 0;
}

int work_run_long(struct loop *loop, void (*fn)(void *arg), void *arg, atomic_bool *canceled)
{
    int rc = take_turn(loop);

    if (rc < 0)
        return rc;
    rc = work_run(loop, fn, arg, canceled);
    loop->long_work--;
    fiber_cond_broadcast(&loop->long_free);
    return rc;
}

struct call {
    int (*fn)(void *arg, struct error *err);
    void *arg;
    struct error *err;
    bool ran;
    int rc;
};

static void run_call(void *arg)
{
    struct call *c = arg;

    c->ran = true;
    c->rc = c->fn(c->arg, c->err);
}

int work_call(
    struct loop *loop, int (*fn)(void *arg, struct error *err), void *arg, struct error *err)
{
    struct call c = {.fn = fn, .arg = arg, .err = err};
    int rc = work_run(loop, run_call, &c, NULL);

    if (c.ran)
        return c.rc;
    return error_raise_errno(err, ERR_CANCELED, -rc, "canceled before it was begun");
}

void work_set_threads(void)
{
    char threads[16];

    snprintf(threads, sizeof threads, "%d", LIMIT_WORK_THREADS);
    setenv("UV_THREADPOOL_SIZE", threads, 0);
}
