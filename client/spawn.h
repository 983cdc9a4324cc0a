/* Starts defangd for a shell where no systemd does. */
#pragma once

#include "client/command.h"
#include "rpc/paths.h"

/* Runs until it serves or ends by itself: 0 says only that the program was started. Its log is
 * defangd.log in the state folder. ERR_UNREACHABLE when it is not installed or cannot be run. */
int daemon_spawn(struct client *c, const struct rpc_paths *paths, struct error *err);
