/* Configs and secrets as files in a container: where each goes and what its content is
 * (file_refs.c), and the containers of the task that write them (files.c). */
#pragma once

#include "base/limits.h"
#include "base/str.h"
#include "plan/common/context.h"

/* ---- what a service asks for (file_refs.c) ---- */

struct plan_task_file {
    const struct compose_file_ref *ref;
    const struct compose_file_source *source; /* NULL: not declared */
    bool secret;
    const char *target, *folder, *name; /* "/run/secrets/x", "/run/secrets", "x" */
    bool hides;                         /* the image may have something in the folder */
    unsigned mode;
    const char *config; /* the content is this config's value; else parts, else the file at path */
    const char *reference; /* or what ECS fetches from elsewhere (references.h) */
    const struct compose_part *parts;
    const char *path;
    bool empty, encoded; /* encoded: its parameter is base64 */
    const char *digest;
    size_t bytes;  /* as they are kept, by plan_file_read */
    size_t pieces; /* parameters that it takes: 1, or of PLAN_PIECE_BYTES of the file each */
};

#define PLAN_PIECES_MAX ((LIMIT_TASK_FILE_BYTES + PLAN_PIECE_BYTES - 1) / PLAN_PIECE_BYTES)

/* Secrets, then configs, as the service lists them; nothing is read. In `a`. Returns how many. */
size_t plan_files_of(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_service *s,
    struct plan_task_file **out);

/* Reads the file at `path`, at most LIMIT_TASK_FILE_BYTES of it, and fills empty, encoded, bytes,
 * pieces and digest; nothing to do where there is no path. `key` is the account's own
 * (PLAN_FILE_KEY). Fails as file_read() does. */
int plan_file_read(struct arena *a, const char *key, struct plan_task_file *f, struct error *err);

/* ---- the task's part (files.c) ---- */

/* Adds what the engine is to keep as parameters for the service's files behind out[*count]; there
 * is room for PLAN_PIECES_MAX times as many as it has secrets and configs. In `a`. */
void plan_files_derived(
    struct arena *a,
    const struct plan_request *r,
    const struct compose_service *s,
    struct plan_derived *out,
    size_t *count);

/* The whole name of the parameter that keeps the content of one file of `service`, which is read
 * for it; NULL where there is none (a config value, nothing) or more than one. In `a`. */
const char *plan_file_parameter(
    struct arena *a, const struct plan_request *r, const char *service, struct plan_task_file *f);

/* As plan_task_configs(): of the configs whose whole value is a file. */
void plan_files_configs(struct plan_ctx *c, const struct compose_service *s, struct str *out);

/* Adds to the task definition, whose containers are there, the ones that write files, and mounts
 * their folders. */
void plan_files_extra(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task);
