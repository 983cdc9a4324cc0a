/* What a deployment that failed leaves in the account, and what that costs. */
#pragma once

#include "daemon/jobs/up.h"

/* Said when nothing of the project serves anybody: a first deployment that failed, or one that is
 * kept as it is on demand. From what is really there after the roll back. Shielded from cancel. */
void left_say(struct up *u);
