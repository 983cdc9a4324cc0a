/* What applying a plan over a deployed template would do, as far as the two texts tell:
 * CloudFormation's change set has the last word.
 *
 * 1. Each resource of the plan is new, or compared with the deployed one property by property; the
 * table of replace_table.c says which difference replaces it.
 * 2. What is deployed and not in the plan goes.
 * 3. Who refers to a resource that is replaced changes with it, and may be replaced in turn.
 *
 * Sorted by group and id, properties by name: equal inputs print equally. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/graph/graph.h"
#include "plan/graph/replace.h"
#include <string.h>

struct differ {
    const json_t *old; /* Resources of the deployed template */
    const struct graph *g;
    struct arena *a;
    struct graph_change *changes;
    size_t len;
};

/* Whether the member "a/b" of the property is another one. */
static bool member_differs(const char *member, const json_t *before, const json_t *after)
{
    cleanup_free char *path = xstrdup(member);

    for (char *p = path; *p; p++)
        *p = *p == '/' ? '.' : *p;

    const json_t *x = json_at(before, path);
    const json_t *y = json_at(after, path);
    bool same = x == y || (x && y && json_equal(x, y));
    return !same;
}

/* Rows are of the whole property ("Name") or of a member ("DnsConfig/NamespaceId"). */
static enum plan_replace
replaces(const char *type, const char *property, const json_t *before, const json_t *after)
{
    size_t rows;
    const struct plan_replace_row *row = plan_replace_rows(&rows);
    size_t n = strlen(property);
    enum plan_replace worst = PLAN_REPLACE_NO;

    for (size_t i = 0; i < rows; i++, row++) {
        if (strcmp(row->type, type) != 0 || strncmp(row->path, property, n) != 0)
            continue;

        bool whole = !row->path[n];
        bool member = row->path[n] == '/' && member_differs(row->path + n + 1, before, after);
        if (whole || member)
            worst = MAX(worst, row->what);
    }
    return worst;
}

static struct graph_change *
add(struct differ *d, enum graph_action action, const char *id, const char *type, const char *group)
{
    struct graph_change *c = &d->changes[d->len++];

    *c = (struct graph_change){
        .action = action,
        .logical_id = arena_strdup(d->a, id),
        .type = arena_strdup(d->a, type),
        .group = arena_strdup(d->a, group),
        .replacement = ""};
    return c;
}

static void
add_property(struct differ *d, struct graph_change *c, const char *property, enum plan_replace what)
{
    for (size_t i = 0; i < c->property_count; i++)
        if (strcmp(c->properties[i], property) == 0)
            return;
    const char **list = arena_array(d->a, const char *, c->property_count + 1);
    if (c->property_count)
        memcpy(list, c->properties, c->property_count * sizeof *list);
    list[c->property_count++] = arena_strdup(d->a, property);
    c->properties = list;
    if (what == PLAN_REPLACE_YES)
        c->replacement = "replace";
    else if (what == PLAN_REPLACE_MAYBE && !*c->replacement)
        c->replacement = "may replace";
}

/* The change of r, made when the first difference is found. */
static struct graph_change *
changed(struct differ *d, struct graph_change *made, const struct graph_resource *r)
{
    return made ? made : add(d, GRAPH_CHANGE, r->logical_id, r->type, r->group);
}

static void compare(struct differ *d, const struct graph_resource *r, const json_t *old)
{
    const json_t *before = json_object_get(old, "Properties");
    const json_t *after = r->properties;
    const json_t *sides[] = {after, before}; /* what is new or differs, then what is gone */
    struct graph_change *made = NULL;

    if (!text_eq(json_str(old, "Type"), r->type)) {
        add_property(d, changed(d, NULL, r), "Type", PLAN_REPLACE_YES);
        return;
    }

    for (size_t s = 0; s < ARRAY_LEN(sides); s++) {
        const char *name;
        json_t *value;
        json_object_foreach((json_t *)sides[s], name, value) {
            const json_t *x = json_object_get(before, name);
            const json_t *y = json_object_get(after, name);
            if (x && y && json_equal(x, y))
                continue;
            made = changed(d, made, r);
            add_property(d, made, name, replaces(r->type, name, x, y));
        }
    }

    if (!text_eq(json_str(old, "DeletionPolicy"), r->deletion_policy))
        add_property(d, changed(d, made, r), "DeletionPolicy", PLAN_REPLACE_NO);
}

