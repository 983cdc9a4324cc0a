/* The account's CD stack, made and brought to this revision. */
#pragma once

#include "engine/context.h"
#include "engine/stack/cd.h"

/* Creates, updates, or says "up to date"; `out` is what stands then (flow_cd_done). ERR_REFUSED for
 * a stack that is not ours, and for one of a newer revision unless `force` goes back to ours. */
int flow_cd_ensure(struct engine_context *c, bool force, struct flow_cd *out, struct error *err);
