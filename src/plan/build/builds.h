/* The build room: what building images needs in the account. */
#pragma once

#include "plan/common/context.h"

void plan_builds_resources(struct plan_ctx *c);
/* Of the builder's container: a list of Name and Value (switches.c). New. */
json_t *plan_builder_environment(struct plan_ctx *c);
