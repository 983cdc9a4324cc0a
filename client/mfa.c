/* A role that wants a code from an MFA device.
 *
 * Nobody but the person at the terminal has it, so it is asked for on /dev/tty itself, which works
 * also when standard input is a pipe, and without echo. A signal at the prompt ends it at once and
 * leaves the terminal as it was found. The code goes into the request's caller, once: a wrong one
 * is the daemon's error, and asking again would hide it. It is wiped with the caller. */
#include "client/mfa.h"

#include "base/mem.h"
#include "client/ask.h"

#include <errno.h>

/* The request is const to everybody else; its caller is ours, and it is caller_done() that wipes
 * the code. */
bool mfa_code_given(enum rpc_verb_id verb, const ProtobufCMessage *request, struct error *err)
{
    Defang__Caller *caller =
        (Defang__Caller *)(uintptr_t)rpc_verb_caller(rpc_verb_get(verb), request);
    char *code = NULL;

    if (!err->mfa_serial || !caller || *caller->mfa_code)
        return false;

    cleanup_free char *prompt = xasprintf("Enter MFA code for %s: ", err->mfa_serial);
    int rc = ask_secret(prompt, &code);
    if (rc < 0) {
        if (rc == -EINTR) {
            error_done(err);
            error_raise(err, ERR_INTERRUPTED, "interrupted");
        }

        return false;
    }

    caller->mfa_code = code; /* caller_done() wipes it */
    error_done(err);

    return true;
}
