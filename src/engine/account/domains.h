/* The project's own domain names in the account's Route 53. */
#pragma once

#include "engine/context.h"

/* The account's public zones and records, when the project has names of its own; into `f`, strings
 * in `arena`. No call for a project without such names. */
int flow_domains(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *f,
    struct error *err);
