/* Loop timers: a deadline with a callback, for code that is not a fiber. */
#include "loop/internal.h"

struct loop_timer {
    struct loop *loop;
    struct deadline deadline;
    int64_t repeat_ms; /* 0 = once */
    void (*fn)(void *arg);
    void *arg;
    bool firing, stopped;
};

static void timer_fire(struct deadline *d)
{
    struct loop_timer *t = container_of(d, struct loop_timer, deadline);

    if (t->repeat_ms > 0) {
        /* Keeps its beat; beats that were missed (a long turn, a suspend) are dropped, not caught
         * up. */
        int64_t now_ms = loop_now_ms(t->loop);
        int64_t next_ms = deadline_after(t->deadline.at_ms, t->repeat_ms);
        deadline_set(
            &t->loop->deadlines,
            &t->deadline,
            next_ms > now_ms ? next_ms : deadline_after(now_ms, t->repeat_ms));
    }

    t->firing = true;
    t->fn(t->arg);
    t->firing = false;
    if (t->stopped)
        free(t);
}

struct loop_timer *loop_timer_start(
    struct loop *loop, int64_t delay_ms, int64_t repeat_ms, void (*fn)(void *arg), void *arg)
{
    struct loop_timer *t = xcalloc(1, sizeof *t);

    t->loop = loop;
    t->repeat_ms = repeat_ms;
    t->fn = fn;
    t->arg = arg;
    t->deadline.fire = timer_fire;
    deadline_set(&loop->deadlines, &t->deadline, deadline_after(loop_now_ms(loop), delay_ms));
    loop_nudge(loop); /* the alarm may have to ring earlier */
    return t;
}

void loop_timer_stop(struct loop_timer *t)
{
    if (!t)
        return;
    deadline_clear(&t->loop->deadlines, &t->deadline);
    if (t->firing)
        t->stopped = true;
    else
        free(t);
}
