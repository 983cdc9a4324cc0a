/* What an image is built from comes into S3: packed, and uploaded when it is not there yet.
 *
 * The key of the archive is written into the journal as soon as it is in S3. A later life of the
 * job takes that and does not look at the folder again, which may have changed since. Builds that
 * are made from the same have the same key: one of them is packed, the others take it over, each in
 * a journal entry of its own. A repository is cloned by the builder: nothing is packed.
 *
 * What people want to know of a context is said here, once, when it is packed: that it is large,
 * that something in it cannot go along, that it holds a file of secrets. */
#include "daemon/jobs/images.h"

#include "daemon/context.h"

#include "base/env.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/build/upload.h"
#include "pack/pack.h"

#include <errno.h>
#include <string.h>

#define ORDER       10
#define PROGRESS_MS 2000

/* DEFANG_BUILD_CONTEXT_LIMIT of the shell that started the job; 0 is the usual limit. */
static uint64_t context_limit(struct job *j)
{
    uint64_t bytes = 0;
    const char *given = env_get_nonempty(j->session->env, "DEFANG_BUILD_CONTEXT_LIMIT");

    if (given && pack_parse_limit(given, &bytes) < 0)
        engine_note(
            &j->context,
            ENGINE_SAY_WARNING,
            "write it like 200MiB",
            "DEFANG_BUILD_CONTEXT_LIMIT=%s is no size; the limit is %zu MiB",
            given,
            LIMIT_PACK_BYTES >> 20);

    return bytes;
}

/* More often than not a large context is a .dockerignore that is missing: said before it is sent.
 */
static void warn_if_large(struct job *j, const struct plan_build *b, const struct pack_result *r)
{
    if (r->files <= LIMIT_PACK_WARN_FILES && r->archive_bytes <= LIMIT_PACK_WARN_BYTES)
        return;
    engine_note(
        &j->context,
        ENGINE_SAY_WARNING,
        "list what the image does not need in a .dockerignore",
        "service %s: the build context has %zu files and %.1f MiB packed",
        b->service,
        r->files,
        (double)r->archive_bytes / (1 << 20));
}

/* As Docker does it, which does not say so: a program that needs one will miss it. */
static void tell_left_out(struct job *j, const struct plan_build *b, const struct pack_result *r)
{
    if (r->left_out.count)
        engine_note(
            &j->context,
            ENGINE_SAY_NOTE,
            NULL,
            "service %s: the build context has no room for %s: left out",
            b->service,
            r->left_out.names);
}

/* Of the build's Dockerfile; malloc'd, NULL when it cannot be read. */
static char *dockerfile_of(const struct plan_build *b)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_free char *inside = path_absolute(b->context, b->dockerfile);
    const char *path = b->dockerfile_path ? b->dockerfile_path : inside;

    if (b->dockerfile_text)
        return xstrdup(b->dockerfile_text);
    return file_read(path, LIMIT_DOCKERFILE_BYTES, &text, NULL) == 0 ? str_take(&text) : NULL;
}

/* A file of secrets that no instruction names goes along with `COPY . .` before anybody notices. */
static void warn_of_secrets(struct job *j, const struct plan_build *b, const struct pack_result *r)
{
    cleanup_free char *dockerfile = r->secret_count ? dockerfile_of(b) : NULL;
    cleanup_str struct str names = STR_INIT;
    size_t n = 0;

    for (size_t i = 0; dockerfile && i < r->secret_count; i++)
        if (!strstr(dockerfile, path_basename(r->secrets[i])))
            str_appendf(&names, "%s%s", n++ ? ", " : "", r->secrets[i]);
    if (n)
        engine_note(
            &j->context,
            ENGINE_SAY_WARNING,
            "name it in .dockerignore, or in the Dockerfile if the image needs it; what only a RUN "
            "needs is a secret of the build (build.secrets)",
            "service %s: %s %s in the build context, and so in the image if the Dockerfile copies "
            "%s folder",
            b->service,
            str_get(&names),
            n == 1 ? "is" : "are",
            n == 1 ? "its" : "their");
}

struct packing {
    struct job *job;
    const struct plan_build *build;
    const char *row;
    atomic_ullong bytes; /* read so far */
};

/* Beside the packing, until it is canceled: a large context takes a while. */
static int show_progress(void *arg, struct error *err)
{
    struct packing *p = arg;

    while (fiber_sleep(PROGRESS_MS) == 0) {
        double mib = (double)atomic_load(&p->bytes) / (1 << 20);

        job_step(
            p->job, p->row, ENGINE_ACTIVE, ORDER, "packing %s: %.0f MiB", p->build->context, mib);
    }
    return 0;
}

static int pack(
    struct job *j,
    const struct plan_build *b,
    const char *row,
    struct pack_result *result,
    int *fd,
    struct error *err)
{
    struct packing p = {.job = j, .build = b, .row = row};
    struct fiber_group *beside = fiber_group_new(j->daemon->loop, 0);

    fiber_group_spawn(beside, "progress", show_progress, &p);
    int rc = context_pack(j->daemon, b, context_limit(j), &p.bytes, result, fd, err);
    fiber_group_cancel(beside);
    (void)fiber_group_wait(beside, NULL);
    fiber_group_free(beside);
    return rc;
}

