/* Configs and secrets as files in a container (file_refs.c, files.c). */
#pragma once

#include "base/str.h"
#include "plan/context.h"

struct plan_task_file {
    const struct compose_file_ref *ref;
    const struct compose_file_source *source; /* NULL: not declared */
    bool secret;
    const char *target, *folder, *name; /* "/run/secrets/x", "/run/secrets", "x" */
    bool hides;                         /* the image may have something in the folder */
    unsigned mode;
    const char *config; /* the content is this config's value; else parts, else the file at path */
    const struct compose_part *parts;
    const char *path;
    bool empty, encoded; /* encoded: its parameter is base64 */
    const char *digest;
    size_t bytes; /* of the file, by plan_file_read */
};

/* Secrets, then configs, as the service lists them; nothing is read. In `a`. */
size_t plan_files_of(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_service *s,
    struct plan_task_file **out);
int plan_file_read(struct arena *a, const char *key, struct plan_task_file *f, struct error *err);
void plan_files_derived(
    struct arena *a,
    const struct plan_request *r,
    const struct compose_service *s,
    struct plan_derived *out,
    size_t *count);
void plan_files_configs(
    struct plan_ctx *c,
    const struct compose_service *s,
    struct str *out); /* as plan_task_configs */
void plan_files_extra(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task);
