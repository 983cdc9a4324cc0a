/* libyaml's events become nodes with positions. Anchors are kept with the size and the height of
 * what they name, so that an alias is refused before it is followed: a bomb costs no more than its
 * own text.
 *
 * An alias gives the node itself, shared; an anchor without its node is still being read, and an
 * alias to it would be a circle. Merge keys are applied when their mapping is complete, as its own
 * keys stand before them wherever they are written.
 *
 * Bounds (LIMIT_YAML_*) count nodes with aliases expanded, as every pass behind this one sees
 * them. */
#include "base/limits.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/strmap.h"
#include "data/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

struct anchor {
    struct yaml_node
        *node;   /* NULL while the node is still being read: an alias to it would be a cycle */
    size_t size; /* nodes, aliases expanded */
    unsigned height;
};

struct extent { /* of a subtree, aliases expanded */
    size_t size;
    unsigned height;
};

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    const char *file;
    struct error *err;
    VEC(struct anchor) anchors;
    struct strmap anchor_index;
    size_t nodes;
};

static int fail_at(struct reader *r, struct yaml_pos pos, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static int fail_at(struct reader *r, struct yaml_pos pos, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    cleanup_str struct str text = STR_INIT;
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    int rc = error_raise_errno(r->err, ERR_USAGE, EINVAL, "%s", str_get(&text));
    error_at(r->err, pos.file, pos.line, pos.column);
    if (hint)
        error_hint(r->err, "%s", hint);
    return rc;
}

static struct yaml_pos pos_of(const struct reader *r, yaml_mark_t mark)
{
    return (struct yaml_pos){
        .file = r->file, .line = (unsigned)mark.line + 1, .column = (unsigned)mark.column + 1};
}

static int next_event(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return 0;

    const yaml_parser_t *p = &r->parser;
    struct yaml_pos pos = pos_of(r, p->problem_mark);
    if (p->error == YAML_READER_ERROR)
        return fail_at(
            r,
            (struct yaml_pos){.file = r->file, .line = 1, .column = 1},
            "Save the file as UTF-8.",
            "not readable as YAML at byte %zu: %s",
            p->problem_offset,
            p->problem ? p->problem : "bad encoding");
    if (p->context)
        return fail_at(
            r,
            pos,
            NULL,
            "not valid YAML: %s, %s (line %zu)",
            p->problem,
            p->context,
            p->context_mark.line + 1);
    return fail_at(r, pos, NULL, "not valid YAML: %s", p->problem ? p->problem : "unknown problem");
}

static int count_nodes(struct reader *r, struct yaml_pos pos, size_t add)
{
    if (add > LIMIT_YAML_NODES - r->nodes)
        return fail_at(
            r,
            pos,
            "Aliases that name aliases multiply; write out what is meant.",
            "the document grows past %d nodes once its aliases are expanded",
            LIMIT_YAML_NODES);
    r->nodes += add;
    return 0;
}

static int check_depth(struct reader *r, struct yaml_pos pos, unsigned depth)
{
    if (depth > LIMIT_YAML_DEPTH)
        return fail_at(r, pos, NULL, "nested deeper than %d levels", LIMIT_YAML_DEPTH);
    return 0;
}

static size_t open_anchor(struct reader *r, const yaml_char_t *name)
{
    if (!name)
        return SIZE_MAX;
    vec_push(&r->anchors, (struct anchor){0});
    strmap_put(
        r->arena, &r->anchor_index, arena_strdup(r->arena, (const char *)name), r->anchors.len - 1);
    return r->anchors.len - 1;
}

static void
close_anchor(struct reader *r, size_t anchor, struct yaml_node *node, struct extent extent)
{
    if (anchor != SIZE_MAX)
        r->anchors.items[anchor] =
            (struct anchor){.node = node, .size = extent.size, .height = extent.height};
}

static int read_alias(
    struct reader *r,
    const yaml_event_t *event,
    unsigned depth,
    struct yaml_node **out,
    struct extent *extent)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct yaml_pos pos = pos_of(r, event->start_mark);
    const size_t *at = strmap_get(&r->anchor_index, name);

    if (!at)
        return fail_at(
            r, pos, NULL, "alias *%s names an anchor that is not defined above it", name);
    const struct anchor *a = &r->anchors.items[*at];
    if (!a->node)
        return fail_at(r, pos, NULL, "alias *%s stands inside its own anchor", name);

    int rc = count_nodes(r, pos, a->size);
    if (rc == 0)
        rc = check_depth(r, pos, depth + a->height);
    *out = a->node;
    *extent = (struct extent){.size = a->size, .height = a->height};
    return rc;
}

