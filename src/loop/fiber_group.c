/* Fan-out: every function that was handed over runs exactly once, also after a cancel (then its
 * first wait says so), so whoever owns its argument can rely on it.
 *
 * Those above the limit stand in a queue, and who ends starts the next. The first error is the
 * group's; it cancels the others, whose errors are then of no interest. A group is waited for
 * before it is freed, whatever happened to its caller. */
#include "loop/internal.h"

#include <errno.h>
#include <string.h>

struct group_item {
    struct fiber_group *group;
    struct group_item *prev, *next; /* of the running ones */
    struct group_item *next_queued;
    char *name;
    int (*fn)(void *arg, struct error *err);
    void *arg;
    struct fiber *fiber;
};

struct fiber_group {
    struct loop *loop;
    unsigned limit, running;
    struct group_item *items;
    struct group_item *queued_first, **queued_last;
    struct fiber_cond ended;
    bool canceled;
    int result;
    struct error error;
};

struct fiber_group *fiber_group_new(struct loop *loop, unsigned limit)
{
    struct fiber_group *g = xcalloc(1, sizeof *g);
    g->loop = loop;
    g->limit = limit;
    g->queued_last = &g->queued_first;
    return g;
}

static void
group_fail(struct fiber_group *g, const struct group_item *item, int rc, struct error *err)
{
    if (g->result != 0)
        return;
    g->result = rc;
    if (!error_is_set(err))
        error_raise_errno(
            err,
            rc == -ECANCELED ? ERR_CANCELED : ERR_FAILED,
            rc,
            "%s: %s",
            item->name,
            strerror(-rc));
    error_move(&g->error, err);
    fiber_group_cancel(g);
}

static void item_start(struct group_item *item);

static void item_end(struct group_item *item)
{
    struct fiber_group *g = item->group;

    if (item->prev)
        item->prev->next = item->next;
    else
        g->items = item->next;
    if (item->next)
        item->next->prev = item->prev;
    g->running--;
    free(item->name);
    free(item);
    struct group_item *next = g->queued_first;
    if (next) {
        g->queued_first = next->next_queued;
        if (!g->queued_first)
            g->queued_last = &g->queued_first;
        item_start(next);
    } else if (g->running == 0) {
        fiber_cond_broadcast(&g->ended);
    }
}

static void item_run(void *arg)
{
    struct group_item *item = arg;
    struct error err cleanup_error = ERROR_INIT;
    int rc = item->fn(item->arg, &err);
    if (rc < 0)
        group_fail(item->group, item, rc, &err);
    item_end(item);
}

static void item_start(struct group_item *item)
{
    struct fiber_group *g = item->group;

    item->next = g->items;
    if (item->next)
        item->next->prev = item;
    g->items = item;
    g->running++;
    item->fiber = fiber_spawn(g->loop, item->name, item_run, item);
    if (g->canceled)
        fiber_cancel(item->fiber);
    fiber_detach(item->fiber);
}

void fiber_group_spawn(
    struct fiber_group *g, const char *name, int (*fn)(void *arg, struct error *err), void *arg)
{
    struct group_item *item = xcalloc(1, sizeof *item);

    item->group = g;
    item->name = xstrdup(name);
    item->fn = fn;
    item->arg = arg;
    if (g->limit == 0 || g->running < g->limit) {
        item_start(item);
        return;
    }
    *g->queued_last = item;
    g->queued_last = &item->next_queued;
}

void fiber_group_cancel(struct fiber_group *g)
{
    g->canceled = true;
    for (struct group_item *item = g->items; item; item = item->next)
        fiber_cancel(item->fiber);
}

int fiber_group_wait(struct fiber_group *g, struct error *err)
{
    bool interrupted = false;

    while (g->running > 0 && !interrupted)
        if (fiber_cond_wait(&g->ended, FIBER_NO_DEADLINE) == -ECANCELED)
            interrupted = true;
    if (interrupted) {
        fiber_group_cancel(g);
        fiber_shield(true);
        while (g->running > 0)
            fiber_cond_wait(&g->ended, FIBER_NO_DEADLINE);
        fiber_shield(false);
        return error_raise(err, ERR_CANCELED, "canceled");
    }

    if (g->result != 0 && err && !error_is_set(err))
        error_move(err, &g->error);
    return g->result;
}

void fiber_group_free(struct fiber_group *g)
{
    if (!g)
        return;
    if (g->running > 0)
        loop_die("fiber_group_free with %u fibers running: wait first", g->running);
    error_done(&g->error);
    free(g);
}
