/* What an `up` says of the project's public names: before, what the account's zones lack; after,
 * where records that people make themselves must point. */
#pragma once

#include "daemon/jobs/job.h"

void domains_say(struct job *j, const struct plan_request *r);
void domains_point(struct job *j, const struct plan_request *r, const json_t *outputs);