static const char *copy_tag(struct reader *r, const yaml_char_t *tag)
{
    /* "!" alone means "not resolved": a string */
    if (!tag)
        return NULL;
    return arena_strdup(
        r->arena,
        strcmp((const char *)tag, "!") == 0 ? "tag:yaml.org,2002:str" : (const char *)tag);
}

static int read_scalar(struct reader *r, const yaml_event_t *event, struct yaml_node **out)
{
    struct yaml_pos pos = pos_of(r, event->start_mark);
    const char *value = (const char *)event->data.scalar.value;
    size_t n = event->data.scalar.length;

    if (memchr(value, '\0', n))
        return fail_at(r, pos, NULL, "a NUL character in a text");

    struct yaml_node *node = arena_make(r->arena, struct yaml_node);
    node->kind = YAML_KIND_SCALAR;
    node->pos = pos;
    node->value = arena_strndup(r->arena, value, n);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->tag = copy_tag(r, event->data.scalar.tag);
    *out = node;
    return 0;
}

static int read_node(
    struct reader *r,
    yaml_event_t *event,
    unsigned depth,
    struct yaml_node **out,
    struct extent *extent);

static void extend(struct extent *whole, const struct extent *part)
{
    whole->size += part->size;
    whole->height = MAX(whole->height, part->height + 1);
}

static int
read_sequence(struct reader *r, struct yaml_node *seq, unsigned depth, struct extent *extent)
{
    for (;;) {
        yaml_event_t event;
        int rc = next_event(r, &event);
        if (rc < 0)
            return rc;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        struct yaml_node *item;
        struct extent part;
        rc = read_node(r, &event, depth + 1, &item, &part);
        if (rc < 0)
            return rc;
        extend(extent, &part);
        yaml_seq_push(r->arena, seq, item);
    }
}

static int merge_mapping(struct reader *r, struct yaml_node *map, const struct yaml_node *from)
{
    if (from->kind != YAML_KIND_MAPPING)
        return fail_at(
            r, from->pos, NULL, "a merge key (<<) takes a mapping or a list of mappings");
    for (size_t i = 0; i < from->len; i++)
        if (!yaml_get(map, from->pairs[i].key->value))
            yaml_map_set(r->arena, map, from->pairs[i].key, from->pairs[i].value);
    return 0;
}

static int
apply_merges(struct reader *r, struct yaml_node *map, struct yaml_node *const *merges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *from = merges[i];
        bool list = from->kind == YAML_KIND_SEQUENCE;
        for (size_t k = 0; k < (list ? from->len : 1); k++) {
            int rc = merge_mapping(r, map, list ? from->items[k] : from);
            if (rc < 0)
                return rc;
        }
    }

    return 0;
}

static int
add_pair(struct reader *r, struct yaml_node *map, struct yaml_node *key, struct yaml_node *value)
{
    const struct yaml_node *before = yaml_get(map, key->value);

    if (before) {
        struct yaml_pos first = key->pos;
        for (size_t i = 0; i < map->len; i++)
            if (strcmp(map->pairs[i].key->value, key->value) == 0)
                first = map->pairs[i].key->pos;
        return fail_at(
            r, key->pos, NULL, "key \"%s\" is already defined at line %u", key->value, first.line);
    }

    yaml_map_set(r->arena, map, key, value);
    return 0;
}

static int
read_mapping(struct reader *r, struct yaml_node *map, unsigned depth, struct extent *extent)
{
    VEC(struct yaml_node *) merges = {0};
    int rc = 0;

    while (rc == 0) {
        yaml_event_t event;
        rc = next_event(r, &event);
        if (rc < 0)
            break;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        struct yaml_node *key, *value;
        struct extent part;
        struct yaml_pos pos = pos_of(r, event.start_mark);
        rc = read_node(r, &event, depth + 1, &key, &part);
        if (rc == 0 && key->kind != YAML_KIND_SCALAR)
            rc = fail_at(r, pos, NULL, "a key must be a text, not a list or a mapping");
        if (rc == 0)
            rc = next_event(r, &event);
        if (rc < 0)
            break;
        extend(extent, &part);
        rc = read_node(r, &event, depth + 1, &value, &part);
        if (rc < 0)
            break;
        extend(extent, &part);
        if (key->plain && strcmp(key->value, "<<") == 0)
            vec_push(&merges, value);
        else
            rc = add_pair(r, map, key, value);
    }

    if (rc == 0)
        rc = apply_merges(r, map, merges.items, merges.len);
    vec_free(&merges);

    return rc;
}

