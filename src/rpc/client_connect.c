/* How a connection begins: connect, see who answers, say hello.
 *
 * The daemon must run as this user (SO_PEERCRED): requests carry credentials, and a socket of
 * somebody else's in our place must not get them. That is looked at before the first byte is sent.
 * Then both sides name the range of protocols that they speak; when the ranges do not meet, the
 * error says which side is older and what to do about it.
 *
 * Everything happens within one deadline, also the wait for a full backlog. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "rpc/client_internal.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int check_peer(int fd, struct error *err)
{
    struct ucred peer;
    socklen_t n = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
        return error_raise_errno(
            err, ERR_UNREACHABLE, errno, "asking who the daemon is: %s", strerror(errno));

    if (peer.uid == geteuid())
        return 0;

    /* The request carries credentials: they go to nobody else. */
    return error_raise_errno(
        err,
        ERR_REFUSED,
        EPERM,
        "the daemon's socket is served by user %u, not by user %u",
        (unsigned)peer.uid,
        (unsigned)geteuid());
}

/* The two ranges must meet. Which side is older is not known, but what helps is the same. */
static int check_hello(struct rpc_client *c, struct error *err)
{
    const Defang__Hello *h = c->hello->hello;

    if (h->protocol_min <= RPC_PROTOCOL_MAX && h->protocol_max >= RPC_PROTOCOL_MIN)
        return 0;

    error_raise_errno(
        err,
        ERR_REFUSED,
        EPROTO,
        "%s speaks protocol %u to %u, this program %d to %d",
        h->build,
        h->protocol_min,
        h->protocol_max,
        RPC_PROTOCOL_MIN,
        RPC_PROTOCOL_MAX);
    error_hint(
        err,
        "End the older daemon (kill %u, or `systemctl --user restart defangd`); its jobs go on in "
        "the "
        "new one.",
        h->pid);
    return -EPROTO;
}

/* Ours comes first; the daemon answers with its own, which is the first frame that may come. */
static int
say_hello(struct rpc_client *c, const char *build, int64_t deadline_ms, struct error *err)
{
    Defang__Hello hello = DEFANG__HELLO__INIT;

    hello.protocol_min = RPC_PROTOCOL_MIN;
    hello.protocol_max = RPC_PROTOCOL_MAX;
    hello.build = (char *)(uintptr_t)build;
    hello.pid = (uint32_t)getpid();

    Defang__Frame frame = DEFANG__FRAME__INIT;
    frame.body_case = DEFANG__FRAME__BODY_HELLO;
    frame.hello = &hello;

    int rc = client_send(c, &frame, err);
    while (rc == 0 && !c->hello)
        rc = client_step(c, NULL, deadline_ms, err);
    if (rc == RPC_NEXT_TIMEOUT)
        return error_raise_errno(err, ERR_UNREACHABLE, ETIMEDOUT, "the daemon does not answer");

    return rc < 0 ? rc : check_hello(c, err);
}

int rpc_client_adopt(
    int fd, const char *build, int64_t timeout_ms, struct rpc_client **out, struct error *err)
{
    struct rpc_client *c = xcalloc(1, sizeof *c);

    c->fd = fd;
    c->next_call = 1;
    c->out.max = LIMIT_RPC_CLIENT_PENDING_BYTES;
    frame_decoder_init(&c->in, LIMIT_RPC_REPLY_BYTES);

    int rc = check_peer(fd, err);
    if (rc == 0)
        rc = say_hello(c, build, client_deadline(timeout_ms), err);

    if (rc < 0) {
        rpc_client_free(c);
        return rc;
    }

    *out = c;

    return 0;
}

/* Non-blocking: a full backlog answers EAGAIN and is tried again until the deadline. */
static int connect_until(int fd, const struct sockaddr_un *addr, int64_t deadline_ms)
{
    for (;;) {
        if (connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 || errno == EISCONN)
            return 0;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        if (clock_mono_ms() >= deadline_ms)
            return -ETIMEDOUT;

        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

/* A path that does not fit would be cut, and lead elsewhere. */
int rpc_client_connect(
    const char *path,
    const char *build,
    int64_t timeout_ms,
    struct rpc_client **out,
    struct error *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof addr.sun_path)
        return error_raise_errno(
            err, ERR_USAGE, ENAMETOOLONG, "the socket's path is too long: %s", path);

    memcpy(addr.sun_path, path, strlen(path));

    int64_t deadline_ms = client_deadline(timeout_ms);
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = fd < 0 ? -errno : connect_until(fd, &addr, deadline_ms);
    if (rc < 0) {
        error_raise_errno(
            err, ERR_UNREACHABLE, rc, "cannot reach the daemon at %s: %s", path, strerror(-rc));
        return rc;
    }

    int taken = fd;
    fd = -1;

    int64_t left_ms = timeout_ms < 0 ? -1 : MAX(deadline_ms - clock_mono_ms(), (int64_t)0);
    return rpc_client_adopt(taken, build, left_ms, out, err);
}
