/* File systems that outlive the stack. */
#pragma once

#include "engine/context.h"

/* Those of c->project, in `arena`; of a deployed project too. */
int flow_volumes(
    struct engine_context *c,
    struct arena *arena,
    const struct plan_kept_volume **out,
    size_t *count,
    struct error *err);

/* The same for who can do without: what hinders it is an error at once, and nobody waits. */
int flow_volumes_if_allowed(
    struct engine_context *c,
    struct arena *arena,
    const struct plan_kept_volume **out,
    size_t *count,
    struct error *err);

/* With all that is in them. One that is gone already is no error. */
int flow_volumes_delete(
    struct engine_context *c,
    const struct plan_kept_volume *volumes,
    size_t count,
    struct error *err);
