/* Services that run once and end (once.c). */
#pragma once

#include "plan/common/context.h"

/* Notes the service, whose task definition is in the graph, in the template: its deployment and
 * hash in the metadata, and where a task of it runs as the output Once<id>. */
void plan_once_add(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, const char *hash);
