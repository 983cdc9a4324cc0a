/* XML replies of awsQuery, ec2Query and restXml.
 *
 * The document's root is the output structure itself, whatever its name is; awsQuery wraps it once
 * more (result_wrapper). A list is either flattened (its items are children of the structure) or
 * wrapped in an element of its own. Members that are not in the document are left out. */
#include "aws/wire/internal.h"
#include "base/mem.h"
#include "data/xml.h"
#include <errno.h>
#include <string.h>

static json_t *read_value(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const struct xml_node *node,
    struct error *err);

static bool is_flat(const struct aws_shape *shape, const struct aws_member *m)
{
    return shape->flattened || (m && m->flattened);
}

/* `first` and its following siblings of the same name, or the wanted children of `first`. */
static json_t *read_list(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const struct xml_node *first,
    struct error *err)
{
    bool flat = is_flat(shape, m);
    json_t *out = json_array();
    const struct xml_node *n = flat ? first : first->first;

    /* every child of a wrapped list is an item, whatever its name: services spell it member, item
     * or their own way */
    for (; n; n = flat ? xml_next(n, n->name) : n->next) {
        json_t *v = read_value(shape->item->shape, shape->item, n, err);
        if (!v) {
            json_decref(out);
            return NULL;
        }
        json_array_append_new(out, v);
    }

    return out;
}

static json_t *read_map(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const struct xml_node *first,
    struct error *err)
{
    bool flat = is_flat(shape, m);
    const char *key_name = shape->key->wire ? shape->key->wire : "key";
    const char *value_name = shape->item->wire ? shape->item->wire : "value";
    json_t *out = json_object();
    const struct xml_node *n = flat ? first : first->first;

    for (; n; n = flat ? xml_next(n, n->name) : n->next) {
        const char *key = xml_text(n, key_name);
        const struct xml_node *value = xml_child(n, value_name);
        json_t *v = value ? read_value(shape->item->shape, shape->item, value, err) : NULL;

        if (!value || !key) /* an entry without value says nothing */
            continue;
        if (!v) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, key, v);
    }

    return out;
}

static const struct xml_node *member_node(const struct xml_node *node, const struct aws_member *m)
{
    const struct xml_node *n = NULL;
    const char *name = wire_name(m), *colon = strchr(name, ':');

    if (m->shape->type == AWS_LIST && is_flat(m->shape, m) && m->shape->item->wire)
        n = xml_child(node, m->shape->item->wire);
    return n ? n : xml_child(node, colon ? colon + 1 : name);
}

static const char *attribute(const struct xml_node *node, const struct aws_member *m)
{
    const char *name = wire_name(m), *colon = strchr(name, ':');
    const char *v = xml_attr_get(node, name);

    return v || !colon ? v : xml_attr_get(node, colon + 1);
}

static json_t *
read_structure(const struct aws_shape *shape, const struct xml_node *node, struct error *err)
{
    json_t *out = json_object();

    for (size_t i = 0; i < shape->member_count; i++) {
        const struct aws_member *m = &shape->members[i];
        const struct xml_node *n;
        json_t *v;

        if (!wire_in_body(m, true))
            continue;
        if (m->xml_attribute) {
            const char *text = attribute(node, m);
            if (!text)
                continue;
            v = wire_scalar_parse(m->shape, m, text, err);
        } else {
            n = member_node(node, m);
            if (!n)
                continue;
            v = read_value(m->shape, m, n, err);
        }
        if (!v) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, m->name, v);
    }

    return out;
}

static json_t *read_value(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const struct xml_node *node,
    struct error *err)
{
    switch (shape->type) {
    case AWS_STRUCTURE:
        return read_structure(shape, node, err);
    case AWS_LIST:
        return read_list(shape, m, node, err);
    case AWS_MAP:
        return read_map(shape, m, node, err);
    case AWS_STRING:
    case AWS_INTEGER:
    case AWS_LONG:
    case AWS_DOUBLE:
    case AWS_BOOLEAN:
    case AWS_TIMESTAMP:
    case AWS_BLOB:
        break;
    }

    return wire_scalar_parse(shape, m, node->text, err);
}

/* GetBucketLocation: the document's root is the one member itself. */
static bool root_is_member(const struct aws_shape *shape, const struct xml_node *root)
{
    return shape->member_count == 1 && !root->first && shape->members[0].location == AWS_IN_BODY &&
           shape->members[0].shape->type == AWS_STRING &&
           strcmp(wire_name(&shape->members[0]), root->name) == 0;
}

static const struct xml_node *unwrapped(const struct aws_operation *op, const struct xml_node *root)
{
    const struct xml_node *inner = NULL;

    if (op->service->protocol == AWS_QUERY && op->result_wrapper)
        inner = xml_child(root, op->result_wrapper);
    return inner ? inner : root;
}

int wire_xml_read(
    const struct aws_operation *op,
    const struct aws_shape *shape,
    const struct aws_member *m,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    cleanup_arena_wiped struct arena *arena = arena_new(); /* replies hold secrets too */
    struct error why = ERROR_INIT;
    struct xml_node *document;

    if (resp->body.len == 0)
        return 0;
    if (xml_parse(arena, str_get(&resp->body), resp->body.len, &document, &why) < 0)
        return wire_unreadable(&why, "XML", err);

    /* A page that is well-formed would else read as a reply without members. */
    if (strcasecmp(document->name, "html") == 0)
        return error_raise_errno(
            err, ERR_CLOUD, EBADMSG, "the reply is a web page, not an answer of AWS");

    const struct xml_node *root = unwrapped(op, document);
    if (root_is_member(shape, root)) {
        if (*root->text)
            json_object_set_new(out, shape->members[0].name, json_string(root->text));
        return 0;
    }

    json_t *v = read_value(shape, m, root, err);
    if (!v)
        return -EBADMSG;
    if (m) {
        json_object_set_new(out, m->name, v);
    } else {
        json_object_update(out, v);
        json_decref(v);
    }

    return 0;
}
