/* What the planner has to know of the account. */
#pragma once

#include "engine/context.h"

/* Zones, account, region, partition; strings in `arena`. Region missing → ERR_AUTH with the hint to
 * set AWS_REGION. Asks STS and EC2. */
int flow_facts(
    struct engine_context *c, struct arena *arena, struct plan_facts **out, struct error *err);

/* The zones alone, of f->region. */
int flow_zones(
    struct engine_context *c, struct arena *arena, struct plan_facts *f, struct error *err);
