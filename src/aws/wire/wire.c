#include "aws/wire/wire.h"
#include "aws/sign/uri.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

void wire_request_init(struct wire_request *r)
{
    *r = (struct wire_request){.arena = arena_new(), .method = "POST"};
}

void wire_request_done(struct wire_request *r)
{
    vec_free(&r->headers);
    str_done(&r->path);
    str_done(&r->query);
    str_wipe(&r->body);        /* parameter values may be secrets */
    arena_wipe_ptr(&r->arena); /* header values as well */
    *r = (struct wire_request){0};
}

void wire_header(struct wire_request *r, const char *name, const char *value)
{
    vec_push(
        &r->headers,
        (struct http_header){arena_strdup(r->arena, name), arena_strdup(r->arena, value)});
}

bool wire_has_header(const struct wire_request *r, const char *name)
{
    for (size_t i = 0; i < r->headers.len; i++)
        if (strcasecmp(r->headers.items[i].name, name) == 0)
            return true;
    return false;
}

void wire_query(struct wire_request *r, const char *name, const char *value)
{
    if (r->query.len)
        str_append_char(&r->query, '&');
    uri_encode(&r->query, name, false);
    str_append_char(&r->query, '=');
    uri_encode(&r->query, value, false);
}

void wire_fill_tokens(const struct aws_operation *op, json_t *in, const char *uuid)
{
    for (size_t i = 0; op->input && i < op->input->member_count; i++) {
        const struct aws_member *m = &op->input->members[i];

        if (m->idempotency_token && !json_object_get(in, m->name))
            json_object_set_new(in, m->name, json_string(uuid));
    }
}

static int
json_body(const struct aws_shape *shape, const json_t *in, struct str *out, struct error *err)
{
    json_t *v = shape ? wire_json_value(shape, NULL, in, false, err) : json_object();

    if (!v)
        return -EINVAL;
    cleanup_free char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    str_append(out, text);
    json_decref(v);
    return 0;
}

static bool has_body_members(const struct aws_shape *shape, bool reading)
{
    for (size_t i = 0; shape && i < shape->member_count; i++)
        if (wire_in_body(&shape->members[i], reading))
            return true;
    return false;
}

static bool any_body_member_set(const struct aws_shape *shape, const json_t *in)
{
    for (size_t i = 0; shape && i < shape->member_count; i++) {
        const json_t *v = json_object_get(in, shape->members[i].name);
        if (shape->members[i].location == AWS_IN_BODY && v && !json_is_null(v))
            return true;
    }
    return false;
}

static int
blob_payload(const struct aws_member *m, const json_t *v, struct str *out, struct error *err)
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

static int rest_payload(
    const struct aws_operation *op,
    const struct aws_member *m,
    const json_t *in,
    struct wire_request *r,
    struct error *err)
{
    bool xml = op->service->protocol == AWS_REST_XML;
    const json_t *v = json_object_get(in, m->name);
    bool raw = (m->shape->type == AWS_BLOB || m->shape->type == AWS_STRING) && !m->shape->document;

    if (!v || json_is_null(v)) {
        if (!raw && !xml && !m->shape->document) {
            str_append(&r->body, "{}");
            r->has_body = true;
            if (!wire_has_header(r, "Content-Type"))
                wire_header(r, "Content-Type", "application/json");
        }
        return 0;
    }
    r->has_body = true;
    if (!wire_has_header(r, "Content-Type"))
        wire_header(
            r,
            "Content-Type",
            !raw                         ? (xml ? "application/xml" : "application/json")
            : m->shape->type == AWS_BLOB ? "application/octet-stream"
                                         : "text/plain");
    if (raw)
        return blob_payload(m, v, &r->body, err);
    if (!xml)
        return json_body(m->shape, v, &r->body, err);
    const char *root = m->wire ? m->wire : m->shape->name ? m->shape->name : m->name;
    return wire_xml_write(m->shape, m, root, NULL, v, &r->body, err);
}

