/* The daemon's end: no new work, jobs are put down without a terminal state (the next life resumes
 * them), open streams get their last words, and the loop stops within a bounded time. */
#pragma once

#include "daemon/daemon.h"

void daemon_stop(struct daemon *d); /* idempotent */
