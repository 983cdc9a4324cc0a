/* Which names changed is not trusted, only that some did: what is to be looked at is looked at
 * anew. Writes into the files are the everyday, so only names count; SQLite's temporary ones come
 * and go with a checkpoint at most.
 *
 * libuv watches the folder by inode. When that is gone no more is told, so the last word counts:
 * every word leads to one look, a little later, which sees what all of them left behind. Another
 * machine's changes on a shared folder are told by nobody; a slow round looks for those. */
#include "daemon/service/names_watch.h"

#include "base/log.h"
#include "base/mem.h"

#define SOON_MS  100
#define ROUND_MS 10000

struct names_watch {
    struct loop *loop;
    uv_fs_event_t watch;
    struct loop_timer *soon, *round;
    void (*look)(void *arg);
    void *arg;
};

static void on_soon(void *arg)
{
    struct names_watch *g = arg;

    loop_timer_stop(g->soon);
    g->soon = NULL;
    g->look(g->arg);
}

static void on_event(uv_fs_event_t *watch, const char *name, int events, int status)
{
    struct names_watch *g = watch->data;

    if (!g->soon && (status < 0 || (events & UV_RENAME)))
        g->soon = loop_timer_start(g->loop, SOON_MS, 0, on_soon, g);
}

static void on_round(void *arg)
{
    struct names_watch *g = arg;
    g->look(g->arg);
}

struct names_watch *
names_watch_new(struct loop *loop, const char *folder, void (*look)(void *arg), void *arg)
{
    struct names_watch *g = xcalloc(1, sizeof *g);

    *g = (struct names_watch){.loop = loop, .look = look, .arg = arg};
    uv_fs_event_init(loop_uv(loop), &g->watch);
    g->watch.data = g;

    int rc = uv_fs_event_start(&g->watch, on_event, folder, 0);
    if (rc < 0)
        log_debug("daemon", "the state folder is not watched: error=\"%s\"", uv_strerror(rc));
    g->round = loop_timer_start(loop, ROUND_MS, ROUND_MS, on_round, g);

    return g;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void names_watch_free(struct names_watch *g)
{
    if (!g)
        return;

    loop_timer_stop(g->soon);
    loop_timer_stop(g->round);
    uv_close((uv_handle_t *)&g->watch, on_closed);
}
