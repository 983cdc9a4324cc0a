/* The build room: what building images needs in the account. */
#pragma once

#include "plan/common/context.h"

void plan_builds_resources(struct plan_ctx *c);
