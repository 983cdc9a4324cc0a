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
 * Services whose image is the same share one: its context is packed once, it is built once, by the
 * first of them, and then has the tags of all (plan_builds_share).
 *
 * Packing is disk and CPU of this machine: PACK_PARALLEL at a time. Building happens in the
 * account, all images side by side, once the place for it is there (on a first deployment it comes
 * up meanwhile).
 *
 * Engines that build by themselves get names instead of images: a tag stands for each. */
#include "daemon/jobs/images.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/build/build.h"
#include "engine/build/keep.h"
#include "engine/build/log.h"
#include "engine/build/place.h"
#include "engine/call.h"
#include "engine/context.h"
#include "engine/release/release.h"
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

/* That this deployment has built it, and all that belongs to it is done. */
static char *forced_key(const struct plan_build *b)
{
    return xasprintf("forced.%s", b->service);
}

/* An image that is there counts as missing until this deployment has built it, where it is to be
 * built anew (`up --build`), or where an earlier life of this deployment began to: its task is
 * followed to its end, so that its log is told and kept. */
static int forget_if_unfinished(struct image_job *w, struct error *err)
{
    struct job *j = w->im->job;
    const struct plan_build *b = &w->im->builds[w->index];
    cleanup_free char *key = forced_key(b);
    cleanup_free char *done = NULL;
    bool begun = false;
    int rc = flow_image_begun(&j->context, b, &begun, err);

    if (rc == 0 && !begun && !json_bool_or(j->inputs, "force", false))
        return 0;
    if (rc == 0)
        rc = j->journal.get(j->journal.arg, key, &done, err);
    if (rc == 0 && done && w->im->built[w->index]) {
        w->im->own[w->index] = true;
        j->images_built++;
    } else if (rc == 0 && !done) {
        free(w->im->built[w->index]);
        w->im->built[w->index] = NULL;
    }

    return rc;
}

/* ---- images that are the same ---- */

/* The first build that is packed from the same; itself when there is none before it. */
static size_t packed_by(const struct images *im, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(im->builds[k].source, im->builds[i].source) == 0)
            return k;
    return i;
}

/* The build that this one shares its image with; itself when with none before it. */
static size_t built_by(const struct images *im, size_t i)
{
    const struct plan_build *same_as = im->builds[i].same_as;

    return same_as ? (size_t)(same_as - im->builds) : i;
}

/* Its own tag for an image that another service's build has made: so it is found under it when that
 * service is gone or changed, and counted for this service. That it cannot be put costs a build
 * some day. */
static int put_own_tag(void *arg, struct error *err)
{
    struct image_job *w = arg;
    struct images *im = w->im;
    const struct plan_build *b = &im->builds[w->index];
    cleanup_error struct error ignored = ERROR_INIT;
    const char *uri = im->built[built_by(im, w->index)];
    const char *at = uri ? strchr(uri, '@') : NULL;
    struct keep_image image = {
        .service = b->service, .repository = b->repository, .digest = at ? at + 1 : NULL};

    if (!at)
        return 0;
    int rc = keep_put(&im->job->context, &image, b->tag, &ignored);
    return rc == -ECANCELED ? error_raise(err, ERR_CANCELED, "canceled") : 0;
}

/* One that is there under the tag of any of them is there for all. Those that lack a tag get it. */
static int share(struct images *im, struct error *err)
{
    struct fiber_group *g = fiber_group_new(im->job->daemon->loop, 0);
    struct image_job *work = xcalloc(im->count + 1, sizeof *work);

    for (size_t i = 0; i < im->count; i++) {
        size_t first = built_by(im, i);
        if (im->built[i] && !im->built[first])
            im->built[first] = xstrdup(im->built[i]);
    }

    for (size_t i = 0; i < im->count; i++) {
        size_t first = built_by(im, i);
        bool differs = im->built[first] && !text_eq(im->built[first], im->built[i]);

        if (first == i || !differs)
            continue;
        free(im->built[i]);
        im->built[i] = xstrdup(im->built[first]);
        work[i] = (struct image_job){.im = im, .index = i};
        if (!im->job->engine->builds_images)
            fiber_group_spawn(g, "tag", put_own_tag, &work[i]);
    }

    int rc = fiber_group_wait(g, err);
    fiber_group_free(g);
    free(work);
    return rc;
}

/* Of those that share one: what the row says while, or after, the first is built. */
static void tell_shared(const struct images *im, bool failed)
{
    for (size_t i = 0; i < im->count; i++) {
        const struct plan_build *b = &im->builds[i];
        cleanup_free char *row = row_id(b);
        enum engine_row_state state = im->built[i] ? ENGINE_DONE
                                      : failed     ? ENGINE_CANCELED
                                                   : ENGINE_WAITING;

        if (!b->same_as)
            continue;
        job_step(
            im->job,
            row,
            state,
            ORDER,
            failed && !im->built[i] ? "image: not there, that of %s could not be built"
                                    : "image: the same as that of %s",
            b->same_as->service);
    }
}

/* ---- what is there ---- */

static int pack_one(void *arg, struct error *err)
{
    struct image_job *w = arg;
    struct plan_build *b = &w->im->builds[w->index];
    cleanup_free char *row = row_id(b);

    if (packed_by(w->im, w->index) != w->index)
        return 0;
    return images_pack(w->im->job, b, row, err);
}