/* The archive has no name: nothing is left behind by a kill. */
static int pack_and_upload(
    struct job *j, struct plan_build *b, const char *row, bool *uploaded, struct error *err)
{
    cleanup_fd int fd = -1;
    cleanup_pack_result struct pack_result result = {0};

    job_step(j, row, ENGINE_ACTIVE, ORDER, "packing %s", b->context);

    int rc = pack(j, b, row, &result, &fd, err);
    if (rc < 0)
        return rc;

    warn_if_large(j, b, &result);
    tell_left_out(j, b, &result);
    warn_of_secrets(j, b, &result);
    b->storage_gib = image_storage(j, b, result.content_bytes);
    b->object_key = arena_strdup(j->arena, result.object_name);

    cleanup_free char *path = xasprintf("/proc/self/fd/%d", fd);
    struct flow_archive archive = {
        .path = path, .object_key = b->object_key, .size = result.archive_bytes};

    return flow_upload(&j->context, row, &archive, uploaded, err);
}

/* What was found of the files when they were packed: they may have changed since. */
static int keep_storage(struct job *j, const struct plan_build *b, struct error *err)
{
    cleanup_free char *key = xasprintf("storage.%s", b->service);
    cleanup_free char *text = xasprintf("%u", b->storage_gib);

    return j->journal.put(j->journal.arg, key, text, err);
}

static int recall_storage(struct job *j, struct plan_build *b, struct error *err)
{
    cleanup_free char *key = xasprintf("storage.%s", b->service);
    cleanup_free char *text = NULL;
    long long gib = 0;
    int rc = j->journal.get(j->journal.arg, key, &text, err);

    if (rc == 0 && text && text_parse_int(text, 0, 200, &gib) == 0)
        b->storage_gib = (unsigned)gib;
    return rc;
}

/* The frozen input of a build is its archive: once it is in S3, a later life of the daemon does not
 * look at the folder again. */
int images_pack(struct job *j, struct plan_build *b, const char *row, struct error *err)
{
    cleanup_free char *key = xasprintf("pack.%s", b->service);
    cleanup_free char *known = NULL;
    bool uploaded = false;

    if (b->git) /* the builder clones it */
        return 0;

    int rc = j->journal.get(j->journal.arg, key, &known, err);
    if (rc < 0)
        return rc;

    if (known) {
        b->object_key = arena_strdup(j->arena, known);
        return recall_storage(j, b, err);
    }

    rc = pack_and_upload(j, b, row, &uploaded, err);
    if (rc == 0)
        rc = keep_storage(j, b, err);
    if (rc == 0)
        rc = j->journal.put(j->journal.arg, key, b->object_key, err);
    if (rc == 0)
        j->uploads += uploaded;
    else if (rc == -ECANCELED)
        job_step(j, row, ENGINE_CANCELED, ORDER, "canceled");
    else
        job_step(j, row, ENGINE_FAILED, ORDER, "could not be packed and uploaded");

    return rc;
}

int images_pack_same(
    struct job *j, struct plan_build *b, const struct plan_build *of, struct error *err)
{
    cleanup_free char *key = xasprintf("pack.%s", b->service);
    cleanup_free char *known = NULL;
    int rc = j->journal.get(j->journal.arg, key, &known, err);
    if (rc < 0)
        return rc;

    b->object_key = known ? arena_strdup(j->arena, known) : of->object_key;
    b->storage_gib = of->storage_gib;
    return known ? 0 : j->journal.put(j->journal.arg, key, b->object_key, err);
}

/* ---- which of them ---- */

static bool is_named(const json_t *names, const char *service)
{
    size_t i;
    json_t *name;

    json_array_foreach(names, i, name) {
        if (text_eq(json_string_value(name), service))
            return true;
    }
    return json_array_size(names) == 0;
}

/* One that is named is made from the image of this one. */
static bool is_context(const struct images *im, const json_t *names, const struct plan_build *of)
{
    for (size_t i = 0; i < im->count; i++) {
        const struct plan_build *b = &im->builds[i];

        for (size_t k = 0; k < b->context_count && is_named(names, b->service); k++)
            if (text_eq(b->contexts[k].service, of->service))
                return true;
    }
    return false;
}

/* `build SERVICE…`: of these alone, and of what they are made from. `--no-cache`: without the
 * layers that are kept. */
void images_as_asked(struct images *im, const struct plan_request *r)
{
    const json_t *names = json_object_get(im->job->inputs, "services");
    size_t kept = 0;

    for (size_t i = 0; i < im->count; i++)
        if (is_named(names, im->builds[i].service) || is_context(im, names, &im->builds[i]))
            im->builds[kept++] = im->builds[i];
    im->count = kept;
    for (size_t i = 0; i < kept; i++)
        im->builds[i].all_count = kept;

    for (size_t i = 0; i < kept && json_bool_or(im->job->inputs, "no_cache", false); i++)
        ((struct compose_service *)compose_service_get(r->project, im->builds[i].service))
            ->build.no_cache = true;
}
