/* `compose config --resolve-image-digests`: every image of the project gets the digest that its
 * registry gives now. */
#pragma once

#include "daemon/project.h"

/* Suspends. Errors carry the place in the Compose file. */
int digests_resolve(
    struct daemon *d, const Defang__Caller *caller, struct project *p, struct error *err);
