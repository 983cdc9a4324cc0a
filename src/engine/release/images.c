/* Whether the images of a release are still there: what was removed cannot run again, and that is
 * to be known before anything is changed.
 *
 * Only images that were built are asked for: they are in the project's own repository, by digest,
 * or by tag where the engine builds them itself. A foreign image is its registry's; whether it is
 * there shows when a task pulls it, as with any `up`. All services are named at once, since
 * somebody may have cleaned the repository up as a whole. */
#include "engine/release/release.h"

#include "aws/model/operations.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <string.h>

/* "123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/kaniko-build@sha256:…" in its parts; false for
 * one that is no repository's of ECR. */
bool release_image_parts(
    struct arena *arena,
    const char *uri,
    const char **repository,
    const char **digest,
    const char **tag)
{
    const char *slash = strchr(uri, '/'), *registry = strstr(uri, ".dkr.ecr.");
    if (!slash || !registry || registry > slash)
        return false;

    size_t n = strcspn(slash + 1, "@:");
    const char *end = slash + 1 + n;

    *repository = arena_strndup(arena, slash + 1, n);
    *digest = *end == '@' ? arena_strdup(arena, end + 1) : NULL;
    *tag = *end == ':' ? arena_strdup(arena, end + 1) : NULL;
    return *end != '\0';
}

static bool is_missing(const struct error *err)
{
    return aws_error_is_not_found(err) || error_has_code(err, "ImageNotFoundException") ||
           error_has_code(err, "RepositoryNotFoundException");
}

/* *there stays true for what is not ours to ask about. */
static int
look(struct engine_context *c, struct arena *arena, const char *uri, bool *there, struct error *err)
{
    const char *repository, *digest, *tag;
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;

    *there = true;
    if (!release_image_parts(arena, uri, &repository, &digest, &tag))
        return 0;

    json_t *id = object(key("imageDigest", digest), key("imageTag", tag));
    json_t *in = object(key("repositoryName", repository), key("imageIds", array(id)));
    int rc = engine_call(c, &aws_ecr_DescribeImages, in, &reply, &local);

    *there = rc == 0;
    if (rc == 0 || is_missing(&local))
        return 0;
    error_move(err, &local);
    return error_wrap(err, "looking for image %s", uri);
}

int release_images_check(
    struct engine_context *c, struct arena *arena, const json_t *record, struct error *err)
{
    cleanup_str struct str gone = STR_INIT;
    size_t i;
    json_t *service;

    json_array_foreach(json_object_get(record, "services"), i, service) {
        const char *uri = json_str(service, "image");
        bool there = true;

        if (!uri || !json_bool_or(service, "built", false))
            continue;
        int rc = look(c, arena, uri, &there, err);
        if (rc < 0)
            return rc;
        if (!there)
            str_appendf(&gone, "%s%s", gone.len ? ", " : "", json_str_or(service, "service", "?"));
    }

    if (!gone.len)
        return 0;
    error_raise(
        err,
        ERR_REFUSED,
        "release %lld cannot run again: the image of %s is not in ECR any more",
        json_int_or(record, "number", 0),
        str_get(&gone));
    error_hint(
        err,
        "`defangctl history` lists other releases; or check its source out and `defangctl up`");
    return error_kind_errno(ERR_REFUSED);
}
