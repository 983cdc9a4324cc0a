/* Values that mix text with config, and the parameters that keep them (derived.c). What the engine
 * does with them is told beside struct plan_derived in plan/plan.h. Everything lives in `a`. */
#pragma once

#include "plan/view/view.h"

/* Whether the variable is neither text alone nor one config value alone. */
bool plan_is_derived(struct arena *a, const struct compose_env *e);

/* What the engine is to compose for the variable `e` of `s`. */
void plan_derive(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_view *v,
    const struct plan_service *s,
    const struct compose_env *e,
    struct plan_derived *out);

/* 12 hex digits that change with the parts, or with what `mark` says of a config among them. */
typedef long long plan_mark_fn(const struct plan_request *r, const char *config);
const char *plan_parts_digest(
    struct arena *a,
    const struct plan_request *r,
    const struct compose_part *parts,
    plan_mark_fn *mark);

/* "/Defang/shop/beta-derived/<service>/<what>/<digest>" */
const char *plan_derived_parameter(
    struct arena *a,
    const struct plan_request *r,
    const char *service,
    const char *what,
    const char *digest);
