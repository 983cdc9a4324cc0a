/* Requests of the REST protocols: the operation's URI with its labels filled in, then each member
 * where the model puts it: query, header, headers by prefix, body.
 *
 * The body is one member as it stands (payload), or a document of the members that have no other
 * place. When a content type is a member itself and was given, it stays.
 *
 * Order matters in two places. Headers by prefix come after the single ones, because a member of
 * its own wins over the same name in a map; and a map in the query leaves out what a member of its
 * own says. */
#include "aws/sign/uri.h"
#include "aws/wire/internal.h"
#include "base/digest.h"
#include "base/mem.h"
#include <string.h>

/* --- path --- */

static const struct aws_member *
label_member(const struct aws_shape *shape, const char *label, size_t n)
{
    for (size_t i = 0; shape && i < shape->member_count; i++) {
        const struct aws_member *m = &shape->members[i];
        const char *name = wire_name(m);

        if (m->location == AWS_IN_URI && strlen(name) == n && memcmp(name, label, n) == 0)
            return m;
    }

    return NULL;
}

static int append_label(
    const struct aws_operation *op,
    const json_t *in,
    const char *label,
    size_t n,
    struct str *out,
    struct error *err)
{
    bool greedy = n && label[n - 1] == '+';
    const struct aws_member *m = label_member(op->input, label, greedy ? n - 1 : n);
    struct str text = STR_INIT;
    int rc;

    if (!m)
        return error_raise(
            err, ERR_FAILED, "%s has no member for the path part {%.*s}", op->name, (int)n, label);

    const json_t *v = json_object_get(in, m->name);
    if (!v || json_is_null(v))
        return error_raise(err, ERR_FAILED, "%s needs the member %s", op->name, m->name);

    rc = wire_scalar_text(m->shape, m, "iso8601", v, &text, err);
    if (rc == 0 && !greedy && strcmp(op->service->id, "route53") == 0 && text.len &&
        text.data[0] == '/') {
        /* Route 53 hands out ids as /hostedzone/Z1 and takes them as Z1 */
        char *last = xstrdup(strrchr(text.data, '/') + 1);
        str_clear(&text);
        str_append(&text, last);
        free(last);
    }

    if (rc == 0 && text.len == 0)
        rc = error_raise(err, ERR_FAILED, "%s: the member %s must not be empty", op->name, m->name);
    if (rc == 0)
        uri_encode(out, str_get(&text), greedy);
    str_done(&text);
    return rc;
}

static int write_path(
    const struct aws_operation *op, const json_t *in, struct wire_request *r, struct error *err)
{
    const char *p = op->uri;

    while (*p && *p != '?') {
        if (*p == '{') {
            size_t n = strcspn(p, "}");
            int rc = append_label(op, in, p + 1, n - 1, &r->path, err);

            if (rc < 0)
                return rc;
            p += n + (p[n] == '}');
        } else {
            str_append_char(&r->path, *p++);
        }
    }

    if (r->path.len == 0)
        str_append_char(&r->path, '/');
    if (*p == '?')
        str_append(&r->query, p + 1);
    return 0;
}

/* --- query --- */

static int query_value(
    struct wire_request *r,
    const char *name,
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v,
    struct error *err)
{
    struct str text = STR_INIT;
    json_t *item;
    size_t i;
    int rc = 0;

    if (json_is_null(v))
        return 0;
    if (shape->type == AWS_LIST) {
        json_array_foreach(v, i, item) {
            rc = query_value(r, name, shape->item->shape, shape->item, item, err);
            if (rc < 0)
                break;
        }
        return rc;
    }

    rc = wire_scalar_text(shape, m, "iso8601", v, &text, err);
    if (rc == 0)
        wire_query(r, name, str_get(&text));
    str_done(&text);
    return rc;
}

/* A map's key that a member of its own, if set, already wrote. */
static bool written_by_member(const struct aws_operation *op, const json_t *in, const char *key)
{
    for (size_t i = 0; i < op->input->member_count; i++) {
        const struct aws_member *m = &op->input->members[i];

        if (m->location == AWS_IN_QUERY && m->shape->type != AWS_MAP &&
            strcmp(wire_name(m), key) == 0)
            return json_object_get(in, m->name) != NULL;
    }

    return false;
}

static int query_member(
    const struct aws_operation *op,
    const json_t *in,
    struct wire_request *r,
    const struct aws_member *m,
    const json_t *v,
    struct error *err)
{
    const char *key;
    json_t *item;

    if (m->shape->type != AWS_MAP)
        return query_value(r, wire_name(m), m->shape, m, v, err);

    json_object_foreach((json_t *)v, key, item) {
        if (written_by_member(op, in, key))
            continue;
        int rc = query_value(r, key, m->shape->item->shape, m->shape->item, item, err);
        if (rc < 0)
            return rc;
    }

    return 0;
}

/* --- headers --- */

/* A list in a header: comma-separated, an item with a comma or a quote stands in quotes. */
static int
header_list(const struct aws_shape *shape, const json_t *v, struct str *out, struct error *err)
{
    json_t *item;
    size_t i;

    json_array_foreach(v, i, item) {
        struct str text = STR_INIT;
        int rc = wire_scalar_text(shape->item->shape, shape->item, "rfc822", item, &text, err);

        if (rc < 0) {
            str_done(&text);
            return rc;
        }
        if (i)
            str_append(out, ", ");
        if (shape->item->shape->type == AWS_STRING && strpbrk(str_get(&text), ",\"")) {
            str_append_char(out, '"');
            for (const char *p = str_get(&text); *p; p++)
                str_appendf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
            str_append_char(out, '"');
        } else {
            str_append(out, str_get(&text));
        }
        str_done(&text);
    }

    return 0;
}

