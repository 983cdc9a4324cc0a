/* Stores that an engine deletes in the course of a change.
 *
 * Before it they are noted with the snapshots that they have already, so that afterwards the new
 * one of each is known, however the engine called it; and protection is lifted, because the engine
 * deletes the old store last, when it cannot report a failure any more. Both stand in the journal.
 *
 * After it AWS tells which of them are gone. The snapshot of one that is gone is copied to its name
 * and the copied one deleted: no service can rename one. One that is still there is protected as
 * its template says: the change was taken back. */
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/keep/keep.h"
#include "engine/keep/kinds.h"
#include "engine/keep/snapshots.h"
#include "loop/fiber.h"

#include <string.h>

#define NOTED_KEY "keep.noted"

/* ---- before ---- */

/* Goes, or may go: which, only AWS knows. */
static bool goes(const struct graph_diff *d, const char *id)
{
    for (size_t i = 0; i < d->len; i++)
        if (text_eq(d->changes[i].logical_id, id))
            return d->changes[i].action == GRAPH_REMOVE || *d->changes[i].replacement;
    return false;
}

/* Names of the snapshots that the store has. */
static int
had(struct engine_context *c,
    const struct keep_kind *kind,
    const char *store,
    json_t **names,
    struct error *err)
{
    cleanup_json json_t *items = NULL;
    size_t i;
    json_t *item;
    *names = json_array();

    int rc = keep_snapshots(c, kind, &items, err);
    json_array_foreach(items, i, item) {
        if (text_eq(json_str(item, kind->snapshot_of), store))
            json_push(*names, json_of(json_str(item, kind->snapshot_name)));
    }

    return rc;
}

static int
protect(struct engine_context *c, const char *type, const char *id, bool on, struct error *err)
{
    bool rds = text_eq(type, "AWS::RDS::DBInstance");
    json_t *in = object(
        key(rds ? "DBInstanceIdentifier" : "DBClusterIdentifier", id),
        key("ApplyImmediately", true),
        key("DeletionProtection", on));

    return engine_call(
        c, rds ? &aws_rds_ModifyDBInstance : &aws_docdb_ModifyDBCluster, in, NULL, err);
}

/* Being changed, it takes no other change: its state is waited for. */
static int protect_when_it_can(
    struct engine_context *c, const char *type, const char *id, bool on, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(c->loop) + 60LL * 60 * 1000;

    for (;;) {
        int rc = protect(c, type, id, on, err);
        if (rc < 0 && !on && aws_error_is_not_found(err)) { /* deleted from outside */
            error_done(err);
            return 0;
        }
        bool busy = rc < 0 && strstr(err->aws_code ? err->aws_code : "", "State");
        if (!busy || loop_now_ms(c->loop) > deadline)
            return rc < 0 ? error_wrap(err, "changing the deletion protection of %s", id) : 0;

        error_done(err);
        engine_row(
            c,
            ENGINE_ROW_STEP,
            "stores",
            ENGINE_ACTIVE,
            KEEP_ROW_ORDER,
            "usually 1-10 min",
            "%s: waits until it can be changed",
            id);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

static int
note_one(struct engine_context *c, const struct keep_store *s, json_t *noted, struct error *err)
{
    const struct keep_kind *kind = keep_kind_of(s->type);
    json_t *names = NULL;

    int rc = had(c, kind, s->id, &names, err);
    json_add(
        noted,
        s->id,
        object(
            key("type", s->type),
            key("service", s->service),
            key("protected", s->protected_),
            key("had", names)));
    return rc;
}

static int write_notes(struct engine_context *c, json_t *noted, struct error *err)
{
    cleanup_free char *text = json_print(noted, false, true);

    int rc = engine_journal_put(c, NOTED_KEY, text, err);
    return rc < 0 ? rc : engine_journal_flush(c, err);
}

static json_t *read_notes(struct engine_context *c)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *text = NULL;
    json_t *noted = NULL;

    if (engine_journal_get(c, NOTED_KEY, &text, &ignored) == 0 && text)
        (void)json_parse(text, strlen(text), &noted, &ignored);
    return noted ? noted : json_object();
}

bool keep_is_noted(struct engine_context *c)
{
    cleanup_json json_t *noted = read_notes(c);
    return json_object_size(noted) > 0;
}

/* Durable before protection is lifted: a later life must know to give it back. */
static int
note_all(struct engine_context *c, const struct keep_stores *s, json_t *noted, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->len; i++)
        if (!json_object_get(noted, s->items[i].id))
            rc = note_one(c, &s->items[i], noted, err);
    if (rc == 0)
        rc = write_notes(c, noted, err);
    for (size_t i = 0; rc == 0 && i < s->len; i++)
        if (s->items[i].protected_)
            rc = protect_when_it_can(c, s->items[i].type, s->items[i].id, false, err);
    return rc;
}

/* Of the deployed stores those that go. */
static json_t *going_ids(const json_t *deployed, const struct graph *g, const json_t *ids)
{
    json_t *some = json_object();
    struct graph_diff diff = {0};
    const char *id;
    json_t *resource;

    if (g)
        graph_diff(deployed, g, &diff);
    json_object_foreach(json_object_get(deployed, "Resources"), id, resource) {
        const struct keep_kind *kind = keep_kind_of(json_str(resource, "Type"));
        if (kind && (g ? goes(&diff, id) : !kind->describe))
            json_object_set(some, id, json_object_get(ids, id));
    }
    if (g)
        graph_diff_done(&diff);
    return some;
}

