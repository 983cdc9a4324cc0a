/* Of the engine's table (engine.h); private to the room. */
#pragma once

#include "engine/engine.h"

int cloudformation_release(
    struct engine_context *c, bool force, struct engine_outcome *out, struct error *err);
