/* By what right a container's image is pulled (pull.c). */
#pragma once

#include "plan/common/context.h"

/* The image of `s` as the file names it; NULL: it is built, or nothing is pulled. */
const char *plan_pulled_image(const struct plan_service *s);

/* What ECS takes as CredentialsParameter: the ARN that the file gives, else the name of the secret
 * that is kept for the image's registry; NULL: pulled without. In the arena. */
const char *plan_pull_secret(const struct plan_ctx *c, const struct plan_service *s);

/* The registry whose kept credentials `s` is pulled with, or NULL. */
const char *
plan_pull_registry(struct arena *a, const struct plan_request *r, const struct plan_service *s);

/* "Defang/shop/beta-derived/registry/ghcr.io" */
const char *plan_registry_secret(struct arena *a, const struct plan_request *r, const char *host);

/* Tags and digests of the plan's images, into its metadata: what later plans keep. */
void plan_note_pins(struct plan_ctx *c);

/* For the role that starts tasks: appended to `statements`. */
void plan_pull_statements(const struct plan_ctx *c, json_t *statements);

/* Docker's configuration for builds, as the builder's environment takes it (DOCKER_AUTH_CONFIG);
 * false: there are no credentials. */
bool plan_build_login(struct arena *a, const struct plan_request *r, struct plan_derived *out);
