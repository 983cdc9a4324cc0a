/* A service's number of tasks by its load (scaling.c). */
#pragma once

#include "plan/common/context.h"

/* The service's scalable target and its policies; nothing where the view says no scaling. After
 * the service itself. */
void plan_scaling(struct plan_ctx *c, const struct plan_service *s);