/* All contexts are packed: those that are the same as another are too. */
static int finish_all(struct images *im, struct error *err)
{
    struct job *j = im->job;
    int rc = 0;

    for (size_t i = 0; i < im->count && rc == 0; i++)
        if (packed_by(im, i) != i)
            rc = images_pack_same(j, &im->builds[i], &im->builds[packed_by(im, i)], err);
    for (size_t i = 0; i < im->count && rc == 0; i++)
        plan_build_finish(j->arena, im->request, &im->builds[i]);
    if (rc == 0)
        plan_builds_share(im->builds, im->count);
    return rc;
}

static int look_up(void *arg, struct error *err)
{
    struct image_job *w = arg;
    struct plan_build *b = &w->im->builds[w->index];
    int rc = flow_image_lookup(&w->im->job->context, b, &w->im->built[w->index], err);

    if (rc == 0)
        rc = forget_if_unfinished(w, err);
    if (rc == 0 && w->im->built[w->index] && !w->im->job->engine->builds_images)
        build_log_resume(&w->im->job->context, b);
    return rc;
}

static void tell_found(const struct images *im)
{
    for (size_t i = 0; i < im->count; i++) {
        cleanup_free char *row = row_id(&im->builds[i]);
        const char *at = im->built[i] ? strchr(im->built[i], '@') : NULL;

        if (at && im->own[i]) /* by an earlier life of this deployment */
            job_step(im->job, row, ENGINE_DONE, ORDER, "image: %.19s…  built", at + 1);
        else if (at)
            job_step(im->job, row, ENGINE_SKIPPED, ORDER, "image: %.19s…  already built", at + 1);
        else if (!im->builds[i].same_as)
            job_step(im->job, row, ENGINE_WAITING, ORDER, "image: waits for the place to build");
        else
            job_step(
                im->job,
                row,
                im->job->engine->builds_images ? ENGINE_SKIPPED : ENGINE_WAITING,
                ORDER,
                "image: the same as that of %s",
                im->builds[i].same_as->service);
    }
}

/* `fn` for every image, or for those of this step that are to be built, `parallel` at a time (0:
 * all at once). The first error cancels the rest. */
static int for_each(
    struct images *im,
    const char *name,
    unsigned parallel,
    int step,
    int (*fn)(void *arg, struct error *err),
    struct engine_failure *failure,
    const struct flow_build_place *place,
    struct error *err)
{
    struct fiber_group *g = fiber_group_new(im->job->daemon->loop, parallel);
    struct image_job *work = xcalloc(im->count + 1, sizeof *work);

    for (size_t i = 0; i < im->count; i++) {
        work[i] = (struct image_job){.im = im, .index = i, .failure = failure, .place = place};
        bool to_build = !im->built[i] && !im->builds[i].same_as && (int)im->builds[i].step == step;

        if (step < 0 || to_build)
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

/* A release that is deployed again: its images are those that it had. */
static int take_released(struct images *im, struct job *j)
{
    const json_t *list = j->project.released;
    size_t i, n = json_array_size(list);
    json_t *one;

    im->builds = arena_array(j->arena, struct plan_build, n + 1);
    im->built = xcalloc(n + 1, sizeof *im->built);
    im->uris = xcalloc(n + 1, sizeof *im->uris);
    im->own = xcalloc(n + 1, sizeof *im->own);
    json_array_foreach(list, i, one) {
        const char *uri = json_str(one, "image");
        struct plan_build b = {.service = json_str(one, "service")};
        const char *digest;

        if (!uri || !b.service || !json_bool_or(one, "built", false) ||
            !release_image_parts(j->arena, uri, &b.repository, &digest, &b.tag))
            continue;
        im->builds[im->count] = b;
        im->built[im->count++] = xstrdup(uri);
    }
    tell_found(im);
    collect(im);
    return 0;
}

/* Packing, uploading and looking up, image by image; afterwards it is known what is missing. */
int images_prepare(
    struct images *im, struct job *j, const struct plan_request *r, struct error *err)
{
    *im = (struct images){.job = j, .request = r};
    if (j->project.released)
        return take_released(im, j);

    int rc = plan_builds(j->arena, r, &im->builds, &im->count, err);
    if (rc < 0)
        return rc;

    images_as_asked(im, r);
    im->built = xcalloc(im->count + 1, sizeof *im->built);
    im->own = xcalloc(im->count + 1, sizeof *im->own);
    im->uris = xcalloc(im->count + 1, sizeof *im->uris);
    rc = for_each(im, "pack", PACK_PARALLEL, -1, pack_one, NULL, NULL, err);
    if (rc == 0)
        rc = finish_all(im, err);
    if (rc == 0)
        rc = for_each(im, "look", 0, -1, look_up, NULL, NULL, err);
    if (rc == 0)
        rc = share(im, err);
    if (rc == 0)
        tell_found(im);
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

static int last_step(const struct images *im)
{
    unsigned last = 0;

    for (size_t i = 0; i < im->count; i++)
        last = MAX(last, im->builds[i].step);
    return (int)last;
}

int images_build(struct images *im, struct engine_failure *failure, struct error *err)
{
    struct flow_build_place place = {0};
    int rc = wait_for_place(im, &place, err);

    /* An image that others are made from is there before them. */
    for (int step = 0; rc == 0 && step <= last_step(im); step++)
        rc = for_each(im, "build", 0, step, build_one, failure, &place, err);
    flow_build_place_done(&place);
    if (rc == 0)
        rc = share(im, err);
    tell_shared(im, rc < 0);
    collect(im);

    return rc;
}

void images_done(struct images *im)
{
    for (size_t i = 0; im->built && i < im->count; i++)
        free(im->built[i]);
    free(im->built);
    free(im->own);
    free(im->uris);
}
