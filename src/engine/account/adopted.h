/* What the project brings of its own (x-defang-aws) and what of it outlived an earlier stack. */
#pragma once

#include "engine/context.h"

/* Looks at it and adds to `facts` what a plan needs of it. ERR_REFUSED, with the place in the file,
 * when it is not there or does not fit. No call at all for a project that brings nothing and names
 * no volume. */
int flow_adopted(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *facts,
    struct error *err);
