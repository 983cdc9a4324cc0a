/* To the daemon: connect, or start it and connect; one call. */
#pragma once

#include "client/caller.h"
#include "client/command.h"
#include "rpc/client.h"

/* Starts defangd when none runs, unless --no-spawn. *out is the caller's, for rpc_client_free(). */
int client_connect(struct client *c, struct rpc_client **out, struct error *err);

/* No start, one try. */
int client_connect_once(struct client *c, struct rpc_client **out, struct error *err);

/* One call with a deadline of `timeout_s`; an interrupt ends it with ERR_INTERRUPTED. Diagnostics
 * that come with an error are printed. The reply is freed by protobuf_c_message_free_unpacked. */
int client_call(
    struct client *c,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    int timeout_s,
    ProtobufCMessage **reply,
    struct error *err);
