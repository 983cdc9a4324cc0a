/* Named snapshots. The name says project, stack, service and moment, so that a person finds it in
 * the console and `from-snapshot: latest` finds it by the name alone: ElastiCache's and
 * DocumentDB's lists show no tags.
 *
 * What was kept stands in the journal until the result is told, so that a teardown that was cut
 * off names all of it. */
#include "engine/keep/snapshots.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/keep/keep.h"
#include "plan/report/cost.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MOMENT_CHARS 15 /* "20261201-031500" */
#define WAIT_MS      (3LL * 60 * 60 * 1000)
#define KEPT_KEY     "keep.kept"

/* RDS: letters, digits and single hyphens, a letter first. */
char *keep_prefix(const struct engine_context *c, const struct keep_kind *kind, const char *service)
{
    cleanup_free char *whole = xasprintf("%s-%s-%s", c->project, c->settings->stack, service);
    bool letter = isalpha((unsigned char)*whole);
    cleanup_free char *named = letter ? xstrdup(whole) : xasprintf("defang-%s", whole);
    cleanup_free char *fit = plan_name_fit(
        named, PLAN_NAME_LOWER | PLAN_NAME_SINGLE, kind->name_max - MOMENT_CHARS - 1, 6);

    return xasprintf("%s-", fit);
}

char *keep_name(
    const struct engine_context *c,
    const struct keep_kind *kind,
    const char *service,
    int64_t wall_ms)
{
    char basic[17]; /* "20261201T031500Z" */
    cleanup_free char *prefix = keep_prefix(c, kind, service);

    clock_format_basic(wall_ms, basic);
    return xasprintf("%s%.8s-%.6s", prefix, basic, basic + 9);
}

int keep_snapshots(
    struct engine_context *c, const struct keep_kind *kind, json_t **items, struct error *err)
{
    bool cache = kind->snapshots == &aws_elasticache_DescribeSnapshots;
    json_t *in =
        cache ? object(key("SnapshotSource", "user")) : object(key("SnapshotType", "manual"));

    int rc = engine_call_all(c, kind->snapshots, in, items, err);
    return rc < 0 ? error_wrap(err, "listing snapshots") : 0;
}

/* Tags follow by themselves where the service copies them. */
int keep_copy(
    struct engine_context *c,
    const struct keep_kind *kind,
    const char *from,
    const char *to,
    struct error *err)
{
    bool cache = kind->snapshots == &aws_elasticache_DescribeSnapshots;
    json_t *in = object(key("CopyTags", cache ? NULL : json_true()));

    json_add(in, kind->copy_from, json_string(from));
    json_add(in, kind->copy_to, json_string(to));

    int rc = engine_call(c, kind->copy, in, NULL, err);
    bool there = rc < 0 && strstr(err->aws_code ? err->aws_code : "", "AlreadyExists");
    if (there) {
        error_done(err); /* an earlier life of the job asked for it */
        return 0;
    }

    return rc < 0 ? error_wrap(err, "copying snapshot %s to %s", from, to) : 0;
}

int keep_drop(
    struct engine_context *c, const struct keep_kind *kind, const char *name, struct error *err)
{
    json_t *in = json_object();
    json_add(in, kind->snapshot_name, json_string(name));

    int rc = engine_call(c, kind->drop, in, NULL, err);
    if (rc < 0 && strstr(err->aws_code ? err->aws_code : "", "NotFound")) {
        error_done(err);
        return 0;
    }

    return rc < 0 ? error_wrap(err, "deleting snapshot %s", name) : 0;
}

static int look(
    struct engine_context *c,
    const struct keep_kind *kind,
    const char *name,
    char **status,
    struct error *err)
{
    cleanup_json json_t *items = NULL;
    size_t i;
    json_t *item;
    *status = NULL;

    int rc = keep_snapshots(c, kind, &items, err);
    json_array_foreach(items, i, item) {
        if (text_eq(json_str(item, kind->snapshot_name), name)) {
            *status = xstrdup(json_str_or(item, kind->snapshot_status, "unknown"));
            break;
        }
    }

    return rc;
}