bool keep_any_goes(const json_t *deployed, const struct graph *g)
{
    cleanup_json json_t *names = json_object();
    const char *id;
    json_t *resource;

    json_object_foreach(json_object_get(deployed, "Resources"), id, resource)
        json_add(names, id, json_string(id));

    cleanup_json json_t *some = going_ids(deployed, g, names);
    return json_object_size(some) > 0;
}

int keep_before(
    struct engine_context *c,
    const json_t *deployed,
    const struct graph *g,
    const json_t *ids,
    struct error *err)
{
    cleanup_json json_t *some = going_ids(deployed, g, ids);
    cleanup_json json_t *noted = NULL;
    struct keep_stores stores = {0};

    if (!json_object_size(some))
        return 0;

    noted = read_notes(c);
    keep_list_named(deployed, some, &stores);
    int rc = note_all(c, &stores, noted, err);
    keep_stores_done(&stores);
    return rc < 0 ? error_wrap(err, "making ready what goes") : 0;
}

/* ---- after ---- */

static bool in(const json_t *names, const char *name)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)names, i, item) {
        if (text_eq(json_string_value(item), name))
            return true;
    }

    return false;
}

/* Under its own name it is kept even when it cannot be copied. */
static int name_it(
    struct engine_context *c,
    const struct keep_kind *kind,
    const char *store,
    const char *service,
    const json_t *snapshot,
    struct error *err)
{
    const char *made = json_str_or(snapshot, kind->snapshot_name, "");
    double at = json_number_value(json_at(snapshot, kind->snapshot_time));
    cleanup_free char *name = keep_name(c, kind, service, (int64_t)(at * 1000));

    int rc = keep_record(c, kind, store, service, made, err);
    if (rc == 0)
        rc = keep_await_snapshot(c, kind, made, service, err);
    if (rc == 0)
        rc = keep_copy(c, kind, made, name, err);
    if (rc == 0)
        rc = keep_await_snapshot(c, kind, name, service, err);
    if (rc == 0)
        rc = keep_record(c, kind, store, service, name, err);
    return rc < 0 ? rc : keep_drop(c, kind, made, err);
}

static int discard_it(
    struct engine_context *c,
    const struct keep_kind *kind,
    const json_t *snapshot,
    struct error *err)
{
    const char *made = json_str_or(snapshot, kind->snapshot_name, "");

    int rc = keep_await_snapshot(c, kind, made, made, err);
    return rc < 0 ? rc : keep_drop(c, kind, made, err);
}

/* What the store left since it was noted. Our copy is of the same store: a later life of the job
 * finds it here. */
static int
settle_one(struct engine_context *c, const char *store, const json_t *note, struct error *err)
{
    const struct keep_kind *kind = keep_kind_of(json_str(note, "type"));
    const char *service = json_str_or(note, "service", "");
    cleanup_free char *prefix = keep_prefix(c, kind, service);
    cleanup_json json_t *items = NULL;
    size_t i;
    json_t *item;

    int rc = keep_snapshots(c, kind, &items, err);
    json_array_foreach(items, i, item) {
        const char *name = json_str_or(item, kind->snapshot_name, "");
        bool its = text_eq(json_str(item, kind->snapshot_of), store);
        if (rc < 0 || !its || in(json_object_get(note, "had"), name))
            continue;

        if (c->no_snapshot)
            rc = discard_it(c, kind, item, err);
        else if (!text_starts(name, prefix))
            rc = name_it(c, kind, store, service, item, err);
        else
            rc = keep_record(c, kind, store, service, name, err);
    }

    return rc;
}

static bool is_there(const json_t *ids, const char *store)
{
    const char *id;
    json_t *physical;

    json_object_foreach((json_t *)ids, id, physical) {
        if (text_eq(json_string_value(physical), store))
            return true;
    }

    return false;
}

static int after_one(
    struct engine_context *c,
    const char *store,
    const json_t *note,
    const json_t *ids,
    struct error *err)
{
    if (!is_there(ids, store))
        return settle_one(c, store, note, err);
    if (json_bool_or(note, "protected", false))
        return protect_when_it_can(c, json_str(note, "type"), store, true, err);
    return 0;
}

void keep_after(struct engine_context *c, const json_t *ids)
{
    cleanup_json json_t *noted = read_notes(c);
    const char *store;
    json_t *note;
    bool said = json_object_size(noted);

    json_object_foreach(noted, store, note) {
        cleanup_error struct error err = ERROR_INIT;
        int rc = after_one(c, store, note, ids, &err);
        if (rc < 0 && fiber_is_canceled())
            return;
        if (rc < 0)
            engine_note(
                c,
                ENGINE_SAY_WARNING,
                err.hint,
                "what %s left is not settled: %s",
                store,
                err.message);
    }

    if (said) {
        cleanup_error struct error ignored = ERROR_INIT;
        (void)engine_journal_put(c, NOTED_KEY, NULL, &ignored);
        engine_row(
            c,
            ENGINE_ROW_STEP,
            "stores",
            ENGINE_DONE,
            KEEP_ROW_ORDER,
            NULL,
            "what goes has left its last snapshot");
    }
}
