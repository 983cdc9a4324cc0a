/* The verb table: one row per verb, shared by both halves. Generic code checks, decodes and
 * authorises by it before a handler sees anything. */
#pragma once

#include "base/error.h"
#include "proto/defang.pb-c.h"
#include <stdbool.h>
#include <stddef.h>

enum rpc_verb_id {
    RPC_UP,
    RPC_DOWN,
    RPC_CANCEL,
    RPC_WATCH,
    RPC_LIST,
    RPC_PS,
    RPC_LOGS,
    RPC_PLAN,
    RPC_EJECT,
    RPC_EXPLAIN,
    RPC_POLICY,
    RPC_CONFIG_SET,
    RPC_CONFIG_LIST,
    RPC_CONFIG_REMOVE,
    RPC_REGISTRY_LOGIN,
    RPC_REGISTRY_LIST,
    RPC_REGISTRY_LOGOUT,
    RPC_COMPOSE_CONFIG,
    RPC_COMPOSE_LINT,
    RPC_CD,
    RPC_WHOAMI,
    RPC_LOGIN,
    RPC_DAEMON_STATUS,
    RPC_DAEMON_STOP,
    RPC_DAEMON_FORGET,
    RPC_RESUME,
    RPC_INIT,
    RPC_HISTORY,
    RPC_VERB_COUNT,
};

enum {
    RPC_STREAMING = 1 << 0,     /* answers with items and an end */
    RPC_MUTATING = 1 << 1,      /* changes something: refused while the daemon stops */
    RPC_NEEDS_PROJECT = 1 << 2, /* the request's `caller` must be there, with an absolute cwd */
};

struct rpc_verb {
    enum rpc_verb_id id;
    const char *name; /* on the wire */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *answer; /* the reply, or the item of a streaming verb */
    unsigned flags;
};

const struct rpc_verb *rpc_verb_get(enum rpc_verb_id id);
const struct rpc_verb *rpc_verb_find(const char *name); /* NULL when unknown */
/* The `caller` of a decoded request; NULL when the verb has none or it was not sent. */
const Defang__Caller *rpc_verb_caller(const struct rpc_verb *verb, const ProtobufCMessage *request);
/* Overwrites every text and every byte string in it: requests may hold keys. Only for messages that
 * were decoded; before they are freed. */
void rpc_message_wipe(ProtobufCMessage *message);
/* Decodes and checks. NULL with err (ERR_USAGE) filled when the payload is not such a request.
 * Freed with protobuf_c_message_free_unpacked(m, NULL). */
ProtobufCMessage *
rpc_verb_decode(const struct rpc_verb *verb, const void *payload, size_t n, struct error *err);
