/* The project's roles (roles.c). */
#pragma once

#include "plan/common/context.h"

/* ExecutionRole, KanikoRole where something is built, and a TaskRole for each service that brings
 * none. After the builds' and the log groups' resources: policies name them. */
void plan_roles(struct plan_ctx *c);
