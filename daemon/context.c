/* A build context, packed, with what stands beside it (plan/build.h). The archive lies in the state
 * folder while it is written, not in /tmp, which may be memory and other people's. */
#include "daemon/context.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>

/* The Dockerfile that stands beside the context in the archive, and what goes with it: rules that
 * leave nothing out, because all that is packed is meant to be there. */
static int
beside(const struct plan_build *b, struct pack_extra extras[2], char **text, struct error *err)
{
    cleanup_str struct str file = STR_INIT;
    const char *plain = b->dockerfile_text;

    if (b->dockerfile_path) {
        int rc = file_read(b->dockerfile_path, LIMIT_DOCKERFILE_BYTES, &file, err);
        if (rc == -ENOENT) {
            error_hint(err, "Set build.dockerfile to its place, relative to build.context.");
            return rc;
        }
        if (rc < 0)
            return rc;
        plain = str_get(&file);
    }

    *text = plan_dockerfile_with_contexts(plain, b->contexts, b->context_count);
    extras[0] =
        (struct pack_extra){.name = PLAN_BUILD_DOCKERFILE, .data = *text, .n = strlen(*text)};
    extras[1] =
        (struct pack_extra){.name = PLAN_BUILD_DOCKERFILE ".dockerignore", .data = "", .n = 0};
    return 0;
}

/* The folders among the additional contexts; arena is a pool of one call. */
static size_t roots_of(struct arena *arena, const struct plan_build *b, struct pack_root **out)
{
    size_t n = 0;

    *out = arena_array(arena, struct pack_root, b->context_count + 1);
    for (size_t i = 0; i < b->context_count; i++)
        if (b->contexts[i].folder)
            (*out)[n++] = (struct pack_root){
                .name = arena_printf(arena, PLAN_BUILD_CONTEXTS "/%zu", i),
                .folder = b->contexts[i].folder};
    return n;
}

int context_pack(
    struct daemon *d,
    const struct plan_build *b,
    uint64_t limit_bytes,
    atomic_ullong *progress_bytes,
    struct pack_result *result,
    int *fd,
    struct error *err)
{
    cleanup_arena struct arena *arena = arena_new();
    cleanup_free char *tmp = path_join(d->state_folder, "tmp");
    cleanup_free char *text = NULL;
    cleanup_free char *rules = xasprintf("%s.dockerignore", b->dockerfile_path);
    struct pack_extra extras[2];
    struct pack_root *roots;
    struct pack_options options = {
        .context = b->context,
        .dockerfile = b->dockerfile,
        .limit_bytes = limit_bytes,
        .progress_bytes = progress_bytes};
    int rc = file_mkdirs(tmp, 0700, err);

    if (rc == 0 && b->beside) {
        rc = beside(b, extras, &text, err);
        options.prefix = PLAN_BUILD_CONTEXT;
        options.dockerfile = PLAN_BUILD_DOCKERFILE;
        options.extras = extras;
        options.extras_len = ARRAY_LEN(extras);
        options.roots_len = roots_of(arena, b, &roots);
        options.roots = roots;
        options.ignore_file = b->dockerfile_path ? rules : NULL;
    }
    if (rc == 0)
        rc = pack_run(d->loop, &options, tmp, result, fd, err);

    return rc < 0 ? error_wrap(err, "packing the build context of service %s", b->service) : 0;
}
