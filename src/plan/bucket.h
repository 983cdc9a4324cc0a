/* Buckets of the project's own that nobody outside may read. */
#pragma once

#include "plan/context.h"

/* A bucket whose objects expire after `days`; `name` is its part of the Name tag. */
void plan_private_bucket(
    struct plan_ctx *c, const char *group, const char *id, const char *name, unsigned days);
