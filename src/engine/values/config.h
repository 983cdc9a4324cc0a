/* Sensitive config: SSM SecureString parameters under plan_config_path(). Values go in, never out.
 */
#pragma once

#include "base/secret.h"
#include "engine/context.h"

/* *set=false: it was there and `if_not_set` asked to leave it, or it has this value. ERR_USAGE for
 * a name or value that cannot be one. */
int flow_config_set(
    struct engine_context *c,
    const char *name,
    const struct secret *value,
    bool if_not_set,
    bool *set,
    struct error *err);

struct flow_config {
    char *name;
    long long version, set_ms; /* since 1970 */
};

/* Sorted by name; flow_config_list_done() frees. */
int flow_config_list(
    struct engine_context *c, struct flow_config **list, size_t *count, struct error *err);
void flow_config_list_done(struct flow_config *list, size_t count);

/* *removed=false: there was none. */
int flow_config_remove(
    struct engine_context *c, const char *name, bool *removed, struct error *err);
