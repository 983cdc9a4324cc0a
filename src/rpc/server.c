/* The life of a server: start and graceful end.
 *
 * The end comes in order: nothing new is accepted, and the socket file goes first, so that a client
 * that comes now starts the next daemon instead of waiting for this one. Mutating and streaming
 * requests are refused from then on (server_call.c). Streams are told, and say their last words;
 * each connection is closed when its calls have ended and its output is written. After drain_ms the
 * rest is cut. `done` is told at the end of a turn, never from inside server_shutdown().
 *
 * server_free() may come at any time and waits for nobody; calls that are still open keep their
 * memory until their handlers end them. */
#include "rpc/server.h"

#include "base/limits.h"
#include "base/mem.h"
#include "rpc/server_internal.h"
#include <errno.h>
#include <signal.h>
#include <string.h>

#define REBIND_CHECK_MS 5000

void server_handle(
    struct server *s,
    enum rpc_verb_id verb,
    void (*fn)(void *arg, struct server_call *call, const ProtobufCMessage *request),
    void *arg)
{
    s->handlers[verb] = (struct server_handler){fn, arg};
}

unsigned server_connections(const struct server *s)
{
    return (unsigned)s->conns.len;
}

void server_on_hello(struct server *s, const char *(*fn)(void *arg), void *arg)
{
    s->notice = fn;
    s->notice_arg = arg;
}

void server_ends_at_logout(struct server *s, bool ends)
{
    s->ends_at_logout = ends;
}

/* From the end: the list closes its gaps with the last one. */
static void drop_all(struct server *s)
{
    while (s->conns.len > 0)
        conn_drop(*vec_last(&s->conns));
}

/* The reference that shutdown_finish() took keeps the server until here. */
static void shutdown_done(void *arg)
{
    struct server *s = arg;

    if (!s->freed && s->done)
        s->done(s->done_arg);
    server_unref(s);
}

/* Once, whether everything was said or time is over. */
static void shutdown_finish(struct server *s)
{
    if (s->done_scheduled)
        return;

    s->done_scheduled = true;
    loop_timer_stop(s->drain_timer);
    s->drain_timer = NULL;
    drop_all(s);
    server_ref(s);
    loop_defer(s->loop, shutdown_done, s);
}

static void on_drain_deadline(void *arg)
{
    shutdown_finish(arg);
}

/* Nothing open, nothing queued, nothing about to happen. */
static bool conn_is_drained(const struct server_conn *c)
{
    return c->calls.len == 0 && conn_queued(c) == 0 && !c->turn_scheduled;
}

/* After every turn of a connection: whoever has nothing more to say is closed, and the last one
 * ends the wait. */
static void drain_check(struct server *s)
{
    if (!s->stopping || s->done_scheduled)
        return;

    /* From the end: a dropped one is replaced by the last. */
    for (size_t i = s->conns.len; i-- > 0;) {
        if (conn_is_drained(s->conns.items[i]))
            conn_drop(s->conns.items[i]);
    }

    if (s->conns.len == 0)
        shutdown_finish(s);
}

int server_new(
    struct loop *loop, const struct server_options *options, struct server **out, struct error *err)
{
    /* libuv writes with write(2): a client that went away must not end the daemon. */
    signal(SIGPIPE, SIG_IGN);

    struct server *s = xcalloc(1, sizeof *s);
    s->loop = loop;
    s->refs = 1;
    s->path = xstrdup(options->path);
    s->build = xstrdup(options->build);
    s->uid = options->uid;
    s->make_folder = options->make_folder;
    s->frame_ms = options->frame_ms ? options->frame_ms : LIMIT_RPC_FRAME_MS;
    s->max_connections =
        options->max_connections ? options->max_connections : LIMIT_RPC_CONNECTIONS;
    s->activated = options->listen_fd >= 0;
    s->on_turn = drain_check;

    int rc =
        s->activated ? server_listen_adopt(s, options->listen_fd, err) : server_listen_open(s, err);
    if (rc < 0) {
        server_free(s);
        return rc;
    }

    int64_t every_ms = options->rebind_check_ms ? options->rebind_check_ms : REBIND_CHECK_MS;
    if (!s->activated)
        s->rebind_timer = loop_timer_start(loop, every_ms, every_ms, server_listen_check, s);
    *out = s;

    return 0;
}

void server_shutdown(struct server *s, int64_t drain_ms, void (*done)(void *arg), void *arg)
{
    if (s->stopping)
        return;

    s->stopping = true;
    s->done = done;
    s->done_arg = arg;
    server_listen_close(s);
    s->drain_timer = loop_timer_start(s->loop, drain_ms, 0, on_drain_deadline, s);

    vec_each(conn, &s->conns) {
        calls_tell_shutdown(*conn);
    }

    drain_check(s);
}

void server_free(struct server *s)
{
    if (!s)
        return;

    s->freed = true;
    s->stopping = s->done_scheduled = true;
    loop_timer_stop(s->drain_timer);
    s->drain_timer = NULL;
    server_listen_close(s);
    drop_all(s);
    server_unref(s);
}
