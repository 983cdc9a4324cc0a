/* Buckets that a stack leaves behind; buckets.h says which and when.
 *
 *   note ─▶ [journal: name, purge] ─▶ the stack goes ─▶ settle: emptied and deleted, or named
 *
 * A bucket is emptied by pages of object versions, as many as one call deletes. What was on its way
 * when the last writer ended may still arrive, so deleting is tried a few times. */
#include "engine/cloudformation/buckets.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/stack/stack.h"

#include <errno.h>
#include <string.h>

#define ROUNDS 3 /* what was on its way when the last writer ended may still arrive */

static int find_bucket(
    struct engine_context *c,
    const char *stack,
    const char *logical_id,
    bool purge,
    json_t *found,
    struct error *err)
{
    cleanup_free char *name = NULL;

    int rc = cfn_stack_physical_id(c, stack, logical_id, &name, err);
    if (rc < 0)
        return error_wrap(err, "looking for the bucket %s", logical_id);

    if (name)
        json_push(found, object(key("name", name), key("purge", purge)));
    return 0;
}

/* Read from the template, because CloudFormation tells of a retained bucket only when it skips
 * it. */
int buckets_note(
    struct engine_context *c,
    const char *stack,
    const json_t *template,
    const char *journal_key,
    struct error *err)
{
    cleanup_free char *before = NULL;

    int rc = engine_journal_get(c, journal_key, &before, err);
    if (rc < 0 || before)
        return rc;

    cleanup_json json_t *found = json_array();
    const char *id;
    json_t *resource;

    json_object_foreach(json_object_get(template, "Resources"), id, resource) {
        if (!text_eq(json_str(resource, "Type"), "AWS::S3::Bucket") ||
            !text_eq(json_str(resource, "DeletionPolicy"), "Retain"))
            continue;
        rc = find_bucket(c, stack, id, json_bool_or(resource, "Metadata.Purge", false), found, err);
        if (rc < 0)
            return rc;
    }

    if (!json_array_size(found))
        return 0;

    cleanup_free char *text = json_print(found, false, true);
    rc = engine_journal_put(c, journal_key, text, err);
    return rc < 0 ? rc : engine_journal_flush(c, err);
}

void buckets_event(
    struct engine_context *c, const struct engine_resource *r, const char *journal_key)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *before = NULL;
    cleanup_json json_t *list = NULL;

    if (!text_eq(r->status, "DELETE_SKIPPED") || !text_eq(r->type, "AWS::S3::Bucket") ||
        text_empty(r->physical_id))
        return;
    if (engine_journal_get(c, journal_key, &before, &ignored) < 0 ||
        (before && json_parse(before, strlen(before), &list, &ignored) < 0))
        return;
    if (!list)
        list = json_array();
    json_push(list, object(key("name", r->physical_id), key("purge", c->settings->force_destroy)));
    cleanup_free char *text = json_print(list, false, true);
    engine_journal_put(c, journal_key, text, &ignored); /* in one turn with the event */
}

/* Delete markers are versions too: a bucket with one is not empty. */
static void add_keys(json_t *keys, const json_t *versions)
{
    size_t i;
    json_t *v;

    json_array_foreach(versions, i, v) {
        json_t *version = object(
            key("Key", json_str_or(v, "Key", "")), key("VersionId", json_str(v, "VersionId")));
        json_push(keys, version);
    }
}

/* At most a thousand objects, as many as one call deletes. */
static int
delete_page(struct engine_context *c, const char *bucket, size_t *deleted, struct error *err)
{
    cleanup_json json_t *page = NULL, *reply = NULL;
    json_t *in = object(key("Bucket", bucket));

    int rc = engine_call(c, &aws_s3_ListObjectVersions, in, &page, err);
    json_t *keys = json_array();
    add_keys(keys, json_at(page, "Versions"));
    add_keys(keys, json_at(page, "DeleteMarkers"));
    *deleted = json_array_size(keys);
    if (rc < 0 || !*deleted) {
        json_decref(keys);
        return rc;
    }

    json_t *request = object(key("Objects", keys), key("Quiet", true));
    in = object(key("Bucket", bucket), key("Delete", request));
    rc = engine_call(c, &aws_s3_DeleteObjects, in, &reply, err);
    if (rc == 0 && json_array_size(json_at(reply, "Errors")))
        return error_raise(
            err,
            ERR_CLOUD,
            "%s: %s",
            json_str_or(reply, "Errors.0.Key", "an object"),
            json_str_or(reply, "Errors.0.Message", "not deleted"));
    return rc;
}

/* Gone at any look is done. */
static int remove_bucket(struct engine_context *c, const char *name, struct error *err)
{
    struct engine_pace pace = {0};
    int rc = 0;

    for (int round = 0; round < ROUNDS; round++) {
        size_t deleted = 1;
        if (round && engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");

        error_done(err);
        for (rc = 0; rc == 0 && deleted;)
            rc = delete_page(c, name, &deleted, err);
        if (rc == 0)
            rc = engine_call(c, &aws_s3_DeleteBucket, object(key("Bucket", name)), NULL, err);
        if (rc == 0 || rc == -ECANCELED)
            return rc;
        if (aws_error_is_not_found(err)) {
            error_done(err);
            return 0;
        }
    }

    return rc;
}

/* One that should go and cannot is told, and the teardown goes on: the stack is gone, nobody can
 * repeat it. */
static int settle_one(struct engine_context *c, const json_t *bucket, struct error *err)
{
    const char *name = json_str_or(bucket, "name", "");
    if (!json_bool_or(bucket, "purge", false)) {
        cleanup_free char *hint =
            xasprintf("`aws s3 rb --force s3://%s` deletes it when nobody needs that", name);
        engine_note(c, ENGINE_SAY_NOTE, hint, "bucket %s is kept with what is in it", name);
        return 0;
    }

    cleanup_error struct error local = ERROR_INIT;

    int rc = remove_bucket(c, name, &local);
    if (rc == -ECANCELED) {
        error_move(err, &local);
        return rc;
    }

    cleanup_free char *hint = xasprintf("`aws s3 rb --force s3://%s` deletes it", name);
    if (rc < 0)
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            hint,
            "bucket %s could not be removed: %s",
            name,
            local.message ? local.message : "unknown");
    return 0;
}

int buckets_settle(struct engine_context *c, const char *journal_key, struct error *err)
{
    cleanup_free char *text = NULL;
    cleanup_json json_t *list = NULL;

    int rc = engine_journal_get(c, journal_key, &text, err);
    if (rc < 0 || !text)
        return rc;

    rc = json_parse(text, strlen(text), &list, err);
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
        rc = settle_one(c, json_array_get(list, i), err);
    return rc;
}
