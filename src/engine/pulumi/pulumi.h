/* Engine `pulumi`: the graph as a Pulumi program, run by a task of the CD stack, with its state in
 * the CD bucket (DESIGN.md section 4, Engines).
 *
 *   program → bundle in S3 → RunTask → follow its log (events) → how it ended → outputs.json,
 *   deployed.json
 *
 * The other engine is unknown here; only its stack is looked for, so that no project has two. */
#pragma once

#include "engine/engine.h"

extern const struct engine engine_pulumi;

/* Has this engine ever run for the project of `c`? */
int pulumi_has_run(struct engine_context *c, bool *has, struct error *err);
