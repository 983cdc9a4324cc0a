/* A plan for an account made up: what a project becomes, asked without an account. The checks
 * refuse by it what cannot be planned or does not fit a stack; `explain` names the resources by it.
 */
#pragma once

#include "plan/plan.h"

/* A request with facts that every project can be planned with, and an image for whatever is built.
 * It borrows `p` and `s`; the rest lives in `a`. */
void plan_pretend_request(
    struct arena *a,
    const struct compose_project *p,
    const struct plan_settings *s,
    struct plan_request *out);

/* The plan of that request; NULL when it cannot be planned. Freed with graph_free(). */
struct graph *
plan_pretend(struct arena *a, const struct compose_project *p, const struct plan_settings *s);
