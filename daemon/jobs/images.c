/* The images of one deployment: pack each context, upload what S3 lacks, find what ECR has, build
 * the rest.
 *
 * Names come from content: a context packs to the same archive with the same digest on every
 * machine, the archive's name in S3 is that digest, and the image's tag is made of everything that
 * goes into it. So every step asks first whether its result is there, and nothing is packed, sent
 * or built twice, also after a crash. The archive's name is written into the journal as soon as it
 * is in S3: a later life of the daemon does not look at the folder again, which may have changed
 * since.
 *
 * Packing is disk and CPU of this machine: PACK_PARALLEL at a time. Building happens in the
 * account, all images side by side, once the place for it is there (on a first deployment it comes
 * up meanwhile).
 *
 * Engines that build by themselves get names instead of images: a tag stands for each. */
#include "daemon/jobs/images.h"

#include "daemon/context.h"

#include "base/env.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/build/build.h"
#include "engine/build/place.h"
#include "engine/build/upload.h"
#include "engine/call.h"
#include "engine/context.h"
#include "pack/pack.h"
#include "plan/pulumi/pulumi.h"

#include <errno.h>
#include <string.h>

#define ORDER         10
#define PACK_PARALLEL 2
#define PLACE_WAIT_MS (30LL * 60 * 1000)

struct image_job {
    struct images *im;
    size_t index;
    struct engine_failure *failure;
    const struct flow_build_place *place;
};

static char *row_id(const struct plan_build *b)
{
    return xasprintf("image/%s", b->service);
}

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

/* The archive has no name: nothing is left behind by a kill. */
static int pack_and_upload(
    struct job *j, struct plan_build *b, const char *row, bool *uploaded, struct error *err)
{
    cleanup_fd int fd = -1;
    cleanup_pack_result struct pack_result result = {0};

    job_step(j, row, ENGINE_ACTIVE, ORDER, "packing %s", b->context);

    int rc = context_pack(j->daemon, j->project.model, b, context_limit(j), &result, &fd, err);
    if (rc < 0)
        return rc;

    warn_if_large(j, b, &result);
    b->storage_gib = image_storage(j, b, result.content_bytes);
    b->object_key = arena_strdup(j->arena, result.object_name);

    cleanup_free char *path = xasprintf("/proc/self/fd/%d", fd);
    struct flow_archive archive = {
        .path = path, .object_key = b->object_key, .size = result.archive_bytes};

    return flow_upload(&j->context, row, &archive, uploaded, err);
}

/* That this deployment has built it, for `up --build`. */
static char *forced_key(const struct plan_build *b)
{
    return xasprintf("forced.%s", b->service);
}

