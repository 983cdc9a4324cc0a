/* To the daemon: connect, or start it and connect. And what every request carries: the caller. */
#pragma once

#include "client/command.h"
#include "rpc/client.h"

/* Starts defangd when none runs, unless --no-spawn. */
int client_connect(struct client *c, struct rpc_client **out, struct error *err);
/* No start, one try. */
int client_connect_once(struct client *c, struct rpc_client **out, struct error *err);

/* Filled from options and environment; freed by caller_done. `project` = read "-f -" from standard
 * input. */
int caller_fill(struct client *c, Defang__Caller *caller, struct error *err);
void caller_done(Defang__Caller *caller);

/* One call with a deadline of `timeout_s`; an interrupt ends it with ERR_INTERRUPTED. Diagnostics
 * that come with an error are printed. The reply is freed by protobuf_c_message_free_unpacked. */
int client_call(
    struct client *c,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    int timeout_s,
    ProtobufCMessage **reply,
    struct error *err);
