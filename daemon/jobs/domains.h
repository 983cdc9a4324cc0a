/* What an `up` says of the project's public names, as notes and warnings of the job. */
#pragma once

#include "daemon/jobs/job.h"

/* Before: what the account's zones lack. */
void domains_say(struct job *j, const struct plan_request *r);

/* After: where records that people make themselves must point. `outputs` are the engine's. */
void domains_point(struct job *j, const struct plan_request *r, const json_t *outputs);
