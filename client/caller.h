/* What every request carries of the shell that asks. */
#pragma once

#include "client/command.h"
#include "proto/defang.pb-c.h"

/* From options and environment; a Compose file "-" is read from standard input. `caller` is to be
 * given back by caller_done() also when this fails. ERR_USAGE for what cannot be used. */
int caller_fill(struct client *c, Defang__Caller *caller, struct error *err);
void caller_done(Defang__Caller *caller); /* wipes what may hold keys */
