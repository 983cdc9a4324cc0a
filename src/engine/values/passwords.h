/* Passwords of databases, looked at before an engine is asked: RDS refuses some only after minutes,
 * when half of the stack stands. */
#pragma once

#include "engine/context.h"

/* ERR_REFUSED names the config. What cannot be read is left to CloudFormation, which reads it with
 * the same rights. */
int passwords_check(struct engine_context *c, const struct graph *g, struct error *err);
