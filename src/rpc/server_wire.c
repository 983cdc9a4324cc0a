/* The bytes of one connection, and the memory of connection and server.
 *
 * Callbacks of libuv come here and do two things: they store what happened, and they schedule the
 * connection's turn (server_conn.c), which does everything else at the end of the loop's turn. So
 * no handler ever runs inside another, and a callback may find a connection that is closed already.
 *
 * Output collects in `out` and goes to libuv in one piece; while it is under way the next one
 * collects. Above LIMIT_RPC_OUTPUT_HIGH_BYTES the connection is throttled until both together have
 * come down to the low mark: streams wait, and requests are not read.
 *
 * A connection lives until its handle is closed and no turn is scheduled, the server until it is
 * freed and no listener, connection or call is left. */
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpc/server_internal.h"
#include <errno.h>

#define LAST_WORD_MS 2000 /* for a refused client to read why */

/* ---- memory ---- */

void server_ref(struct server *s)
{
    s->refs++;
}

/* The last of owner, listeners, connections and calls frees it. */
void server_unref(struct server *s)
{
    if (--s->refs > 0)
        return;

    vec_free(&s->conns);
    free(s->path);
    free(s->build);
    free(s);
}

void conn_unref(struct server_conn *c)
{
    if (--c->refs > 0)
        return;

    struct server *s = c->server;
    frame_decoder_done(&c->in);
    str_done(&c->out);
    vec_free(&c->calls);
    free(c);
    server_unref(s);
}

/* ---- room ---- */

size_t conn_queued(const struct server_conn *c)
{
    return c->out.len + c->writing_bytes;
}

/* Looking is what throttles: a stream that was told no is told again when there is room. */
bool conn_has_room(struct server_conn *c)
{
    if (conn_queued(c) >= LIMIT_RPC_OUTPUT_HIGH_BYTES)
        c->throttled = true;
    return !c->throttled && !c->closing && !c->closed;
}

/* Any number of reasons make one turn. */
void conn_schedule(struct server_conn *c)
{
    if (c->turn_scheduled || c->closed)
        return;

    c->turn_scheduled = true;
    c->refs++;
    loop_defer(c->server->loop, c->turn, c);
}

/* ---- in ---- */

/* Straight into the decoder's buffer. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct server_conn *c = container_of(handle, struct server_conn, pipe);
    size_t n;

    buf->base = frame_decoder_space(&c->in, &n);
    buf->len = n;
}

/* No frame is looked at here. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct server_conn *c = container_of(stream, struct server_conn, pipe);

    if (n < 0)
        c->hung_up = true;
    else
        frame_decoder_filled(&c->in, (size_t)n);

    /* The turn reads on; more than one whole frame need not wait in memory. */
    if (n < 0 || frame_decoder_pending(&c->in) > LIMIT_RPC_REQUEST_BYTES) {
        uv_read_stop(stream);
        c->reading = false;
    }

    if (n != 0)
        conn_schedule(c);
}

void conn_input_start(struct server_conn *c)
{
    if (c->reading || c->closing)
        return;

    c->reading = true;
    if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) < 0)
        c->hung_up = true;
}

void conn_input_stop(struct server_conn *c)
{
    if (c->reading)
        uv_read_stop((uv_stream_t *)&c->pipe);
    c->reading = false;
}

/* ---- out ---- */

/* A write that failed means that nobody is there. */
static void on_written(uv_write_t *req, int status)
{
    struct server_conn *c = container_of(req, struct server_conn, write);

    free(c->writing);
    c->writing = NULL;
    c->writing_bytes = 0;
    if (status < 0)
        c->hung_up = true;
    if (!c->closed)
        conn_schedule(c);
}

/* One write at a time; what comes meanwhile goes with the next. */
void conn_output_write(struct server_conn *c)
{
    if (c->writing || c->out.len == 0)
        return;

    if (!str_ok(&c->out)) { /* part of a frame is missing: nothing after it makes sense */
        c->hung_up = true;
        return;
    }

    c->writing_bytes = c->out.len;
    c->writing = str_take(&c->out);

    uv_buf_t buf = uv_buf_init(c->writing, (unsigned)c->writing_bytes);
    int rc = uv_write(&c->write, (uv_stream_t *)&c->pipe, &buf, 1, on_written);

    if (rc < 0) {
        free(c->writing);
        c->writing = NULL;
        c->writing_bytes = 0;
        c->hung_up = true;
    }
}

/* ---- the end ---- */

/* It did not say hello in time, or did not read its last word. */
static void on_deadline(void *arg)
{
    struct server_conn *c = arg;

    loop_timer_stop(c->deadline);
    c->deadline = NULL;
    c->hung_up = true;
    conn_schedule(c);
}

void conn_deadline_set(struct server_conn *c, int64_t ms)
{
    loop_timer_stop(c->deadline);
    c->deadline = loop_timer_start(c->server->loop, ms, 0, on_deadline, c);
}

/* Its calls are left to end by themselves: what they send goes nowhere. */
void conn_fail(struct server_conn *c, const struct error *why)
{
    if (c->closing)
        return;

    log_debug("rpc", "connection refused reason=\"%s\"", why->message);
    frame_encode_error(&c->out, RPC_CALL_CONNECTION, why, NULL, 0, NULL, LIMIT_RPC_REPLY_BYTES);
    c->closing = true;
    conn_input_stop(c);
    conn_deadline_set(c, LAST_WORD_MS);
    conn_schedule(c);
}
