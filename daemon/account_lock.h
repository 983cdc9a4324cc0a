/* One job at a time prepares an account: two first deployments must not both create the CD stack.
 */
#pragma once

#include "daemon/daemon.h"

/* Suspends until it is free. 0, -ECANCELED, or -ETIMEDOUT after an hour: only with 0 it is held. */
int account_lock(struct daemon *d);

/* Wakes who waits. Only for who holds it. */
void account_unlock(struct daemon *d);
