/* Applies the rows of the table to one resource: every leaf of its properties finds its rule, or
 * the resource is refused. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 8 /* lists within lists of one property */

struct rule {
    char from[160], to[200], kind[12];
};

struct place {
    struct pulumi_ctx *c;
    const struct graph_resource *r;
    const struct pulumi_row *row;
    json_t *node;
    size_t index[DEPTH_MAX];
    unsigned depth;                /* position in each list that the path goes through */
    const json_t *item[DEPTH_MAX]; /* the items there */
};

static const struct pulumi_row *const TABLES[] = {
    pulumi_rows_network, pulumi_rows_compute, pulumi_rows_store, pulumi_rows_edge};

const struct pulumi_row *pulumi_row_get(const char *type)
{
    for (size_t t = 0; t < ARRAY_LEN(TABLES); t++)
        for (const struct pulumi_row *row = TABLES[t]; row->type; row++)
            if (strcmp(row->type, type) == 0)
                return row;
    return NULL;
}

/* A run of capitals is one word: "DNSName" → "dnsName". */
char *pulumi_camel(const char *name)
{
    char *out = xstrdup(name);

    for (size_t i = 0; isupper((unsigned char)out[i]); i++) {
        if (i && islower((unsigned char)out[i + 1]))
            break;
        out[i] = (char)tolower((unsigned char)out[i]);
    }

    return out;
}

/* `from` with each step in the provider's spelling. */
static void default_target(struct rule *rule)
{
    size_t n = 0;

    for (const char *p = rule->from; *p;) {
        size_t step = strcspn(p, ".");
        cleanup_free char *word = xstrndup(p, step);
        cleanup_free char *camel = pulumi_camel(word);

        n += (size_t)snprintf(rule->to + n, sizeof rule->to - n, "%s%s", n ? "." : "", camel);
        p += step + (p[step] == '.');
    }
}

static void rule_parse(const char *word, size_t n, struct rule *out)
{
    const char *equals = memchr(word, '=', n), *colon = memchr(word, ':', n);
    size_t from = equals ? (size_t)(equals - word) : colon ? (size_t)(colon - word) : n;
    size_t end = colon ? (size_t)(colon - word) : n;

    *out = (struct rule){0};
    snprintf(out->from, sizeof out->from, "%.*s", (int)from, word);
    if (equals)
        snprintf(out->to, sizeof out->to, "%.*s", (int)(end - from - 1), equals + 1);
    else
        default_target(out);
    if (colon)
        snprintf(out->kind, sizeof out->kind, "%.*s", (int)(n - end - 1), colon + 1);
}

/* The rule of exactly that path; *below when rules for paths under it exist. */
static bool rule_find(const struct pulumi_row *row, const char *path, struct rule *out, bool *below)
{
    size_t len = strlen(path);

    *below = false;
    for (const char *p = row->rules; *(p += strspn(p, " ")); p += strcspn(p, " ")) {
        if (strncmp(p, path, len) != 0)
            continue;
        if (!p[len] || strchr(" =:", p[len])) {
            rule_parse(p, strcspn(p, " "), out);
            return true;
        }
        *below = *below || strchr(".[{", p[len]);
    }

    return false;
}

json_t *pulumi_part_node(
    struct pulumi_ctx *c, const struct graph_resource *r, const char *name, const char *token)
{
    const char *id = arena_printf(c->a, "%s_%s", r->logical_id, name);
    json_t *node = json_object_get(c->resources, id);

    if (node)
        return node;
    node = plan_json("{s:s,s:{}}", "type", token, "properties");
    json_add(c->resources, id, node);
    json_t *list = json_object_get(c->parts, r->logical_id);
    if (!list) {
        list = json_array();
        json_add(c->parts, r->logical_id, list);
    }
    json_push(list, json_string(id));
    return node;
}

json_t *pulumi_options(json_t *node)
{
    json_t *options = json_object_get(node, "options");

    if (!options) {
        options = json_object();
        json_add(node, "options", options);
    }
    return options;
}

void pulumi_ignore(json_t *node, const char *property)
{
    json_t *options = pulumi_options(node), *list = json_object_get(options, "ignoreChanges");

    if (!list) {
        list = json_array();
        json_add(options, "ignoreChanges", list);
    }
    json_push(list, json_string(property));
}

void pulumi_set(json_t *node, const char *property, json_t *value)
{
    json_add(json_object_get(node, "properties"), property, value);
}

const char *pulumi_text(json_t *node, const char *property)
{
    return json_string_value(json_object_get(json_object_get(node, "properties"), property));
}

const char *
pulumi_prefix(struct pulumi_ctx *c, const struct graph_resource *r, size_t max, bool lower)
{
    cleanup_free char *scope = lower ? plan_global_label(c->r->settings, c->r->project)
                                     : plan_scope(c->r->settings, c->r->project);
    cleanup_free char *name = xasprintf("%s-%s", scope, r->logical_id);
    cleanup_free char *fit =
        plan_name_fit(name, lower ? PLAN_NAME_LOWER | PLAN_NAME_SINGLE : 0, max - 1, 6);

    return arena_printf(c->a, "%s-", fit);
}

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

static json_t *tags(struct place *p, const json_t *v, struct error *err)
{
    cleanup_json json_t *out = json_object();

    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *item = json_array_get(v, i);
        json_t *value = pulumi_value(p->c, json_object_get(item, "Value"), err);

        if (!value)
            return NULL;
        cleanup_free char *key =
            pulumi_escape(json_str_or(item, "Key", json_str_or(item, "Name", "")));
        json_add(out, key, value);
    }

    return json_incref(out);
}

