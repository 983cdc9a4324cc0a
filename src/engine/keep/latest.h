/* `from-snapshot: latest`: what it means now. */
#pragma once

#include "engine/context.h"

/* Into facts->snapshots, for the services whose file says "latest"; says which begin empty because
 * they left none. Asks nothing where no file does. */
int keep_facts(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *facts,
    struct error *err);
