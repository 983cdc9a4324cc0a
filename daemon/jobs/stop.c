/* The daemon's end, in bounded time.
 *
 * Jobs are put down without a terminal state, streams get their last words, and a timer looks every
 * few milliseconds whether everything has unwound: fibers of jobs, fibers of verbs, the server's
 * output. Only then the loop stops, because a fiber that is left on its stack would leave what it
 * holds behind. Whoever does not unwind within UNWIND_MS (a job that follows how something is
 * taken back is shielded from being canceled, and AWS takes minutes) is named in the log and left
 * where it stands, as by a crash: the journal is whole at every moment, and the next life takes the
 * job up. main.c then ends the process without waiting for anything. */
#include "daemon/jobs/stop.h"

#include "base/log.h"
#include "base/mem.h"
#include "daemon/jobs/job.h"

#include <stdlib.h>

#define DRAIN_MS    2000 /* for the last words of streams */
#define UNWIND_MS   8000 /* for fibers: calls to AWS are cut, so this is short in practice */
#define UNWIND_STEP 20

struct stopping {
    struct daemon *d;
    struct loop_timer *timer;
    int64_t deadline_ms;
    bool drained;
};

static void on_drained(void *arg)
{
    ((struct stopping *)arg)->drained = true;
}

static void name_left(void *arg, const struct fiber *f)
{
    log_warning("daemon", "stopping although something still runs: fiber=\"%s\"", fiber_name(f));
}

/* A timer, because nothing tells when the last of them is gone. */
static void check(void *arg)
{
    struct stopping *s = arg;
    bool late = loop_now_ms(s->d->loop) > s->deadline_ms;
    if (!late && (!s->drained || job_fibers_left(s->d) || s->d->verbs_active > 0))
        return;

    if (late) {
        fiber_each(s->d->loop, name_left, NULL);
        s->d->left_behind = true;
    }

    loop_timer_stop(s->timer);

    struct loop *loop = s->d->loop;
    free(s);
    loop_stop(loop);
}

void daemon_stop(struct daemon *d)
{
    if (d->stopping)
        return;

    d->stopping = d->suspending = true;
    notify_stopping(&d->notify);
    if (d->on_stopping)
        d->on_stopping();
    log_info("daemon", "stopping: jobs=%zu", d->jobs.len);

    struct stopping *s = xcalloc(1, sizeof *s);
    *s = (struct stopping){.d = d, .deadline_ms = loop_now_ms(d->loop) + UNWIND_MS};
    job_suspend_all(d);
    server_shutdown(d->server, DRAIN_MS, on_drained, s);
    s->timer = loop_timer_start(d->loop, UNWIND_STEP, UNWIND_STEP, check, s);
}
