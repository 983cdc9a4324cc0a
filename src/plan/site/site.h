/* The site room: static files behind CloudFront, private buckets. */
#pragma once

#include "plan/context.h"

int plan_static_site(struct plan_ctx *c, const struct plan_service *s);
#define PLAN_STATIC_BUCKET "StaticFiles"
/* What one CloudFront function may hold, and how much of it the service's redirects take. */
#define PLAN_STATIC_CODE_BYTES 10240
size_t plan_static_redirects_bytes(const struct compose_service *s);
const char *plan_static_folder(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_service *s); /* absolute; NULL: none is named */
