/* CloudFormation's own word on what a change set replaces, held against what was allowed. */
#pragma once

#include "engine/cloudformation/operation.h"
#include "engine/stack/change.h"

/* ERR_REFUSED, and the change set deleted, when it replaces something that holds data or a public
 * address and that nobody allowed (c->consent; NULL allows all). The change set is ready. */
int last_word_check(struct operation *o, const struct cfn_change *change, struct error *err);
