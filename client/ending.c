/* Who holds the state is asked of its lock: a pid in a file says nothing by itself, but one in a
 * file that is locked is that of a living daemon. Its end is waited for by a descriptor of the
 * process, so that no pid is mixed up with a later one, and nobody connects for it: at systemd's
 * socket that would start the next daemon. */
#include "client/ending.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GONE_MS      20000 /* longer than the daemon gives its fibers to unwind */
#define GONE_STEP_US 20000

pid_t ending_holder(const struct rpc_paths *paths)
{
    cleanup_free char *path = path_join(paths->state_folder, "lock");
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char text[32] = {0};
    long long pid;

    if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
        return 0;

    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[strcspn(text, "\n")] = '\0';
    return n > 0 && text_parse_int(text, 2, INT32_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

struct ending ending_of(pid_t pid)
{
    return (struct ending){pid, (int)syscall(SYS_pidfd_open, pid, 0)};
}

void ending_force(const struct ending *e)
{
    kill(e->pid, SIGTERM);
    kill(e->pid, SIGCONT);
}

int ending_wait(const struct ending *e, struct error *err)
{
    int64_t deadline = clock_mono_ms() + GONE_MS;
    bool gone = false;

    while (!gone && clock_mono_ms() < deadline) {
        struct pollfd fd = {.fd = e->fd, .events = POLLIN};

        if (e->fd >= 0) {
            gone = poll(&fd, 1, (int)(deadline - clock_mono_ms())) > 0;
        } else {
            gone = e->pid <= 1 || (kill(e->pid, 0) < 0 && errno == ESRCH);
            usleep(GONE_STEP_US);
        }
    }
    if (gone)
        return 0;

    error_raise(
        err,
        ERR_UNREACHABLE,
        "the daemon (pid %d) did not end within %d s",
        (int)e->pid,
        GONE_MS / 1000);
    error_hint(err, "`kill -9 %d` ends it; its jobs go on at the next start", (int)e->pid);
    return -ETIMEDOUT;
}

void ending_done(struct ending *e)
{
    mem_close_ptr(&e->fd);
}
