/* What somebody deleted behind the engine's back: the stack says that it stands, ECS knows better.
 *
 * An engine would go on believing it: an update that does not touch such a service says "nothing to
 * change", and one that touches it fails. So it is looked for before an `up` is planned, and what
 * is gone is taken out of the stack first and made anew (plan_make_room). */
#pragma once

#include "engine/context.h"

/* *gone: an object with the logical ids of the deployed template's ECS services that ECS has no
 * more (and of the cluster, where that is gone), each true; to be freed; NULL when all are there.
 * One call for ten services. A refusal to look (403) is none of its business: then nothing is gone.
 * Suspends. */
int flow_services_gone(
    struct engine_context *c, const json_t *template, json_t **gone, struct error *err);
