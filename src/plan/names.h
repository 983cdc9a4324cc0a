/* Names in AWS (defang.md section 3): fitted to the characters and lengths of each service, the
 * same for the same project for ever. What is returned is malloc'd unless an arena is given. */
#pragma once

#include "base/arena.h"
#include "plan/settings.h"
#include <stdbool.h>
#include <stddef.h>

/* ---- fitting ---- */

#define PLAN_NAME_LOWER      1u /* lower-case first */
#define PLAN_NAME_UNDERSCORE 2u /* '_' is allowed */
#define PLAN_NAME_DOT        4u /* '.' is allowed */
#define PLAN_NAME_SINGLE     8u /* no two separators side by side (ECR) */

/* Letters, digits, '-' and what flags allow; others become '-', separators at the ends go. A name
 * that had to be changed or cut to `max` gets "-" and `hex` hex digits of its own hash (none when
 * 0), so that two names never meet. */
char *plan_name_fit(const char *name, unsigned flags, size_t max, unsigned hex);

/* The first digits, at most 64, of the SHA-256. */
char *plan_hash_hex(const char *text, unsigned digits);

/* "web" → "Web", "my-api" → "MyApi1f2e" */
char *plan_logical_id(struct arena *a, const char *service);

/* ---- of a project ---- */

/* "Defang-shop-beta", for names without length trouble. */
char *plan_scope(const struct plan_settings *s, const char *project);

/* The same, valid for CloudFormation. */
char *plan_stack_name(const struct plan_settings *s, const char *project);

/* For names that an account and region hold once: "shop"; with another stack or prefix "shop-prod",
 * "acme-shop". */
char *plan_global_label(const struct plan_settings *s, const char *project);

/* "shop.internal" */
char *plan_private_domain(const struct plan_settings *s, const char *project);

/* Paths of SSM parameters: of config "/Defang/shop/beta/", of what is derived from it
 * "/Defang/shop/beta-derived/", of how the one-offs ended "/Defang/shop/beta-runs/". */
char *plan_config_path(const struct plan_settings *s, const char *project);
char *plan_derived_path(const struct plan_settings *s, const char *project);
char *plan_runs_path(const struct plan_settings *s, const char *project);

/* `which`: builds, ecs or logs. */
char *plan_log_group(const struct plan_settings *s, const char *project, const char *which);

/* "history/shop/beta/k3j2h4g5f6d7/failure.json": what a deployment that failed left, in the
 * account's bucket. */
char *plan_history_key(const char *project, const char *stack, const char *deployment);

/* "history/shop/beta/000012-k3j2h4g5f6d7.json.gz"; number 0: the index of them. */
char *
plan_release_key(const char *project, const char *stack, unsigned number, const char *deployment);

/* Tags of images that never expire begin with it; the tags of builds have no capital letter. */
#define PLAN_IMAGE_KEPT "Kept-"

/* "shop/kaniko-build", for ECR. */
char *plan_repository(const struct plan_settings *s, const char *project);

char *plan_task_family(const struct plan_settings *s, const char *project, const char *what);

/* The value of a volume's tag: "Defang-shop-beta/data". */
#define PLAN_VOLUME_TAG "defang:volume"
char *plan_volume_tag(const struct plan_settings *s, const char *project, const char *volume);

/* ---- of a service ---- */

char *plan_safe_label(const char *name);    /* lower-case, '.' → '-' */
char *plan_service_label(const char *name); /* also '_' → '-' */

/* ECS: "shop_web-1f2e3d4" */
char *plan_service_name(const struct plan_settings *s, const char *project, const char *service);

/* "<service>_<deployment>" */
char *plan_container_name(const char *service, const char *deployment);

/* Of an image's tag: "web-image-". */
char *plan_image_prefix(const char *service);

/* ---- of config ---- */

bool plan_config_name_valid(const char *name);
bool plan_config_name_reserved(const char *name);

/* Whether SSM refuses a path that begins so. */
bool plan_ssm_reserved(const char *first);
