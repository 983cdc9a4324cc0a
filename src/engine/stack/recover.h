/* A stack whose roll back failed is rolled back to its end.
 *
 * UPDATE_ROLLBACK_FAILED is a dead end for updates: only ContinueUpdateRollback leads out of it. A
 * resource whose roll back cannot work (a service that will not become healthy, one that was
 * deleted by hand) is left out, one that did not fail by itself never is. */
#pragma once

#include "engine/context.h"
#include "engine/stack/events.h"

/* Until the stack is UPDATE_ROLLBACK_COMPLETE. `journal` is a prefix for the keys that a later life
 * goes on with; `f` says whom to tell (its stack and token are set here). *skipped: new array of
 * {"id", "type", "reason"}, each named in a warning already; also on failure. ERR_CLOUD with the
 * first reason and the command that helps when it does not end well. */
int cfn_stack_recover(
    const struct cfn_stack *stack,
    const char *journal,
    struct cfn_follow *f,
    json_t **skipped,
    struct error *err);
