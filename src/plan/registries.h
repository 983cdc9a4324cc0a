/* Where images are pulled from and by what right: private registries, whose credentials are kept as
 * config under "registry/<host>" (`defangctl registry login`), and registries of ECR.
 *
 * A credential is base64 of "user:password", one config value: so it goes where config goes, and
 * nowhere else. Two things are made of it before apply: a secret of Secrets Manager for each host
 * that a task pulls from (plan_store_secrets), as ECS wants it, and Docker's configuration for
 * image builds (plan_derived). Texts in the arena that is given. */
#pragma once

#include "base/error.h"
#include "compose/compose.h"
#include "plan/request.h"

#define PLAN_REGISTRY_CONFIG "registry/"

/* The host of what people type: "ghcr.io", "https://GHCR.io/", "index.docker.io/v1/" (docker.io).
 * ERR_USAGE for what is no host, and for ECR, which needs no log-in. */
int plan_registry_host(struct arena *a, const char *text, const char **host, struct error *err);

/* What helps when a registry has refused to let `image` be pulled, as `said` by ECS or by a
 * builder; NULL: it says something else. `image` may be NULL: then `said` names the registry. */
const char *plan_registry_hint(struct arena *a, const char *image, const char *said);

/* "registry/ghcr.io", and back; NULL for the name of any other config. */
const char *plan_registry_config(struct arena *a, const char *host);
const char *plan_registry_of_config(struct arena *a, const char *config);

/* Whether a deployed resource is a task that is pulled with kept credentials. */
bool plan_pulls_by_secret(const json_t *resource);

/* "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:3" */
struct plan_ecr {
    const char *account, *region, *repository;
};

bool plan_ecr_parse(struct arena *a, const char *image, struct plan_ecr *out);

/* An image whose tag `up` turns into a digest (resolve: digest). */
struct plan_pin {
    const char *image; /* as the file names it */
    const char *name;  /* in full: "docker.io/library/nginx:latest" */
    const char *ask;   /* where its digest is asked for: the registry that it will come from */
    const char *keep;  /* the deployed digest of that name, which stays; NULL: asked for */
    struct yaml_pos pos;
};

/* Those that tasks pull, each once; not those with a digest, nor ECR's, which are asked for with
 * the role's right only. `deployed` may be NULL. */
void plan_pins(
    struct arena *a,
    const struct compose_project *p,
    const struct plan_settings *s,
    const json_t *deployed,
    struct plan_pin **out,
    size_t *count);

/* An image that a task pulls from another account's ECR: the right is given here, and that account
 * must give it too. */
struct plan_foreign {
    const char *service;
    struct plan_ecr ecr;
    struct yaml_pos pos;
    const char *command; /* for the other account's shell: adds the policy to the repository */
};

/* Each repository once. */
void plan_foreign_repositories(
    struct arena *a,
    const struct compose_project *p,
    const struct plan_facts *f,
    struct plan_foreign **out,
    size_t *count);
