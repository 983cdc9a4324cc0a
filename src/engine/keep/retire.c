/* Stores that go, from here and not by an engine.
 *
 *   name in the journal ─▶ delete with that snapshot ─ taken ─▶ wait until it is gone
 *            ▲                    ├─ being made or changed ─▶ say so, wait, again
 *            │                    ├─ protected ─▶ lift it, again
 *            │                    ├─ it can give no snapshot ─▶ refused, or without (force)
 *            │                    └─ gone, or going ─▶ wait until it is gone
 *
 * All are asked first, then all are waited for: RDS and ElastiCache work side by side. A later life
 * of the job finds what goes already. States: Amazon RDS user guide, "Viewing DB instance status".
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/keep/keep.h"
#include "engine/keep/kinds.h"
#include "engine/keep/snapshots.h"

#include <string.h>

#define WAIT_MS (3LL * 60 * 60 * 1000)

void keep_stores_done(struct keep_stores *s)
{
    for (size_t i = 0; i < s->len; i++) {
        free(s->items[i].type);
        free(s->items[i].id);
        free(s->items[i].service);
    }
    free(s->items);
    *s = (struct keep_stores){0};
}

/* Its texts are copied. */
static void add(struct keep_stores *s, const struct keep_store *store)
{
    for (size_t i = 0; i < s->len; i++)
        if (text_eq(s->items[i].id, store->id))
            return;

    s->items = xrealloc(s->items, (s->len + 1) * sizeof *s->items);
    s->items[s->len++] = (struct keep_store){
        .type = xstrdup(store->type),
        .id = xstrdup(store->id),
        .service = xstrdup(store->service),
        .protected_ = store->protected_,
        .orphan = store->orphan};
}

static const char *tag(const json_t *tags, const char *name)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)tags, i, item) {
        if (text_eq(json_str(item, "Key"), name))
            return json_str(item, "Value");
    }

    return NULL;
}

/* A database that carries our tags, of this project and stack. */
static const char *orphan_service(const struct engine_context *c, const json_t *database)
{
    const json_t *tags = json_object_get(database, "TagList");
    const char *prefix = tag(tags, "defang:Prefix");
    bool ours = text_eq(tag(tags, ENGINE_TAG_OWNER), ENGINE_TAG_OWNER_VALUE) &&
                text_eq(tag(tags, "defang:project"), c->project) &&
                text_eq(tag(tags, "defang:stack"), c->settings->stack) &&
                text_eq(prefix ? prefix : "", c->settings->prefix ? c->settings->prefix : "");
    const char *service = tag(tags, "defang:service");

    return ours ? (service ? service : "db") : NULL;
}

static int add_orphans(struct engine_context *c, struct keep_stores *out, struct error *err)
{
    cleanup_json json_t *items = NULL;
    size_t i;
    json_t *item;

    int rc = engine_call_all(c, &aws_rds_DescribeDBInstances, json_object(), &items, err);
    json_array_foreach(items, i, item) {
        const char *service = orphan_service(c, item);
        const char *id = json_str(item, "DBInstanceIdentifier");

        struct keep_store store = {
            .type = (char *)"AWS::RDS::DBInstance",
            .id = (char *)(uintptr_t)id,
            .service = (char *)(uintptr_t)service,
            .protected_ = json_bool_or(item, "DeletionProtection", false),
            .orphan = true};

        if (service && id && !text_eq(json_str(item, "DBInstanceStatus"), "deleting"))
            add(out, &store);
    }

    return rc < 0 ? error_wrap(err, "looking for databases of the project") : 0;
}

void keep_list_named(const json_t *template, const json_t *ids, struct keep_stores *out)
{
    const char *id;
    json_t *resource;
    *out = (struct keep_stores){0};

    json_object_foreach(json_object_get(template, "Resources"), id, resource) {
        const char *type = json_str(resource, "Type");
        const char *physical = json_string_value(json_object_get(ids, id));
        const char *group = json_str_or(resource, "Metadata.Group", "");
        const char *slash = strrchr(group, '/');

        struct keep_store store = {
            .type = (char *)(uintptr_t)type,
            .id = (char *)(uintptr_t)physical,
            .service = (char *)(uintptr_t)(slash ? slash + 1 : id),
            .protected_ = json_bool_or(resource, "Properties.DeletionProtection", false)};

        if (physical && keep_kind_of(type))
            add(out, &store);
    }
}

int keep_list(
    struct engine_context *c,
    const json_t *template,
    const json_t *ids,
    struct keep_stores *out,
    struct error *err)
{
    keep_list_named(template, ids, out);

    /* The rights of a project that never had a database need not cover the question. */
    cleanup_error struct error local = ERROR_INIT;
    int rc = add_orphans(c, out, &local);
    if (rc < 0 && !aws_error_is_denied(&local)) {
        error_move(err, &local);
        return rc;
    }
    return 0;
}

/* ---- one store ---- */

