/* `cd ls`: what is deployed, in the session's region or in all that the account has enabled. */
#pragma once

#include "daemon/verb.h"

/* Fills stacks and failures of `reply`, in the project's arena. One region that cannot be asked is
 * a failure of the reply, not of the call; when it is the only one, it is the call's. */
int regions_list(
    struct verb_call *v,
    const Defang__Caller *caller,
    bool all,
    Defang__CdReply *reply,
    struct error *err);
