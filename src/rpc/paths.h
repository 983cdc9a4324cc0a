/* Where the state and the socket are: a pure function of the environment, the user and who owns the
 * runtime folder, so that defangd and defangctl always agree. Nothing is made here. */
#pragma once

#include "base/env.h"
#include "base/error.h"
#include <stdbool.h>
#include <sys/types.h>

struct rpc_paths {
    char *state_folder;  /* $DEFANG_STATE_DIR, else $XDG_STATE_HOME/defang, else
                            $HOME/.local/state/defang */
    char *socket;        /* $DEFANG_SOCKET, else $XDG_RUNTIME_DIR/defang/defangd.sock, else
                            /run/user/UID/defang/… if it is ours, else in the state folder */
    char *socket_folder; /* made 0700 by the daemon unless socket_given */
    bool socket_given;   /* by DEFANG_SOCKET: its folder is the user's affair */
};

/* `is_ours` tells whether a folder exists and belongs to uid; NULL = ask the file system. ERR_USAGE
 * for a relative DEFANG_SOCKET, a path longer than a socket address holds, or no HOME. Relative XDG
 * folders are ignored, as their specification says. */
int rpc_paths_resolve(
    const struct env *env,
    uid_t uid,
    bool (*is_ours)(const char *folder, uid_t uid),
    struct rpc_paths *out,
    struct error *err);
void rpc_paths_done(struct rpc_paths *p);
#define cleanup_rpc_paths __attribute__((cleanup(rpc_paths_done)))
