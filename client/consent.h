/* A refusal that asks consent: shown, asked about on a terminal, or ended with the command that
 * goes through. */
#pragma once

#include "client/command.h"
#include "rpc/client.h"

/* `err` is the daemon's error of the last call on rpc. True when somebody at the terminal agreed:
 * then *err is empty and the request says so, for the call to be repeated. Otherwise the error's
 * hint has grown by the exact command, where there are losses at all. */
bool consent_given(
    struct client *c,
    const struct rpc_client *rpc,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    struct error *err);
