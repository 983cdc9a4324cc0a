/* ECR's lifecycle rules know nothing of ECS: they count and expire what still runs
 * (aws/containers-roadmap#1078). An image that matches a rule can never be expired by one of lower
 * priority (docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html), so the first
 * rule of the repository is for tags that only we make:
 *
 *   Kept-trying-<deployment>-<service>          before anything runs from it
 *   Kept-<UTC>-<deployment>-<service>           the deployment succeeded; KEEP_RELEASES of these
 * stay
 *
 * A capital letter, because the tags of builds have none: no service can be named so. The service
 * is a hash, which fits whatever its name is. A tag is put by the image's manifest, which changes
 * neither its age nor its place in the order. The last tag of an image takes the image with it, so
 * a tag goes only when what it kept is neither run nor released. */
#include "engine/build/keep.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/object.h"
#include "engine/call.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRYING       PLAN_IMAGE_KEPT "trying-"
#define STAMP_DIGITS 14
#define DELETE_MAX   100 /* of one BatchDeleteImage */

static char *service_hash(const char *service)
{
    return plan_hash_hex(service, 8);
}

char *keep_trying_tag(const char *deployment, const char *service)
{
    cleanup_free char *hash = service_hash(service);
    return xasprintf(TRYING "%s-%s", deployment, hash);
}

char *keep_release_tag(int64_t at_ms, const char *deployment, const char *service)
{
    cleanup_free char *hash = service_hash(service);
    time_t at = (time_t)(at_ms / 1000);
    struct tm utc;
    char stamp[STAMP_DIGITS + 1] = "";

    if (gmtime_r(&at, &utc))
        strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", &utc);
    return xasprintf(PLAN_IMAGE_KEPT "%s-%s-%s", stamp, deployment, hash);
}

static json_t *media_types(void)
{
    return texts(
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json");
}

int keep_put(
    struct engine_context *c, const struct keep_image *image, const char *tag, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    json_t *id = image->digest ? object(key("imageDigest", image->digest))
                               : object(key("imageTag", image->tag));
    json_t *in = object(
        key("repositoryName", image->repository),
        key("imageIds", array(id)),
        key("acceptedMediaTypes", media_types()));

    int rc = engine_call(c, &aws_ecr_BatchGetImage, in, &reply, err);
    const char *manifest = json_str(reply, "images.0.imageManifest");
    if (rc < 0 || !manifest)
        return rc;

    in = object(
        key("repositoryName", image->repository),
        key("imageManifest", manifest),
        key("imageManifestMediaType", json_str(reply, "images.0.imageManifestMediaType")),
        key("imageTag", tag));
    rc = engine_call(c, &aws_ecr_PutImage, in, NULL, &local);
    if (rc < 0 && error_has_code(&local, "ImageAlreadyExistsException"))
        return 0;
    if (rc < 0)
        error_move(err, &local);
    return rc;
}

/* ---- what need not be kept any more ---- */

struct kept_tag {
    const char *tag, *digest; /* of the listing */
};

struct kept_tags {
    struct kept_tag *items;
    size_t len;
};

/* Newest release first: the stamp is the first thing in which tags differ. */
static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct kept_tag *)b)->tag, ((const struct kept_tag *)a)->tag);
}

/* Stamp and deployment, without the service. */
static size_t release_length(const char *tag)
{
    const char *last = strrchr(tag, '-');
    return last ? (size_t)(last - tag) : strlen(tag);
}

static bool is_trial(const char *tag)
{
    return text_starts(tag, TRYING);
}

/* Releases after the newest KEEP_RELEASES. */
static void choose_releases(const struct kept_tags *all, json_t *gone)
{
    const char *current = NULL;
    unsigned releases = 0;

    for (size_t i = 0; i < all->len; i++) {
        const char *tag = all->items[i].tag;
        size_t n = release_length(tag);
        bool same = current && release_length(current) == n && strncmp(current, tag, n) == 0;

        if (is_trial(tag))
            continue;
        if (!same)
            releases++;
        current = tag;
        if (releases > KEEP_RELEASES)
            json_push(gone, object(key("imageTag", tag)));
    }
}

static void choose_trials(
    const struct kept_tags *all,
    bool (*runs)(void *arg, const char *digest),
    void *arg,
    json_t *gone)
{
    for (size_t i = 0; i < all->len; i++)
        if (is_trial(all->items[i].tag) && !runs(arg, all->items[i].digest))
            json_push(gone, object(key("imageTag", all->items[i].tag)));
}

static void collect(const json_t *ids, struct kept_tags *out)
{
    size_t i;
    json_t *id;

    out->items = xcalloc(json_array_size(ids) + 1, sizeof *out->items);
    json_array_foreach(ids, i, id) {
        const char *tag = json_str_or(id, "imageTag", "");

        if (text_starts(tag, PLAN_IMAGE_KEPT))
            out->items[out->len++] =
                (struct kept_tag){.tag = tag, .digest = json_str_or(id, "imageDigest", "")};
    }

    if (out->len)
        qsort(out->items, out->len, sizeof *out->items, newest_first);
}

static int
delete_tags(struct engine_context *c, const char *repository, const json_t *gone, struct error *err)
{
    int rc = 0;

    for (size_t begin = 0; rc == 0 && begin < json_array_size(gone); begin += DELETE_MAX) {
        json_t *some = array();

        for (size_t i = begin; i < MIN(begin + DELETE_MAX, json_array_size(gone)); i++)
            json_array_append(some, json_array_get(gone, i));
        rc = engine_call(
            c,
            &aws_ecr_BatchDeleteImage,
            object(key("repositoryName", repository), key("imageIds", some)),
            NULL,
            err);
    }

    return rc;
}

int keep_prune(
    struct engine_context *c,
    const char *repository,
    bool (*runs)(void *arg, const char *digest),
    void *arg,
    struct error *err)
{
    cleanup_json json_t *ids = NULL, *gone = array();
    struct kept_tags all = {0};
    json_t *filter = object(key("tagStatus", "TAGGED"));
    json_t *in = object(key("repositoryName", repository), key("filter", filter));

    int rc = engine_call_all(c, &aws_ecr_ListImages, in, &ids, err);
    if (rc < 0)
        return rc;

    collect(ids, &all);
    choose_releases(&all, gone);
    choose_trials(&all, runs, arg, gone);
    rc = delete_tags(c, repository, gone, err);
    free(all.items);
    return rc;
}
