/* systemd's service protocol, by hand: a datagram to $NOTIFY_SOCKET for each thing that is to be
 * known, and the listening socket that comes in as descriptor 3. That is all we need of it, and it
 * takes no library. Facts: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).
 *
 * Nothing here fails the daemon: where systemd is not, or its socket cannot be used, it is quiet.
 * The one exception is a socket that was passed and is not what we serve: that is a mistake in a
 * unit file, and going on would listen at another place than the one that the user set up.
 *
 * The variables name a process, since a child inherits them: the pid is compared. */
#include "daemon/service/notify.h"

#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FDS_START 3

/* A path, or a name in the abstract namespace (@): sd_notify(3) knows no other, but for vsock,
 * which is for virtual machines. */
static int connect_notify(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || n >= sizeof addr.sun_path)
        return -1;

    memcpy(addr.sun_path, path, n);
    if (path[0] == '@') /* the abstract namespace */
        addr.sun_path[0] = '\0';

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;

    if (connect(
            fd,
            (struct sockaddr *)&addr,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0)
        return fd;

    close(fd);

    return -1;
}

/* Whether the variable names this process. */
static bool is_for(const struct env *env, const char *name, pid_t pid)
{
    long long value;
    const char *text = env_get_nonempty(env, name);

    return text && text_parse_int(text, 1, INT32_MAX, &value) == 0 && value == pid;
}

void notify_init(struct notify *n, const struct env *env, pid_t pid)
{
    *n = (struct notify){.fd = -1};

    const char *path = env_get_nonempty(env, "NOTIFY_SOCKET");
    const char *limit = env_get_nonempty(env, "WATCHDOG_USEC");

    if (!path)
        return;

    n->fd = connect_notify(path);

    long long limit_us;
    bool mine = !env_get_nonempty(env, "WATCHDOG_PID") || is_for(env, "WATCHDOG_PID", pid);

    if (n->fd >= 0 && mine && limit && text_parse_int(limit, 2000, INT64_MAX, &limit_us) == 0)
        n->watchdog_ms = limit_us / 2000; /* half of it, as sd_watchdog_enabled(3) advises */
}

void notify_done(struct notify *n)
{
    mem_close_ptr(&n->fd);
    *n = (struct notify){.fd = -1};
}

/* A datagram that does not fit now is lost; the next one says it again. */
static void say(struct notify *n, const char *text)
{
    if (n->fd >= 0)
        (void)!send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_ready(struct notify *n)
{
    say(n, "READY=1");
}

void notify_stopping(struct notify *n)
{
    say(n, "STOPPING=1");
}

void notify_watchdog(struct notify *n)
{
    say(n, "WATCHDOG=1");
}

void notify_extend(struct notify *n, int64_t ms)
{
    cleanup_free char *text = xasprintf("EXTEND_TIMEOUT_USEC=%lld", (long long)ms * 1000);
    say(n, text);
}

/* What it is and where it listens, by the descriptor alone: the unit file may say anything. */
static int listening_path(int fd, char **path, struct error *err)
{
    int type = 0, listening = 0;
    struct sockaddr_un addr = {0};
    socklen_t n = sizeof type, m = sizeof listening, k = sizeof addr - 1;
    bool told = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
                getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &m) == 0 &&
                getsockname(fd, (struct sockaddr *)&addr, &k) == 0;
    if (!told || addr.sun_family != AF_UNIX || type != SOCK_STREAM || !listening) {
        error_raise(
            err,
            ERR_REFUSED,
            "systemd passed descriptor %d, which is not a listening Unix stream socket",
            fd);
        error_hint(err, "Look at ListenStream= in defangd.socket.");
        return -EPERM;
    }

    *path = xstrdup(addr.sun_path);

    return 0;
}

int notify_listen_fd(const struct env *env, pid_t pid, int *fd, char **path, struct error *err)
{
    *fd = -1;
    *path = NULL;

    long long count;
    const char *text = env_get_nonempty(env, "LISTEN_FDS");
    bool ours = text && is_for(env, "LISTEN_PID", pid);
    if (!ours || text_parse_int(text, 0, INT32_MAX, &count) < 0 || count == 0)
        return 0;

    if (count > 1) {
        error_raise(err, ERR_REFUSED, "systemd passed %lld sockets, defangd serves one", count);
        error_hint(err, "Look at ListenStream= in defangd.socket.");
        return -E2BIG;
    }

    int rc = listening_path(LISTEN_FDS_START, path, err);
    if (rc < 0)
        return rc;

    fcntl(LISTEN_FDS_START, F_SETFD, FD_CLOEXEC);
    *fd = LISTEN_FDS_START;

    return 0;
}
