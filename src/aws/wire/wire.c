/* One operation, six protocols: this file knows which protocol puts what where, and asks the file
 * that writes or reads it (internal.h has the list). None of them calls back here.
 *
 * awsJson and the query protocols have one fixed path and put everything into the body; the REST
 * protocols spread the members over path, query, headers and body, and read them from there again.
 * Parameters are checked against the tables first: a member that does not exist would otherwise be
 * dropped in silence. */
#include "aws/wire/internal.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>

void wire_fill_tokens(const struct aws_operation *op, json_t *in, const char *uuid)
{
    for (size_t i = 0; op->input && i < op->input->member_count; i++) {
        const struct aws_member *m = &op->input->members[i];

        if (m->idempotency_token && !json_object_get(in, m->name))
            json_object_set_new(in, m->name, json_string(uuid));
    }
}

/* --- requests --- */

static bool is_host_label(const char *v)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

    return !text_empty(v) && v[strspn(v, allowed)] == '\0';
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
        if (!is_host_label(v)) {
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

static int write_json(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    const struct aws_service *service = op->service;
    bool old = service->protocol == AWS_JSON_1_0;
    char *target = arena_printf(out->arena, "%s.%s", service->target_prefix, op->name);

    str_append_char(&out->path, '/');
    out->has_body = true;
    wire_header(
        out, "Content-Type", old ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1");
    wire_header(out, "X-Amz-Target", target);

    return wire_json_write(op->input, in, &out->body, err);
}

static int write_form(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    str_append_char(&out->path, '/');
    out->has_body = true;
    wire_header(out, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    return wire_query_body(op, in, &out->body, err);
}

static int write_request(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    switch (op->service->protocol) {
    case AWS_JSON_1_0:
    case AWS_JSON_1_1:
        return write_json(op, in, out, err);
    case AWS_QUERY:
    case AWS_EC2_QUERY:
        return write_form(op, in, out, err);
    case AWS_REST_XML:
    case AWS_REST_JSON:
        break;
    }

    return wire_rest_request(op, in, out, err);
}

int wire_serialize(
    const struct aws_operation *op, const json_t *in, struct wire_request *out, struct error *err)
{
    int rc = wire_check(op, in, err);

    out->method = op->method;
    if (rc == 0)
        rc = write_host_prefix(op, in, out, err);
    if (rc == 0)
        rc = write_request(op, in, out, err);
    if (rc == 0 && (!str_ok(&out->body) || !str_ok(&out->path) || !str_ok(&out->query)))
        rc = error_raise(err, ERR_FAILED, "%s: the request is too large", op->name);

    return rc < 0 ? error_wrap(err, "%s", op->service->id) : 0;
}

/* --- replies --- */

static int read_reply(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t *out,
    struct error *err)
{
    if (!op->output)
        return 0;

    switch (op->service->protocol) {
    case AWS_JSON_1_0:
    case AWS_JSON_1_1:
        return wire_json_read(op->output, resp, out, err);
    case AWS_QUERY:
    case AWS_EC2_QUERY:
        return wire_xml_read(op, op->output, NULL, resp, out, err);
    case AWS_REST_XML:
    case AWS_REST_JSON:
        break;
    }

    return wire_rest_response(op, resp, out, err);
}

int wire_parse(
    const struct aws_operation *op,
    const struct http_response *resp,
    json_t **out,
    struct error *err)
{
    json_t *o = json_object();
    int rc = read_reply(op, resp, o, err);

    *out = NULL;
    if (rc < 0) {
        json_decref(o);
        error_wrap(err, "%s:%s", op->service->id, op->name);
        return rc;
    }

    *out = o;
    return 0;
}