struct going {
    struct engine_context *c;
    const struct keep_kind *kind;
    const struct keep_store *store;
    char *snapshot; /* NULL: none */
    bool force, gone;
    int64_t deadline_ms;
};

static void say(const struct going *g, const char *usual, const char *what)
{
    engine_row(
        g->c,
        ENGINE_ROW_STEP,
        "stores",
        ENGINE_ACTIVE,
        KEEP_ROW_ORDER,
        usual,
        "%s: %s%s%s",
        g->store->service,
        what,
        g->snapshot ? ", last snapshot " : "",
        g->snapshot ? g->snapshot : "");
}

/* *status NULL: it is gone. */
static int look(struct going *g, char **status, bool *protected_, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = json_object();
    *status = NULL;

    json_add(in, g->kind->id, json_string(g->store->id));
    int rc = engine_call(g->c, g->kind->describe, in, &reply, err);
    if (rc < 0 && aws_error_is_not_found(err)) {
        error_done(err);
        return 0;
    }
    if (rc < 0)
        return error_wrap(err, "looking at %s", g->store->id);

    const json_t *store = json_at(reply, g->kind->list);
    *status = xstrdup_null(json_str(store, g->kind->status));
    *protected_ = json_bool_or(store, "DeletionProtection", false);
    return 0;
}

static int unprotect(struct going *g, struct error *err)
{
    json_t *in = object(
        key("DBInstanceIdentifier", g->store->id),
        key("ApplyImmediately", true),
        key("DeletionProtection", false));

    say(g, NULL, "its deletion protection is lifted");
    return engine_call(g->c, &aws_rds_ModifyDBInstance, in, NULL, err);
}

static int remove_now(struct going *g, struct error *err)
{
    bool rds = g->kind->describe == &aws_rds_DescribeDBInstances;
    json_t *in = object(
        key("SkipFinalSnapshot",
            !rds          ? NULL
            : g->snapshot ? json_false()
                          : json_true()),
        key("RetainPrimaryCluster", rds ? NULL : json_false()));

    json_add(in, g->kind->id, json_string(g->store->id));
    if (g->snapshot)
        json_add(in, g->kind->final, json_string(g->snapshot));

    int rc = engine_call(g->c, g->kind->remove, in, NULL, err);
    if (rc < 0 && aws_error_is_not_found(err)) {
        error_done(err);
        return 0;
    }

    return rc < 0 ? error_wrap(err, "deleting %s of service %s", g->store->id, g->store->service)
                  : 0;
}

static int
pause_going(struct going *g, struct engine_pace *pace, const char *status, struct error *err)
{
    if (loop_now_ms(g->c->loop) > g->deadline_ms)
        return error_raise(err, ERR_TIMEOUT, "%s stayed %s", g->store->id, status);
    if (engine_pace_wait(pace) < 0)
        return error_raise(err, ERR_CANCELED, "canceled");
    return 0;
}

/* States that do not end by themselves and in which RDS takes no snapshot. */
static bool is_broken(const char *status)
{
    return text_eq(status, "failed") || text_starts(status, "incompatible-") ||
           text_starts(status, "inaccessible-") || text_eq(status, "create-failed") ||
           text_eq(status, "restore-error");
}

static int without_snapshot(struct going *g, const char *status, struct error *err)
{
    if (!g->snapshot)
        return 0;
    if (!g->force) {
        error_raise(
            err,
            ERR_REFUSED,
            "service %s is %s: AWS takes no last snapshot of %s",
            g->store->service,
            status,
            g->store->id);
        error_hint(err, "`defangctl down --force` deletes it without one");
        return error_kind_errno(ERR_REFUSED);
    }

    engine_note(
        g->c,
        ENGINE_SAY_WARNING,
        NULL,
        "service %s is %s: AWS takes no snapshot of it, and it leaves none",
        g->store->service,
        status);
    free(g->snapshot);
    g->snapshot = NULL;
    return keep_record(g->c, g->kind, g->store->id, g->store->service, NULL, err);
}

/* Until it was asked to go, or is gone. */
static int ask(struct going *g, struct error *err)
{
    struct engine_pace pace = {0};
    int rc = 0;

    while (rc == 0) {
        cleanup_free char *status = NULL;
        bool protected_ = false;

        rc = look(g, &status, &protected_, err);
        if (rc < 0 || !status || text_eq(status, "deleting")) {
            g->gone = rc == 0 && !status;
            return rc;
        }

        if (is_broken(status)) {
            rc = without_snapshot(g, status, err);
        } else if (!text_eq(status, "available")) {
            cleanup_free char *what =
                xasprintf("waits until it is available (it is %s) to be deleted", status);
            say(g, "usually 5-10 min", what);
            rc = pause_going(g, &pace, status, err);
            continue;
        }

        if (rc == 0 && protected_) {
            rc = unprotect(g, err);
            if (rc == 0)
                rc = pause_going(g, &pace, "protected", err);
            continue;
        }
        if (rc == 0)
            rc = remove_now(g, err);
        if (rc == 0)
            return 0;

        /* It began to move between the two calls. */
        if (strstr(err->aws_code ? err->aws_code : "", "State")) {
            error_done(err);
            rc = pause_going(g, &pace, status, err);
        }
    }

    return rc;
}

