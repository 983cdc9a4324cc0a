/* What is deployed, as the stack tells it. Of the engine's table (engine.h); private to the room.
 */
#pragma once

#include "engine/engine.h"
#include "engine/stack/stack.h"

#define STACK_NAME_SETTING "DEFANG_PREFIX or --stack" /* chooses another name, says the hint */

/* Why no `up` changes a stack in this state; cfn_status_way_out() says what does. NULL: one does.
 * malloc'd. */
char *cloudformation_refuses(const struct cfn_stack *stack);

int cloudformation_deployed(
    struct engine_context *c, struct engine_template *out, struct error *err);
int cloudformation_outputs(struct engine_context *c, json_t **out, struct error *err);
int cloudformation_resources(struct engine_context *c, json_t **out, struct error *err);
