/* When the state cannot be written (disk full, quota, I/O error).
 *
 * What the turn wrote is gone, so every job stands where its journal stands, which is behind what
 * it believes. Going on would do things twice: so all fibers end as if the daemon had died, without
 * touching what runs in the cloud, and once the disk serves again the jobs are resumed from the
 * journal, as after a restart, with the sessions that they had. The store is tried only when all
 * fibers are gone.
 *
 * The daemon itself lives on: reading goes on, and whoever asks is told why nothing is accepted. */
#include "daemon/jobs/pause.h"

#include "base/log.h"
#include "base/mem.h"
#include "daemon/jobs/job.h"

#include <stdlib.h>

#define TRY_EVERY_MS  1000
#define SAY_EVERY_TRY 60u /* so that a log on the same full disk is not what fills it */

struct pausing {
    struct daemon *d;
    struct loop_timer *timer;
    unsigned tries;
};

/* What cannot be resumed now is resumed at the next start: nothing is lost. */
static void go_on(struct daemon *d)
{
    cleanup_error struct error err = ERROR_INIT;

    log_info("daemon", "the state can be written again: jobs=%zu", d->jobs.len);
    d->state_lost = d->suspending = false;
    if (job_resume_all(d, &err) < 0)
        log_error(
            "daemon", "jobs not resumed, the next start takes them up: error=\"%s\"", err.message);
}

/* First all fibers must be gone: one that still runs would write into a turn that it knows
 * nothing of. */
static void look(void *arg)
{
    struct pausing *p = arg;
    struct daemon *d = p->d;
    cleanup_error struct error err = ERROR_INIT;

    if (!d->stopping && (job_fibers_left(d) || store_recover(d->store, &err) < 0)) {
        if (error_is_set(&err) && p->tries++ % SAY_EVERY_TRY == 0)
            log_error(
                "daemon",
                "jobs wait until the state can be written: state=%s error=\"%s\"",
                d->state_folder,
                err.message);

        return;
    }

    loop_timer_stop(p->timer);
    free(p);
    if (!d->stopping)
        go_on(d);
}

void pause_begin(struct daemon *d)
{
    if (d->state_lost || d->stopping)
        return;

    log_error(
        "daemon",
        "the state cannot be written, jobs pause: state=%s jobs=%zu",
        d->state_folder,
        d->jobs.len);
    d->state_lost = d->suspending = true;
    job_suspend_all(d);

    struct pausing *p = xcalloc(1, sizeof *p);
    *p = (struct pausing){.d = d};
    p->timer = loop_timer_start(d->loop, TRY_EVERY_MS, TRY_EVERY_MS, look, p);
}
