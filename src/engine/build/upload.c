/* An archive is uploaded once: its name is its digest, so that an object of that name and size is
 * the same. The bucket keeps it for a month; one that is old is sent again. What S3 knows of an
 * unfinished upload (its id) is in the journal before the first part, and a later life of the job
 * sends only the parts that are missing. Troubles that pass are waited out in the middle of it;
 * each part that arrives starts the patience anew. */
#include "engine/build/upload.h"

#include "aws/s3/s3.h"
#include "base/clock.h"
#include "base/mem.h"
#include "engine/call.h"
#include "loop/fiber.h"

#include <errno.h>

#define UPLOAD_ORDER 10

struct upload {
    struct engine_context *c;
    const struct flow_archive *a;
    const char *row_id;
    const char *journal_key; /* of the upload's id */
    unsigned shown_percent;
    struct engine_patience patience;
};

/* Before the first part: an upload whose id is lost lies in the bucket, unfinished and paid for. */
static int remember(void *arg, const char *upload_id, struct error *err)
{
    struct upload *u = arg;

    int rc = engine_journal_put(u->c, u->journal_key, upload_id, err);
    return rc < 0 ? rc : engine_journal_flush(u->c, err);
}

/* Every five percent: a row that changes with each part is noise in a log. */
static void progress(void *arg, uint64_t done)
{
    struct upload *u = arg;
    u->patience = (struct engine_patience){0};
    unsigned percent = u->a->size ? (unsigned)(done * 100 / u->a->size) : 100;
    if (percent < u->shown_percent + 5 && percent != 100)
        return;

    u->shown_percent = percent;
    engine_row(
        u->c,
        ENGINE_ROW_IMAGE,
        u->row_id,
        ENGINE_ACTIVE,
        UPLOAD_ORDER,
        NULL,
        "uploading %.1f MiB: %u %%",
        (double)u->a->size / (1 << 20),
        percent);
}

static bool try_again(void *arg, int rc, struct error *err)
{
    struct upload *u = arg;
    return engine_again(u->c, &u->patience, rc, err);
}

static int upload_once(struct upload *u, struct error *err)
{
    cleanup_free char *resume = NULL;

    int rc = engine_journal_get(u->c, u->journal_key, &resume, err);
    if (rc < 0)
        return rc;

    struct s3_upload s3 = {
        .bucket = u->c->facts->bucket,
        .key = u->a->object_key,
        .content_type = "application/gzip",
        .path = u->a->path,
        .size = u->a->size,
        .upload_id = resume,
        .on_upload_id = remember,
        .on_progress = progress,
        .again = try_again,
        .arg = u,
    };
    return s3_upload_file(u->c->aws, &s3, err);
}

/* Not one that its bucket may take away before the builder has read it. */
static bool is_fresh(const struct s3_object *found)
{
    const int64_t day_ms = 24 * 3600 * (int64_t)1000;

    return !found->modified_ms ||
           clock_wall_ms() - found->modified_ms < PLAN_UPLOAD_FRESH_DAYS * day_ms;
}

static int
is_there(struct engine_context *c, const struct flow_archive *a, bool *there, struct error *err)
{
    struct engine_patience patience = {0};
    struct error own = ERROR_INIT;
    struct s3_object found = {0};
    int rc;

    do
        rc = s3_head(c->aws, c->facts->bucket, a->object_key, &found, &own);
    while (engine_again(c, &patience, rc, &own));
    *there = rc == 0 && found.exists && found.size == a->size && is_fresh(&found);
    s3_object_done(&found);

    if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    return rc < 0 ? error_wrap(err, "looking for s3://%s/%s", c->facts->bucket, a->object_key) : 0;
}

/* Nobody goes on with it: a job that was canceled, not one whose daemon goes down. Best effort, the
 * bucket's rule takes it away after a week. */
static void give_up(struct upload *u)
{
    cleanup_free char *id = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    fiber_shield(true);
    if (engine_journal_get(u->c, u->journal_key, &id, &ignored) == 0 && id &&
        s3_upload_abort(u->c->aws, u->c->facts->bucket, u->a->object_key, id, &ignored) == 0)
        engine_journal_put(u->c, u->journal_key, NULL, &ignored);
    fiber_shield(false);
}

int flow_upload(
    struct engine_context *c,
    const char *row_id,
    const struct flow_archive *a,
    bool *uploaded,
    struct error *err)
{
    bool there = false;
    *uploaded = false;

    int rc = is_there(c, a, &there, err);
    if (rc < 0 || there)
        return rc;

    cleanup_free char *journal_key = xasprintf("upload.%s", a->object_key);
    struct upload u = {.c = c, .a = a, .row_id = row_id, .journal_key = journal_key};

    engine_row(
        c,
        ENGINE_ROW_IMAGE,
        row_id,
        ENGINE_ACTIVE,
        UPLOAD_ORDER,
        NULL,
        "uploading %.1f MiB",
        (double)a->size / (1 << 20));
    rc = upload_once(&u, err);
    if (rc == 0)
        rc = engine_journal_put(c, journal_key, NULL, err);
    if (rc == -ECANCELED && !engine_detaching(c))
        give_up(&u);
    *uploaded = rc == 0;
    return rc < 0 ? error_wrap(err, "uploading %s to s3://%s", a->object_key, c->facts->bucket) : 0;
}
