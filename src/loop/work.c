#include "loop/work.h"

#include "loop/internal.h"
#include <errno.h>

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
