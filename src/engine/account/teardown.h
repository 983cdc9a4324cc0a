/* The account's CD stack, taken away. */
#pragma once

#include "engine/context.h"

/* ERR_REFUSED while projects are deployed with it, unless `force`. Its bucket is kept. */
int flow_cd_teardown(struct engine_context *c, bool force, struct error *err);
