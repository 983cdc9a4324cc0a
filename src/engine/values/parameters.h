/* SSM parameters of which a deployment leaves behind what nothing names any more. */
#pragma once

#include "engine/context.h"

/* SSM parameters under a path: input of DescribeParameters. New object. */
json_t *parameters_under(const char *path);

/* Removes those under `root` (ends with "/") that `keep` does not want; it gets the whole name. */
int parameters_prune(
    struct engine_context *c,
    const char *root,
    bool (*keep)(const void *arg, const char *name),
    const void *arg,
    struct error *err);
