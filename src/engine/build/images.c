/* Images that a deployment needs must not expire: neither the digest that runs when `--build` gives
 * its tag to another, nor that of the last good release while ten failed ones push it out.
 *
 *   build ─▶ hold (trying) ─▶ apply ─ succeeded ─▶ release; trials go, the oldest releases go
 *                               └─ failed ─▶ trials go, but for digests in what is deployed now
 *
 * The hold comes before the change, since a failure in the middle may leave the new image running.
 * A crash leaves a trial; the next deployment of the project settles it. An engine that builds
 * by itself (pulumi) has no digests before, and takes nothing back: its images are held when it has
 * ended, and its trials stay until a release.
 *
 * Nothing here fails a deployment: without the right to tag, people are told what may happen. */
#include "engine/build/images.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/build/keep.h"
#include "engine/engine.h"
#include "loop/fiber.h"

#include <string.h>

static struct keep_image image_of(const struct build_images *im, size_t i)
{
    const char *uri = im->uris[i];
    const char *at = uri ? strchr(uri, '@') : NULL;

    return (struct keep_image){
        .service = im->builds[i].service,
        .repository = im->builds[i].repository,
        .tag = im->builds[i].tag,
        .digest = at ? at + 1 : NULL};
}

static void warn(const struct build_images *im, const char *what, const struct error *err)
{
    engine_note(
        im->c,
        ENGINE_SAY_WARNING,
        "the rights that it needs are in `defangctl cd policy`",
        "%s: %s",
        what,
        err->message);
}

/* Each under the tag of this deployment; `released_ms` 0: while it is tried. */
static void put_all(const struct build_images *im, int64_t released_ms)
{
    cleanup_error struct error err = ERROR_INIT;
    const char *id = im->c->deployment;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < im->count; i++) {
        struct keep_image image = image_of(im, i);
        cleanup_free char *tag = released_ms ? keep_release_tag(released_ms, id, image.service)
                                             : keep_trying_tag(id, image.service);
        if (im->uris[i])
            rc = keep_put(im->c, &image, tag, &err);
    }

    if (rc < 0 && err.kind != ERR_CANCELED)
        warn(im, "the images of this deployment may expire while they run", &err);
}

static bool none_runs(void *arg, const char *digest)
{
    return false;
}

static bool is_deployed(void *arg, const char *digest)
{
    return *digest && strstr(arg, digest);
}

static void
prune(const struct build_images *im, bool (*runs)(void *arg, const char *digest), void *arg)
{
    cleanup_error struct error err = ERROR_INIT;

    if (keep_prune(im->c, im->builds[0].repository, runs, arg, &err) < 0 &&
        err.kind != ERR_CANCELED)
        warn(im, "tags of earlier images could not be removed", &err);
}

void images_hold(const struct build_images *im)
{
    if (im->count && !im->c->engine->builds_images)
        put_all(im, 0);
}

/* The moment is part of a tag's name: a life after a crash writes the same one. */
static int64_t released_ms(struct engine_context *c)
{
    cleanup_error struct error ignored = ERROR_INIT; /* then there is a tag more */
    cleanup_free char *text = NULL, *now = xasprintf("%lld", (long long)clock_wall_ms());
    long long ms = 0;

    engine_journal_get(c, "images.released", &text, &ignored);
    if (!text && engine_journal_put(c, "images.released", now, &ignored) == 0)
        engine_journal_flush(c, &ignored);
    text_parse_int(text ? text : now, 0, INT64_MAX, &ms);
    return ms;
}

void images_release(const struct build_images *im)
{
    if (im->count == 0)
        return;

    put_all(im, released_ms(im->c));
    if (!im->some)
        prune(im, none_runs, NULL);
}

/* What is deployed is asked now: after a roll back it is the old template, after a failure in the
 * middle perhaps the new one. Whoever cannot tell removes nothing. */
void images_let_go(const struct build_images *im)
{
    struct engine_context *c = im->c;
    struct engine_template now = {0};
    cleanup_error struct error ignored = ERROR_INIT;

    if (im->count == 0 || !im->uris || engine_detaching(c))
        return;

    fiber_shield(true);
    if (im->c->engine->builds_images) {
        put_all(im, 0);
    } else if (im->c->engine->deployed(c, &now, &ignored) == 0) {
        cleanup_free char *text = now.json ? json_print(now.json, false, false) : xstrdup("");
        prune(im, now.exists ? is_deployed : none_runs, text);
    }

    fiber_shield(false);
    engine_template_done(&now);
}
