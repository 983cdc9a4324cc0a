/* The index of a project's releases: numbers are given here.
 *
 * The record is written first, then the index, and that only while it is what was read: so an entry
 * never names a record that is not there. Of two machines one loses and tries again with what is
 * there now; its record has another number then, and the one it wrote before stays unlisted. */
#include "engine/release/release.h"

#include "aws/s3/s3.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "pack/gzip_bytes.h"
#include "plan/names.h"

#include <errno.h>
#include <string.h>

#define TRIES 8

static char *index_key(const struct engine_context *c)
{
    return plan_release_key(c->project, c->settings->stack, 0, NULL);
}

/* *etag NULL: there is none yet. What is there and cannot be read is an error: it is never
 * overwritten. */
static int read_index(
    struct engine_context *c, const char *bucket, json_t **out, char **etag, struct error *err)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_json json_t *doc = NULL;
    cleanup_error struct error local = ERROR_INIT;
    cleanup_free char *key = index_key(c);

    *etag = NULL;
    int rc = s3_get_tagged(c->aws, bucket, key, LIMIT_HISTORY_BYTES, &text, etag, &local);
    if (rc < 0 && aws_error_is_not_found(&local)) {
        *out = array();
        return 0;
    }
    if (rc == 0)
        rc = json_parse(str_get(&text), text.len, &doc, &local);

    json_t *list = json_object_get(doc, "releases");
    if (rc == 0 && !json_is_array(list))
        rc = error_raise(&local, ERR_FAILED, "s3://%s/%s is no list of releases", bucket, key);
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "reading the releases of %s", c->project);
    }

    *out = json_incref(list);
    return 0;
}

int release_list(struct engine_context *c, const char *bucket, json_t **entries, struct error *err)
{
    cleanup_free char *etag = NULL;
    return read_index(c, bucket, entries, &etag, err);
}

static json_t *entry_of(const json_t *record)
{
    static const char *const members[] = {
        "number",
        "deployment",
        "kind",
        "of",
        "state",
        "created_ms",
        "ended_ms",
        "principal",
        "who",
        "summary",
        "content",
        "partial"};
    json_t *entry = object();

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        json_add(entry, members[i], json_incref(json_object_get(record, members[i])));
    return entry;
}

static int
put_record(struct engine_context *c, const char *bucket, json_t *record, struct error *err)
{
    cleanup_free char *text = json_print(record, false, true);
    cleanup_str struct str packed = STR_INIT;
    cleanup_free char *key = plan_release_key(
        c->project,
        c->settings->stack,
        (unsigned)json_int_or(record, "number", 0),
        json_str_or(record, "deployment", ""));

    gzip_bytes(text, strlen(text), &packed);
    return s3_put(c->aws, bucket, key, "application/gzip", packed.data, packed.len, err);
}

/* 1: somebody else was faster. */
static int put_index(
    struct engine_context *c,
    const char *bucket,
    json_t *entries,
    const char *etag,
    struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    cleanup_json json_t *doc = object(key("version", 1), key("releases", json_incref(entries)));
    cleanup_free char *text = json_print(doc, false, true);
    cleanup_free char *key = index_key(c);

    int rc = s3_put_if(c->aws, bucket, key, "application/json", etag, text, strlen(text), &local);
    if (rc == 0)
        return 0;
    if (s3_was_other(&local))
        return 1;

    error_move(err, &local);
    return rc;
}

static int
publish_once(struct engine_context *c, const char *bucket, json_t *record, struct error *err)
{
    cleanup_json json_t *entries = NULL;
    cleanup_free char *etag = NULL;

    int rc = read_index(c, bucket, &entries, &etag, err);
    if (rc < 0)
        return rc;

    const json_t *there = release_find(entries, json_str(record, "deployment"));
    long long last = json_int_or(json_array_get(entries, 0), "number", 0);
    json_object_set_new(
        record, "number", json_of(there ? json_int_or(there, "number", 0) : last + 1));
    if (there)
        return 0;

    rc = put_record(c, bucket, record, err);
    if (rc < 0)
        return rc;

    json_array_insert_new(entries, 0, entry_of(record));
    while (json_array_size(entries) > RELEASES_LISTED)
        json_array_remove(entries, RELEASES_LISTED);
    return put_index(c, bucket, entries, etag, err);
}

int release_publish(struct engine_context *c, const char *bucket, json_t *record, struct error *err)
{
    int rc = 1;

    for (unsigned i = 0; rc == 1 && i < TRIES; i++)
        rc = publish_once(c, bucket, record, err);
    if (rc != 1)
        return rc;
    return error_raise(err, ERR_FAILED, "others wrote releases of %s all the time", c->project);
}

int release_fetch(
    struct engine_context *c,
    const char *bucket,
    const json_t *entry,
    json_t **record,
    struct error *err)
{
    cleanup_str struct str packed = STR_INIT, text = STR_INIT;
    cleanup_free char *key = plan_release_key(
        c->project,
        c->settings->stack,
        (unsigned)json_int_or(entry, "number", 0),
        json_str_or(entry, "deployment", ""));

    text.max = LIMIT_RELEASE_BYTES + 1;
    int rc = s3_get(c->aws, bucket, key, LIMIT_HISTORY_BYTES, &packed, err);
    if (rc == 0 && gunzip_bytes(packed.data, packed.len, LIMIT_RELEASE_BYTES, &text) < 0)
        rc = error_raise(err, ERR_FAILED, "s3://%s/%s is damaged", bucket, key);
    if (rc == 0)
        rc = json_parse(str_get(&text), text.len, record, err);
    return rc < 0 ? error_wrap(err, "reading release %lld", json_int_or(entry, "number", 0)) : 0;
}
