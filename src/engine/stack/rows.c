/* Board rows over resources, one a group (network, roles, service/web …). A row's state is folded
 * from those of its resources: busy while one of them is, failed to the end once one of its own
 * failed, done when all are.
 *
 * The words on a row follow what people wait for: the resource that is known to be slow, not the
 * one that moved last. Progress ("3 of 12 ready") is told only where every resource will report; an
 * update does not touch all. Both engines feed it; Pulumi's events are put into CloudFormation's
 * words first. */
#include "engine/stack/rows.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "engine/stack/events.h"

#include <stdio.h>
#include <stdlib.h>

/* After account, images: the order in which people meet them on the board. */
static const struct {
    const char *group;
    unsigned order;
} group_order[] = {
    {"network", 30},
    {"roles", 31},
    {"cluster", 32},
    {"builds", 33},
    {"dns", 34},
    {"ingress", 35},
    {"volumes", 36},
};

#define ORDER_OTHER   40
#define ORDER_SERVICE 50

struct row_resource {
    char *logical_id, *type;
    const char *usual;
    size_t row;
    bool busy, complete;
};

struct row {
    char *id;
    unsigned order;
    enum engine_row_kind kind;
    unsigned total, complete;
    bool touched, failed; /* failed: by a resource of its own, and so to the end */
};

struct rows {
    struct engine_context *c;
    VEC(struct row) rows;
    VEC(struct row_resource) resources;
    struct arena *arena;
    bool count_all, destroy, keeps;
};

void rows_count_all(struct rows *r)
{
    if (r)
        r->count_all = true;
}

void rows_keep_all(struct rows *r)
{
    if (r)
        r->keeps = true;
}

static unsigned order_of(const char *group)
{
    for (size_t i = 0; i < ARRAY_LEN(group_order); i++)
        if (text_eq(group_order[i].group, group))
            return group_order[i].order;
    return text_starts(group, "service/") ? ORDER_SERVICE : ORDER_OTHER;
}

/* Rows come in the order of their first resource; the board sorts by `order`. */
static size_t row_index(struct rows *r, const char *group)
{
    for (size_t i = 0; i < r->rows.len; i++)
        if (text_eq(r->rows.items[i].id, group))
            return i;

    vec_push(
        &r->rows,
        (struct row){
            .id = xstrdup(group),
            .order = order_of(group),
            .kind = text_starts(group, "service/") ? ENGINE_ROW_SERVICE : ENGINE_ROW_GROUP});
    return r->rows.len - 1;
}

static void
add(struct rows *r, const char *group, const char *logical_id, const char *type, const char *usual)
{
    size_t row = row_index(r, group);
    r->rows.items[row].total++;
    vec_push(
        &r->resources,
        (struct row_resource){
            .logical_id = xstrdup(logical_id),
            .type = xstrdup(type),
            .usual = arena_strdup(r->arena, usual),
            .row = row});
}

/* Of an apply: which resources will report is known only for a first creation (rows_count_all). */
struct rows *rows_from_graph(struct engine_context *c, const struct graph *g)
{
    struct rows *r = xcalloc(1, sizeof *r);
    r->c = c;
    r->arena = arena_new();
    for (size_t i = 0; i < g->len; i++)
        add(r,
            g->resources[i].group,
            g->resources[i].logical_id,
            g->resources[i].type,
            g->resources[i].usual);
    return r;
}

/* Of a teardown: every resource goes, and the words are those of removing. */
struct rows *rows_from_template(struct engine_context *c, const json_t *template)
{
    struct rows *r = xcalloc(1, sizeof *r);
    r->c = c;
    r->arena = arena_new();
    r->count_all = r->destroy = true;
    const char *id;
    json_t *resource;

    json_object_foreach(json_object_get(template, "Resources"), id, resource)
        add(r,
            json_str_or(resource, "Metadata.Group", "stack"),
            id,
            json_str_or(resource, "Type", ""),
            NULL);
    return r;
}

void rows_free(struct rows *r)
{
    if (!r)
        return;

    vec_each(row, &r->rows)
        free(row->id);
    vec_each(resource, &r->resources) {
        free(resource->logical_id);
        free(resource->type);
    }

    vec_free(&r->rows);
    vec_free(&r->resources);
    arena_free(r->arena);
    free(r);
}

/* A linear search: a stack holds 500 resources at most. */
static struct row_resource *find(const struct rows *r, const char *logical_id)
{
    vec_each(resource, &r->resources) {
        if (text_eq(resource->logical_id, logical_id))
            return resource;
    }

    return NULL;
}

const char *rows_of(const struct rows *r, const char *logical_id)
{
    struct row_resource *resource = r ? find(r, logical_id) : NULL;
    return resource ? r->rows.items[resource->row].id : "stack";
}