static int header_member(
    struct wire_request *r, const struct aws_member *m, const json_t *v, struct error *err)
{
    struct str text = STR_INIT;
    int rc = 0;

    if (m->json_value) {
        cleanup_free char *json = wire_json_text(v);
        cleanup_free char *b64 = digest_base64(json, strlen(json));
        str_append(&text, b64);
    } else if (m->shape->type == AWS_LIST) {
        rc = header_list(m->shape, v, &text, err);
    } else {
        rc = wire_scalar_text(m->shape, m, "rfc822", v, &text, err);
    }

    if (rc == 0 && strpbrk(str_get(&text), "\r\n"))
        rc = error_raise(
            err, ERR_FAILED, "member %s goes into a header and must not hold line breaks", m->name);
    if (rc == 0 && text.len)
        wire_header(r, wire_name(m), str_get(&text));
    str_wipe(&text);
    return rc;
}

static int prefix_headers(
    struct wire_request *r, const struct aws_member *m, const json_t *v, struct error *err)
{
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)v, key, item) {
        cleanup_free char *name = xasprintf("%s%s", m->wire ? m->wire : "", key);
        const char *value = json_string_value(item);

        if (wire_has_header(r, name))
            continue; /* a member of its own says it already */
        if (!value || strpbrk(value, "\r\n") || strpbrk(key, "\r\n: "))
            return error_raise(
                err, ERR_FAILED, "member %s holds a value that cannot be a header", m->name);
        wire_header(r, name, value);
    }

    return 0;
}

static int write_members(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && op->input && i < op->input->member_count; i++) {
        const struct aws_member *m = &op->input->members[i];
        const json_t *v = json_object_get(in, m->name);

        if (!v || json_is_null(v))
            continue;
        if (m->location == AWS_IN_QUERY)
            rc = query_member(op, in, out, m, v, err);
        else if (m->location == AWS_IN_HEADER)
            rc = header_member(out, m, v, err);
    }

    for (size_t i = 0; rc == 0 && op->input && i < op->input->member_count; i++) {
        const struct aws_member *m = &op->input->members[i];
        const json_t *v = json_object_get(in, m->name);

        if (v && !json_is_null(v) && m->location == AWS_IN_HEADERS)
            rc = prefix_headers(out, m, v, err);
    }

    return rc;
}

/* --- body --- */

static bool any_body_member_set(const struct aws_shape *shape, const json_t *in)
{
    for (size_t i = 0; shape && i < shape->member_count; i++) {
        const json_t *v = json_object_get(in, shape->members[i].name);

        if (shape->members[i].location == AWS_IN_BODY && v && !json_is_null(v))
            return true;
    }

    return false;
}

static void begin_body(struct wire_request *r, const char *content_type)
{
    r->has_body = true;
    if (!wire_has_header(r, "Content-Type"))
        wire_header(r, "Content-Type", content_type);
}

static int
write_blob(const struct aws_member *m, const json_t *v, struct str *out, struct error *err)
{
    void *data;
    size_t n;

    if (m->shape->type == AWS_STRING && json_is_string(v)) {
        str_append(out, json_string_value(v));
        return 0;
    }

    if (!json_is_string(v) || digest_base64_decode(json_string_value(v), &data, &n) < 0)
        return error_raise(err, ERR_FAILED, "member %s must be base64 text", m->name);

    str_append_bytes(out, data, n);
    free(data);
    return 0;
}

static int write_payload(
    const struct aws_operation *op,
    const struct aws_member *m,
    const json_t *in,
    struct wire_request *r,
    struct error *err)
{
    bool xml = op->service->protocol == AWS_REST_XML;
    const json_t *v = json_object_get(in, m->name);
    bool missing = !v || json_is_null(v);
    bool document = m->shape->document;
    bool raw = (m->shape->type == AWS_BLOB || m->shape->type == AWS_STRING) && !document;

    /* restJson sends an empty structure where it has none; the others send no body at all */
    if (missing && !raw && !xml && !document) {
        begin_body(r, "application/json");
        str_append(&r->body, "{}");
    }

    if (missing)
        return 0;

    if (raw) {
        bool blob = m->shape->type == AWS_BLOB;

        begin_body(r, blob ? "application/octet-stream" : "text/plain");
        return write_blob(m, v, &r->body, err);
    }

    begin_body(r, xml ? "application/xml" : "application/json");
    if (!xml)
        return wire_json_write(m->shape, v, &r->body, err);

    const char *root = m->wire ? m->wire : m->shape->name ? m->shape->name : m->name;
    return wire_xml_write(m->shape, m, root, NULL, v, &r->body, err);
}

static int write_body(
    const struct aws_operation *op, const json_t *in, struct wire_request *r, struct error *err)
{
    const struct aws_member *payload = wire_payload_member(op->input);
    bool json = op->service->protocol == AWS_REST_JSON;

    if (payload)
        return write_payload(op, payload, in, r, err);

    /* restJson sends "{}" when nothing is set, restXml nothing */
    if (json && wire_any_in_body(op->input, false)) {
        begin_body(r, "application/json");
        return wire_json_write(op->input, in, &r->body, err);
    }

    if (json || !any_body_member_set(op->input, in))
        return 0;

    begin_body(r, "application/xml");
    const char *shape_name = op->input->name ? op->input->name : op->name;
    const char *root = op->input_name ? op->input_name : shape_name;

    return wire_xml_write(op->input, NULL, root, op->input_namespace, in, &r->body, err);
}

int wire_rest_request(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    int rc = write_path(op, in, out, err);

    if (rc == 0)
        rc = write_members(op, in, out, err);
    if (rc == 0)
        rc = write_body(op, in, out, err);
    return rc;
}