static int await_gone(struct going *g, struct error *err)
{
    struct engine_pace pace = {0};
    int rc = 0;

    while (rc == 0 && !g->gone) {
        cleanup_free char *status = NULL;
        bool protected_ = false;

        rc = look(g, &status, &protected_, err);
        g->gone = rc == 0 && !status;
        if (rc < 0 || g->gone)
            break;

        say(g, "usually 5-10 min", "is deleted");
        rc = pause_going(g, &pace, status, err);
    }

    return rc;
}

/* The name is made once and is durable before the delete. `number` parts two stores of one service.
 */
static int choose_name(struct going *g, size_t number, struct error *err)
{
    cleanup_free char *key = xasprintf("keep.name.%s", g->store->id);

    if (g->c->no_snapshot && !g->store->orphan) /* that was said of what is deployed */
        return 0;

    int rc = engine_journal_get(g->c, key, &g->snapshot, err);
    if (rc < 0 || g->snapshot)
        return rc;

    int64_t moment = clock_wall_ms() + (int64_t)number * 1000;
    g->snapshot = keep_name(g->c, g->kind, g->store->service, moment);
    rc = engine_journal_put(g->c, key, g->snapshot, err);
    if (rc == 0)
        rc = keep_record(
            g->c, g->kind, g->store->id, g->store->service, g->snapshot, err); /* flushes */
    return rc;
}

static void finish_row(struct engine_context *c, int rc, size_t count)
{
    engine_row(
        c,
        ENGINE_ROW_STEP,
        "stores",
        engine_state_of(rc),
        KEEP_ROW_ORDER,
        NULL,
        rc == 0 ? "%zu deleted, %s" : "%zu not all deleted, %s",
        count,
        c->no_snapshot ? "without a snapshot" : "each with a last snapshot");
}

/* Before anything is touched, also one that a person protected by hand. */
static int refuse_protected(
    struct engine_context *c, const struct keep_stores *s, bool force, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && !force && i < s->len; i++) {
        const struct keep_kind *kind = keep_kind_of(s->items[i].type);
        struct going g = {.c = c, .kind = kind, .store = &s->items[i]};
        cleanup_free char *status = NULL;
        bool protected_ = false;

        if (kind && kind->describe)
            rc = look(&g, &status, &protected_, err);
        if (rc == 0 && protected_) {
            rc = error_raise(
                err,
                ERR_REFUSED,
                "protected against deletion: %s of service %s; nothing was touched",
                s->items[i].id,
                s->items[i].service);
            error_hint(
                err,
                c->no_snapshot
                    ? "add --force: it lifts the protection and removes it; it leaves no snapshot"
                    : "`defangctl down --force` lifts the protection and removes it; it leaves a "
                      "last snapshot");
        }
    }

    return rc;
}

static int refuse_orphans(const struct keep_stores *s, bool force, struct error *err)
{
    for (size_t i = 0; !force && i < s->len; i++) {
        const struct keep_store *store = &s->items[i];

        if (!store->orphan)
            continue;

        error_raise(
            err,
            ERR_REFUSED,
            "database %s has the tags of this project (service %s), and nothing that is deployed "
            "names it; nothing was touched",
            store->id,
            store->service);
        error_hint(
            err,
            "`defangctl down --force` deletes it too and leaves a last snapshot; to keep it, take "
            "its tag defang:project away");
        return error_kind_errno(ERR_REFUSED);
    }

    return 0;
}

int keep_retire(
    struct engine_context *c, const struct keep_stores *s, bool force, struct error *err)
{
    struct going *all = xcalloc(s->len + 1, sizeof *all);
    size_t n = 0;
    int rc = refuse_orphans(s, force, err);
    if (rc == 0)
        rc = refuse_protected(c, s, force, err);

    for (size_t i = 0; rc == 0 && i < s->len; i++) {
        const struct keep_kind *kind = keep_kind_of(s->items[i].type);
        if (!kind || !kind->describe)
            continue;

        struct going *g = &all[n++];
        *g = (struct going){
            .c = c,
            .kind = kind,
            .store = &s->items[i],
            .force = force,
            .deadline_ms = loop_now_ms(c->loop) + WAIT_MS};
        rc = choose_name(g, n - 1, err);
        if (rc == 0)
            rc = ask(g, err);
    }

    for (size_t i = 0; i < n; i++) {
        if (rc == 0)
            rc = await_gone(&all[i], err);
        free(all[i].snapshot);
    }

    if (n)
        finish_row(c, rc, n);
    free(all);
    return rc;
}