static struct graph_change *change_of(const struct differ *d, const char *id)
{
    for (size_t i = 0; i < d->len; i++)
        if (strcmp(d->changes[i].logical_id, id) == 0)
            return &d->changes[i];
    return NULL;
}

static bool sub_names(const char *text, const char *id)
{
    size_t n = strlen(id);

    for (const char *p = text; (p = strstr(p, "${")); p++)
        if (strncmp(p + 2, id, n) == 0 && (p[2 + n] == '}' || p[2 + n] == '.'))
            return true;
    return false;
}

bool graph_refers(const json_t *j, const char *id)
{
    if (json_is_array(j)) {
        for (size_t i = 0; i < json_array_size(j); i++)
            if (graph_refers(json_array_get(j, i), id))
                return true;
        return false;
    }
    if (!json_is_object(j))
        return false;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)j, key, v) {
        if (strcmp(key, "Ref") == 0 && text_eq(json_string_value(v), id))
            return true;
        if (strcmp(key, "Fn::GetAtt") == 0 && text_eq(json_string_value(json_array_get(v, 0)), id))
            return true;
        if (strcmp(key, "Fn::Sub") == 0 && json_is_string(v) && sub_names(json_string_value(v), id))
            return true;
        if (graph_refers(v, id))
            return true;
    }
    return false;
}

/* Of one property of r, which refers to a replaced resource. Whether r is replaced by that, and was
 * not before: then *at is where its change stands. */
static bool follow(
    struct differ *d,
    const struct graph_resource *r,
    const char *name,
    const json_t *value,
    size_t *at)
{
    struct graph_change *c = change_of(d, r->logical_id);

    if (c && c->action != GRAPH_CHANGE)
        return false;

    bool before = c && text_eq(c->replacement, "replace");
    c = changed(d, c, r);
    add_property(d, c, name, replaces(r->type, name, NULL, value));
    *at = (size_t)(c - d->changes);
    return !before && text_eq(c->replacement, "replace");
}

/* Who refers to a replaced resource changes too; if that replaces it in turn, so do those who refer
 * to it. */
static void follow_replaced(struct differ *d)
{
    for (size_t i = 0; i < d->len; i++) {
        struct graph_change done = d->changes[i];
        if (done.action != GRAPH_CHANGE || !text_eq(done.replacement, "replace"))
            continue;

        for (size_t k = 0; k < d->g->len; k++) {
            const struct graph_resource *r = &d->g->resources[k];
            const char *name;
            json_t *value;
            json_object_foreach(r->properties, name, value) {
                size_t at;
                if (graph_refers(value, done.logical_id) && follow(d, r, name, value, &at) &&
                    at <= i)
                    i = at - 1; /* look at it again; wraps to 0 at the loop's step */
            }
        }
    }
}

static int by_group(const void *x, const void *y)
{
    const struct graph_change *a = x, *b = y;
    int order = strcmp(a->group, b->group);
    return order ? order : strcmp(a->logical_id, b->logical_id);
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

void graph_diff(const json_t *old_template, const struct graph *g, struct graph_diff *out)
{
    struct arena *a = arena_new();
    const json_t *old = json_object_get(old_template, "Resources");
    struct differ d = {
        .old = old,
        .g = g,
        .a = a,
        .changes = arena_array(a, struct graph_change, g->len + json_object_size(old) + 1)};

    for (size_t i = 0; i < g->len; i++) {
        const struct graph_resource *r = &g->resources[i];
        const json_t *before = json_object_get(old, r->logical_id);
        if (before)
            compare(&d, r, before);
        else
            add(&d, GRAPH_ADD, r->logical_id, r->type, r->group);
    }
    const char *id;
    json_t *resource;
    json_object_foreach((json_t *)old, id, resource) {
        const char *group = json_str_or(resource, "Metadata.Group", "stack");
        if (!graph_get(g, id))
            add(&d, GRAPH_REMOVE, id, json_str_or(resource, "Type", ""), group);
    }

    follow_replaced(&d);
    qsort(d.changes, d.len, sizeof *d.changes, by_group);
    for (size_t i = 0; i < d.len; i++)
        if (d.changes[i].property_count)
            qsort(
                d.changes[i].properties,
                d.changes[i].property_count,
                sizeof *d.changes[i].properties,
                by_text);
    *out = (struct graph_diff){.arena = a, .changes = d.changes, .len = d.len};
}

void graph_diff_done(struct graph_diff *d)
{
    arena_free(d->arena);
    *d = (struct graph_diff){0};
}
