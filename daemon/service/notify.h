/* systemd's service protocol without libsystemd: status datagrams to $NOTIFY_SOCKET, sockets from
 * $LISTEN_FDS. Facts: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3). Everything is a no-op
 * where systemd is not. */
#pragma once

#include "base/env.h"
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct notify {
    int fd; /* < 0 = nobody listens */

    /* How often notify_watchdog() must be called: half of systemd's limit; 0 = not asked for. */
    int64_t watchdog_ms;
};

/* `env` is the process's; `pid` is ours (WATCHDOG_PID says for whom it is meant). Never fails:
 * without a usable socket it is quiet. */
void notify_init(struct notify *n, const struct env *env, pid_t pid);
void notify_done(struct notify *n);

static inline bool notify_enabled(const struct notify *n)
{
    return n->fd >= 0;
}

/* Once, when calls are served. */
void notify_ready(struct notify *n);

/* Once, when the end begins. */
void notify_stopping(struct notify *n);

/* Every watchdog_ms at least, while all is well; nothing when it is not. */
void notify_watchdog(struct notify *n);

/* Start-up or stop takes `ms` longer from now. */
void notify_extend(struct notify *n, int64_t ms);

/* The one listening socket that systemd passed: *fd (close-on-exec from now on) and *path, where it
 * listens (malloc'd); *fd = -1 and *path = NULL when there is none for us. More than one, or
 * something that is not a listening Unix stream socket, is an error. */
int notify_listen_fd(const struct env *env, pid_t pid, int *fd, char **path, struct error *err);
