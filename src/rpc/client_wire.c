/* The bytes of a connection: out of its buffer into the socket, from the socket into the decoder,
 * and each whole frame to its call (client_calls.c).
 *
 * client_step() is the one place that waits. It never blocks longer than its deadline, and it ends
 * when a descriptor of the caller's becomes readable, so that a signal or the keyboard ends every
 * wait. The socket is never written or read blocking: a daemon that does not read must not hang us.
 *
 * The first thing that goes wrong is kept in `broken`, and every later use of the connection fails
 * with it: it says more than what follows from it. What was sent is wiped at once, since a request
 * carries the caller's environment, and that may hold keys. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "rpc/client_internal.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

int64_t client_deadline(int64_t timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
}

/* Every later call fails with the first reason. */
static int broken(struct rpc_client *c, struct error *err)
{
    if (err && !error_is_set(err))
        error_copy(err, &c->broken);
    return c->broken.code;
}

/* The first reason stays; this one is only told when there is none yet. */
static int break_connection(struct rpc_client *c, int code, const char *what)
{
    error_raise_errno(
        &c->broken, ERR_UNREACHABLE, code, "the connection to the daemon broke: %s", what);
    return c->broken.code;
}

/* As much as the socket takes now. */
static void output_send(struct rpc_client *c)
{
    while (c->sent < c->out.len && !error_is_set(&c->broken)) {
        ssize_t n =
            send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;

        if (n < 0) {
            /* The daemon may have said why before it closed: the input decides. */
            if (errno != EPIPE && errno != ECONNRESET)
                break_connection(c, errno, strerror(errno));
            c->sent = c->out.len;
            break;
        }

        c->sent += (size_t)n;
    }

    if (c->sent == c->out.len) {
        str_wipe(&c->out); /* a request's environment may hold keys */
        c->sent = 0;
    }
}

/* One read may hold many frames; the first bad one ends it. */
static void frames_dispatch(struct rpc_client *c)
{
    const uint8_t *message;
    size_t n;
    struct error why = ERROR_INIT;
    int rc;

    while ((rc = frame_decoder_next(&c->in, &message, &n, &why)) > 0) {
        Defang__Frame *frame = frame_decode(message, n, &why);

        rc = frame ? client_dispatch(c, frame, n, &why) : why.code;
        if (rc < 0)
            break;
    }

    if (rc < 0 && !error_is_set(&c->broken))
        error_move(&c->broken, &why);
    error_done(&why);
}

/* Once: poll() says when there is more. */
static void input_receive(struct rpc_client *c)
{
    size_t room;
    void *to = frame_decoder_space(&c->in, &room);
    ssize_t n = recv(c->fd, to, room, MSG_DONTWAIT);

    if (n > 0) {
        frame_decoder_filled(&c->in, (size_t)n);
        frames_dispatch(c);
    } else if (n == 0 || errno == ECONNRESET) {
        break_connection(
            c,
            ECONNRESET,
            frame_decoder_pending(&c->in) ? "it ended in the middle of a message"
                                          : "the daemon closed it");
    } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
        break_connection(c, errno, strerror(errno));
    }
}

static int poll_timeout(int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return -1;

    int64_t left = deadline_ms - clock_mono_ms();
    return left <= 0 ? 0 : (int)MIN(left, (int64_t)INT32_MAX);
}

/* Send, wait, receive. With open calls a broken connection is told by them at the next step,
 * when what had arrived before it was handed out. */
int client_step(
    struct rpc_client *c, const struct rpc_wait *wait, int64_t deadline_ms, struct error *err)
{
    if (error_is_set(&c->broken))
        return broken(c, err);

    output_send(c);

    struct pollfd fds[1 + LIMIT_RPC_WAIT_FDS] = {{.fd = c->fd, .events = POLLIN}};
    if (c->out.len > c->sent)
        fds[0].events |= POLLOUT;

    size_t count = 1;
    for (size_t i = 0; wait && i < MIN(wait->fd_count, (size_t)LIMIT_RPC_WAIT_FDS); i++)
        fds[count++] = (struct pollfd){.fd = wait->fds[i], .events = POLLIN};

    int n = poll(fds, (nfds_t)count, poll_timeout(deadline_ms));
    if (n < 0 && errno != EINTR)
        break_connection(c, errno, strerror(errno));
    if (n > 0 && fds[0].revents)
        input_receive(c);
    if (error_is_set(&c->broken) && !c->calls.len)
        return broken(c, err);

    for (size_t i = 1; n > 0 && i < count; i++) {
        if (fds[i].revents)
            return RPC_NEXT_FD;
    }

    return n == 0 ? RPC_NEXT_TIMEOUT : 0;
}

/* Tried at once, so that a call is on its way before anybody waits. */
int client_send(struct rpc_client *c, const Defang__Frame *frame, struct error *err)
{
    if (error_is_set(&c->broken))
        return broken(c, err);

    int rc = frame_encode(&c->out, frame, LIMIT_RPC_REQUEST_BYTES, err);
    if (rc < 0)
        return error_wrap(err, "sending the request");

    if (!str_ok(&c->out)) {
        break_connection(c, ENOBUFS, "the daemon does not read what it is sent");
        return broken(c, err);
    }

    output_send(c);

    return 0;
}
