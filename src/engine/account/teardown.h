/* The account's CD stack, taken away. */
#pragma once

#include "engine/context.h"

/* ERR_REFUSED while projects are deployed with it, unless `force`. *changed: how many resources
 * went; *bucket: the one that is left, malloc'd, NULL when none is. */
int flow_cd_teardown(
    struct engine_context *c, bool force, unsigned *changed, char **bucket, struct error *err);
