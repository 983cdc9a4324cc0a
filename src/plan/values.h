/* What a project needs beside its stack and CloudFormation cannot make: composed parameters,
 * passwords, files. The planner lists it, with no secret value in the list; the engine brings it
 * (engine/values, engine/site). Lists and texts live in the arena that is given. */
#pragma once

#include "plan/request.h"

/* A variable that mixes text with config values. Before apply the engine composes each from the
 * config store and keeps it, encrypted, as `parameter`; the task definition names that parameter.
 * The name carries a hash of the parts and of the configs' versions: a config that is set anew
 * gives a new parameter, and a rollback still finds the old one. The engine removes those that the
 * deployed plan no longer names. `parts` in the arena; no value is in it. */
struct plan_derived {
    const char *service, *variable, *parameter;
    const struct compose_part *parts;
    const char *file; /* or the content of this file: a config or secret of a service */
    bool encoded;     /* kept as base64 */
};

#define PLAN_FILE_KEY                                                                              \
    "file-key" /* under plan_derived_path(): keys the digests of files, which stand in the         \
                  template */
bool plan_has_secret_files(
    const struct compose_project *p); /* some config or secret is a file of the project's folder */
void plan_derived(
    struct arena *arena, const struct plan_request *r, struct plan_derived **out, size_t *count);

/* Services that are a folder of files: after apply the engine makes the bucket hold what the folder
 * holds. `folder` absolute, NULL when none is named. */
struct plan_static {
    const char *service, *folder, *bucket_id, *site_id; /* ids: logical; folder: absolute */
    struct yaml_pos pos;                                /* where the folder is named */
};

void plan_static_sites(
    struct arena *arena, const struct compose_project *p, struct plan_static **out, size_t *count);

/* The password of a store that CloudFormation does not read from SSM, or the credentials of a
 * registry, which ECS does not: before apply the engine copies `config` into the Secrets Manager
 * secret `secret`, as version `version` (a new config version is a new one); it goes with the
 * project. */
struct plan_store_secret {
    const char *service, *config, *secret, *version;
    const char *registry; /* its host: kept as {"username", "password"}; NULL: a store's password */
};

void plan_store_secrets(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_store_secret **out,
    size_t *count);
