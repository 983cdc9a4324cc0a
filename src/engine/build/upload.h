/* Archives (build contexts, Pulumi programs) brought to the CD bucket of the facts. */
#pragma once

#include "engine/context.h"

struct flow_archive {
    const char *path;       /* on this machine */
    const char *object_key; /* holds the digest of the content */
    uint64_t size;          /* bytes */
};

/* Progress is told on `row_id`. uploaded=false when the object was already there. An upload that
 * was cut off goes on with the parts that arrived. */
int flow_upload(
    struct engine_context *c,
    const char *row_id,
    const struct flow_archive *a,
    bool *uploaded,
    struct error *err);
