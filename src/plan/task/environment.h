/* A container's variables, and those that mix text with config (environment.c, derived.c). */
#pragma once

#include "plan/context.h"

/* The container's environment and secrets, sorted; names of services in values rewritten. */
void plan_environment(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t **environment,
    json_t **secrets);
bool plan_is_derived(struct arena *a, const struct compose_env *e); /* text mixed with config */
void plan_derive(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_view *v,
    const struct plan_service *s,
    const struct compose_env *e,
    struct plan_derived *out);
char *plan_config_arn_sub(const struct plan_ctx *c, const char *name); /* for Fn::Sub; in arena */
