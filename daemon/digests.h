/* `compose config --resolve-image-digests`: every image of the project gets the digest that its
 * registry gives now. */
#pragma once

#include "daemon/project.h"

/* Suspends. Errors carry the place in the Compose file. */
int digests_resolve(
    struct daemon *d, const Defang__Caller *caller, struct project *p, struct error *err);

/* With the setting `resolve: digest`: tags of images that tasks pull become digests, those of
 * `deployed` (NULL: nothing is) where they stay. What cannot be resolved is a note of the project.
 * Suspends. */
int digests_pin(
    struct daemon *d,
    const Defang__Caller *caller,
    const json_t *deployed,
    struct project *p,
    struct error *err);
