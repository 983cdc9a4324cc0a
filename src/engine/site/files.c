/* Static files: the bucket of a service holds what its folder holds.
 *
 *   digests of the folder ─ the same as the manifest ─▶ nothing
 *      └─ differ ─▶ upload what changed ─▶ delete what is gone ─▶ CloudFront forgets ─▶ manifest
 *
 * What was uploaded last stands in a manifest in the account's bucket, by digest, and is written at
 * the end: a job that was killed in between does all of it again, which changes nothing twice. A
 * manifest of another bucket, or one that cannot be read, counts for nothing. A site that is new
 * has nothing in CloudFront's caches to forget. */
#include "engine/site/files.h"

#include "aws/model/operations.h"
#include "aws/s3/s3.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/site/folder.h"
#include "engine/site/types.h"
#include "loop/fiber.h"

#include <string.h>

#define ORDER           62
#define UPLOADS_AT_ONCE 8
#define KEYS_A_CALL     1000 /* DeleteObjects */
#define MANIFEST_BYTES  MIB(8)

struct site {
    struct engine_context *c;
    const struct plan_static *s;
    char *row, *bucket, *distribution, *manifest_key;
    json_t *now, *before; /* key → SHA-256 in hex; before: what the manifest says of this bucket */
    size_t uploaded, removed;
};

static void site_done(struct site *t)
{
    free(t->row);
    free(t->bucket);
    free(t->distribution);
    free(t->manifest_key);
    json_decref(t->now);
    json_decref(t->before);
}

/* ---- the manifest ---- */
static int read_manifest(struct site *t, struct error *err)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_json json_t *all = NULL;
    cleanup_error struct error local = ERROR_INIT;
    struct s3_object there = {0};
    t->before = json_object();
    struct engine_patience patience = {0};
    int rc;

    do
        rc = s3_head(t->c->aws, t->c->facts->bucket, t->manifest_key, &there, err);
    while (engine_again(t->c, &patience, rc, err));
    bool exists = there.exists;
    s3_object_done(&there);
    if (rc < 0 || !exists)
        return rc;

    do {
        str_clear(&text);
        rc = s3_get(t->c->aws, t->c->facts->bucket, t->manifest_key, MANIFEST_BYTES, &text, err);
    } while (engine_again(t->c, &patience, rc, err));
    if (rc < 0)
        return rc;

    /* Of another bucket, or unreadable: everything goes up anew. */
    if (json_parse(str_get(&text), text.len, &all, &local) == 0 &&
        text_eq(json_str(all, "bucket"), t->bucket) &&
        json_is_object(json_object_get(all, "files")))
        json_object_update(t->before, json_object_get(all, "files"));
    return 0;
}

static int write_manifest(struct site *t, struct error *err)
{
    cleanup_json json_t *all = object(key("bucket", t->bucket), key("files", json_incref(t->now)));
    cleanup_free char *text = json_print(all, false, true);
    struct engine_patience patience = {0};
    int rc;

    do
        rc = s3_put(
            t->c->aws,
            t->c->facts->bucket,
            t->manifest_key,
            "application/json",
            text,
            strlen(text),
            err);
    while (engine_again(t->c, &patience, rc, err));
    return rc;
}

/* ---- the bucket ---- */
struct upload {
    struct site *site;
    const char *key;
};

static int upload_one(void *arg, struct error *err)
{
    struct upload *u = arg;
    struct site *t = u->site;
    cleanup_free char *path = path_join(t->s->folder, u->key);
    cleanup_str struct str data = STR_INIT;
    struct engine_patience patience = {0};

    int rc = file_read(path, LIMIT_STATIC_FILE_BYTES, &data, err);
    if (rc < 0)
        return rc;

    do
        rc = s3_put_cached(
            t->c->aws,
            t->bucket,
            u->key,
            static_content_type(u->key),
            static_cache_control(u->key),
            data.data,
            data.len,
            err);
    while (engine_again(t->c, &patience, rc, err));
    if (rc == 0)
        t->uploaded++;
    return rc;
}

/* Several at once, each in a fiber. */
static int upload_changed(struct site *t, struct error *err)
{
    struct upload *uploads = xcalloc(json_object_size(t->now) + 1, sizeof *uploads);
    struct fiber_group *g = fiber_group_new(t->c->loop, UPLOADS_AT_ONCE);
    const char *key;
    json_t *sum;
    size_t n = 0;

    json_object_foreach(t->now, key, sum) {
        if (json_equal(sum, json_object_get(t->before, key)))
            continue;
        uploads[n] = (struct upload){t, key};
        fiber_group_spawn(g, "static", upload_one, &uploads[n++]);
    }

    if (n)
        engine_row(
            t->c, ENGINE_ROW_STEP, t->row, ENGINE_ACTIVE, ORDER, NULL, "uploading %zu files", n);
    int rc = fiber_group_wait(g, err);
    fiber_group_free(g);
    free(uploads);
    return rc;
}