/* "AWS::RDS::DBInstance" → "RDS DBInstance" */
static void type_for_people(const char *type, char *out, size_t n)
{
    size_t len = 0;
    const char *p = text_starts(type, "AWS::") ? type + 5 : type;

    for (; *p && len + 1 < n; p++) {
        if (p[0] == ':' && p[1] == ':') {
            out[len++] = ' ';
            p++;
        } else {
            out[len++] = *p;
        }
    }

    out[len] = '\0';
}

/* Longest prefix first: UPDATE_ROLLBACK is no update. */
static const char *verb_for_people(const char *status)
{
    static const struct {
        const char *prefix, *verb;
    } verbs[] = {
        {"UPDATE_ROLLBACK", "rolling back"},
        {"ROLLBACK", "rolling back"},
        {"CREATE", "creating"},
        {"UPDATE", "updating"},
        {"DELETE", "deleting"},
    };

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (text_starts(status, verbs[i].prefix))
            return verbs[i].verb;
    return status;
}

static const char *done_text(const struct row *row, const char *status)
{
    static char text[64]; /* one thread; read before the next call */
    snprintf(
        text,
        sizeof text,
        "%u resource%s %s",
        row->total,
        row->total == 1 ? "" : "s",
        text_starts(status, "DELETE") ? "removed" : "ready");
    return text;
}

/* Which of the row's busy resources to name; `moved` is the one that reported now. */
static const struct row_resource *
slowest(struct rows *r, const struct row *row, const struct row_resource *moved, unsigned *busy)
{
    const struct row_resource *slow = moved;
    *busy = 0;

    vec_each(other, &r->resources) {
        if (&r->rows.items[other->row] != row || !other->busy)
            continue;
        (*busy)++;
        /* What people wait for is the slow one, not the last one that moved. */
        if (!slow->busy || (other->usual && !slow->usual))
            slow = other;
    }

    return slow;
}

/* `what` is freed. */
static void tell(
    struct rows *r,
    const struct row *row,
    enum engine_row_state state,
    const char *usual,
    char *what)
{
    engine_row(r->c, row->kind, row->id, state, row->order, usual, "%s", what);
    free(what);
}

static void
show(struct rows *r, struct row *row, const struct row_resource *resource, const char *status)
{
    char type[80];
    unsigned busy = 0;
    const struct row_resource *slow = slowest(r, row, resource, &busy);
    bool counted = r->count_all && row->total > 1;
    cleanup_free char *progress =
        counted ? xasprintf(" (%u of %u ready)", row->complete, row->total) : xstrdup("");

    type_for_people(busy > 0 ? slow->type : resource->type, type, sizeof type);
    if (busy > 0)
        tell(
            r,
            row,
            ENGINE_ACTIVE,
            slow->usual,
            xasprintf("%s: %s%s", type, verb_for_people(status), progress));
    else if (row->failed)
        tell(r, row, ENGINE_FAILED, NULL, xasprintf("%s: failed", type));
    else if (r->count_all && row->complete >= row->total)
        tell(r, row, ENGINE_DONE, NULL, xstrdup(done_text(row, status)));
    else
        tell(r, row, ENGINE_ACTIVE, NULL, xasprintf("%s: done%s", type, progress));
}

/* A resource may complete twice (replaced, then cleaned up), so the count follows its state and
 * not its events. */
void rows_resource(struct rows *r, const struct engine_resource *event)
{
    struct row_resource *resource = r ? find(r, event->logical_id) : NULL;
    if (!resource)
        return;

    struct row *row = &r->rows.items[resource->row];
    row->touched = true;
    bool was_complete = resource->complete;
    resource->busy = text_ends(event->status, "_IN_PROGRESS");
    resource->complete =
        text_ends(event->status, "_COMPLETE") || text_ends(event->status, "_SKIPPED");
    row->failed |= text_ends(event->status, "_FAILED") && !cfn_reason_is_bystander(event->reason);
    row->complete += (unsigned)resource->complete - (unsigned)was_complete;
    show(r, row, resource, event->status);
}

static void finish_row(struct rows *r, struct row *row, bool ok)
{
    if (ok) {
        const char *what = r->destroy ? "removed" : done_text(row, "");
        tell(r, row, ENGINE_DONE, NULL, xstrdup(what));
    } else if (row->failed) {
        tell(r, row, ENGINE_FAILED, NULL, xstrdup("failed"));
    } else if (r->destroy) {
        bool all = row->complete >= row->total;
        char *what = xasprintf("%u of %u removed", row->complete, row->total);
        tell(r, row, all ? ENGINE_DONE : ENGINE_CANCELED, NULL, what);
    } else {
        const char *what = r->keeps ? "stopped; what was made stays" : "taken back";
        tell(r, row, ENGINE_CANCELED, NULL, xstrdup(what));
    }
}

void rows_finish(struct rows *r, bool ok)
{
    if (!r)
        return;

    vec_each(row, &r->rows) {
        if (row->touched)
            finish_row(r, row, ok);
    }
}
