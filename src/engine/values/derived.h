/* Values that mix text with config, as plan_derived() lists them, and the key of digests of files.
 */
#pragma once

#include "engine/context.h"

/* Before apply. ERR_REFUSED names a config that is not set. */
int flow_derived_put(
    struct engine_context *c, const struct plan_derived *list, size_t count, struct error *err);

/* After success; count 0 = all. */
int flow_derived_prune(
    struct engine_context *c, const struct plan_derived *keep, size_t count, struct error *err);

/* The key of digests of files (PLAN_FILE_KEY), in `arena`; NULL when there is none and `make` does
 * not ask for one. */
int flow_file_key(
    struct engine_context *c, struct arena *arena, bool make, const char **out, struct error *err);
