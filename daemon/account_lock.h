/* One job at a time prepares an account: two first deployments must not both create the CD stack.
 */
#pragma once

#include "daemon/daemon.h"

int account_lock(struct daemon *d); /* 0, -ECANCELED or -ETIMEDOUT; suspends */
void account_unlock(struct daemon *d);
