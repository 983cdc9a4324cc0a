/* The service-linked role of ECS. In an account that never used ECS the role does not exist; ECS makes it with the first cluster and takes it in the same
 * moment, often before IAM has spread it: the first stack of the account fails with "Unable to assume the service linked role" (1Password/scim-examples#356,
 * aws-cloudformation/cloudformation-coverage-roadmap#818). So it is made before, and a stack that came too early is made once more. */
#pragma once

#include "engine/engine.h"

/* Best effort: without the right to look or to make it, ECS does so itself. */
void service_role_ensure(struct engine_context *c);
/* Whether this failure of a stack is the race. */
bool service_role_was_late(const char *failure);
