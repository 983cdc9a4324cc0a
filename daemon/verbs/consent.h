/* Before an `up` or a `down` is promised: what it would lose, move or delete is said and refused
 * until it is allowed (docs/CONSENT.md). All suspend; what is refused goes with the error, in
 * v->losses. */
#pragma once

#include "daemon/preview/preview.h"
#include "daemon/verb.h"
#include "plan/consent.h"

/* Config that the project names and that is not set; `builds_only`: that the secrets of its builds
 * are. ERR_REFUSED. */
int consent_config(struct verb_call *v, bool builds_only, struct error *err);

/* v has its session, project and engine. */
int consent_up(struct verb_call *v, const Defang__UpRequest *r, struct error *err);
int consent_down(struct verb_call *v, const Defang__DownRequest *r, struct error *err);

/* Of a plan that gathers: all that an `up` would refuse, in p->refusals, and what would be lost or
 * moved, in *losses. */
int consent_gather(
    struct preview *p, const Defang__PlanRequest *r, struct plan_losses *losses, struct error *err);

/* As messages, in `arena`. */
Defang__Loss **consent_messages(struct arena *arena, const struct plan_losses *l);
