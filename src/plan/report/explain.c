/* plan_explain(): the tree of the project beside the table, with the resources that a plan for a
 * made-up account has.
 *
 * walk() goes down the mappings as they are written and looks each path up: a row of the table for
 * this kind of service is a line (or a line for each item), a path that rows lie under is gone
 * into, and what has neither is left out by the table of src/plan/keys, an extension of somebody
 * else, or a mistake of ours, which is told as such. What the checks say of a place becomes the
 * line's note, so that a key that is refused is explained too.
 *
 * What the loader filled in is left out: nobody wrote it. */
#include "plan/report/explain.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/keys/keys.h"
#include "plan/make/pretend.h"
#include "plan/view/view.h"
#include <errno.h>
#include <string.h>

#define VALUE_SHOWN 40 /* bytes of a value */
#define DEPTH_MAX   8  /* mappings in one another */

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
    if (s->extensions && yaml_get(s->extensions, "x-defang-static-files"))
        return EXPLAIN_STATIC;
    return EXPLAIN_CONTAINER;
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

/* Whether some kind of service has a row for the path, or for a path below it. */
static bool known(const char *path, bool below)
{
    size_t n;
    const struct explain_row *rows = explain_rows(&n);
    size_t len = strlen(path);

    for (size_t i = 0; i < n; i++)
        if (strncmp(rows[i].path, path, len) == 0 && rows[i].path[len] == (below ? '.' : '\0'))
            return true;
    return false;
}

static const char *word(const struct yaml_node *n)
{
    return n->value && !yaml_is_null(n) ? n->value : "";
}

