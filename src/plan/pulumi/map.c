/* Applies the rows of the table to one resource: every leaf of its properties finds its rule, or
 * the resource is refused. Nothing is left out in silence: a property that the provider does not
 * have is a rule of kind `lost`, and a note of the program.
 *
 * walk() goes down the properties with the path that rules are written in, until a rule has exactly
 * that path. The value is then converted (convert.c) and put where the rule says, which may be a
 * part: another node. The place keeps the position in each list on the way, because "[]" in a rule
 * stands for that position on both sides. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <string.h>

#define DEPTH_MAX 8 /* lists within lists of one property */

struct place {
    struct pulumi_ctx *c;
    const struct graph_resource *r;
    const struct pulumi_row *row;
    json_t *node;
    size_t index[DEPTH_MAX];
    unsigned depth;                /* position in each list that the path goes through */
    const json_t *item[DEPTH_MAX]; /* the items there */
};

/* A part that stands for a list's item keeps its name when the list changes: what it says is in the
 * name, its description is not. */
static const char *hashed_name(struct place *p, const char *name, const json_t *item)
{
    cleanup_json json_t *copy = json_deep_copy(item);

    json_object_del(copy, "Description");
    cleanup_free char *text = json_print(copy, false, true);
    cleanup_free char *sum = plan_hash_hex(text, 7);
    return arena_printf(p->c->a, "%s_%s", name, sum);
}

/* "@policy[].name" → the node of that part; *to moves behind it, *used counts the "[]" eaten. */
static json_t *part_of(struct place *p, const char **to, unsigned *used)
{
    size_t n = strcspn(*to, ".[");
    const char *name = arena_printf(p->c->a, "%.*s", (int)n - 1, *to + 1);
    const struct pulumi_part *part = p->row->parts;

    while (part && part->name && strcmp(part->name, name) != 0)
        part++;
    if (!part || !part->name) {
        fprintf(stderr, "pulumi: row %s names no part %s\n", p->row->type, name);
        abort();
    }
    *to += n;
    if (strncmp(*to, "[]", 2) == 0) {
        name = part->hashed ? hashed_name(p, name, p->item[*used])
                            : arena_printf(p->c->a, "%s%zu", name, p->index[*used] + 1);
        (*used)++;
        *to += 2;
    }

    *to += **to == '.';
    json_t *node = pulumi_part_node(p->c, p->r, name, part->token);
    if (part->link && !json_object_get(json_object_get(node, "properties"), part->link))
        json_add(
            json_object_get(node, "properties"),
            part->link,
            json_string(arena_printf(p->c->a, "${%s.%s}", p->r->logical_id, part->attr)));
    return node;
}

static json_t *list_at(json_t *list, size_t index)
{
    while (json_array_size(list) <= index)
        json_push(list, json_object());
    return json_array_get(list, index);
}

/* Puts the value (stolen) where `to` says. */
static int put(struct place *p, const char *to, json_t *value, struct error *err)
{
    unsigned used = 0;
    json_t *at = *to == '@' ? part_of(p, &to, &used) : p->node;

    at = json_object_get(at, "properties");
    while (*to) {
        size_t n = strcspn(to, ".[");
        const char *key = arena_printf(p->c->a, "%.*s", (int)n, to);

        to += n;
        bool list = *to == '[';
        size_t index = list && to[1] == ']' ? p->index[used++] : 0;
        if (list)
            to = strchr(to, ']') + 1;
        bool last = !*to;
        to += *to == '.';
        json_t *next = json_object_get(at, key);
        if (!next && (list || !last)) {
            next = list ? json_array() : json_object();
            json_add(at, key, next);
        }
        if (last && list)
            json_push(next, value);
        else if (last)
            json_add(at, key, value);
        else
            at = list ? list_at(next, index) : next;
    }

    /* Where the provider takes one and CloudFormation a list, only a list of one fits. */
    for (; used < p->depth; used++)
        if (p->index[used] > 0)
            return error_raise(
                err,
                ERR_FAILED,
                "pulumi: %s (%s): the provider takes one item, the plan has several",
                p->r->logical_id,
                p->r->type);
    return 0;
}

