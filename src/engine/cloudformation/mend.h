/* Of the engine's table (engine.h), and what the room's other ways out need; private to the room.
 */
#pragma once

#include "engine/engine.h"
#include "engine/stack/stack.h"

int cloudformation_mend(struct engine_context *c, json_t **skipped, struct error *err);

/* Continues a roll back that failed, told on the row "stack"; `stack` is described anew. *skipped:
 * the logical ids that were left out, kept in the journal; new array; NULL = not wanted. */
int cloudformation_roll_back(
    struct engine_context *c, struct cfn_stack *stack, json_t **skipped, struct error *err);
