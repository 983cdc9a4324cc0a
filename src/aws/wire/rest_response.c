/* Replies of the REST protocols: members from the status, from headers, from headers by prefix, and
 * from the body. The body is one member as it stands (payload) or a document of the members that
 * have no other place. */
#include "aws/wire/internal.h"
#include "base/digest.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

/* --- headers --- */

/* One item up to its comma; moves *text behind it. An HTTP date holds a comma itself, so with dates
 * every second one divides. */
static char *take_item(const char **text, bool dates)
{
    struct str item = STR_INIT;
    bool quoted = false, was_quoted = false;
    unsigned commas = 0;
    const char *p = *text;

    p += strspn(p, " \t");
    for (; *p; p++) {
        if (*p == '"') {
            quoted = !quoted;
            was_quoted = true;
        } else if (quoted && *p == '\\' && p[1]) {
            str_append_char(&item, *++p);
        } else if (*p == ',' && !quoted && (!dates || commas++ == 1)) {
            p++;
            break;
        } else {
            str_append_char(&item, *p);
        }
    }

    *text = p;

    /* blanks inside of quotes are part of the value */
    char *plain = was_quoted ? xstrdup(str_get(&item)) : text_trim(str_get(&item));

    str_done(&item);
    return plain;
}

static json_t *parse_list(const struct aws_shape *shape, const char *text, struct error *err)
{
    bool dates = shape->item->shape->type == AWS_TIMESTAMP && strstr(text, "GMT");
    json_t *out = json_array();

    while (*text) {
        cleanup_free char *plain = take_item(&text, dates);
        json_t *v = wire_scalar_parse(shape->item->shape, shape->item, plain, err);

        if (!v) {
            json_decref(out);
            return NULL;
        }
        json_array_append_new(out, v);
    }

    return out;
}

/* JSON in a header is base64; what is not is taken as text. */
static json_t *parse_json_value(const char *text)
{
    void *json;
    size_t n;
    json_t *v = NULL;

    if (digest_base64_decode(text, &json, &n) == 0) {
        v = json_loadb(json, n, JSON_DECODE_ANY, NULL);
        free(json);
    }

    return v ? v : json_string(text);
}

static json_t *header_value(const struct aws_member *m, const char *text, struct error *err)
{
    if (m->json_value)
        return parse_json_value(text);
    if (m->shape->type == AWS_LIST)
        return parse_list(m->shape, text, err);

    return wire_scalar_parse(m->shape, m, text, err);
}

/* "x-amz-meta-colour: red" → {"colour": "red"} */
static json_t *prefixed(const struct aws_member *m, const struct http_response *resp)
{
    const char *prefix = m->wire ? m->wire : "";
    size_t n = strlen(prefix);
    json_t *out = json_object();

    for (size_t i = 0; i < resp->header_count; i++) {
        const struct http_header *h = &resp->headers[i];

        if (strncasecmp(h->name, prefix, n) == 0)
            json_object_set_new(out, h->name + n, json_string(h->value));
    }

    return out;
}

static int read_header(
    const struct aws_member *m, const struct http_response *resp, json_t *out, struct error *err)
{
    cleanup_free char *lower = text_lower(wire_name(m));
    const char *text = http_response_header(resp, lower);

    if (!text)
        return 0;

    json_t *v = header_value(m, text, err);
    if (!v)
        return error_wrap(err, "header %s", lower);

    json_object_set_new(out, m->name, v);
    return 0;
}

static int read_headers(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    for (size_t i = 0; i < op->output->member_count; i++) {
        const struct aws_member *m = &op->output->members[i];
        int rc = 0;

        if (m->location == AWS_IN_STATUS)
            json_object_set_new(out, m->name, json_integer(resp->status));
        else if (m->location == AWS_IN_HEADERS)
            json_object_set_new(out, m->name, prefixed(m, resp));
        else if (m->location == AWS_IN_HEADER)
            rc = read_header(m, resp, out, err);
        if (rc < 0)
            return rc;
    }

    return 0;
}

/* --- the body --- */

static int read_blob(const struct aws_member *m, const struct http_response *resp, json_t *out)
{
    cleanup_free char *text = digest_base64(str_get(&resp->body), resp->body.len);

    if (resp->body.len)
        json_object_set_new(out, m->name, json_string(text));
    return 0;
}

static int read_text(
    const struct aws_member *m, const struct http_response *resp, json_t *out, struct error *err)
{
    json_t *text = json_stringn(str_get(&resp->body), resp->body.len);

    if (!text)
        return error_raise(err, ERR_CLOUD, "the reply's body is no UTF-8 text");

    json_object_set_new(out, m->name, text);
    return 0;
}

static int read_json(
    const struct aws_member *m, const struct http_response *resp, json_t *out, struct error *err)
{
    cleanup_json json_t *body = NULL;

    if (resp->body.len == 0)
        return 0;

    /* any value, where a document of members is always an object */
    body = json_loadb(
        str_get(&resp->body), resp->body.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!body)
        return error_raise(err, ERR_CLOUD, "the reply is no JSON");

    json_t *v = wire_json_value(m->shape, m, body, true, err);
    if (!v)
        return -EBADMSG;

    json_object_set_new(out, m->name, v);
    return 0;
}

static int read_payload(
    const struct aws_operation *op,
    const struct aws_member *m,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    if (m->shape->type == AWS_BLOB)
        return read_blob(m, resp, out);
    if (m->shape->type == AWS_STRING && !m->shape->document)
        return read_text(m, resp, out, err);
    if (op->service->protocol == AWS_REST_XML)
        return wire_xml_read(op, m->shape, m, resp, out, err);

    return read_json(m, resp, out, err);
}

static int read_body(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    const struct aws_member *payload = wire_payload_member(op->output);

    if (payload)
        return read_payload(op, payload, resp, out, err);
    if (!wire_any_in_body(op->output, true))
        return 0;
    if (op->service->protocol == AWS_REST_XML)
        return wire_xml_read(op, op->output, NULL, resp, out, err);

    return wire_json_read(op->output, resp, out, err);
}

int wire_rest_response(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    int rc = read_headers(op, resp, out, err);

    return rc < 0 ? rc : read_body(op, resp, out, err);
}
