/* Which engine a project has. It is chosen once (--engine, DEFANG_ENGINE, x-defang-engine, else
 * cloudformation) and then remembered, because its state lives there; what AWS holds is the truth
 * when this machine does not remember. */
#pragma once

#include "daemon/verb.h"

#define ENGINE_DEFAULT "cloudformation"

/* Sets v->engine to the engine of the project that the call is about; suspends. `wanted` may be
 * empty. ERR_USAGE for an unknown one, ERR_REFUSED when the project is deployed with another one.
 */
int engine_choose(struct verb_call *v, const char *wanted, struct error *err);

/* For the next time; `name` NULL forgets (the project was taken down). Written with the turn. */
int engine_remember(
    struct daemon *d, const struct store_deployment *row, const char *name, struct error *err);
