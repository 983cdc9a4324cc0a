/* Where a container's image comes from (image.c). */
#pragma once

#include "plan/common/context.h"

/* The image's URI, through the account's pull-through cache where there is one. `image` itself or
 * in the graph's arena. */
const char *plan_image_uri(const struct plan_ctx *c, const char *image);

/* The image of the service: the one that was built for it, else the one that it names; NULL while
 * there is none. */
const char *plan_image_of(const struct plan_ctx *c, const struct plan_service *s);
