/* What only the client of an open call can do: asked over that call, awaited here. */
#pragma once

#include "daemon/verb.h"
#include "loop/child.h"

/* Runs a program on the terminal of the call's client, in the caller's folder; `why` is said to
 * people. Suspends until it has ended, which may take as long as a person does (LIMIT_ASK_HOURS). 0
 * when it ran; -ECANCELED when the client went away, -EIO when it could not be run there (both kind
 * AUTH). `result` is for child_result_done() in any case. */
int ask_run_program(
    struct verb_call *v,
    const char *const *argv,
    const char *why,
    struct child_result *result,
    struct error *err);

/* The call is about to end: whoever still waits for an answer is told that none comes. */
void ask_end_all(struct verb_call *v);
