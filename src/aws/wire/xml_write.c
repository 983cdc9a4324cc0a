/* XML bodies of requests: restXml.
 *
 * Text by text, without a tree: the shape says all. Members that are attributes must come before
 * the element is closed, so they are written first. Lists and maps are wrapped in an element of
 * their own unless they are flattened; a name space goes onto the element whose shape or member has
 * one. */
#include "aws/wire/internal.h"
#include "base/mem.h"
#include <string.h>

static void escape(struct str *out, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            str_append(out, "&amp;");
            break;
        case '<':
            str_append(out, "&lt;");
            break;
        case '>':
            str_append(out, "&gt;");
            break;
        case '"':
            str_append(out, "&quot;");
            break;
        case '\r': /* line ends would be normalised by the reader: object keys may hold them */
            str_append(out, "&#xD;");
            break;
        case '\n':
            str_append(out, "&#xA;");
            break;
        default:
            str_append_char(out, *s);
        }
    }
}

static int
write_attributes(const struct aws_shape *shape, const json_t *v, struct str *out, struct error *err)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct aws_member *m = &shape->members[i];
        const json_t *in = json_object_get(v, m->name);
        struct str text = STR_INIT;
        int rc;

        if (!m->xml_attribute || !in || json_is_null(in))
            continue;
        rc = wire_scalar_text(m->shape, m, "iso8601", in, &text, err);
        if (rc == 0) {
            str_appendf(out, " %s=\"", wire_name(m));
            escape(out, str_get(&text));
            str_append_char(out, '"');
        }
        str_done(&text);
        if (rc < 0)
            return rc;
    }

    return 0;
}

static void write_namespace(
    const struct aws_shape *shape, const struct aws_member *m, const char *ns, struct str *out)
{
    const char *uri = ns ? ns : m && m->xml_namespace ? m->xml_namespace : shape->xml_namespace;
    const char *prefix = ns ? NULL : m && m->xml_namespace ? m->xml_prefix : shape->xml_prefix;

    if (!uri)
        return;

    str_appendf(out, prefix ? " xmlns:%s=\"" : " xmlns%s=\"", prefix ? prefix : "");
    escape(out, uri);
    str_append_char(out, '"');
}

static int
write_members(const struct aws_shape *shape, const json_t *v, struct str *out, struct error *err)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct aws_member *m = &shape->members[i];
        const json_t *in = json_object_get(v, m->name);
        int rc;

        if (m->xml_attribute || m->location != AWS_IN_BODY || !in || json_is_null(in))
            continue;
        rc = wire_xml_write(m->shape, m, wire_name(m), NULL, in, out, err);
        if (rc < 0)
            return rc;
    }

    return 0;
}

static int write_list(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const char *name,
    const char *ns,
    const json_t *v,
    struct str *out,
    struct error *err)
{
    bool flat = shape->flattened || (m && m->flattened);
    const char *item_name = flat ? name : shape->item->wire ? shape->item->wire : "member";
    json_t *in;
    size_t i;

    if (!flat) {
        str_appendf(out, "<%s", name);
        write_namespace(shape, m, ns, out);
        str_append_char(out, '>');
    }

    json_array_foreach(v, i, in) {
        int rc = wire_xml_write(shape->item->shape, shape->item, item_name, NULL, in, out, err);
        if (rc < 0)
            return rc;
    }

    if (!flat)
        str_appendf(out, "</%s>", name);
    return 0;
}

static int write_map(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const char *name,
    const char *ns,
    const json_t *v,
    struct str *out,
    struct error *err)
{
    bool flat = shape->flattened || (m && m->flattened);
    const char *entry = flat ? name : "entry";
    const char *key;
    json_t *in;

    if (!flat) {
        str_appendf(out, "<%s", name);
        write_namespace(shape, m, ns, out);
        str_append_char(out, '>');
    }

    json_object_foreach((json_t *)v, key, in) {
        json_t *key_value = json_string(key);
        int rc;

        str_appendf(out, "<%s>", entry);
        rc = wire_xml_write(
            shape->key->shape,
            shape->key,
            shape->key->wire ? shape->key->wire : "key",
            NULL,
            key_value,
            out,
            err);
        json_decref(key_value);
        if (rc == 0)
            rc = wire_xml_write(
                shape->item->shape,
                shape->item,
                shape->item->wire ? shape->item->wire : "value",
                NULL,
                in,
                out,
                err);
        if (rc < 0)
            return rc;
        str_appendf(out, "</%s>", entry);
    }

    if (!flat)
        str_appendf(out, "</%s>", name);
    return 0;
}

int wire_xml_write(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const char *root,
    const char *ns,
    const json_t *v,
    struct str *out,
    struct error *err)
{
    struct str text = STR_INIT;
    int rc;

    if (shape->type == AWS_LIST && json_is_array(v))
        return write_list(shape, m, root, ns, v, out, err);
    if (shape->type == AWS_MAP && json_is_object(v))
        return write_map(shape, m, root, ns, v, out, err);

    str_appendf(out, "<%s", root);
    write_namespace(shape, m, ns, out);
    if (shape->type == AWS_STRUCTURE) {
        if (!json_is_object(v))
            return error_raise(err, ERR_FAILED, "member %s must be an object", root);
        rc = write_attributes(shape, v, out, err);
        str_append_char(out, '>');
        if (rc == 0)
            rc = write_members(shape, v, out, err);
    } else {
        str_append_char(out, '>');
        rc = wire_scalar_text(shape, m, "iso8601", v, &text, err);
        escape(out, str_get(&text));
        str_done(&text);
    }

    str_appendf(out, "</%s>", root);
    return rc;
}
