/* Of the engine's table (engine.h); private to the room. */
#pragma once

#include "engine/engine.h"
#include "engine/stack/stack.h"

int cloudformation_refresh(struct engine_context *c, struct engine_outcome *out, struct error *err);

/* For verbs that are about something that is deployed: ERR_NOT_FOUND where nothing is. */
int cloudformation_find(struct engine_context *c, struct cfn_stack *out, struct error *err);
