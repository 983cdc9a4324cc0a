/* One call a thing that is named in a refusal: the size and the day on which it was made.
 *
 * Nothing depends on the answer, so an error is no error here. A bucket is counted to one page of
 * keys; more is "more than". Times are days in UTC: what is at stake is whether somebody worked
 * with it for a year or made it an hour ago by mistake. */
#include "engine/account/holdings.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/engine.h"

#include <string.h>
#include <time.h>

typedef int holds_fn(
    struct engine_context *c,
    const char *physical,
    struct str *out,
    bool *empty,
    struct error *err);

/* AWS's timestamps are text in XML ("2026-11-22T22:15:30Z") and seconds in JSON. */
static void add_day(struct str *out, const char *title, const json_t *time)
{
    char day[16] = "";

    if (json_is_number(time)) {
        time_t seconds = (time_t)json_number_value(time);
        struct tm t;
        if (gmtime_r(&seconds, &t))
            strftime(day, sizeof day, "%Y-%m-%d", &t);
    } else if (json_is_string(time) && json_string_length(time) >= 10) {
        memcpy(day, json_string_value(time), 10);
    }

    if (*day)
        str_appendf(out, "%s%s %s", out->len ? ", " : "", title, day);
}

static void add_bytes(struct str *out, const json_t *bytes)
{
    if (!json_is_number(bytes))
        return;

    double n = json_number_value(bytes);
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    while (n >= 1024 && unit + 1 < ARRAY_LEN(units)) {
        n /= 1024;
        unit++;
    }
    str_appendf(out, "%s%.*f %s", out->len ? ", " : "", unit && n < 10 ? 1 : 0, n, units[unit]);
}

static int of_database(
    struct engine_context *c, const char *id, struct str *out, bool *empty, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("DBInstanceIdentifier", id));
    int rc = engine_call(c, &aws_rds_DescribeDBInstances, in, &reply, err);
    const json_t *database = json_at(reply, "DBInstances.0");
    long long gib = json_int_or(database, "AllocatedStorage", 0);

    if (gib)
        str_appendf(out, "%lld GiB of storage", gib);
    add_day(out, "made", json_object_get(database, "InstanceCreateTime"));
    return rc;
}

static int
of_cache(struct engine_context *c, const char *id, struct str *out, bool *empty, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("ReplicationGroupId", id));
    int rc = engine_call(c, &aws_elasticache_DescribeReplicationGroups, in, &reply, err);
    const json_t *group = json_at(reply, "ReplicationGroups.0");

    str_append(out, json_str_or(group, "CacheNodeType", ""));
    add_day(out, "made", json_object_get(group, "ReplicationGroupCreateTime"));
    return rc;
}

static int
of_volume(struct engine_context *c, const char *id, struct str *out, bool *empty, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("FileSystemId", id));
    int rc = engine_call(c, &aws_efs_DescribeFileSystems, in, &reply, err);
    const json_t *volume = json_at(reply, "FileSystems.0");

    add_bytes(out, json_at(volume, "SizeInBytes.Value"));
    add_day(out, "made", json_object_get(volume, "CreationTime"));
    return rc;
}

static int of_bucket(
    struct engine_context *c, const char *name, struct str *out, bool *empty, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("Bucket", name));
    int rc = engine_call(c, &aws_s3_ListObjectsV2, in, &reply, err);
    size_t n = json_len(reply, "Contents");

    *empty = rc == 0 && n == 0;
    if (rc == 0)
        str_appendf(
            out,
            "%s%zu object%s",
            json_bool_or(reply, "IsTruncated", false) ? "more than " : "",
            n,
            n == 1 ? "" : "s");
    return rc;
}

static int
of_log(struct engine_context *c, const char *name, struct str *out, bool *empty, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("logGroupNamePrefix", name), key("limit", 1));
    int rc = engine_call(c, &aws_logs_DescribeLogGroups, in, &reply, err);
    const json_t *group = json_at(reply, "logGroups.0");
    double made_ms = json_number_value(json_object_get(group, "creationTime"));

    add_bytes(out, json_object_get(group, "storedBytes"));
    cleanup_json json_t *made = made_ms > 0 ? json_real(made_ms / 1000) : NULL;
    add_day(out, "made", made);
    return rc;
}

static int of_images(
    struct engine_context *c, const char *name, struct str *out, bool *empty, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("repositoryName", name));
    int rc = engine_call(c, &aws_ecr_DescribeImages, in, &reply, err);
    size_t n = json_len(reply, "imageDetails");

    *empty = rc == 0 && n == 0;
    if (rc == 0)
        str_appendf(out, "%zu image%s", n, n == 1 ? "" : "s");
    return rc;
}

static holds_fn *reader_of(const char *type)
{
    static const struct {
        const char *type;
        holds_fn *fn;
    } readers[] = {
        {"AWS::ECR::Repository", of_images},
        {"AWS::EFS::FileSystem", of_volume},
        {"AWS::ElastiCache::ReplicationGroup", of_cache},
        {"AWS::Logs::LogGroup", of_log},
        {"AWS::RDS::DBInstance", of_database},
        {"AWS::S3::Bucket", of_bucket},
    };

    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        if (text_eq(readers[i].type, type))
            return readers[i].fn;
    return NULL;
}

void flow_holdings(struct engine_context *c, struct arena *arena, struct plan_losses *losses)
{
    cleanup_json json_t *ids = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (losses->len == 0 || c->engine->resources(c, &ids, &ignored) < 0)
        return;

    size_t left = 0;

    for (size_t i = 0; i < losses->len; i++) {
        struct plan_loss *l = &losses->items[i];
        bool empty = false;
        const char *physical = json_string_value(json_object_get(ids, l->logical_id));
        holds_fn *fn = l->kind >= PLAN_STOPS ? reader_of(l->type) : NULL;
        cleanup_str struct str text = STR_INIT;
        cleanup_error struct error local = ERROR_INIT;

        if (!physical && text_starts(l->logical_id, "fs-"))
            physical = l->logical_id; /* a volume that the stack does not own */
        if (fn && physical && fn(c, physical, &text, &empty, &local) == 0)
            l->holds = arena_strdup(arena, str_get(&text));
        if (!empty)
            losses->items[left++] = *l;
    }

    losses->len = left;
}
