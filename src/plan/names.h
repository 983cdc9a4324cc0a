/* Names in AWS (defang.md section 3): fitted to the characters and lengths of each service, the
 * same for the same project for ever. */
#pragma once

#include "base/arena.h"
#include "plan/plan.h"
#include <stdbool.h>
#include <stddef.h>

#define PLAN_NAME_LOWER      1u /* lower-case first */
#define PLAN_NAME_UNDERSCORE 2u /* '_' is allowed */
#define PLAN_NAME_DOT        4u /* '.' is allowed */
#define PLAN_NAME_SINGLE     8u /* no two separators side by side (ECR) */
/* Letters, digits, '-' and what flags allow; others become '-', separators at the ends go. A name
 * that had to be changed or cut to `max` gets "-" and `hex` hex digits of its own hash (none when
 * 0), so that two names never meet. malloc'd. */
char *plan_name_fit(const char *name, unsigned flags, size_t max, unsigned hex);
char *plan_hash_hex(const char *text, unsigned digits); /* of SHA-256; malloc'd */
char *
plan_logical_id(struct arena *a, const char *service); /* "web" → "Web", "my-api" → "MyApi1f2e" */
/* For names that an account and region hold once: "shop"; with another stack or prefix "shop-prod",
 * "acme-shop". malloc'd. */
char *plan_global_label(const struct plan_settings *s, const char *project);
char *plan_scope(
    const struct plan_settings *s,
    const char *project); /* "Defang-shop-beta", for names without length trouble; malloc'd */
char *plan_task_family(
    const struct plan_settings *s, const char *project, const char *what); /* malloc'd */
char *plan_service_name(
    const struct plan_settings *s,
    const char *project,
    const char *service);                     /* ECS: "shop_web-1f2e3d4"; malloc'd */
bool plan_ssm_reserved(const char *first);    /* whether SSM refuses a path that begins so */
char *plan_image_prefix(const char *service); /* of an image's tag: "web-image-"; malloc'd */
char *plan_repository(
    const struct plan_settings *s, const char *project); /* "shop/kaniko-build"; malloc'd */
