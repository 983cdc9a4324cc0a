/* Where a project's Pulumi stack lies: objects in the CD bucket, the passphrase in SSM. What lies
 * under projects/<project>/<stack>/ of the bucket is written by the task
 * (src/plan/scripts/cd_task.sh says what); .pulumi/ is Pulumi's own.
 *
 * Without a CD stack (ready=false) nothing is there, and every question answers so. */
#pragma once

#include "engine/context.h"
#include "engine/stack/cd.h"

struct pulumi_place {
    struct flow_cd cd;
    bool ready;       /* the CD stack exists */
    char *root;       /* "projects/<project>/<stack>" */
    char *checkpoint; /* key of Pulumi's own state */
    char *passphrase; /* name of the SSM parameter */
};

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

/* Which task holds the stack: *task NULL when none does, else malloc'd. *alive: ECS does not say
 * that it is stopped. */
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
