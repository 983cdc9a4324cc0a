/* The program as one archive in the bucket. Private to the room. */
#pragma once

#include "engine/context.h"

struct pulumi_bundle {
    char *key, *sha256;
};

void pulumi_bundle_done(struct pulumi_bundle *b);

/* Program, stack file, graph and image script as a tar.gz named by its digest, in the bucket of the
 * facts. graph NULL: a program without resources (destroy, refresh). */
int pulumi_bundle_store(
    struct engine_context *c, const struct graph *g, struct pulumi_bundle *out, struct error *err);
