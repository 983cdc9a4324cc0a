/* Images: looked up in ECR, built by Kaniko on Fargate. */
#pragma once

#include "engine/build/place.h"
#include "engine/context.h"

/* URI by digest when the tag is in ECR, else NULL; malloc'd. */
int flow_image_lookup(
    struct engine_context *c, const struct plan_build *b, char **uri, struct error *err);

/* Whether this deployment has begun to build it, perhaps in an earlier life. */
int flow_image_begun(
    struct engine_context *c, const struct plan_build *b, bool *begun, struct error *err);

/* Builds it, a second time where the first failed by no fault of its own, and says where it is (by
 * digest; malloc'd). ERR_CLOUD with the reason in `failure` when the build itself failed. A
 * repeated call after a crash attaches. */
int flow_image_build(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    char **uri,
    struct engine_failure *failure,
    struct error *err);

/* Stops every build task of this deployment that still runs: for a cancel that was asked for before
 * a restart. Best effort, shielded from cancel. */
void flow_builds_stop(struct engine_context *c);
