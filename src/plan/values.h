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
    const char *file; /* or the content of this file: a config or secret of a service … */
    const struct compose_file_source *source; /* … as it was released, where it has that */
    bool encoded;                             /* kept as base64 */
    bool for_builds;                          /* the builder draws on it, and no service */
    size_t piece; /* from 1: the piece-th PLAN_PIECE_BYTES of the file; 0: all of it */
};

/* Base64 of so many bytes is what a parameter holds, and without padding: pieces are put together
 * before they are decoded. */
#define PLAN_PIECE_BYTES ((size_t)6144)

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

/* Passwords of managed stores that stand in the files become configs (store/literals.c): the model
 * draws from them, p->taken has the values. After plan_models_expand(), before anything else; who
 * deploys stores the values first. */
void plan_literals_take(struct compose_project *p);

/* What a store is given and CloudFormation does not read from SSM, or the credentials of a
 * registry, which ECS does not: before apply the engine copies `config` into the Secrets Manager
 * secret `secret`; it goes with the project. A password as version `version` (a new config version
 * is a new one). The name of a user or of a database once, and without a version: a store that is
 * there keeps the names that it was made with, and another reference would make a new store. */
struct plan_store_secret {
    const char *service, *config, *secret;
    const char *version;  /* NULL: a name */
    bool document;        /* of DocumentDB, else of RDS */
    const char *registry; /* its host: kept as {"username", "password"}; NULL: of a store */
};

void plan_store_secrets(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_store_secret **out,
    size_t *count);
