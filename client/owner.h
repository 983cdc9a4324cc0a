/* Who holds the state folder, asked of the kernel and not of the daemon: for when it does not
 * answer. */
#pragma once

#include "base/error.h"
#include "rpc/paths.h"

#include <stdbool.h>
#include <sys/types.h>

/* The pid of the daemon that holds the state, 0 when nobody does, -EPERM when it cannot be told
 * whether the holder is a defangd of this user's. Only a pid > 0 may be signalled. */
pid_t owner_find(const struct rpc_paths *paths);

/* It was stopped by a signal (SIGSTOP, Ctrl-Z, a debugger): it cannot answer. */
bool owner_is_stopped(pid_t pid);

/* Ends the holder: SIGTERM (and SIGCONT, because what is stopped hears nothing), then waits until
 * it holds the state no more; after END_MS of owner.c SIGKILL, which loses nothing. */
int owner_end(const struct rpc_paths *paths, pid_t pid, struct error *err);

/* Waits until `pid` holds the state no more; false after `ms`. */
bool owner_wait(const struct rpc_paths *paths, pid_t pid, int ms);
