/* Which engine: by name, or by what AWS holds. Stands above the engines, so that nothing below
 * knows both. */
#pragma once

#include "engine/engine.h"

/* NULL when there is none of that name. */
const struct engine *engine_get(const char *name);

/* Which engine has deployed the project of `c`, by what AWS holds; *out NULL when none has. */
int flow_engine_find(struct engine_context *c, const struct engine **out, struct error *err);
