/* The state cannot be written (disk full, quota, I/O error): what the turn wrote is gone, so every
 * job stands where its journal stands. Their fibers end without a terminal state and leave the
 * cloud's work alone; the store is tried every second, and once it serves, the jobs go on from the
 * journal with the sessions they had. Until then nothing new is accepted (every write fails with
 * the reason), reading goes on. */
#pragma once

#include "daemon/daemon.h"

void pause_begin(struct daemon *d); /* fn of store_on_failure(); idempotent */
