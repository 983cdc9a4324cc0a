/* `up SERVICE…` and `plan SERVICE…`: which services of the loaded project they are about. */
#pragma once

#include "daemon/verb.h"

/* NAME=VALUE, or NAME with the caller's variable of that name; one that is not set is left out, as
 * Docker does. Before what reads the model. ERR_USAGE for what is no name. */
int build_args_take(struct verb_call *v, char **list, size_t count, struct error *err);

/* ERR_REFUSED for an engine that deploys a project as a whole. */
int partial_engine(const struct verb_call *v, struct error *err);

/* v has its session, project and engine. Without names nothing is done. Else v->project.only is
 * what is deployed anew, what stays out is no longer in the model, and a note says all of it.
 * Suspends. ERR_USAGE for a name that is no service's. */
int partial_choose(
    struct verb_call *v, char **names, size_t count, bool no_deps, struct error *err);
