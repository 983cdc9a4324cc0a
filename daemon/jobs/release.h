/* What a deployment leaves in the account's history (release.c). */
#pragma once

#include "daemon/jobs/up.h"

/* Into u->j->release, while the plan is there. `whole`: the graph is what runs. Does not suspend.
 */
void release_note(struct up *u, bool whole);
