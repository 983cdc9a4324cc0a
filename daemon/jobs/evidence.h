/* What a failure left, kept with the deployment: in the store, and in the account for everybody
 * else. */
#pragma once

#include "daemon/jobs/job.h"

/* The sink's function: stores one item, in the turn in which it was seen. */
void evidence_take(void *arg, const struct engine_evidence *e);

/* A resource that failed is an item too. `row_id` as the sink has it ("service/web"). */
void evidence_resource(struct job *j, const char *row_id, const struct engine_resource *r);

/* At the end of a deployment that failed: all of it as one object in the account's bucket, with the
 * reason. That it cannot be put there is a warning. Suspends; shielded from cancel. */
void evidence_publish(struct job *j, const char *state, const struct error *why);
