/* A role that wants a code from an MFA device: asked for on the terminal itself, without echo, as
 * the AWS CLI asks. */
#pragma once

#include "base/error.h"
#include "rpc/client.h"

/* After a call that failed: true when the error was about a code, one was typed, and the request's
 * caller now holds it: make the same call again. `err` is emptied then. An interrupt at the prompt
 * turns err into ERR_INTERRUPTED. Without a terminal, or a second time: false, err as it was. */
bool mfa_code_given(enum rpc_verb_id verb, const ProtobufCMessage *request, struct error *err);
