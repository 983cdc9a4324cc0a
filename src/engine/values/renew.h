/* A database's password that was removed and set anew under an old version number is brought to a
 * version that no template has named yet, so that the database gets it too. */
#pragma once

#include "engine/context.h"
#include "engine/values/config.h"

/* `deployed` may be NULL; `list` is what flow_config_list() found. *renewed: versions and times in
 * SSM are others now. The value stays what it is. Before the plan, and before any change. */
int passwords_renew(
    struct engine_context *c,
    const json_t *deployed,
    const struct flow_config *list,
    size_t count,
    bool *renewed,
    struct error *err);