static int delete_some(struct site *t, json_t *keys, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    size_t n = json_array_size(keys);
    json_t *request = object(key("Objects", keys), key("Quiet", true));
    json_t *in = object(key("Bucket", t->bucket), key("Delete", request));

    int rc = engine_call(t->c, &aws_s3_DeleteObjects, in, &reply, err);
    if (rc == 0 && json_array_size(json_at(reply, "Errors")))
        return error_raise(
            err,
            ERR_CLOUD,
            "%s: %s",
            json_str_or(reply, "Errors.0.Key", "a file"),
            json_str_or(reply, "Errors.0.Message", "not deleted"));

    t->removed += rc == 0 ? n : 0;
    return rc;
}

/* By what lies in the bucket, not by the manifest: files of other hands go too. */
static int delete_gone(struct site *t, struct error *err)
{
    cleanup_json json_t *there = NULL;
    json_t *in = object(key("Bucket", t->bucket));

    int rc = engine_call_all(t->c, &aws_s3_ListObjectsV2, in, &there, err);
    json_t *keys = json_array();
    size_t i;
    json_t *item;

    json_array_foreach(there, i, item) {
        const char *key = json_str(item, "Key");
        if (rc < 0 || !key || json_object_get(t->now, key))
            continue;
        json_push(keys, object(key("Key", key)));
        if (json_array_size(keys) == KEYS_A_CALL) {
            rc = delete_some(t, keys, err);
            keys = json_array();
        }
    }

    if (rc == 0 && json_array_size(keys))
        return delete_some(t, keys, err);

    json_decref(keys);
    return rc;
}

/* Everything, with one path: it counts as one, whatever it covers. The reference makes a repeated
 * call the same. */
static int forget_cached(struct site *t, struct error *err)
{
    cleanup_free char *reference = xasprintf("%s-%s", t->c->deployment, t->s->service);
    json_t *paths = object(key("Quantity", 1), key("Items", texts("/*")));
    json_t *batch = object(key("Paths", paths), key("CallerReference", reference));
    json_t *in = object(key("DistributionId", t->distribution), key("InvalidationBatch", batch));

    return engine_call(t->c, &aws_cloudfront_CreateInvalidation, in, NULL, err);
}

static int make_same(struct site *t, struct error *err)
{
    int rc = read_manifest(t, err);
    if (rc == 0 && json_equal(t->before, t->now))
        return 0;

    bool fresh = json_object_size(t->before) == 0;
    if (rc == 0)
        rc = upload_changed(t, err);
    if (rc == 0)
        rc = delete_gone(t, err);
    if (rc == 0 && !fresh)
        rc = forget_cached(t, err);
    return rc < 0 ? rc : write_manifest(t, err);
}

static char *physical(const json_t *resources, const char *logical_id)
{
    size_t i;
    json_t *r;

    json_array_foreach(resources, i, r) {
        if (text_eq(json_str(r, "LogicalResourceId"), logical_id))
            return xstrdup_null(json_str(r, "PhysicalResourceId"));
    }

    return NULL;
}

static int find_places(struct site *t, struct error *err)
{
    cleanup_free char *stack = plan_stack_name(t->c->settings, t->c->project);
    cleanup_json json_t *resources = NULL;
    json_t *in = object(key("StackName", stack));

    int rc = engine_call_all(t->c, &aws_cloudformation_ListStackResources, in, &resources, err);
    if (rc < 0)
        return rc;

    t->bucket = physical(resources, t->s->bucket_id);
    t->distribution = physical(resources, t->s->site_id);
    if (t->bucket && t->distribution)
        return 0;
    return error_raise(err, ERR_CLOUD, "the stack has no bucket and distribution for it");
}

static void tell_end(const struct site *t, int rc)
{
    cleanup_free char *what = NULL;
    enum engine_row_state state = engine_state_of(rc);

    if (rc < 0)
        what = xstrdup("the files are not all there");
    else
        what = xasprintf(
            "%zu files: %zu uploaded, %zu removed",
            json_object_size(t->now),
            t->uploaded,
            t->removed);
    if (rc == 0 && t->uploaded + t->removed == 0)
        state = ENGINE_SKIPPED;
    engine_row(t->c, ENGINE_ROW_STEP, t->row, state, ORDER, NULL, "%s", what);
}

static int
put_site(struct engine_context *c, const struct plan_static *s, size_t *changed, struct error *err)
{
    struct site t = {.c = c, .s = s};
    t.row = xasprintf("static/%s", s->service);
    t.manifest_key =
        xasprintf("projects/%s/%s/static-%s.json", c->project, c->settings->stack, s->service);

    engine_row(c, ENGINE_ROW_STEP, t.row, ENGINE_ACTIVE, ORDER, NULL, "reading %s", s->folder);
    int rc = folder_sums(c->loop, s->folder, &t.now, err);
    if (rc == 0)
        rc = find_places(&t, err);
    if (rc == 0)
        rc = make_same(&t, err);
    tell_end(&t, rc);
    *changed += t.uploaded + t.removed;
    site_done(&t);
    return rc < 0 ? error_wrap(err, "static files of service %s", s->service) : 0;
}

int flow_static_put(
    struct engine_context *c,
    const struct plan_static *list,
    size_t count,
    size_t *changed,
    struct error *err)
{
    int rc = 0;
    *changed = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = put_site(c, &list[i], changed, err);
    return rc;
}
