/* What is in the account of a project and no stack holds: left by deployments that failed, by
 * stores that were replaced, by removals that left something out. Found by our tags. */
#pragma once

#include "engine/context.h"

/* A key of `going`: elastic addresses went with the stack, which knows them by another id than the
 * tags do. */
#define ORPHANS_ADDRESSES "elastic addresses"

/* Sentences in `arena`, one for each thing that costs or holds data, with the command that removes
 * it. `going`: values are physical ids of what a stack holds or has just removed; AWS's list of
 * tags is a little behind, and tells those too. May be NULL. Without the right to ask
 * (tag:GetResources) there are none. Suspends. */
int orphans_find(
    struct engine_context *c,
    struct arena *arena,
    const json_t *going,
    const char ***out,
    size_t *count,
    struct error *err);

/* The sentence of one ARN; NULL for a kind that costs nothing and holds nothing, or for what
 * `going` has. In `arena`. */
const char *
orphans_sentence(struct arena *arena, const char *region, const char *arn, const json_t *going);