/* `up --build`: an image that is there counts as missing, until this deployment has built it. */
static int forget_if_forced(struct image_job *w, struct error *err)
{
    struct job *j = w->im->job;
    cleanup_free char *key = forced_key(&w->im->builds[w->index]);
    cleanup_free char *done = NULL;

    if (!json_bool_or(j->inputs, "force", false))
        return 0;

    int rc = j->journal.get(j->journal.arg, key, &done, err);
    if (rc == 0 && !done) {
        free(w->im->built[w->index]);
        w->im->built[w->index] = NULL;
    }

    return rc;
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
static int have_archive(struct job *j, struct plan_build *b, const char *row, struct error *err)
{
    cleanup_free char *key = xasprintf("pack.%s", b->service);
    cleanup_free char *known = NULL;
    bool uploaded = false;
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

/* The archive is in S3, and it is known whether the image is in ECR. */
static int prepare_one(void *arg, struct error *err)
{
    struct image_job *w = arg;
    struct job *j = w->im->job;
    struct plan_build *b = &w->im->builds[w->index];
    char **built = &w->im->built[w->index];
    cleanup_free char *row = row_id(b);
    int rc = have_archive(j, b, row, err);
    if (rc < 0)
        return rc;

    plan_build_finish(j->arena, w->im->request, b);
    rc = flow_image_lookup(&j->context, b, built, err);
    if (rc == 0)
        rc = forget_if_forced(w, err);
    if (rc < 0)
        return rc;

    if (*built) {
        const char *digest = strchr(*built, '@') + 1;
        job_step(j, row, ENGINE_SKIPPED, ORDER, "image: %.19s…  already built", digest);
    } else {
        job_step(j, row, ENGINE_WAITING, ORDER, "image: waits for the place to build");
    }

    return 0;
}

/* `fn` for every image, or for those that are missing, `parallel` at a time (0: all at once).
 * The first error cancels the rest. */
static int for_each(
    struct images *im,
    const char *name,
    unsigned parallel,
    bool only_missing,
    int (*fn)(void *arg, struct error *err),
    struct engine_failure *failure,
    const struct flow_build_place *place,
    struct error *err)
{
    struct fiber_group *g = fiber_group_new(im->job->daemon->loop, parallel);
    struct image_job *work = xcalloc(im->count + 1, sizeof *work);

    for (size_t i = 0; i < im->count; i++) {
        work[i] = (struct image_job){.im = im, .index = i, .failure = failure, .place = place};
        if (!only_missing || !im->built[i])
            fiber_group_spawn(g, name, fn, &work[i]);
    }

    int rc = fiber_group_wait(g, err);
    fiber_group_free(g);
    free(work);

    return rc;
}

/* The engine builds: a tag stands for each image, which is made of everything that goes into it. */
static void name_by_tag(struct images *im)
{
    if (json_bool_or(im->job->inputs, "force", false))
        engine_note(
            &im->job->context,
            ENGINE_SAY_WARNING,
            "Change what goes into the image, or remove its tag in ECR.",
            "--build has no effect with engine %s: it builds an image only when its content is new",
            im->job->engine->name);

    for (size_t i = 0; i < im->count; i++) {
        free(im->built[i]);
        im->built[i] = plan_pulumi_image_uri(im->job->context.facts, &im->builds[i]);
    }

    im->job->context.builds = im->builds;
    im->job->context.build_count = im->count;
}

/* What the planner takes: only images that are there. */
static void collect(struct images *im)
{
    im->uri_count = 0;
    for (size_t i = 0; i < im->count; i++)
        if (im->built[i])
            im->uris[im->uri_count++] =
                (struct plan_image){.service = im->builds[i].service, .uri = im->built[i]};
}

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

/* `build SERVICE…`: of these alone. `--no-cache`: without the layers that are kept. */
static void as_asked(struct images *im, const struct plan_request *r)
{
    const json_t *names = json_object_get(im->job->inputs, "services");
    size_t kept = 0;

    for (size_t i = 0; i < im->count; i++)
        if (is_named(names, im->builds[i].service))
            im->builds[kept++] = im->builds[i];
    im->count = kept;

    for (size_t i = 0; i < kept && json_bool_or(im->job->inputs, "no_cache", false); i++)
        ((struct compose_service *)compose_service_get(r->project, im->builds[i].service))
            ->build.no_cache = true;
}

/* Packing, uploading and looking up, image by image; afterwards it is known what is missing. */
int images_prepare(
    struct images *im, struct job *j, const struct plan_request *r, struct error *err)
{
    *im = (struct images){.job = j, .request = r};

    int rc = plan_builds(j->arena, r, &im->builds, &im->count, err);
    if (rc < 0)
        return rc;

    as_asked(im, r);
    im->built = xcalloc(im->count + 1, sizeof *im->built);
    im->uris = xcalloc(im->count + 1, sizeof *im->uris);
    rc = for_each(im, "prepare", PACK_PARALLEL, false, prepare_one, NULL, NULL, err);
    if (rc == 0 && j->engine->builds_images)
        name_by_tag(im);
    collect(im);

    return rc;
}

bool images_missing(const struct images *im)
{
    return im->uri_count < im->count;
}

int images_place_ready(struct images *im, bool *ready, struct error *err)
{
    struct flow_build_place place;
    int rc = flow_build_place(&im->job->context, &place, ready, err);

    flow_build_place_done(&place);
    return rc;
}

/* On a first deployment the foundation brings it, beside us. It is asked for, not told: this
 * life may not be the one that began the foundation. */
static int wait_for_place(struct images *im, struct flow_build_place *place, struct error *err)
{
    struct job *j = im->job;
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(j->daemon->loop) + PLACE_WAIT_MS;

    for (;;) {
        bool ready = false;
        int rc = flow_build_place(&j->context, place, &ready, err);
        if (rc < 0 || ready)
            return rc;

        if (loop_now_ms(j->daemon->loop) > deadline)
            return error_raise(
                err,
                ERR_TIMEOUT,
                "the network and the repositories for the builds were not there after 30 minutes");

        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

static int build_one(void *arg, struct error *err)
{
    struct image_job *w = arg;
    struct job *j = w->im->job;
    struct plan_build *b = &w->im->builds[w->index];
    struct engine_failure failure = {0};
    cleanup_free char *key = forced_key(b);
    int rc = flow_image_build(&j->context, b, w->place, &w->im->built[w->index], &failure, err);

    if (rc == 0) {
        j->images_built++;
        rc = j->journal.put(j->journal.arg, key, "1", err);
    }

    if (rc < 0 && failure.service)
        image_error_at(j, b, &failure, err);

    /* The first failure is the one that is told. */
    if (rc < 0 && failure.service && !w->failure->service)
        *w->failure = failure;
    else
        engine_failure_done(&failure);

    return rc;
}

int images_build(struct images *im, struct engine_failure *failure, struct error *err)
{
    struct flow_build_place place = {0};
    int rc = wait_for_place(im, &place, err);
    if (rc == 0)
        rc = for_each(im, "build", 0, true, build_one, failure, &place, err);
    flow_build_place_done(&place);
    collect(im);

    return rc;
}

void images_done(struct images *im)
{
    for (size_t i = 0; im->built && i < im->count; i++)
        free(im->built[i]);
    free(im->built);
    free(im->uris);
}
