/* Of the engine's table (engine.h); private to the room. */
#pragma once

#include "engine/engine.h"

void cloudformation_cancel(struct engine_context *c, const char *phase, struct engine_end *out);
