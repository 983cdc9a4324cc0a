/* Tags that the repository's lifecycle rule spares (PLAN_IMAGE_KEPT): what runs, and what one can
 * go back to, never expires. */
#pragma once

#include "engine/context.h"

#define KEEP_RELEASES 20

struct keep_image {
    const char *service;
    const char *repository;
    const char *tag, *digest; /* of the image; digest NULL: whatever the tag names now */
};

/* Of a deployment that is being made; of one that succeeded, sorted by time. malloc'd. */
char *keep_trying_tag(const char *deployment, const char *service);
char *keep_release_tag(int64_t at_ms, const char *deployment, const char *service);

/* Gives the image one more tag. One that is not there is left alone; a tag that it has already is
 * fine. */
int keep_put(
    struct engine_context *c, const struct keep_image *image, const char *tag, struct error *err);

/* Takes away, of the tags that were made here in the repository, those of trials whose digest does
 * not run (`runs`), and of releases all but the newest KEEP_RELEASES. */
int keep_prune(
    struct engine_context *c,
    const char *repository,
    bool (*runs)(void *arg, const char *digest),
    void *arg,
    struct error *err);
