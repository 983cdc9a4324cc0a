/* The lock in the state folder is held by the daemon that lives (store/open.c), and by nobody when
 * none does: the kernel takes a dead one's. The pid that stands in it is a hint. So before anything
 * is signalled three things must be true: the lock is held, the process is this user's, and its
 * program is called defangd. It is signalled through a descriptor, so that a pid which another
 * process got meanwhile is never meant. */
#include "client/owner.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOCK_NAME "lock" /* STORE_LOCK_NAME */
#define END_MS    20000  /* the daemon's own bound is 13 s */
#define KILL_MS   5000
#define STEP_US   20000

/* 0 when nobody holds it. Taking it for a moment to see may make a daemon that starts right now
 * leave; a shared lock does not wait either, and is the shortest there is. */
static long read_lock(const struct rpc_paths *paths)
{
    cleanup_free char *path = path_join(paths->state_folder, LOCK_NAME);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char text[32] = "";

    if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return 0;
    if (pread(fd, text, sizeof text - 1, 0) <= 0)
        return -1;
    return strtol(text, NULL, 10);
}

/* "defangd", also when a newer one was put in its place. */
static bool is_daemon(pid_t pid)
{
    cleanup_free char *folder = xasprintf("/proc/%ld", (long)pid);
    cleanup_free char *comm = path_join(folder, "comm");
    char name[32] = "";
    struct stat st;
    cleanup_fd int fd = open(comm, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || stat(folder, &st) < 0 || read(fd, name, sizeof name - 1) <= 0)
        return false;
    name[strcspn(name, "\n")] = '\0';
    return text_eq(name, "defangd");
}

/* A process that is not dumpable shows root as the owner of its files: its status tells. */
static bool is_ours(pid_t pid)
{
    cleanup_free char *path = xasprintf("/proc/%ld/status", (long)pid);
    FILE *f = fopen(path, "re");
    unsigned uid = 0;
    bool found = false;

    for (char line[256]; f && !found && fgets(line, sizeof line, f);)
        found = sscanf(line, "Uid: %u", &uid) == 1;
    if (f)
        fclose(f);
    return found && uid == getuid();
}

pid_t owner_find(const struct rpc_paths *paths)
{
    long pid = read_lock(paths);

    if (pid == 0)
        return 0;
    return pid > 1 && is_ours((pid_t)pid) && is_daemon((pid_t)pid) ? (pid_t)pid : -EPERM;
}

bool owner_is_stopped(pid_t pid)
{
    cleanup_free char *path = xasprintf("/proc/%ld/status", (long)pid);
    FILE *f = fopen(path, "re");
    char state = 0;

    for (char line[256]; f && !state && fgets(line, sizeof line, f);)
        if (sscanf(line, "State: %c", &state) != 1)
            state = 0;
    if (f)
        fclose(f);
    return state == 'T' || state == 't';
}

bool owner_wait(const struct rpc_paths *paths, pid_t pid, int ms)
{
    int64_t deadline = clock_mono_ms() + ms;

    while (read_lock(paths) == pid) {
        if (clock_mono_ms() > deadline)
            return false;
        usleep(STEP_US);
    }
    return true;
}

static int send_signal(int pidfd, int signum)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signum, NULL, 0);
}

int owner_end(const struct rpc_paths *paths, pid_t pid, struct error *err)
{
    cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0 && errno == ESRCH)
        return 0;
    if (pidfd < 0 || owner_find(paths) != pid)
        return error_raise(
            err,
            ERR_UNREACHABLE,
            "the daemon (pid %ld) does not answer and cannot be signalled: %s",
            (long)pid,
            pidfd < 0 ? strerror(errno) : "another process holds the state now");

    send_signal(pidfd, SIGTERM);
    send_signal(pidfd, SIGCONT);
    if (owner_wait(paths, pid, END_MS))
        return 0;
    send_signal(pidfd, SIGKILL);
    if (owner_wait(paths, pid, KILL_MS))
        return 0;

    int rc = error_raise(
        err, ERR_UNREACHABLE, "the daemon (pid %ld) does not end, not even killed", (long)pid);
    error_hint(err, "the kernel holds it: `cat /proc/%ld/stack` as root tells where", (long)pid);
    return rc;
}
