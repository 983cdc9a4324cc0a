/* A build context, packed. A context may be shared by services, but not its ignore file: so there
 * is one archive each, and equal ones have equal names. The archive lies in the state folder while
 * it is written, not in /tmp, which may be memory and other people's. */
#include "daemon/context.h"

#include "base/file.h"
#include "base/mem.h"

#include <string.h>

/* The text of `dockerfile_inline`; NULL when the file is in the context. */
static const char *inline_dockerfile(const struct compose_project *model, const char *service)
{
    const struct compose_service *s = compose_service_get(model, service);
    return s && s->has_build ? s->build.dockerfile_inline : NULL;
}

int context_pack(
    struct daemon *d,
    const struct compose_project *model,
    const struct plan_build *b,
    uint64_t limit_bytes,
    struct pack_result *result,
    int *fd,
    struct error *err)
{
    cleanup_free char *tmp = path_join(d->state_folder, "tmp");
    int rc = file_mkdirs(tmp, 0700, err);
    if (rc < 0)
        return rc;

    const char *text = inline_dockerfile(model, b->service);
    struct pack_extra inline_file = {
        .name = b->dockerfile, .data = text, .n = text ? strlen(text) : 0};
    struct pack_options options = {
        .context = b->context,
        .dockerfile = b->dockerfile,
        .limit_bytes = limit_bytes,
        .extras = text ? &inline_file : NULL,
        .extras_len = text ? 1 : 0};

    rc = pack_run(d->loop, &options, tmp, result, fd, err);

    return rc < 0 ? error_wrap(err, "packing the build context of service %s", b->service) : 0;
}
