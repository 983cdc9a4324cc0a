/* Where builds run: parts of the project's stack. */
#pragma once

#include "engine/context.h"

/* Physical ids. */
struct flow_build_place {
    char *cluster, *subnets[2], *security_group; /* subnets[1] may be NULL */
    char *bucket;                                /* NULL: of a stack that had none yet */
};

void flow_build_place_done(struct flow_build_place *p);

/* *ready: all of it stands; without a stack, or while it is being made, nothing does. */
int flow_build_place(
    struct engine_context *c, struct flow_build_place *out, bool *ready, struct error *err);
