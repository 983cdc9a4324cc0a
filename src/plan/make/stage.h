/* Deployments in stages: what is deployed stays as it is until its own stage comes (stage.c). */
#pragma once

#include "plan/common/context.h"

void plan_keep_deployed(struct plan_ctx *c);