static int rest_body(
    const struct aws_operation *op, const json_t *in, struct wire_request *r, struct error *err)
{
    const struct aws_member *payload = wire_payload_member(op->input);

    if (payload)
        return rest_payload(op, payload, in, r, err);
    if (op->service->protocol == AWS_REST_JSON) {
        if (!has_body_members(op->input, false))
            return 0;
        r->has_body = true;
        if (!wire_has_header(r, "Content-Type"))
            wire_header(r, "Content-Type", "application/json");
        return json_body(op->input, in, &r->body, err);
    }
    if (!any_body_member_set(op->input, in))
        return 0;
    r->has_body = true;
    if (!wire_has_header(r, "Content-Type"))
        wire_header(r, "Content-Type", "application/xml");
    const char *root = op->input_name    ? op->input_name
                       : op->input->name ? op->input->name
                                         : op->name;
    return wire_xml_write(op->input, NULL, root, op->input_namespace, in, &r->body, err);
}

/* "{Label}." parts of the host that the model asks for. */
static int write_host_prefix(
    const struct aws_operation *op, const json_t *in, struct wire_request *r, struct error *err)
{
    struct str out = STR_INIT;

    for (const char *p = op->host_prefix; p && *p;) {
        if (*p != '{') {
            str_append_char(&out, *p++);
            continue;
        }
        size_t n = strcspn(p, "}");
        cleanup_free char *label = xstrndup(p + 1, n - 1);
        const char *v = json_str(in, label);
        if (text_empty(v) ||
            v[strspn(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")]) {
            str_done(&out);
            return error_raise(err, ERR_FAILED, "%s: %s is no valid host label", op->name, label);
        }
        str_append(&out, v);
        p += n + (p[n] == '}');
    }
    if (out.len)
        r->host_prefix = arena_strdup(r->arena, str_get(&out));
    str_done(&out);
    return 0;
}

static int serialize_body(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    const struct aws_service *service = op->service;

    switch (service->protocol) {
    case AWS_JSON_1_0:
    case AWS_JSON_1_1:
        str_append_char(&out->path, '/');
        out->has_body = true;
        wire_header(
            out,
            "Content-Type",
            service->protocol == AWS_JSON_1_0 ? "application/x-amz-json-1.0"
                                              : "application/x-amz-json-1.1");
        wire_header(
            out,
            "X-Amz-Target",
            arena_printf(out->arena, "%s.%s", service->target_prefix, op->name));
        return json_body(op->input, in, &out->body, err);
    case AWS_QUERY:
    case AWS_EC2_QUERY:
        str_append_char(&out->path, '/');
        out->has_body = true;
        wire_header(out, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        return wire_query_body(op, in, &out->body, err);
    case AWS_REST_XML:
    case AWS_REST_JSON:
        break;
    }
    int rc = wire_rest_request(op, in, out, err);
    return rc < 0 ? rc : rest_body(op, in, out, err);
}

int wire_serialize(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    int rc = wire_check(op, in, err);

    out->method = op->method;
    if (rc == 0)
        rc = write_host_prefix(op, in, out, err);
    if (rc == 0)
        rc = serialize_body(op, in, out, err);
    if (rc == 0 && (!str_ok(&out->body) || !str_ok(&out->path) || !str_ok(&out->query)))
        rc = error_raise(err, ERR_FAILED, "%s: the request is too large", op->name);
    return rc < 0 ? error_wrap(err, "%s", op->service->id) : 0;
}

/* --- replies --- */

/* The parser's finding as what it is here: a fault of the service. */
static int unreadable(struct error *why, const char *what, struct error *err)
{
    int rc =
        error_raise_errno(err, ERR_CLOUD, EBADMSG, "the reply is no %s: %s", what, why->message);

    error_done(why);
    return rc;
}

static int parse_json_body(
    const struct aws_shape *shape, const struct http_response *resp, json_t *out, struct error *err)
{
    cleanup_json json_t *body = NULL;
    struct error why = ERROR_INIT;
    int rc;

    if (resp->body.len == 0)
        return 0;
    rc = json_parse(str_get(&resp->body), resp->body.len, &body, &why);
    if (rc < 0)
        return unreadable(&why, "JSON", err);
    json_t *v = wire_json_value(shape, NULL, body, true, err);
    if (!v)
        return -EBADMSG;
    json_object_update(out, v);
    json_decref(v);
    return 0;
}

/* GetBucketLocation: the document's root is the one member itself. */
static bool root_is_member(const struct aws_shape *shape, const struct xml_node *root)
{
    return shape->member_count == 1 && !root->first && shape->members[0].location == AWS_IN_BODY &&
           shape->members[0].shape->type == AWS_STRING &&
           strcmp(wire_name(&shape->members[0]), root->name) == 0;
}

static int parse_xml_body(
    const struct aws_operation *op,
    const struct aws_shape *shape,
    const struct aws_member *m,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    cleanup_arena_wiped struct arena *arena = arena_new();
    struct error why = ERROR_INIT;
    struct xml_node *root;
    int rc;

    if (resp->body.len == 0)
        return 0;
    rc = xml_parse(arena, str_get(&resp->body), resp->body.len, &root, &why);
    if (rc < 0)
        return unreadable(&why, "XML", err);
    if (op->service->protocol == AWS_QUERY && op->result_wrapper) {
        struct xml_node *wrapped = xml_child(root, op->result_wrapper);
        root = wrapped ? wrapped : root;
    }
    if (root_is_member(shape, root)) {
        if (*root->text)
            json_object_set_new(out, shape->members[0].name, json_string(root->text));
        return 0;
    }
    json_t *v = wire_xml_read(shape, m, root, err);
    if (!v)
        return -EBADMSG;
    if (m)
        json_object_set_new(out, m->name, v);
    else {
        json_object_update(out, v);
        json_decref(v);
    }
    return 0;
}

static int parse_payload(
    const struct aws_operation *op,
    const struct aws_member *m,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    cleanup_json json_t *body = NULL;

    if (m->shape->type == AWS_BLOB) {
        cleanup_free char *text = digest_base64(str_get(&resp->body), resp->body.len);
        if (resp->body.len)
            json_object_set_new(out, m->name, json_string(text));
        return 0;
    }
    if (m->shape->type == AWS_STRING && !m->shape->document) {
        json_t *text = json_stringn(str_get(&resp->body), resp->body.len);
        if (!text)
            return error_raise(err, ERR_CLOUD, "the reply's body is no UTF-8 text");
        json_object_set_new(out, m->name, text);
        return 0;
    }
    if (op->service->protocol == AWS_REST_XML)
        return parse_xml_body(op, m->shape, m, resp, out, err);
    if (resp->body.len == 0)
        return 0;
    body = json_loadb(
        str_get(&resp->body), resp->body.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    json_t *v = body ? wire_json_value(m->shape, m, body, true, err) : NULL;
    if (!v)
        return body ? -EBADMSG : error_raise(err, ERR_CLOUD, "the reply is no JSON");
    json_object_set_new(out, m->name, v);
    return 0;
}

int wire_parse(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t **out,
    struct error *err)
{
    const struct aws_member *payload = wire_payload_member(op->output);
    enum aws_protocol protocol = op->service->protocol;
    json_t *o = json_object();
    int rc = 0;

    *out = NULL;
    if (op->output && (protocol == AWS_REST_XML || protocol == AWS_REST_JSON)) {
        rc = wire_rest_response(op, resp, o, err);
        if (rc == 0 && payload)
            rc = parse_payload(op, payload, resp, o, err);
        else if (rc == 0 && has_body_members(op->output, true))
            rc = protocol == AWS_REST_XML ? parse_xml_body(op, op->output, NULL, resp, o, err)
                                          : parse_json_body(op->output, resp, o, err);
    } else if (op->output && (protocol == AWS_QUERY || protocol == AWS_EC2_QUERY)) {
        rc = parse_xml_body(op, op->output, NULL, resp, o, err);
    } else if (op->output) {
        rc = parse_json_body(op->output, resp, o, err);
    }
    if (rc < 0) {
        json_decref(o);
        error_wrap(err, "%s:%s", op->service->id, op->name);
        return rc;
    }
    *out = o;
    return 0;
}