int keep_await_snapshot(
    struct engine_context *c,
    const struct keep_kind *kind,
    const char *name,
    const char *service,
    struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + WAIT_MS;

    for (;;) {
        cleanup_free char *status = NULL;
        int rc = look(c, kind, name, &status, err);
        if (rc < 0 || text_eq(status, "available"))
            return rc;
        if (!status || text_eq(status, "failed"))
            return error_raise(
                err, ERR_CLOUD, "snapshot %s is %s", name, status ? status : "not there");
        if (loop_now_ms(c->loop) > deadline)
            return error_raise(err, ERR_TIMEOUT, "snapshot %s stayed %s", name, status);

        engine_row(
            c,
            ENGINE_ROW_STEP,
            "stores",
            ENGINE_ACTIVE,
            KEEP_ROW_ORDER,
            "usually 2-10 min",
            "%s: snapshot %s is %s",
            service,
            name,
            status);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

/* ---- what is kept ---- */

static int kept(struct engine_context *c, json_t **out, struct error *err)
{
    cleanup_free char *text = NULL;
    cleanup_error struct error ignored = ERROR_INIT;
    *out = NULL;

    int rc = engine_journal_get(c, KEPT_KEY, &text, err);
    if (rc == 0 && text)
        (void)json_parse(text, strlen(text), out, &ignored);
    if (!*out)
        *out = json_object();
    return rc;
}

int keep_record(
    struct engine_context *c,
    const struct keep_kind *kind,
    const char *id,
    const char *service,
    const char *name,
    struct error *err)
{
    cleanup_json json_t *all = NULL;

    int rc = kept(c, &all, err);
    if (rc < 0)
        return rc;
    if (name)
        json_object_set_new(
            all,
            id,
            object(key("type", kind->type), key("service", service), key("snapshot", name)));
    else
        json_object_del(all, id);

    cleanup_free char *text = json_print(all, false, true);
    rc = engine_journal_put(c, KEPT_KEY, text, err);
    return rc < 0 ? rc : engine_journal_flush(c, err);
}

/* Gigabytes that are paid for at most; 0 when AWS does not say. */
static double gigabytes(const json_t *item)
{
    double number = (double)json_int_or(item, "AllocatedStorage", 0);
    const char *size = json_str(item, "NodeSnapshots.0.CacheSize"); /* "12 MB" */

    if (size)
        number = strtod(size, NULL) / (strstr(size, "GB") ? 1 : 1024);
    return number;
}

static const char *price_text(
    struct engine_context *c, struct arena *a, const struct keep_kind *kind, const json_t *item)
{
    const struct price_row *price = price_find(kind->price);
    const struct price_region *region = price_region_find(aws_session_region(c->aws));
    double gb = gigabytes(item);

    if (!price || !region)
        return "";
    if (gb <= 0)
        return arena_printf(a, ", %.3f USD a GB and month", price->usd * region->factor);
    return arena_printf(
        a,
        ", at most %.2f USD a month (%.*f GB)",
        price->usd * region->factor * gb,
        gb < 1 ? 3 : 0,
        gb);
}

static const json_t *find(const json_t *items, const struct keep_kind *kind, const char *name)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)items, i, item) {
        if (text_eq(json_str(item, kind->snapshot_name), name))
            return item;
    }

    return NULL;
}

void keep_say(struct engine_context *c, struct arena *arena, const char ***out, size_t *count)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_json json_t *all = NULL;
    const char *id;
    json_t *one;
    *count = 0;

    (void)kept(c, &all, &ignored);
    *out = arena_array(arena, const char *, json_object_size(all) + 1);

    json_object_foreach(all, id, one) {
        const struct keep_kind *kind = keep_kind_of(json_str(one, "type"));
        const char *name = json_str_or(one, "snapshot", "");
        cleanup_json json_t *items = NULL;
        if (!kind)
            continue;

        const char *service = json_str_or(one, "service", "");
        bool listed = keep_snapshots(c, kind, &items, &ignored) == 0;
        error_done(&ignored);
        if (listed && !find(items, kind, name))
            continue; /* the store was gone before, and left none */
        (*out)[(*count)++] = arena_printf(
            arena,
            "snapshot %s of %s%s; `from-snapshot: latest` at %s brings it back, `%s %s` deletes it",
            name,
            service,
            price_text(c, arena, kind, find(items, kind, name)),
            service,
            kind->drop_command,
            name);
    }
}

int keep_newest(
    struct engine_context *c,
    struct arena *arena,
    const char *type,
    const char *service,
    const char **out,
    struct error *err)
{
    const struct keep_kind *kind = keep_kind_of(type);
    cleanup_free char *prefix = keep_prefix(c, kind, service);
    cleanup_json json_t *items = NULL;
    size_t i;
    json_t *item;
    double newest = -1;
    *out = NULL;

    int rc = keep_snapshots(c, kind, &items, err);
    json_array_foreach(items, i, item) {
        const char *name = json_str_or(item, kind->snapshot_name, "");
        double at = json_number_value(json_at(item, kind->snapshot_time));
        bool ours = text_starts(name, prefix) && strlen(name) == strlen(prefix) + MOMENT_CHARS &&
                    strspn(name + strlen(prefix), "0123456789-") == MOMENT_CHARS;

        if (!ours || !text_eq(json_str(item, kind->snapshot_status), "available") || at <= newest)
            continue;
        newest = at;
        *out = arena_strdup(arena, name);
    }

    return rc;
}
