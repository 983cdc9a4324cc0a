/* Passwords of stores in Secrets Manager, as plan_store_secrets() lists them. */
#pragma once

#include "engine/context.h"

/* Before apply. ERR_REFUSED names a config that is not set, or that the store does not take. */
int flow_store_secrets_put(
    struct engine_context *c,
    const struct plan_store_secret *list,
    size_t count,
    struct error *err);

/* After success; count 0 = all. */
int flow_store_secrets_prune(
    struct engine_context *c,
    const struct plan_store_secret *keep,
    size_t count,
    struct error *err);
