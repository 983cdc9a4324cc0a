/* A container service: its task definition and what runs it (service.c). */
#pragma once

#include "plan/common/context.h"

/* Adds the service with all that hangs on it, or, when it runs once, its task definition. */
int plan_container(struct plan_ctx *c, const struct plan_service *s);

/* Adds it as it is deployed (plan_request.foundation); nothing when it is not. */
void plan_keep_container(struct plan_ctx *c, const struct plan_service *s);
