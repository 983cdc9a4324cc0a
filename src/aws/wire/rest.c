/* Path, query, headers and payload of the REST protocols. */
#include "aws/sign/uri.h"
#include "aws/wire/wire.h"
#include "base/digest.h"
#include "base/mem.h"
#include <string.h>
#include <strings.h>

const struct aws_member *wire_payload_member(const struct aws_shape *shape)
{
    for (size_t i = 0; shape && i < shape->member_count; i++)
        if (shape->members[i].payload)
            return &shape->members[i];
    return NULL;
}

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
        json_array_foreach(v, i, item)
        {
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
    json_object_foreach((json_t *)v, key, item)
    {
        if (written_by_member(op, in, key))
            continue;
        int rc = query_value(r, key, m->shape->item->shape, m->shape->item, item, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A list in a header: comma-separated, an item with a comma or a quote stands in quotes. */
static int
header_list(const struct aws_shape *shape, const json_t *v, struct str *out, struct error *err)
{
    json_t *item;
    size_t i;

    json_array_foreach(v, i, item)
    {
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

    json_object_foreach((json_t *)v, key, item)
    {
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

int wire_rest_request(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    int rc = write_path(op, in, out, err);

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

/* Splits at commas outside quotes; HTTP dates hold one comma each. */
static json_t *parse_header_list(const struct aws_shape *shape, const char *text, struct error *err)
{
    bool dates = shape->item->shape->type == AWS_TIMESTAMP && strstr(text, "GMT");
    json_t *out = json_array();

    while (*text) {
        struct str item = STR_INIT;
        bool quoted = false, was_quoted = false;
        unsigned commas = 0;

        while (*text == ' ' || *text == '\t')
            text++;
        for (; *text; text++) {
            if (*text == '"') {
                quoted = !quoted;
                was_quoted = true;
            } else if (quoted && *text == '\\' && text[1]) {
                str_append_char(&item, *++text);
            } else if (*text == ',' && !quoted && (!dates || commas++ == 1)) {
                text++;
                break;
            } else {
                str_append_char(&item, *text);
            }
        }
        cleanup_free char *plain = was_quoted ? xstrdup(str_get(&item)) : text_trim(str_get(&item));
        json_t *v = wire_scalar_parse(shape->item->shape, shape->item, plain, err);
        str_done(&item);
        if (!v) {
            json_decref(out);
            return NULL;
        }
        json_array_append_new(out, v);
    }
    return out;
}

static json_t *header_value(const struct aws_member *m, const char *text, struct error *err)
{
    if (m->json_value) {
        void *json;
        size_t n;
        json_t *v = NULL;

        if (digest_base64_decode(text, &json, &n) == 0) {
            v = json_loadb(json, n, JSON_DECODE_ANY, NULL);
            free(json);
        }
        return v ? v : json_string(text);
    }
    if (m->shape->type == AWS_LIST)
        return parse_header_list(m->shape, text, err);
    return wire_scalar_parse(m->shape, m, text, err);
}

static json_t *prefixed(const struct aws_member *m, const struct http_response *resp)
{
    size_t n = m->wire ? strlen(m->wire) : 0;
    json_t *out = json_object();

    for (size_t i = 0; i < resp->header_count; i++)
        if (strncasecmp(resp->headers[i].name, m->wire ? m->wire : "", n) == 0)
            json_object_set_new(
                out, resp->headers[i].name + n, json_string(resp->headers[i].value));
    return out;
}

int wire_rest_response(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    for (size_t i = 0; op->output && i < op->output->member_count; i++) {
        const struct aws_member *m = &op->output->members[i];
        json_t *v = NULL;

        if (m->location == AWS_IN_STATUS) {
            v = json_integer(resp->status);
        } else if (m->location == AWS_IN_HEADERS) {
            v = prefixed(m, resp);
        } else if (m->location == AWS_IN_HEADER) {
            cleanup_free char *lower = text_lower(wire_name(m));
            const char *text = http_response_header(resp, lower);

            if (!text)
                continue;
            v = header_value(m, text, err);
            if (!v)
                return error_wrap(err, "header %s", lower);
        } else {
            continue;
        }
        json_object_set_new(out, m->name, v);
    }
    return 0;
}
