/* One task of the CD stack that runs Pulumi. Private to the room. */
#pragma once

#include "engine/pulumi/bundle.h"
#include "engine/pulumi/events.h"
#include "engine/pulumi/place.h"

#define PULUMI_ROW       "pulumi"
#define PULUMI_ROW_ORDER 28

struct pulumi_order {
    const char *verb; /* of cd_task.sh */
    const char *key;  /* of the journal: "pulumi.whole" */
    const struct pulumi_bundle *bundle;
    const char *plugins;
    bool unclean;   /* a run before was killed: the state is looked at first */
    bool unprotect; /* what is protected against deletion may go */
};

/* Runs the task or finds the one of an earlier life, follows it to its end, and judges: 0 when it
 * ended well. ERR_REFUSED when another run holds the stack, ERR_CLOUD with Pulumi's reason
 * otherwise. */
int pulumi_run(
    struct engine_context *c,
    const struct pulumi_place *p,
    const struct pulumi_order *o,
    struct pulumi_events *events,
    struct error *err);

/* Has a task under `key` been started by this deployment? */
int pulumi_run_begun(struct engine_context *c, const char *key, bool *begun, struct error *err);

/* Asks the task to end and waits until it has (it takes Pulumi up to two minutes). Shielded from
 * cancel. */
void pulumi_run_stop(struct engine_context *c, const struct pulumi_place *p, const char *key);

/* The same of any task that holds the stack. *over: it has ended; else ECS will kill it. Suspends.
 */
int pulumi_task_stop(
    struct engine_context *c,
    const struct pulumi_place *p,
    const char *arn,
    bool *over,
    struct error *err);
