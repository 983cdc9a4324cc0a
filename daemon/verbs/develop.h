/* `develop.watch` of the project's services, for a client that watches (`up --watch`). */
#pragma once

#include "daemon/verb.h"

/* Fills the reply's rules, of the services that are deployed, in the project's arena. ERR_USAGE
 * when no service has one, with what to write. Reads .dockerignore files; does not suspend. */
int develop_rules(struct verb_call *v, Defang__UpReply *reply, struct error *err);
