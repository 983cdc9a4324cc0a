/* What is deployed already, looked at before a job begins: whether it is the caller's to change,
 * and whether there is anything to take down. `v` has its session, project and engine. Suspends. */
#pragma once

#include "daemon/verbs/admit.h"

/* What should be known before an `up`: what another account must do for its images; that what is
 * deployed (r->previous) comes from another
 * origin, or that an old name of the project is deployed and runs on. Becomes a warning of the
 * project. */
void deployed_note_up(
    struct verb_call *v, const Defang__Caller *caller, const struct plan_request *r);

/* With `resolve: digest` (digests.h), before anything is compared: v has its project and engine. */
int deployed_pin_images(struct verb_call *v, const Defang__Caller *caller, struct error *err);

/* ERR_NOT_FOUND when nothing is deployed by this name, nor left of it; ERR_REFUSED when it came
 * from another folder than the one that says the name, unless `adopt`. */
int deployed_admit_down(
    struct verb_call *v,
    const Defang__Caller *caller,
    const struct admitted *a,
    bool adopt,
    bool volumes,
    struct error *err);
