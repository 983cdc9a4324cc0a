/* The life of a fiber and the scheduler: spawned, made ready, run until it waits or returns,
 * joined or detached.
 *
 * The ready ones stand in a list in the order in which they were woken. sched_run_ready() takes
 * the whole list once a turn of the loop: who becomes ready meanwhile runs in the next turn, after
 * I/O had its say. There is one fiber at a time, and it runs until it waits, so nothing here is
 * locked.
 *
 * fiber_suspend() is the only place where a fiber stops; fiber_wake() the only one that makes it
 * go on, and it tells why: woken, canceled or timed out. A fiber that is canceled gets -ECANCELED
 * from this wait and every later one, unless it holds a shield. Breaking a contract aborts with
 * its name.
 *
 * Stacks and switches are in fiber_context.c, waits in fiber_wait.c. */
#include "loop/internal.h"

#include "base/limits.h"
#include <assert.h>
#include <errno.h>

static _Thread_local struct fiber *current;

struct fiber *fiber_current(void)
{
    return current;
}

const char *fiber_name(const struct fiber *f)
{
    return f->name;
}

bool fiber_is_canceled(void)
{
    return current && current->canceled;
}

bool fiber_must_unwind(void)
{
    return current && current->canceled && current->shield_depth == 0;
}

static void make_ready(struct fiber *f)
{
    struct fiber_sched *sched = &f->loop->sched;
    f->next_ready = NULL;
    *sched->ready_last = f;
    sched->ready_last = &f->next_ready;
    loop_nudge(f->loop);
}

static void fiber_free(struct fiber *f)
{
    free(f->name);
    free(f);
}

static void on_deadline(struct deadline *d)
{
    fiber_wake(container_of(d, struct fiber, deadline), -ETIMEDOUT);
}

struct fiber *fiber_spawn(struct loop *loop, const char *name, void (*fn)(void *arg), void *arg)
{
    struct fiber_sched *sched = &loop->sched;

    /* Fan-out over outside data goes through a group with a limit; without one this is a bug, and
     * waiting could deadlock. */
    if (sched->count >= LIMIT_FIBERS)
        loop_die("fiber '%s' is one more than LIMIT_FIBERS (%d)", name, LIMIT_FIBERS);
    struct fiber *f = xcalloc(1, sizeof *f);
    f->loop = loop;
    f->name = xstrdup(name);
    f->fn = fn;
    f->arg = arg;
    f->deadline.fire = on_deadline;
    f->canceled = sched->closing;
    f->next = sched->all;
    if (f->next)
        f->next->prev = f;
    sched->all = f;
    sched->count++;
    make_ready(f);

    return f;
}

size_t fiber_count(const struct loop *loop)
{
    return loop->sched.count;
}

void fiber_each(const struct loop *loop, void (*fn)(void *arg, const struct fiber *f), void *arg)
{
    for (const struct fiber *f = loop->sched.all; f; f = f->next)
        fn(arg, f);
}

static void unlink_fiber(struct fiber *f)
{
    struct fiber_sched *sched = &f->loop->sched;

    if (f->prev)
        f->prev->next = f->next;
    else
        sched->all = f->next;
    if (f->next)
        f->next->prev = f->prev;
    sched->count--;
}

void fiber_main(struct fiber *f)
{
    f->fn(f->arg);
    if (f->shield_depth != 0)
        loop_die("fiber '%s' returned while shielded", f->name);
    f->finished = true;
    fiber_context_exit(f);
}

static void run_one(struct fiber *f)
{
    loop_hold(f->loop, f->name);
    current = f;
    fiber_context_resume(f);
    current = NULL;
    loop_release(f->loop);
    if (!f->finished)
        return;
    unlink_fiber(f);
    fiber_cond_broadcast(&f->ended);
    if (f->detached)
        fiber_free(f);
}

void sched_init(struct fiber_sched *sched)
{
    sched->ready_last = &sched->ready_first;
}

/* Only those that are ready now: one that yields runs again in the next turn, after I/O had its
 * say. */
void sched_run_ready(struct fiber_sched *sched)
{
    struct fiber *f = sched->ready_first;

    sched->ready_first = NULL;
    sched->ready_last = &sched->ready_first;
    while (f) {
        struct fiber *next = f->next_ready;
        run_one(f);
        f = next;
    }
}

void sched_cancel_all(struct fiber_sched *sched)
{
    for (struct fiber *f = sched->all; f; f = f->next)
        fiber_cancel(f);
}

void sched_done(struct fiber_sched *sched)
{
    assert(sched->count == 0);
    fiber_stacks_unmap(sched);
}

void fiber_detach(struct fiber *f)
{
    if (f->finished && f->joiners == 0)
        fiber_free(f);
    else
        f->detached = true;
}

void fiber_join(struct fiber *f)
{
    if (f == current || !current)
        loop_die("fiber_join of '%s' %s", f->name, current ? "by itself" : "outside a fiber");
    f->joiners++;
    fiber_shield(true);
    while (!f->finished)
        fiber_cond_wait(&f->ended, FIBER_NO_DEADLINE);
    fiber_shield(false);
    if (--f->joiners == 0)
        fiber_free(f);
}

void fiber_cancel(struct fiber *f)
{
    if (f->finished)
        return;
    f->canceled = true;
    if (f->waiting && f->interruptible)
        fiber_wake(f, -ECANCELED);
}

void fiber_shield(bool on)
{
    if (!current)
        loop_die("fiber_shield outside a fiber");
    if (!on && current->shield_depth == 0)
        loop_die("fiber '%s' dropped a shield that it does not hold", current->name);
    current->shield_depth += on ? 1u : -1u;
}

void fiber_wake(struct fiber *f, int result)
{
    if (!f->waiting)
        return;
    f->waiting = false;
    f->wake_result = result;
    deadline_clear(&f->loop->deadlines, &f->deadline);
    make_ready(f);
}

int fiber_suspend(int64_t timeout_ms)
{
    struct fiber *f = current;

    if (!f)
        loop_die("a wait outside a fiber, or inside a callback");
    f->interruptible = f->shield_depth == 0;
    if (fiber_must_unwind())
        return -ECANCELED;
    if (timeout_ms != FIBER_NO_DEADLINE)
        deadline_set(
            &f->loop->deadlines, &f->deadline, deadline_after(loop_now_ms(f->loop), timeout_ms));
    f->waiting = true;
    fiber_context_suspend(f);
    return f->wake_result;
}
