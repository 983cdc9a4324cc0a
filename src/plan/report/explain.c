/* plan_explain(): the tree of the project beside the table, with the resources that a plan for a
 * made-up account has. */
#include "plan/report/explain.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/view/view.h"
#include <errno.h>
#include <string.h>

#define VALUE_SHOWN 40

struct explainer {
    struct arena *a;
    const struct compose_project *p;
    const struct compose_diagnostics *d;
    const struct graph *g; /* NULL when it cannot be planned */
    struct explain *out;
    size_t cap;
    const char *service, *group; /* "" and NULL for the project's own keys */
    unsigned kind;
};

const char *explain_effect_name(enum explain_effect e)
{
    static const char *const names[] = {"becomes", "read", "ignored", "refused", "unknown"};
    return names[e];
}

static unsigned kind_of(const struct compose_service *s)
{
    if (s->postgres.enabled)
        return EXPLAIN_POSTGRES;
    if (s->redis.enabled)
        return EXPLAIN_REDIS;
    if (s->mongodb.enabled)
        return EXPLAIN_MONGODB;
    return s->extensions && yaml_get(s->extensions, "x-defang-static-files") ? EXPLAIN_STATIC
                                                                             : EXPLAIN_CONTAINER;
}

static const struct explain_row *row_of(const char *path, unsigned kind)
{
    size_t n;
    const struct explain_row *rows = explain_rows(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].path, path) == 0 && (rows[i].kinds & kind))
            return &rows[i];
    return NULL;
}

static bool known(const char *path, bool below)
{
    size_t n, len = strlen(path);
    const struct explain_row *rows = explain_rows(&n);

    for (size_t i = 0; i < n; i++)
        if (strncmp(rows[i].path, path, len) == 0 && rows[i].path[len] == (below ? '.' : '\0'))
            return true;
    return false;
}

