/* One connection: accepted, its turns, dropped.
 *
 * A turn is scheduled by whatever happened (bytes came, a write ended, a handler sent something)
 * and runs once at the end of the loop's turn. Its order matters: first what came in is handled,
 * then streams are told of room, then what all of them queued is written in one piece, and last it
 * is decided whether to read on or to close.
 *
 * Who connects is asked of the kernel (SO_PEERCRED) before anything is read. Too many connections,
 * or another user's, get a last word that says why; only far above the limit they are just closed,
 * so that a flood costs nothing. */
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "rpc/server_internal.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_REFUSED 16 /* over the limit: so many are told why, more are just closed */
#define LAST_WORD_MS        2000

size_t conn_queued(const struct server_conn *c)
{
    return c->out.len + c->writing_bytes;
}

bool conn_has_room(struct server_conn *c)
{
    if (conn_queued(c) >= LIMIT_RPC_OUTPUT_HIGH_BYTES)
        c->throttled = true;
    return !c->throttled && !c->closing && !c->closed;
}

static void conn_unref(struct server_conn *c)
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

static void on_closed(uv_handle_t *handle)
{
    conn_unref(container_of(handle, struct server_conn, pipe));
}

void conn_drop(struct server_conn *c)
{
    if (c->closed)
        return;
    struct server *s = c->server;
    c->closed = true;
    loop_timer_stop(c->deadline);
    c->deadline = NULL;
    for (size_t i = 0; i < s->conns.len; i++) {
        if (s->conns.items[i] == c) {
            s->conns.items[i] = *vec_last(&s->conns);
            s->conns.len--;
            break;
        }
    }
    uv_close((uv_handle_t *)&c->pipe, on_closed);
    calls_orphan(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct server_conn *c = container_of(handle, struct server_conn, pipe);
    size_t n;
    buf->base = frame_decoder_space(&c->in, &n);
    buf->len = n;
}

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

static void output_write(struct server_conn *c)
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

static void input_start(struct server_conn *c)
{
    if (c->reading || c->closing)
        return;
    c->reading = true;
    if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) < 0)
        c->hung_up = true;
}

static void input_stop(struct server_conn *c)
{
    if (c->reading)
        uv_read_stop((uv_stream_t *)&c->pipe);
    c->reading = false;
}

static void on_deadline(void *arg)
{
    struct server_conn *c = arg;
    loop_timer_stop(c->deadline);
    c->deadline = NULL;
    c->hung_up = true;
    conn_schedule(c);
}

static void deadline_set(struct server_conn *c, int64_t ms)
{
    loop_timer_stop(c->deadline);
    c->deadline = loop_timer_start(c->server->loop, ms, 0, on_deadline, c);
}

void conn_fail(struct server_conn *c, const struct error *why)
{
    if (c->closing)
        return;
    log_debug("rpc", "connection refused reason=\"%s\"", why->message);
    frame_encode_error(&c->out, RPC_CALL_CONNECTION, why, NULL, 0, LIMIT_RPC_REPLY_BYTES);
    c->closing = true;
    input_stop(c);
    deadline_set(c, LAST_WORD_MS);
    conn_schedule(c);
}

static void frames_read(struct server_conn *c)
{
    struct error why = ERROR_INIT;
    const uint8_t *message;
    size_t n;
    int rc = 0;
    while (!c->closing && !c->closed && conn_has_room(c) &&
           (rc = frame_decoder_next(&c->in, &message, &n, &why)) > 0) {
        Defang__Frame *frame = frame_decode(message, n, &why);
        secret_wipe((void *)(uintptr_t)message, n); /* a request's environment may hold keys */
        if (!frame) {
            rc = -EBADMSG;
            break;
        }
        call_dispatch(c, frame);
    }
    if (rc < 0)
        conn_fail(c, &why);
    error_done(&why);
}

static void conn_turn(void *arg)
{
    struct server_conn *c = arg;
    c->turn_scheduled = false;
    if (!c->closed)
        frames_read(c);
    if (!c->closed && c->resume && conn_has_room(c)) {
        c->resume = false;
        calls_tell_writable(c);
    }
    if (!c->closed && c->throttled && conn_queued(c) <= LIMIT_RPC_OUTPUT_LOW_BYTES) {
        /* Streams fill the room at the next turn only: between the two, input is read, or a busy
         * stream could never be canceled. */
        c->throttled = false;
        c->resume = true;
        conn_schedule(c);
    }
    if (!c->closed && !c->hung_up)
        output_write(c);
    if (!c->closed && !c->closing && !c->hung_up) {
        if (conn_has_room(c))
            input_start(c);
        else
            input_stop(c);
    }
    if (!c->closed && (c->hung_up || (c->closing && conn_queued(c) == 0)))
        conn_drop(c);
    server_drain_check(c->server);
    conn_unref(c);
}

void conn_schedule(struct server_conn *c)
{
    if (c->turn_scheduled || c->closed)
        return;
    c->turn_scheduled = true;
    c->refs++;
    loop_defer(c->server->loop, conn_turn, c);
}

static int peer_check(struct server_conn *c, struct error *err)
{
    uv_os_fd_t fd;
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (uv_fileno((uv_handle_t *)&c->pipe, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
        return error_raise(err, ERR_REFUSED, "the daemon cannot tell who is calling");
    if (peer.uid == c->server->uid)
        return 0;
    return error_raise(
        err,
        ERR_REFUSED,
        "this daemon serves user %u only, not user %u",
        (unsigned)c->server->uid,
        (unsigned)peer.uid);
}

void conn_accept(struct server *s, uv_stream_t *listener)
{
    struct server_conn *c = xcalloc(1, sizeof *c);
    c->server = s;
    c->refs = 1;
    server_ref(s);
    frame_decoder_init(&c->in, LIMIT_RPC_REQUEST_BYTES);
    c->out.max = LIMIT_RPC_OUTPUT_MAX_BYTES;
    uv_pipe_init(loop_uv(s->loop), &c->pipe, 0);
    vec_push(&s->conns, c);
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) < 0 ||
        s->conns.len > LIMIT_RPC_CONNECTIONS + CONNECTIONS_REFUSED) {
        conn_drop(c);
        return;
    }
    struct error why = ERROR_INIT;
    if (peer_check(c, &why) < 0) {
        conn_fail(c, &why);
    } else if (s->conns.len > LIMIT_RPC_CONNECTIONS) {
        error_raise(
            &why, ERR_REFUSED, "the daemon has %d connections already", LIMIT_RPC_CONNECTIONS);
        error_hint(&why, "Close some terminals that watch, and try again.");
        conn_fail(c, &why);
    } else {
        deadline_set(c, LIMIT_RPC_HELLO_MS);
        input_start(c);
    }
    error_done(&why);
}
