/* Starts defangd for a shell where no systemd does. */
#pragma once

#include "client/command.h"
#include "rpc/paths.h"

/* Runs until it serves or ends by itself: 0 says only that the program was started. Its log is
 * defangd.log in the state folder. ERR_UNREACHABLE when it is not installed or cannot be run. */
int daemon_spawn(struct client *c, const struct rpc_paths *paths, struct error *err);

/* How long the log is now, in bytes; 0 when there is none. Before a start, so that the words of
 * that start can be told from older ones. */
long long daemon_log_length(const struct rpc_paths *paths);

/* Why a daemon that was started since then ended, as it wrote it into its log: the reason in the
 * first line, what helps in the others. NULL when none has ended so; malloc'd. Another daemon that
 * holds the state is no reason: that one is about to end or about to serve. */
char *daemon_last_words(const struct rpc_paths *paths, long long since);
