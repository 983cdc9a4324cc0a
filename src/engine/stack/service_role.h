/* Service-linked roles. In an account that never used a service its role does not exist; the
 * service makes it with the first resource and takes it in the same moment, often before IAM has
 * spread it, so that the first stack of the account fails: "Unable to assume the service linked
 * role" (ECS: 1Password/scim-examples#356, cloudformation-coverage-roadmap#818), "Verify that you
 * have permission to create service linked role. Otherwise wait and try again later" and "Missing
 * necessary credentials" (RDS: terraform-aws-rds#364), ServiceLinkedRoleNotFoundFault
 * (ElastiCache). So they are made before. */
#pragma once

#include "engine/context.h"

/* Those that the resources of the graph need. Best effort: without the right to look or to make
 * one, the service does so itself. */
void service_roles_ensure(struct engine_context *c, const struct graph *g);

/* Whether this failure of a stack is the race. */
bool service_role_was_late(const char *failure);
