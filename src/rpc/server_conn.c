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
#include "base/mem.h"
#include "base/secret.h"
#include "rpc/server_internal.h"
#include <errno.h>
#include <sys/socket.h>

#define CONNECTIONS_REFUSED 16 /* over the limit: so many are told why, more are just closed */

static void on_closed(uv_handle_t *handle)
{
    conn_unref(container_of(handle, struct server_conn, pipe));
}

/* The handle closes later; nothing is read, written or told from now on. */
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

/* Who has begun a frame ends it soon: nobody is waited for who was stopped in the middle, or plays
 * with us. Between frames a connection may be silent for ever. */
static void half_frame_watch(struct server_conn *c, bool half)
{
    if (!c->greeted || half == c->half)
        return;

    c->half = half;
    if (half) {
        conn_deadline_set(c, c->server->frame_ms);
    } else {
        loop_timer_stop(c->deadline);
        c->deadline = NULL;
    }
}

/* As long as there is room for answers: a client that does not read is not served on. */
static void frames_read(struct server_conn *c)
{
    struct error why = ERROR_INIT;
    const uint8_t *message;
    size_t n;
    int rc = 1; /* 0: what is left is a part of a frame */

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
    else if (!c->closing && !c->closed)
        half_frame_watch(c, rc == 0 && frame_decoder_pending(&c->in) > 0);
    error_done(&why);
}

/* The one place where a connection's things happen. Every step looks whether it is still open,
 * because handlers run in between. */
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
        conn_output_write(c);

    if (!c->closed && !c->closing && !c->hung_up) {
        if (conn_has_room(c))
            conn_input_start(c);
        else
            conn_input_stop(c);
    }

    if (!c->closed && (c->hung_up || (c->closing && conn_queued(c) == 0)))
        conn_drop(c);
    c->server->on_turn(c->server);
    conn_unref(c);
}

/* The folder and the mode of the socket keep others out already; this holds also for a socket at
 * another place. */
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

/* Counted first, so that the bound includes this one. */
void conn_accept(struct server *s, uv_stream_t *listener)
{
    struct server_conn *c = xcalloc(1, sizeof *c);

    c->server = s;
    c->refs = 1;
    c->turn = conn_turn;
    server_ref(s);
    frame_decoder_init(&c->in, LIMIT_RPC_REQUEST_BYTES);
    c->out.max = LIMIT_RPC_OUTPUT_MAX_BYTES;
    uv_pipe_init(loop_uv(s->loop), &c->pipe, 0);
    vec_push(&s->conns, c);

    if (uv_accept(listener, (uv_stream_t *)&c->pipe) < 0 ||
        s->conns.len > s->max_connections + CONNECTIONS_REFUSED) {
        conn_drop(c);
        return;
    }

    struct error why = ERROR_INIT;
    if (peer_check(c, &why) < 0) {
        conn_fail(c, &why);
    } else if (s->conns.len > s->max_connections) {
        error_raise(&why, ERR_REFUSED, "the daemon has %u connections already", s->max_connections);
        error_hint(&why, "Close some terminals that watch, and try again.");
        conn_fail(c, &why);
    } else {
        conn_deadline_set(c, LIMIT_RPC_HELLO_MS);
        conn_input_start(c);
    }

    error_done(&why);
}
