/* The plan of an `up`, or of a rollback, as `plan` shows it. */
#pragma once

#include "client/command.h"

/* `release`: with `rollback`, which one; NULL: the last good one before what runs. Exit code. */
int plan_show(struct client *c, bool rollback, const char *release, struct error *err);
