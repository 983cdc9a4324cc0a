/* The daemon as a user service of systemd, where there is a user manager: what is wrong with it. */
#pragma once

#include "client/command.h"

/* What everybody whose daemon is such a service should know, unless they linger. */
extern const char unit_linger_text[];

/* Before a daemon is started beside it: says that the unit has failed and what brings it back.
 * Nothing where there is none, or where it is well. */
void unit_say_failed(const struct client *c);
/* Nobody answers at its socket: the hint names the unit's state, its last line and the command that
 * shows more. Nothing where it is well. */
void unit_hint(const struct client *c, struct error *err);
