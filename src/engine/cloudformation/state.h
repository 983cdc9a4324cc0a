/* What is deployed, as the stack tells it. Of the engine's table (engine.h); private to the room.
 */
#pragma once

#include "engine/engine.h"

#define STACK_NAME_SETTING "DEFANG_PREFIX or --stack" /* chooses another name, says the hint */

int cloudformation_deployed(
    struct engine_context *c, struct engine_template *out, struct error *err);
int cloudformation_outputs(struct engine_context *c, json_t **out, struct error *err);
int cloudformation_resources(struct engine_context *c, json_t **out, struct error *err);
