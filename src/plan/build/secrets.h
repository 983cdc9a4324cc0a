/* Secrets of builds (secrets.c): `build.secrets`, given to the builder as variables that hold
 * parameters of SSM. Texts and lists in the arena that is given. */
#pragma once

#include "plan/container/files.h"

struct plan_build_secret {
    const char *id;       /* as RUN --mount=type=secret,id=… names it */
    const char *variable; /* of the builder's container */
    struct plan_task_file
        file; /* where its content comes from; read by plan_build_secrets_read() */
};

/* Those of one service, as it lists them; those that are declared nowhere are left out. Nothing is
 * read. Returns how many. */
size_t plan_build_secrets(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_service *s,
    struct plan_build_secret **out);

/* The builder's `Secrets`: what it logs in with, and what builds of the project are given. A new
 * list, NULL when there is none. */
json_t *
plan_builder_secrets(struct arena *a, const struct plan_request *r, const struct plan_view *v);

/* As plan_files_derived(): what the engine is to keep for builds. */
void plan_build_secrets_derived(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_view *v,
    struct plan_derived *out,
    size_t *count);
