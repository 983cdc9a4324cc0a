/* The socket file: made under a lock, a stale one replaced only after nobody answered there, bound
 * anew when somebody removed it.
 *
 * Two daemons that start at the same moment must not both serve one path. So the order is: take the
 * lock beside the socket, try to connect to what lies there, and only when nobody answers remove it
 * and bind. Who answers is alive and keeps the place. The lock is held for that moment only and its
 * file stays, since removing it would let two hold "the" lock.
 *
 * People clean /tmp and runtime folders. A timer compares device and inode of the file with what
 * was bound: another file, or none, means that nobody can reach us, and the path is bound again.
 * The old listener stays until the new one is there; what waits in its backlog is still served.
 *
 * A socket that systemd passed is systemd's: it is neither made, checked nor removed here. */
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpc/server_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(struct error *err, int code, const char *doing, const char *path)
{
    return error_raise_errno(err, ERR_FAILED, code, "%s %s: %s", doing, path, strerror(code));
}

/* Its folder is not followed through a link: who may put one there decides who can be reached. */
static int folder_prepare(struct server *s, struct error *err)
{
    cleanup_free char *folder = path_dirname(s->path);

    uid_t owner;

    int rc = file_make_private(folder, "the socket's folder", false, &owner, err);
    if (owner == geteuid())
        return rc;

    return error_raise_errno(
        err,
        ERR_REFUSED,
        EPERM,
        "the socket's folder %s belongs to user %u",
        folder,
        (unsigned)owner);
}

/* Somebody who answers is alive. Refused: the file was left by a daemon that died. */
static int stale_remove(const struct sockaddr_un *addr, struct error *err)
{
    const char *path = addr->sun_path;
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "looking at", path);
    if (!S_ISSOCK(st.st_mode))
        return error_raise_errno(
            err, ERR_REFUSED, EEXIST, "%s is in the way: it is not a socket", path);

    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(err, errno, "making a socket for", path);

    if (connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 || errno == EAGAIN) {
        error_raise_errno(err, ERR_REFUSED, EADDRINUSE, "another daemon serves %s", path);
        error_hint(err, "Use it with defangctl, or end it with `defangctl daemon stop`.");
        return -EADDRINUSE;
    }

    if (errno != ECONNREFUSED && errno != ENOENT)
        return fail(err, errno, "trying", path);
    if (unlink(path) < 0 && errno != ENOENT)
        return fail(err, errno, "removing the stale", path);

    return 0;
}

/* The descriptor, or a negative errno. */
static int bind_locked(const struct sockaddr_un *addr, struct error *err)
{
    int rc = stale_remove(addr, err);
    if (rc < 0)
        return rc;

    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* On Linux the socket file takes the mode of the socket itself: it is private from its first
     * moment. */
    if (fd < 0 || fchmod(fd, 0600) < 0 ||
        bind(fd, (const struct sockaddr *)addr, sizeof *addr) < 0 ||
        listen(fd, LIMIT_RPC_CONNECTIONS) < 0)
        return fail(err, errno, "listening on", addr->sun_path);

    int taken = fd;
    fd = -1;

    return taken;
}

/* The lock is not waited for: who holds it is starting right now and will serve. */
static int bind_path(const char *path, struct error *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof addr.sun_path)
        return error_raise_errno(
            err, ERR_USAGE, ENAMETOOLONG, "the socket's path is too long: %s", path);

    memcpy(addr.sun_path, path, strlen(path));

    cleanup_free char *lock_path = xasprintf("%s.lock", path);
    cleanup_fd int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return fail(err, errno, "opening", lock_path);
    if (flock(lock, LOCK_EX | LOCK_NB) < 0)
        return error_raise_errno(
            err, ERR_REFUSED, EADDRINUSE, "another daemon is starting at %s", path);

    return bind_locked(&addr, err);
}

/* An error here is one connection's; the listener goes on. */
static void on_connection(uv_stream_t *stream, int status)
{
    struct server_listener *l = container_of(stream, struct server_listener, pipe);
    if (status == 0)
        conn_accept(l->server, stream);
    else
        log_debug("rpc", "accept error=\"%s\"", uv_strerror(status));
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct server_listener *l = container_of(handle, struct server_listener, pipe);

    server_unref(l->server);
    free(l);
}

/* Takes `fd`, also on failure. */
int server_listen_adopt(struct server *s, int fd, struct error *err)
{
    struct server_listener *l = xcalloc(1, sizeof *l);

    l->server = s;
    server_ref(s);
    uv_pipe_init(loop_uv(s->loop), &l->pipe, 0);

    int rc = uv_pipe_open(&l->pipe, fd);
    if (rc < 0)
        close(fd);
    else
        rc = uv_listen((uv_stream_t *)&l->pipe, LIMIT_RPC_CONNECTIONS, on_connection);

    if (rc < 0) {
        uv_close((uv_handle_t *)&l->pipe, on_listener_closed);
        return error_raise_errno(
            err, ERR_FAILED, rc, "listening on %s: %s", s->path, uv_strerror(rc));
    }

    s->listener = l;

    return 0;
}

/* What was bound is remembered by device and inode. */
int server_listen_open(struct server *s, struct error *err)
{
    int rc = s->make_folder ? folder_prepare(s, err) : 0;
    if (rc < 0)
        return rc;

    int fd = bind_path(s->path, err);
    if (fd < 0)
        return fd;

    struct stat st;
    if (lstat(s->path, &st) < 0) {
        rc = fail(err, errno, "looking at", s->path);
        close(fd);
        return rc;
    }

    s->socket_dev = st.st_dev;
    s->socket_ino = st.st_ino;

    return server_listen_adopt(s, fd, err);
}

static bool socket_is_ours(struct server *s)
{
    struct stat st;
    return lstat(s->path, &st) == 0 && st.st_dev == s->socket_dev && st.st_ino == s->socket_ino;
}

static void listener_close(struct server *s)
{
    if (!s->listener)
        return;

    uv_close((uv_handle_t *)&s->listener->pipe, on_listener_closed);
    s->listener = NULL;
}

/* Removed only while it is ours: a successor may have bound the path already. */
void server_listen_close(struct server *s)
{
    loop_timer_stop(s->rebind_timer);
    s->rebind_timer = NULL;

    /* libuv unlinks only what it bound itself, so a successor's file is safe. */
    if (s->listener && !s->activated && socket_is_ours(s))
        unlink(s->path);
    listener_close(s);
}

/* The new listener first: between the two nobody must find nothing. */
void server_listen_check(void *arg)
{
    struct server *s = arg;

    if (s->listener && socket_is_ours(s))
        return;

    struct server_listener *old = s->listener;
    struct error why = ERROR_INIT;

    s->listener = NULL;

    if (server_listen_open(s, &why) < 0) {
        /* Connections in its backlog are still served; the next check tries again. */
        s->listener = old;
        log_debug("rpc", "rebind error=\"%s\"", why.message);
        error_done(&why);
    } else if (old) {
        uv_close((uv_handle_t *)&old->pipe, on_listener_closed);
    }
}