/* The words of a scalar or a short list, cut; nothing for what is larger. */
static const char *value_of(struct explainer *x, const struct yaml_node *n)
{
    cleanup_str struct str s = STR_INIT;

    if (n->kind == YAML_KIND_SCALAR) {
        str_append(&s, n->value && !yaml_is_null(n) ? n->value : "");
    } else if (n->kind == YAML_KIND_SEQUENCE) {
        for (size_t i = 0; i < n->len; i++)
            if (n->items[i]->kind == YAML_KIND_SCALAR)
                str_appendf(&s, "%s%s", i ? " " : "", n->items[i]->value ? n->items[i]->value : "");
    }

    cleanup_free char *flat = xstrdup(str_get(&s));
    for (char *p = flat; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';
    size_t cut = strlen(flat);
    if (cut > VALUE_SHOWN)
        for (cut = VALUE_SHOWN; cut && ((unsigned char)flat[cut] & 0xc0) == 0x80;)
            cut--;
    return arena_printf(x->a, "%.*s%s", (int)cut, flat, flat[cut] ? "…" : "");
}

static bool type_listed(const char *types, const char *type)
{
    size_t n = strlen(type);

    for (const char *p = types; (p = strstr(p, type)); p += n)
        if ((p == types || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
            return true;
    return false;
}

static void
find_resources(struct explainer *x, const struct explain_row *row, struct explain_line *line)
{
    const char *group = row->group ? row->group : x->group;
    struct explain_resource *list =
        x->g ? arena_array(x->a, struct explain_resource, x->g->len + 1) : NULL;

    for (size_t i = 0; x->g && group && i < x->g->len; i++) {
        const struct graph_resource *r = &x->g->resources[i];

        if ((strcmp(group, "*") == 0 || strcmp(r->group, group) == 0) &&
            type_listed(row->types, r->type))
            list[line->resource_count++] = (struct explain_resource){
                arena_strdup(x->a, r->logical_id), arena_strdup(x->a, r->type)};
    }

    line->resources = list;
}

static const char *note_at(
    const struct explainer *x, const struct yaml_pos *at, size_t count, enum explain_effect *effect)
{
    for (size_t i = 0; i < x->d->len; i++) {
        const struct compose_diagnostic *item = &x->d->items[i];

        for (size_t k = 0; k < count; k++) {
            if (item->pos.line != at[k].line || item->pos.column != at[k].column ||
                !text_eq(item->pos.file, at[k].file))
                continue;
            if (item->severity == COMPOSE_ERROR)
                *effect = EXPLAIN_REFUSED;
            return item->message;
        }
    }

    return "";
}

static struct explain_line *
add(struct explainer *x, const char *key, struct yaml_pos pos, const struct yaml_node *value)
{
    if (x->out->len == x->cap) {
        x->cap = x->cap ? 2 * x->cap : 64;
        struct explain_line *more = arena_array(x->a, struct explain_line, x->cap);
        if (x->out->len)
            memcpy(more, x->out->lines, x->out->len * sizeof *more);
        x->out->lines = more;
    }

    struct explain_line *line = &x->out->lines[x->out->len++];
    *line = (struct explain_line){
        .service = x->service,
        .key = key,
        .value = value_of(x, value),
        .pos = pos,
        .property = "",
        .text = "",
        .note = ""};
    return line;
}

static void explain_row(
    struct explainer *x,
    const struct explain_row *row,
    const char *key,
    struct yaml_pos pos,
    const struct yaml_node *value)
{
    struct explain_line *line = add(x, key, pos, value);

    line->effect = row->effect;
    line->property = row->property;
    line->text = row->text;
    if (*row->types)
        find_resources(x, row, line);
    const struct yaml_pos at[] = {pos, value->pos};
    line->note = arena_strdup(x->a, note_at(x, at, ARRAY_LEN(at), &line->effect));
}

static bool same_place(struct yaml_pos a, struct yaml_pos b)
{
    return a.line == b.line && a.column == b.column;
}

/* What the loader filled in (a default network, say) stands where its mapping does. */
static bool filled_in(const struct yaml_node *map, const struct yaml_pair *pair)
{
    return same_place(pair->key->pos, map->pos) && same_place(pair->value->pos, map->pos);
}

static void explain_items(
    struct explainer *x, const struct explain_row *row, const char *key, const struct yaml_node *n)
{
    for (size_t i = 0; i < n->len; i++) {
        if (n->kind == YAML_KIND_SEQUENCE)
            explain_row(
                x, row, arena_printf(x->a, "%s[%zu]", key, i), n->items[i]->pos, n->items[i]);
        else if (!filled_in(n, &n->pairs[i]))
            explain_row(
                x,
                row,
                arena_printf(x->a, "%s.%s", key, n->pairs[i].key->value),
                n->pairs[i].key->pos,
                n->pairs[i].value);
    }
}

/* No row: a rule of check/keys.c, an extension of somebody else, a row for another kind of service;
 * or the table lacks it. */
static void explain_without(
    struct explainer *x, const char *path, struct yaml_pos pos, const struct yaml_node *value)
{
    struct explain_line *line = add(x, path, pos, value);
    const char *why = NULL;
    bool refused = false;

    if (plan_key_rule(path, &why, &refused)) {
        line->effect = refused ? EXPLAIN_REFUSED : EXPLAIN_IGNORED;
        line->text = why;
    } else if (known(path, false)) {
        line->effect = EXPLAIN_IGNORED;
        line->text = x->kind & EXPLAIN_CONTAINER ? "it is for managed stores"
                     : x->kind & EXPLAIN_STATIC  ? "files need no container"
                                                 : "it is for containers";
    } else if (strncmp(path, "x-", 2) == 0 || strncmp(path, "/x-", 3) == 0 || strstr(path, ".x-")) {
        bool ours = strstr(path, "x-aws-") != NULL;

        line->effect = ours ? EXPLAIN_READ : EXPLAIN_IGNORED;
        line->text = ours ? "what the retired Docker ECS integration called so"
                          : "an extension of somebody else";
    } else {
        line->effect = EXPLAIN_UNKNOWN;
    }

    const struct yaml_pos at[] = {pos, value->pos};
    line->note = arena_strdup(x->a, note_at(x, at, ARRAY_LEN(at), &line->effect));
}

static void
walk(struct explainer *x, const struct yaml_node *map, const char *prefix, unsigned depth)
{
    for (size_t i = 0; i < map->len; i++) {
        const struct yaml_node *value = map->pairs[i].value;
        struct yaml_pos pos = map->pairs[i].key->pos;
        const char *path = arena_printf(x->a, "%s%s", prefix, map->pairs[i].key->value);

        if ((*prefix == '\0' && filled_in(map, &map->pairs[i])) || strcmp(path, "/services") == 0 ||
            (yaml_is_null(value) && !strstr(path, "x-")))
            continue;
        const struct explain_row *row = row_of(path, x->kind);
        if (row && (row->kinds & EXPLAIN_EACH) && value->kind != YAML_KIND_SCALAR)
            explain_items(x, row, path, value);
        else if (row)
            explain_row(x, row, path, pos, value);
        else if (value->kind == YAML_KIND_MAPPING && known(path, true) && depth < 8)
            walk(x, value, arena_printf(x->a, "%s.", path), depth + 1);
        else
            explain_without(x, path, pos, value);
    }
}

struct graph *
plan_pretend(struct arena *a, const struct compose_project *p, const struct plan_settings *s)
{
    static const char *const zones[] = {"a", "b", "c", "d"};
    const struct plan_facts facts = {
        .account = "000000000000",
        .region = "region",
        .partition = "aws",
        .dns_suffix = "amazonaws.com",
        .zones = zones,
        .zone_count = 4,
        .bucket = "bucket"};
    struct plan_image *images = arena_array(a, struct plan_image, p->service_count + 1);
    struct plan_request r = {
        .project = p,
        .settings = s,
        .facts = &facts,
        .deployment = "000000000000",
        .images = images};

    for (size_t i = 0; i < p->service_count; i++)
        if (plan_builds_image(&p->services[i]))
            images[r.image_count++] = (struct plan_image){p->services[i].name, "image"};
    struct graph *g = NULL;
    struct error err = ERROR_INIT;
    if (plan_make(&r, &g, NULL, &err) < 0)
        error_done(&err);
    return g;
}

static void explain_service(struct explainer *x, const struct plan_service *s)
{
    x->service = s->s->name;
    x->group = s->in ? s->in->group : s->group;
    x->kind = kind_of(s->s);
    if (s->s->node)
        walk(x, s->s->node, "", 0);
}

int plan_explain(
    struct arena *arena,
    const struct compose_project *p,
    const struct plan_settings *s,
    const char *service,
    struct compose_diagnostics *d,
    struct explain *out,
    struct error *err)
{
    *out = (struct explain){0};
    if (service && !compose_service_get(p, service)) {
        const char **names = arena_array(arena, const char *, p->service_count + 1);

        for (size_t i = 0; i < p->service_count; i++)
            names[i] = p->services[i].name;
        const char *near = text_nearest(service, names);
        error_raise(err, ERR_NOT_FOUND, "the project has no service %s", service);
        if (near)
            error_hint(err, "did you mean %s?", near);
        return -ENOENT;
    }

    struct error refused = ERROR_INIT;
    if (plan_check(p, s, d, &refused) < 0)
        error_done(&refused); /* what is refused is explained too */
    cleanup_graph struct graph *g = plan_pretend(arena, p, s);
    struct plan_view v;
    plan_view_make(arena, p, &v);
    struct explainer x = {
        .a = arena, .p = p, .d = d, .g = g, .out = out, .service = "", .kind = EXPLAIN_ANY};
    if (!service && p->root)
        walk(&x, p->root, "/", 0);
    for (size_t i = 0; i < v.count; i++)
        if (!service || strcmp(v.services[i].s->name, service) == 0)
            explain_service(&x, &v.services[i]);
    return 0;
}
