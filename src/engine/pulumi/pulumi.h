/* Engine `pulumi`: the graph as a Pulumi program, run by a task of the CD stack, with its state in
 * the CD bucket (DESIGN.md section 4, Engines). Private to src/engine.
 *
 *   program → bundle in S3 → RunTask → follow its log (events) → how it ended → outputs.json,
 * deployed.json
 *
 * What lies under projects/<project>/<stack>/ of the bucket is written by the task
 * (src/plan/scripts/cd_task.sh says what). */
#pragma once

#include "engine/cloudformation/rows.h"
#include "engine/engine.h"
#include "engine/flow.h"

#define PULUMI_BUSY_EXIT 75 /* cd_task.sh: another task holds the stack */

struct pulumi_place {
    struct flow_cd cd;
    bool ready;       /* the CD stack exists */
    char *root;       /* "projects/<project>/<stack>" */
    char *checkpoint; /* key of Pulumi's own state */
    char *passphrase; /* name of the SSM parameter */
};

/* ---- place.c ---- */
int pulumi_place_open(struct engine_context *c, struct pulumi_place *out, struct error *err);
void pulumi_place_done(struct pulumi_place *p);
/* An object of JSON; *out NULL when there is none. `name` is below root, or a whole key when it
 * begins with '.'. */
int pulumi_object(
    struct engine_context *c,
    const struct pulumi_place *p,
    const char *name,
    json_t **out,
    struct error *err);
int pulumi_object_delete(
    struct engine_context *c, const struct pulumi_place *p, const char *name, struct error *err);
/* Which task holds the stack: *task NULL when none does. *alive: ECS does not say that it is
 * stopped. */
int pulumi_owner(
    struct engine_context *c,
    const struct pulumi_place *p,
    char **task,
    bool *alive,
    struct error *err);
/* Pulumi's own lock of the stack, as "s3://bucket/key"; *lock NULL when there is none. */
int pulumi_lock(
    struct engine_context *c, const struct pulumi_place *p, char **lock, struct error *err);
/* A random one is made and stored when there is none: the value never comes here again. */
int pulumi_passphrase_ensure(
    struct engine_context *c, const struct pulumi_place *p, struct error *err);
int pulumi_passphrase_remove(
    struct engine_context *c, const struct pulumi_place *p, struct error *err);
/* Provider plugins that the state's resources need, and ours: "aws=7.48.0 command=1.2.1"; malloc'd.
 */
char *pulumi_plugins(const json_t *checkpoint, bool builds);
/* Name of a resource in the state → its physical id. New object. */
json_t *pulumi_physical_ids(const json_t *checkpoint);

/* ---- bundle.c ---- */
struct pulumi_bundle {
    char *key, *sha256;
};

void pulumi_bundle_done(struct pulumi_bundle *b);
/* Program, stack file, graph and image script as a tar.gz named by its digest, in the bucket. graph
 * NULL: a program without resources (destroy, refresh). */
int pulumi_bundle_store(
    struct engine_context *c, const struct graph *g, struct pulumi_bundle *out, struct error *err);

/* ---- events.c: what the task's lines say ---- */
struct pulumi_events {
    struct engine_context *c;
    struct rows *rows;         /* NULL: events without rows */
    const struct graph *graph; /* types by logical id; NULL when not known */
    char *first_failure;       /* in Pulumi's words */
    unsigned changed, images_built;
};

void pulumi_events_done(struct pulumi_events *e);
/* True when the line was an event of ours; other lines are for people. */
bool pulumi_events_line(struct pulumi_events *e, const char *line);

/* ---- run.c ---- */
struct pulumi_order {
    const char *verb; /* of cd_task.sh */
    const char *key;  /* of the journal: "pulumi.whole" */
    const struct pulumi_bundle *bundle;
    const char *plugins;
    bool unclean, unprotect;
};

/* Runs the task or finds the one of an earlier life, follows it to its end, and judges: 0 when it
 * ended well. */
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