/* As much of the text as is shown, whole characters of UTF-8. */
static size_t shown(const char *text)
{
    size_t n = strlen(text);

    if (n <= VALUE_SHOWN)
        return n;
    n = VALUE_SHOWN;
    while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* The words of a scalar or a short list, cut; nothing for what is larger. */
static const char *value_of(struct explainer *x, const struct yaml_node *n)
{
    cleanup_str struct str s = STR_INIT;

    if (n->kind == YAML_KIND_SCALAR)
        str_append(&s, word(n));
    for (size_t i = 0; n->kind == YAML_KIND_SEQUENCE && i < n->len; i++)
        if (n->items[i]->kind == YAML_KIND_SCALAR)
            str_appendf(&s, "%s%s", i ? " " : "", n->items[i]->value ? n->items[i]->value : "");

    cleanup_free char *flat = xstrdup(str_get(&s));
    for (char *p = flat; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';

    size_t cut = shown(flat);
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
        bool there = strcmp(group, "*") == 0 || strcmp(r->group, group) == 0;

        if (there && type_listed(row->types, r->type))
            list[line->resource_count++] = (struct explain_resource){
                arena_strdup(x->a, r->logical_id), arena_strdup(x->a, r->type)};
    }

    line->resources = list;
}

static bool is_at(struct yaml_pos place, struct yaml_pos pos)
{
    return place.line == pos.line && place.column == pos.column && text_eq(place.file, pos.file);
}

/* What the checks say of the key or of its value; an error makes the line one of what is refused.
 */
static void
add_note(struct explainer *x, struct explain_line *line, struct yaml_pos key, struct yaml_pos value)
{
    for (size_t i = 0; i < x->d->len; i++) {
        const struct compose_diagnostic *item = &x->d->items[i];

        if (!is_at(item->pos, key) && !is_at(item->pos, value))
            continue;
        if (item->severity == COMPOSE_ERROR)
            line->effect = EXPLAIN_REFUSED;
        line->note = arena_strdup(x->a, item->message);
        return;
    }
}

static void grow(struct explainer *x)
{
    size_t cap = x->cap ? 2 * x->cap : 64;
    struct explain_line *more = arena_array(x->a, struct explain_line, cap);

    if (x->out->len)
        memcpy(more, x->out->lines, x->out->len * sizeof *more);
    x->out->lines = more;
    x->cap = cap;
}

static struct explain_line *
add(struct explainer *x, const char *key, struct yaml_pos pos, const struct yaml_node *value)
{
    if (x->out->len == x->cap)
        grow(x);

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
    add_note(x, line, pos, value->pos);
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
    struct explainer *x, const struct explain_row *row, const char *path, const struct yaml_node *n)
{
    for (size_t i = 0; n->kind == YAML_KIND_SEQUENCE && i < n->len; i++) {
        const char *key = arena_printf(x->a, "%s[%zu]", path, i);

        explain_row(x, row, key, n->items[i]->pos, n->items[i]);
    }
    for (size_t i = 0; n->kind == YAML_KIND_MAPPING && i < n->len; i++) {
        const struct yaml_pair *pair = &n->pairs[i];
        const char *key = arena_printf(x->a, "%s.%s", path, pair->key->value);

        if (!filled_in(n, pair))
            explain_row(x, row, key, pair->key->pos, pair->value);
    }
}

static bool is_extension(const char *path)
{
    return text_starts(path, "x-") || text_starts(path, "/x-") || strstr(path, ".x-");
}

/* Why a service of this kind has no use for what another kind reads. */
static const char *other_kind(unsigned kind)
{
    if (kind & EXPLAIN_CONTAINER)
        return "it is for managed stores";
    return kind & EXPLAIN_STATIC ? "files need no container" : "it is for containers";
}

static enum explain_effect effect_of(const struct plan_key *row)
{
    if (row->verdict < PLAN_KEY_SILENT)
        return EXPLAIN_READ;
    return row->verdict == PLAN_KEY_REFUSED ? EXPLAIN_REFUSED : EXPLAIN_IGNORED;
}

/* No row: what src/plan/keys has left out, an extension of somebody else, a row for another kind of
 * service; or the table lacks it. */
static void explain_without(
    struct explainer *x, const char *path, struct yaml_pos pos, const struct yaml_node *value)
{
    struct explain_line *line = add(x, path, pos, value);
    const struct plan_key *row = is_extension(path) ? NULL : plan_key_of(path);

    if (row && (row->verdict >= PLAN_KEY_SILENT || !known(path, false))) {
        line->effect = effect_of(row);
        line->text = row->text;
    } else if (known(path, false)) {
        line->effect = EXPLAIN_IGNORED;
        line->text = other_kind(x->kind);
    } else if (is_extension(path)) {
        bool ours = strstr(path, "x-aws-") != NULL;

        line->effect = ours ? EXPLAIN_READ : EXPLAIN_IGNORED;
        line->text = ours ? "what the retired Docker ECS integration called so"
                          : "an extension of somebody else";
    } else {
        line->effect = EXPLAIN_UNKNOWN;
    }

    add_note(x, line, pos, value->pos);
}

/* Lists and mappings of one kind of thing have a line for each. */
static bool by_item(const struct explain_row *row, const struct yaml_node *value)
{
    return (row->kinds & EXPLAIN_EACH) && value->kind != YAML_KIND_SCALAR;
}

static void
walk(struct explainer *x, const struct yaml_node *map, const char *prefix, unsigned depth)
{
    for (size_t i = 0; i < map->len; i++) {
        const struct yaml_node *value = map->pairs[i].value;
        struct yaml_pos pos = map->pairs[i].key->pos;
        const char *path = arena_printf(x->a, "%s%s", prefix, map->pairs[i].key->value);
        bool nobodys = *prefix == '\0' && filled_in(map, &map->pairs[i]);
        bool empty = yaml_is_null(value) && !strstr(path, "x-");

        /* Services have their own lines. */
        if (nobodys || empty || strcmp(path, "/services") == 0)
            continue;

        const struct explain_row *row = row_of(path, x->kind);
        bool below = known(path, true) || plan_key_below(path);
        bool goes_on = value->kind == YAML_KIND_MAPPING && below && depth < DEPTH_MAX;
        if (row && by_item(row, value))
            explain_items(x, row, path, value);
        else if (row)
            explain_row(x, row, path, pos, value);
        else if (goes_on)
            walk(x, value, arena_printf(x->a, "%s.", path), depth + 1);
        else
            explain_without(x, path, pos, value);
    }
}

static void explain_service(struct explainer *x, const struct plan_service *s)
{
    x->service = s->s->name;
    x->group = s->in ? s->in->group : s->group;
    x->kind = kind_of(s->s);
    if (s->s->node)
        walk(x, s->s->node, "", 0);
}

static int
no_service(struct arena *a, const struct compose_project *p, const char *service, struct error *err)
{
    const char **names = arena_array(a, const char *, p->service_count + 1);

    for (size_t i = 0; i < p->service_count; i++)
        names[i] = p->services[i].name;

    const char *near = text_nearest(service, names);
    error_raise(err, ERR_NOT_FOUND, "the project has no service %s", service);
    if (near)
        error_hint(err, "did you mean %s?", near);
    return -ENOENT;
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
    if (service && !compose_service_get(p, service))
        return no_service(arena, p, service, err);
    int rc = plan_bound(p, NULL, err);
    if (rc < 0)
        return rc;

    /* What is refused is explained too. */
    cleanup_error struct error refused = ERROR_INIT;
    (void)plan_check(p, s, d, &refused);

    /* What cannot be planned is explained without resources: then there is no graph. */
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
