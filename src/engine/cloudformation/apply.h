/* Of the engine's table (engine.h); private to the room. */
#pragma once

#include "engine/engine.h"

int cloudformation_apply(
    struct engine_context *c,
    const char *phase,
    const struct graph *g,
    struct engine_outcome *out,
    struct error *err);
