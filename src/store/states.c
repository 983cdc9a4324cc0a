/* The states of a deployment and which may follow which. Values are DeployState of
 * proto/defang.proto (checked by tests/unit/daemon/test_watch.c).
 *
 *   QUEUED → RUNNING ⇄ BLOCKED_AUTH,  any of them → CANCELING → a terminal state
 *   CANCELING may still end as SUCCEEDED: the cancel came too late. A canceled job that had to wait
 * for credentials comes back to CANCELING; that it is canceled stands in a column of its own.
 */
#include "base/mem.h"
#include "store/store.h"

enum {
    UNKNOWN,
    QUEUED,
    RUNNING,
    BLOCKED_AUTH,
    CANCELING,
    SUCCEEDED,
    FAILED,
    ROLLED_BACK,
    CANCELED
};

#define TO(state) (1u << (state))

static const struct {
    const char *name;
    unsigned next; /* none: terminal */
} states[] = {
    [UNKNOWN] = {"UNKNOWN", 0},
    [QUEUED] =
        {"QUEUED", TO(RUNNING) | TO(BLOCKED_AUTH) | TO(CANCELING) | TO(FAILED) | TO(CANCELED)},
    [RUNNING] =
        {"RUNNING",
         TO(BLOCKED_AUTH) | TO(CANCELING) | TO(SUCCEEDED) | TO(FAILED) | TO(ROLLED_BACK) |
             TO(CANCELED)},
    [BLOCKED_AUTH] =
        {"BLOCKED(auth)",
         TO(RUNNING) | TO(CANCELING) | TO(FAILED) | TO(ROLLED_BACK) | TO(CANCELED)},
    [CANCELING] =
        {"CANCELING",
         TO(BLOCKED_AUTH) | TO(SUCCEEDED) | TO(FAILED) | TO(ROLLED_BACK) | TO(CANCELED)},
    [SUCCEEDED] = {"SUCCEEDED", 0},
    [FAILED] = {"FAILED", 0},
    [ROLLED_BACK] = {"ROLLED_BACK", 0},
    [CANCELED] = {"CANCELED", 0},
};

static bool known(int state)
{
    return state > UNKNOWN && state < (int)ARRAY_LEN(states);
}

bool store_state_is_terminal(int state)
{
    return known(state) && states[state].next == 0;
}

const char *store_state_name(int state)
{
    return states[known(state) ? state : UNKNOWN].name;
}

bool store_state_may_follow(int from, int to)
{
    return known(from) && known(to) && (states[from].next & TO(to));
}
