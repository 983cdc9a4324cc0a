/* Why a change set was refused, resource by resource. */
#pragma once

#include "engine/stack/change.h"

/* ERR_CLOUD, which names the first resource with its Compose service, property and reason; with
 * several, each is a note of the job. `described`: DescribeChangeSet's reply of the failed set,
 * which must still be there. */
int cfn_change_refused(
    struct engine_context *c,
    const struct cfn_change *change,
    const json_t *described,
    struct error *err);
