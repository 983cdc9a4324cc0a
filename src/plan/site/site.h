/* The site room: a folder of files behind CloudFront. Strings live in the arena that is given. */
#pragma once

#include "plan/common/context.h"

/* Logical id of the bucket, before the service's id; that of the distribution is PLAN_STATIC_SITE.
 */
#define PLAN_STATIC_BUCKET "StaticFiles"

int plan_static_site(struct plan_ctx *c, const struct plan_service *s);

/* Where the folder is named; NULL: nowhere. Relative to the project's folder until
 * plan_static_expand(). */
const struct yaml_node *plan_static_folder(const struct compose_service *s);

/* What one CloudFront function may hold, and how much of it the service's redirects take. */
#define PLAN_STATIC_CODE_BYTES 10240
size_t plan_static_redirects_bytes(const struct compose_service *s);