static struct yaml_node *new_collection(struct reader *r, const yaml_event_t *event)
{
    bool seq = event->type == YAML_SEQUENCE_START_EVENT;
    struct yaml_pos pos = pos_of(r, event->start_mark);
    struct yaml_node *node =
        seq ? yaml_new_sequence(r->arena, pos) : yaml_new_mapping(r->arena, pos);
    node->tag = copy_tag(r, seq ? event->data.sequence_start.tag : event->data.mapping_start.tag);
    return node;
}

/* Consumes the event. */
static int read_node(
    struct reader *r,
    yaml_event_t *event,
    unsigned depth,
    struct yaml_node **out,
    struct extent *extent)
{
    struct yaml_pos pos = pos_of(r, event->start_mark);
    *extent = (struct extent){.size = 1};
    int rc = check_depth(r, pos, depth);

    if (rc == 0 && event->type == YAML_ALIAS_EVENT) {
        rc = read_alias(r, event, depth, out, extent);
        yaml_event_delete(event);
        return rc;
    }

    if (rc == 0)
        rc = count_nodes(r, pos, 1);
    if (rc < 0) {
        yaml_event_delete(event);
        return rc;
    }

    size_t anchor = SIZE_MAX;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = open_anchor(r, event->data.scalar.anchor);
        rc = read_scalar(r, event, out);
        yaml_event_delete(event);
    } else {
        bool seq = event->type == YAML_SEQUENCE_START_EVENT;
        anchor = open_anchor(
            r, seq ? event->data.sequence_start.anchor : event->data.mapping_start.anchor);
        *out = new_collection(r, event);
        yaml_event_delete(event);
        rc = seq ? read_sequence(r, *out, depth, extent) : read_mapping(r, *out, depth, extent);
    }

    if (rc == 0)
        close_anchor(r, anchor, *out, *extent);
    return rc;
}

static int read_document(struct reader *r, struct yaml_node **out)
{
    yaml_event_t event;
    struct extent extent;
    int rc = next_event(r, &event);

    if (rc < 0)
        return rc;
    rc = read_node(r, &event, 0, out, &extent);
    if (rc < 0)
        return rc;
    rc = next_event(r, &event); /* document end */
    if (rc == 0)
        yaml_event_delete(&event);
    return rc;
}

static int read_stream(struct reader *r, struct yaml_node ***roots, size_t *count)
{
    VEC(struct yaml_node *) found = {0};
    int rc = 0;

    for (bool end = false; rc == 0 && !end;) {
        yaml_event_t event;
        rc = next_event(r, &event);
        if (rc < 0)
            break;
        yaml_event_type_t type = event.type;
        yaml_event_delete(&event);
        end = type == YAML_STREAM_END_EVENT;
        if (type != YAML_DOCUMENT_START_EVENT)
            continue;
        struct yaml_node *root;
        rc = read_document(r, &root);
        if (rc == 0 && !yaml_is_null(root))
            vec_push(&found, root);
    }
    *count = 0;
    *roots = NULL;
    if (rc == 0 && found.len) {
        *roots = arena_array(r->arena, struct yaml_node *, found.len);
        memcpy(*roots, found.items, found.len * sizeof **roots);
        *count = found.len;
    }

    vec_free(&found);

    return rc;
}

int yaml_parse_all(
    struct arena *arena,
    const char *file,
    const char *text,
    size_t n,
    struct yaml_node ***roots,
    size_t *count,
    struct error *err)
{
    struct reader r = {.arena = arena, .file = arena_strdup(arena, file), .err = err};
    struct error local = ERROR_INIT;

    if (!r.err)
        r.err = &local;
    if (n > LIMIT_YAML_BYTES) {
        int rc = fail_at(
            &r,
            (struct yaml_pos){.file = r.file},
            NULL,
            "larger than %zu bytes",
            (size_t)LIMIT_YAML_BYTES);
        error_done(&local);
        return rc;
    }

    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    int rc = read_stream(&r, roots, count);
    yaml_parser_delete(&r.parser);
    vec_free(&r.anchors);
    error_done(&local);

    return rc;
}

int yaml_parse(
    struct arena *arena,
    const char *file,
    const char *text,
    size_t n,
    struct yaml_node **root,
    struct error *err)
{
    struct yaml_node **roots;
    size_t count;
    *root = NULL;
    int rc = yaml_parse_all(arena, file, text, n, &roots, &count, err);

    if (rc < 0)
        return rc;
    if (count > 1) {
        rc = error_raise_errno(err, ERR_USAGE, EINVAL, "more than one document in the file");
        error_at(err, roots[1]->pos.file, roots[1]->pos.line, roots[1]->pos.column);
        return rc;
    }

    if (count)
        *root = roots[0];
    return 0;
}