static int walk(struct place *p, const char *path, const json_t *v, struct error *err);

static int
walk_list(struct place *p, const char *path, const json_t *v, bool keyed, struct error *err)
{
    int rc = 0;

    if (p->depth == DEPTH_MAX)
        return error_raise(err, ERR_FAILED, "pulumi: %s: %s is nested too deep", p->r->type, path);
    for (size_t i = 0; i < json_array_size(v) && !rc; i++) {
        const json_t *item = json_array_get(v, i);

        if (keyed) {
            rc = walk(
                p,
                arena_printf(p->c->a, "%s{%s}", path, json_str_or(item, "Key", "")),
                json_object_get(item, "Value"),
                err);
            continue;
        }
        p->index[p->depth] = i;
        p->item[p->depth++] = item;
        rc = walk(p, arena_printf(p->c->a, "%s[]", path), item, err);
        p->depth--;
    }

    return rc;
}

static int walk_members(struct place *p, const char *path, const json_t *v, struct error *err)
{
    int rc = 0;
    const char *name;
    json_t *item;

    json_object_foreach((json_t *)v, name, item) {
        const char *below = *path ? arena_printf(p->c->a, "%s.%s", path, name) : name;

        rc = walk(p, below, item, err);
        if (rc)
            break;
    }
    return rc;
}

static bool is_data(const json_t *v)
{
    return json_is_array(v) || (json_is_object(v) && !pulumi_is_intrinsic(v));
}

/* What a rule without a kind takes: a scalar, an intrinsic, or a list of those. */
static bool is_leaf(const json_t *v, const char *kind)
{
    if (*kind)
        return true;
    if (json_is_object(v))
        return pulumi_is_intrinsic(v);
    for (size_t i = 0; json_is_array(v) && i < json_array_size(v); i++)
        if (is_data(json_array_get(v, i)))
            return false;
    return true;
}

static int apply(
    struct place *p,
    const struct pulumi_rule *rule,
    const char *path,
    const json_t *v,
    struct error *err)
{
    if (strcmp(rule->kind, "kv") == 0)
        return walk_list(p, path, v, true, err);
    if (strcmp(rule->kind, "implied") == 0)
        return 0;
    if (strcmp(rule->kind, "lost") == 0) {
        json_push(
            p->c->notes, json_string(arena_printf(p->c->a, "%s: %s", p->r->logical_id, path)));
        return 0;
    }

    json_t *value = pulumi_convert(p->c, rule->kind, v, err);
    return value ? put(p, rule->to, value, err) : -1;
}

static int walk(struct place *p, const char *path, const json_t *v, struct error *err)
{
    struct pulumi_rule rule;
    bool below;

    if (json_is_object(v) && text_eq(json_str(v, "Ref"), "AWS::NoValue"))
        return 0;
    if (pulumi_rule_find(p->row, path, &rule, &below) && is_leaf(v, rule.kind))
        return apply(p, &rule, path, v, err);
    if (below && json_is_array(v))
        return walk_list(p, path, v, false, err);
    if (below && json_is_object(v) && !pulumi_is_intrinsic(v))
        return walk_members(p, path, v, err);
    return error_raise(
        err,
        ERR_FAILED,
        "pulumi: property %s of %s (resource %s) has no row in the table",
        path,
        p->r->type,
        p->r->logical_id);
}

int pulumi_map(struct pulumi_ctx *c, const struct graph_resource *r, struct error *err)
{
    const struct pulumi_row *row = pulumi_row_get(r->type);

    if (!row)
        return error_raise(
            err,
            ERR_FAILED,
            "pulumi: type %s (resource %s) has no row in the table",
            r->type,
            r->logical_id);

    json_t *node = pulumi_node(c, r->logical_id, row->token);
    struct place p = {.c = c, .r = r, .row = row, .node = node};

    /* What pulumi_value() meets from here on is told as this resource's. */
    c->current = r;
    c->seen = json_object();
    json_add(c->references, r->logical_id, c->seen);

    int rc = walk_members(&p, "", r->properties, err);
    if (!rc && row->finish)
        rc = row->finish(c, r, node, err);
    c->current = NULL;
    c->seen = NULL;
    return rc;
}
