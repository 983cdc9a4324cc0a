/* systemd starts us while a daemon that a shell started holds the state: the service is what the
 * user set up, so the other one is asked to end. Its jobs stand in the journal and go on here. */
#pragma once

#include "base/error.h"
#include "store/store.h"

/* Opens the state, after the other daemon has ended where there is one; -EBUSY when it does not end
 * in time. */
int take_over(
    struct loop *loop, const struct store_options *options, struct store **out, struct error *err);
