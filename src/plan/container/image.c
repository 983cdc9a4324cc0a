/* Images by their full address. Those that were built here are named by the request, with a digest;
 * the others are named by the file.
 *
 * Three things happen to a name of the file: a tag beside a digest goes, public images of the
 * library come through the account's cache, and one that is pulled with credentials of its own is
 * left where those are for. By what right an image is pulled is pull.c's, which digest it gets
 * pins.c's. */
#include "plan/container/image.h"
#include "base/str.h"
#include <string.h>

#define ECR_PUBLIC "public.ecr.aws/"
#define LIBRARY    "docker.io/library/"

/* Beside a digest a tag says nothing, and not every reader of names takes both. */
static const char *without_tag(const struct plan_ctx *c, const char *image)
{
    const char *digest = strchr(image, '@'), *path = strrchr(image, '/');
    const char *tag = strchr(path ? path : image, ':');

    if (!digest || !tag || tag > digest)
        return image;
    return arena_printf(c->a, "%.*s%s", (int)(tag - image), image, digest);
}

/* Images of Docker Hub's library and of ECR Public come through the account's pull-through cache
 * when there is one. ECR Public lacks a few images and old tags of the library
 * (docker-library/official-images#21700): DEFANG_NO_CACHE is the way around. */
const char *plan_image_uri(const struct plan_ctx *c, const char *image)
{
    const char *folder, *path;

    image = without_tag(c, image);
    if (!c->f->ecr_public_prefix || c->s->no_cache)
        return image;

    if (text_starts(image, ECR_PUBLIC)) {
        folder = "";
        path = image + strlen(ECR_PUBLIC);
    } else if (text_starts(image, LIBRARY)) {
        folder = "docker/library/";
        path = image + strlen(LIBRARY);
    } else if (!strchr(image, '/')) { /* "redis:7" is the library's */
        folder = "docker/library/";
        path = image;
    } else {
        return image;
    }

    return arena_printf(
        c->a,
        "%s.dkr.ecr.%s.%s/%s/%s%s",
        c->f->account,
        c->f->region,
        c->f->dns_suffix,
        c->f->ecr_public_prefix,
        folder,
        path);
}

const char *plan_image_of(const struct plan_ctx *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->r->image_count; i++)
        if (strcmp(c->r->images[i].service, s->s->name) == 0)
            return c->r->images[i].uri;
    if (s->adopt.pull_credentials.value) /* from where they are for */
        return without_tag(c, s->s->image);
    return s->s->image ? plan_image_uri(c, s->s->image) : NULL;
}
