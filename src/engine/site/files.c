/* Static files: the bucket of a service holds what its folder holds. What was uploaded last stands
 * in a manifest in the account's bucket, by digest: only what differs goes up, what is gone is
 * deleted, and CloudFront forgets what it has when anything changed. */
#include "engine/flow.h"

#include "aws/model/operations.h"
#include "aws/s3/s3.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/site/types.h"
#include "loop/fiber.h"
#include "loop/work.h"
#include "pack/pack.h"

#include <errno.h>
#include <string.h>

#define ORDER           62
#define UPLOADS_AT_ONCE 8
#define KEYS_A_CALL     1000
#define MANIFEST_BYTES  MIB(8)

struct site {
    struct engine_context *c;
    const struct plan_static *s;
    char *row, *bucket, *distribution, *manifest_key;
    struct pack_list list;
    json_t *now, *before; /* key → SHA-256 in hex; before: what the manifest says of this bucket */
    size_t uploaded, removed;
    int rc;
    struct error err;
};

static void site_done(struct site *t)
{
    free(t->row);
    free(t->bucket);
    free(t->distribution);
    free(t->manifest_key);
    pack_list_done(&t->list);
    json_decref(t->now);
    json_decref(t->before);
    error_done(&t->err);
}

/* ---- the folder; on the thread pool ---- */
static int hash_one(struct site *t, const struct pack_entry *e, struct error *err)
{
    cleanup_free char *path = path_join(t->s->folder, e->path);
    cleanup_str struct str data = STR_INIT;
    uint8_t sum[SHA256_BYTES];
    int rc = file_read(path, LIMIT_STATIC_FILE_BYTES, &data, err);
    if (rc < 0)
        return error_wrap(err, "reading %s", e->path);
    digest_sha256(data.data ? data.data : "", data.len, sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    json_object_set_new(t->now, e->path, json_string(hex));
    return 0;
}

static int scan(struct site *t, struct error *err)
{
    struct pack_options o = {.context = t->s->folder, .dockerfile_optional = true};
    int rc = pack_walk(&o, &t->list, err);
    if (rc < 0)
        return error_wrap(err, "reading folder %s", t->s->folder);
    if (t->list.files > LIMIT_STATIC_FILES || t->list.total_bytes > LIMIT_STATIC_BYTES)
        return error_raise(
            err,
            ERR_REFUSED,
            "folder %s has %zu files of %.0f MiB, static files are at most %u of %zu MiB together",
            t->s->folder,
            t->list.files,
            (double)t->list.total_bytes / (1 << 20),
            LIMIT_STATIC_FILES,
            LIMIT_STATIC_BYTES >> 20);
    for (size_t i = 0; i < t->list.len && rc == 0; i++)
        if (t->list.entries[i].kind == PACK_FILE)
            rc = hash_one(t, &t->list.entries[i], err);
    return rc;
}

static void scan_work(void *arg)
{
    struct site *t = arg;
    t->rc = scan(t, &t->err);
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
    cleanup_json json_t *all = json_pack("{s:s,s:O}", "bucket", t->bucket, "files", t->now);
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
    int rc = file_read(path, LIMIT_STATIC_FILE_BYTES, &data, err);
    struct engine_patience patience = {0};
    if (rc == 0)
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

static int upload_changed(struct site *t, struct error *err)
{
    struct upload *uploads = xcalloc(json_object_size(t->now) + 1, sizeof *uploads);
    struct fiber_group *g = fiber_group_new(t->c->loop, UPLOADS_AT_ONCE);
    const char *key;
    json_t *sum;
    size_t n = 0;
    json_object_foreach(t->now, key, sum)
    {
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
    int rc = engine_call(
        t->c,
        &aws_s3_DeleteObjects,
        json_pack("{s:s,s:{s:o,s:b}}", "Bucket", t->bucket, "Delete", "Objects", keys, "Quiet", 1),
        &reply,
        err);
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

static int delete_gone(struct site *t, struct error *err)
{
    cleanup_json json_t *there = NULL;
    int rc = engine_call_all(
        t->c, &aws_s3_ListObjectsV2, json_pack("{s:s}", "Bucket", t->bucket), &there, err);
    json_t *keys = json_array(), *item;
    size_t i;
    json_array_foreach(there, i, item)
    {
        const char *key = json_str(item, "Key");
        if (rc < 0 || !key || json_object_get(t->now, key))
            continue;
        json_array_append_new(keys, json_pack("{s:s}", "Key", key));
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

static int forget_cached(struct site *t, struct error *err)
{
    cleanup_free char *reference = xasprintf("%s-%s", t->c->deployment, t->s->service);
    return engine_call(
        t->c,
        &aws_cloudfront_CreateInvalidation,
        json_pack(
            "{s:s,s:{s:{s:i,s:[s]},s:s}}",
            "DistributionId",
            t->distribution,
            "InvalidationBatch",
            "Paths",
            "Quantity",
            1,
            "Items",
            "/*",
            "CallerReference",
            reference),
        NULL,
        err);
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
    json_array_foreach(resources, i, r) if (
        text_eq(
            json_str(r, "LogicalResourceId"),
            logical_id)) return xstrdup_null(json_str(r, "PhysicalResourceId"));
    return NULL;
}

static int find_places(struct site *t, struct error *err)
{
    cleanup_free char *stack = plan_stack_name(t->c->settings, t->c->project);
    cleanup_json json_t *resources = NULL;
    int rc = engine_call_all(
        t->c,
        &aws_cloudformation_ListStackResources,
        json_pack("{s:s}", "StackName", stack),
        &resources,
        err);
    if (rc < 0)
        return rc;
    t->bucket = physical(resources, t->s->bucket_id);
    t->distribution = physical(resources, t->s->site_id);
    return t->bucket && t->distribution
               ? 0
               : error_raise(err, ERR_CLOUD, "the stack has no bucket and distribution for it");
}

static int
put_site(struct engine_context *c, const struct plan_static *s, size_t *changed, struct error *err)
{
    struct site t = {.c = c, .s = s, .err = ERROR_INIT, .now = json_object()};
    t.row = xasprintf("static/%s", s->service);
    t.manifest_key =
        xasprintf("projects/%s/%s/static-%s.json", c->project, c->settings->stack, s->service);
    engine_row(c, ENGINE_ROW_STEP, t.row, ENGINE_ACTIVE, ORDER, NULL, "reading %s", s->folder);
    int rc = work_run(c->loop, scan_work, &t, NULL);
    if (rc == 0 && t.rc < 0) {
        rc = t.rc;
        error_move(err, &t.err);
    }
    if (rc == 0)
        rc = find_places(&t, err);
    if (rc == 0)
        rc = make_same(&t, err);
    if (rc < 0)
        engine_row(
            c,
            ENGINE_ROW_STEP,
            t.row,
            rc == -ECANCELED ? ENGINE_CANCELED : ENGINE_FAILED,
            ORDER,
            NULL,
            "the files are not all there");
    else
        engine_row(
            c,
            ENGINE_ROW_STEP,
            t.row,
            t.uploaded + t.removed ? ENGINE_DONE : ENGINE_SKIPPED,
            ORDER,
            NULL,
            "%zu files: %zu uploaded, %zu removed",
            json_object_size(t.now),
            t.uploaded,
            t.removed);
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