/* Keys of the API instead of CloudFormation's; what is under these is data. */
static json_t *api_keys(const json_t *v)
{
    static const char *const data[] = {
        "Options", "DockerLabels", "DriverOpts", "Labels", "options"};

    if (json_is_array(v)) {
        json_t *out = json_array();

        for (size_t i = 0; i < json_array_size(v); i++)
            json_push(out, api_keys(json_array_get(v, i)));
        return out;
    }

    if (!json_is_object(v) || pulumi_is_intrinsic(v))
        return json_deep_copy(v);
    json_t *out = json_object();
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)v, key, item)
    {
        bool keep = false;

        for (size_t i = 0; i < ARRAY_LEN(data); i++)
            keep = keep || strcmp(key, data[i]) == 0;
        cleanup_free char *name = pulumi_camel(key);
        json_add(out, name, keep ? json_deep_copy(item) : api_keys(item));
    }

    return out;
}

static json_t *as_json(struct place *p, const json_t *v, bool api, struct error *err)
{
    if (!json_is_array(v) && (!json_is_object(v) || pulumi_is_intrinsic(v)))
        return pulumi_value(p->c, v, err); /* is text already */
    cleanup_json json_t *own = api ? api_keys(v) : json_incref((json_t *)v);
    json_t *value = pulumi_value(p->c, own, err);
    return value ? plan_json("{s:o}", "fn::toJSON", value) : NULL;
}

static json_t *typed(struct place *p, const json_t *v, const char *kind, struct error *err)
{
    const char *text = json_string_value(v);
    long long number;

    if (text && strcmp(kind, "int") == 0 &&
        text_parse_int(text, -1000000000, 1000000000, &number) == 0)
        return json_integer(number);
    if (text && (strcmp(kind, "bool") == 0))
        return json_boolean(text_eq_nocase(text, "true"));
    if (text && strcmp(kind, "on") == 0)
        return json_boolean(text_eq_nocase(text, "enabled"));
    if (text && strcmp(kind, "internal") == 0)
        return json_boolean(strcmp(text, "internal") == 0);
    if (strcmp(kind, "text") == 0 && json_is_integer(v))
        return json_string(arena_printf(p->c->a, "%lld", (long long)json_integer_value(v)));
    if (strcmp(kind, "text") == 0 && json_is_boolean(v))
        return json_string(json_is_true(v) ? "true" : "false");
    return pulumi_value(p->c, v, err);
}

/* {"tls": "disabled"} → [{"name": "tls", "value": "disabled"}] */
static json_t *pairs(struct place *p, const json_t *v, struct error *err)
{
    cleanup_json json_t *out = json_array();
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)v, key, item)
    {
        json_t *value = pulumi_value(p->c, item, err);

        if (!value)
            return NULL;
        json_push(out, plan_json("{s:s,s:o}", "name", key, "value", value));
    }

    return json_incref(out);
}

static json_t *convert(struct place *p, const struct rule *rule, const json_t *v, struct error *err)
{
    const char *kind = rule->kind;

    if (!*kind || strcmp(kind, "map") == 0)
        return pulumi_value(p->c, v, err);
    if (strcmp(kind, "tags") == 0)
        return tags(p, v, err);
    if (strcmp(kind, "pairs") == 0)
        return pairs(p, v, err);
    if (strcmp(kind, "json") == 0 || strcmp(kind, "api") == 0)
        return as_json(p, v, kind[0] == 'a', err);
    if (strcmp(kind, "secret") == 0) {
        json_t *value = pulumi_value(p->c, v, err);

        return !value || json_object_get(value, "fn::secret")
                   ? value
                   : plan_json("{s:o}", "fn::secret", value);
    }

    return typed(p, v, kind, err);
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

static bool is_leaf(const json_t *v, const char *kind)
{
    if (*kind)
        return true;
    if (json_is_object(v))
        return pulumi_is_intrinsic(v);
    for (size_t i = 0; json_is_array(v) && i < json_array_size(v); i++)
        if (json_is_array(json_array_get(v, i)) ||
            (json_is_object(json_array_get(v, i)) && !pulumi_is_intrinsic(json_array_get(v, i))))
            return false;
    return true;
}

static int apply(
    struct place *p, const struct rule *rule, const char *path, const json_t *v, struct error *err)
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

    json_t *value = convert(p, rule, v, err);
    return value ? put(p, rule->to, value, err) : -1;
}

static int walk(struct place *p, const char *path, const json_t *v, struct error *err)
{
    struct rule rule;
    bool below;

    if (json_is_object(v) && text_eq(json_str(v, "Ref"), "AWS::NoValue"))
        return 0;
    if (rule_find(p->row, path, &rule, &below) && is_leaf(v, rule.kind))
        return apply(p, &rule, path, v, err);
    if (below && json_is_array(v))
        return walk_list(p, path, v, false, err);
    if (below && json_is_object(v) && !pulumi_is_intrinsic(v)) {
        int rc = 0;
        const char *key;
        json_t *item;

        json_object_foreach((json_t *)v, key, item)
        {
            rc = walk(p, *path ? arena_printf(p->c->a, "%s.%s", path, key) : key, item, err);
            if (rc)
                return rc;
        }
        return rc;
    }

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
    json_t *node = plan_json("{s:s,s:{}}", "type", row->token, "properties");
    json_add(c->resources, r->logical_id, node);
    c->current = r;
    c->seen = json_object();
    json_add(c->references, r->logical_id, c->seen);
    struct place p = {.c = c, .r = r, .row = row, .node = node};
    int rc = 0;
    const char *key;
    json_t *value;
    json_object_foreach(r->properties, key, value) if (!rc) rc = walk(&p, key, value, err);
    if (!rc && row->finish)
        rc = row->finish(c, r, node, err);
    c->current = NULL;
    c->seen = NULL;
    return rc;
}
