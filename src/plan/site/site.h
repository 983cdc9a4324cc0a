/* The site room: static files behind CloudFront, private buckets. */
#pragma once

#include "plan/context.h"

void plan_private_bucket(
    struct plan_ctx *c, const char *group, const char *id, const char *name, unsigned days);
int plan_static_site(struct plan_ctx *c, const struct plan_service *s);
#define PLAN_STATIC_BUCKET "StaticFiles"
#define PLAN_STATIC_SITE   "StaticSite"
const struct yaml_node *plan_static_node(const struct compose_service *s); /* NULL: it has none */
const char *plan_static_folder(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_service *s); /* absolute; NULL: none is named */
