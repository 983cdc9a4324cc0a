/* What applying a plan over a deployed template would do, as far as the two texts tell:
 * CloudFormation's change set has the last word. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/replace.h"
#include <string.h>

struct differ {
    const json_t *old; /* Resources of the deployed template */
    const struct graph *g;
    struct arena *a;
    struct graph_change *changes;
    size_t len;
};

static enum plan_replace
replaces(const char *type, const char *property, const json_t *before, const json_t *after)
{
    size_t rows;
    const struct plan_replace_row *row = plan_replace_rows(&rows);
    enum plan_replace worst = PLAN_REPLACE_NO;
    for (size_t i = 0; i < rows; i++, row++) {
        if (strcmp(row->type, type) != 0)
            continue;
        size_t n = strlen(property);
        if (strncmp(row->path, property, n) != 0 || (row->path[n] && row->path[n] != '/'))
            continue;
        if (row->path[n] == '/') { /* a member of the property: only when that one differs */
            cleanup_free char *path = xstrdup(row->path + n + 1);
            for (char *p = path; *p; p++)
                *p = *p == '/' ? '.' : *p;
            const json_t *x = json_at(before, path), *y = json_at(after, path);
            if (x == y || (x && y && json_equal(x, y)))
                continue;
        }
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

static void compare(struct differ *d, const struct graph_resource *r, const json_t *old)
{
    const json_t *before = json_object_get(old, "Properties"), *after = r->properties;
    struct graph_change c = {0}, *made = NULL;
    if (!text_eq(json_str(old, "Type"), r->type)) {
        made = add(d, GRAPH_CHANGE, r->logical_id, r->type, r->group);
        add_property(d, made, "Type", PLAN_REPLACE_YES);
        return;
    }
    (void)c;
    const json_t *sides[] = {after, before};
    for (size_t s = 0; s < 2; s++) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)sides[s], key, value)
        {
            const json_t *x = json_object_get(before, key), *y = json_object_get(after, key);
            if (x && y && json_equal(x, y))
                continue;
            if (!made)
                made = add(d, GRAPH_CHANGE, r->logical_id, r->type, r->group);
            add_property(d, made, key, replaces(r->type, key, x, y));
        }
    }
    const char *policy = json_str(old, "DeletionPolicy");
    if (text_eq(policy, r->deletion_policy))
        return;
    if (!made)
        made = add(d, GRAPH_CHANGE, r->logical_id, r->type, r->group);
    add_property(d, made, "DeletionPolicy", PLAN_REPLACE_NO);
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

static bool refers(const json_t *j, const char *id)
{
    if (json_is_array(j)) {
        for (size_t i = 0; i < json_array_size(j); i++)
            if (refers(json_array_get(j, i), id))
                return true;
        return false;
    }
    if (!json_is_object(j))
        return false;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)j, key, v)
    {
        if (strcmp(key, "Ref") == 0 && text_eq(json_string_value(v), id))
            return true;
        if (strcmp(key, "Fn::GetAtt") == 0 && text_eq(json_string_value(json_array_get(v, 0)), id))
            return true;
        if (strcmp(key, "Fn::Sub") == 0 && json_is_string(v) && sub_names(json_string_value(v), id))
            return true;
        if (refers(v, id))
            return true;
    }
    return false;
}

/* Who refers to a replaced resource changes too; if that replaces it in turn, so do those who refer
 * to it. */
static void follow_replaced(struct differ *d)
{
    for (size_t i = 0; i < d->len; i++) {
        struct graph_change done = d->changes[i];
        if (done.action != GRAPH_CHANGE || strcmp(done.replacement, "replace") != 0)
            continue;
        for (size_t k = 0; k < d->g->len; k++) {
            const struct graph_resource *r = &d->g->resources[k];
            const char *key;
            json_t *value;
            json_object_foreach(r->properties, key, value)
            {
                if (!refers(value, done.logical_id))
                    continue;
                struct graph_change *c = change_of(d, r->logical_id);
                if (c && c->action != GRAPH_CHANGE)
                    continue;
                bool before = c && strcmp(c->replacement, "replace") == 0;
                if (!c)
                    c = add(d, GRAPH_CHANGE, r->logical_id, r->type, r->group);
                add_property(d, c, key, replaces(r->type, key, NULL, value));
                size_t at = (size_t)(c - d->changes);
                if (!before && strcmp(c->replacement, "replace") == 0 && at <= i)
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
    json_object_foreach((json_t *)old, id, resource) if (!graph_get(g, id))
        add(&d,
            GRAPH_REMOVE,
            id,
            json_str_or(resource, "Type", ""),
            json_str_or(resource, "Metadata.Group", "stack"));
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
