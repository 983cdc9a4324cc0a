/* Deployments in stages: what waits for services that run once. */
#pragma once

#include "plan/context.h"

void plan_view_stages(
    const struct plan_request *r, struct plan_view *v); /* fills stage and pending */
void plan_keep_deployed(struct plan_ctx *c);
/* In this stage s is not deployed yet, and this resource of it is not there from before. */
bool plan_comes_later(
    const struct plan_ctx *c, const struct plan_service *s, const char *logical_id);
/* The service whose task `d` of s waits for; NULL: there is none, or it is s's own task. */
const struct plan_service *plan_waited(
    const struct plan_view *v, const struct plan_service *s, const struct compose_dependency *d);
