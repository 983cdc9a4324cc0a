/* Of the engine's table (engine.h); private to the room. */
#pragma once

#include "engine/engine.h"

int pulumi_preview(struct engine_context *c, const struct graph *g, struct error *err);
int pulumi_gone(struct engine_context *c, json_t **gone, struct error *err);
int pulumi_refresh(struct engine_context *c, struct engine_outcome *out, struct error *err);
int pulumi_release(
    struct engine_context *c, bool force, struct engine_outcome *out, struct error *err);
