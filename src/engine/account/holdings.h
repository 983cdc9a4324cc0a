/* How much is in what would be lost, and how old it is, where AWS tells. */
#pragma once

#include "engine/context.h"
#include "plan/consent.h"

/* Fills `holds` of what holds data, and takes buckets and repositories with nothing in them off the
 * list: those are no loss. Texts in `arena`. A call that fails, or that the caller may not
 * make, leaves it empty: a refusal does not wait for a permission. Suspends. */
void flow_holdings(struct engine_context *c, struct arena *arena, struct plan_losses *losses);
