/* Passwords of databases, looked at before CloudFormation is asked: RDS refuses some only after
 * minutes, when half of the stack stands. Private to src/engine. */
#pragma once

#include "engine/engine.h"

/* ERR_REFUSED names the config. What cannot be read is left to CloudFormation, which reads it with
 * the same rights. */
bool password_suits(const char *password); /* RDS and DocumentDB take it */
int passwords_check(struct engine_context *c, const struct graph *g, struct error *err);
