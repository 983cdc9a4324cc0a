/* Credentials of registries: config of the project under "registry/<host>" (plan/registries.h).
 * They go in, never out. */
#pragma once

#include "base/secret.h"
#include "engine/context.h"

/* `host` as plan_registry_host() has it. ERR_USAGE for what no registry takes. */
int flow_registry_keep(
    struct engine_context *c,
    const char *host,
    const char *username,
    const struct secret *password,
    struct error *err);

/* *removed=false: there were none. */
int flow_registry_forget(
    struct engine_context *c, const char *host, bool *removed, struct error *err);
