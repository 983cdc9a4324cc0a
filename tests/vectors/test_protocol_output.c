/* Protocol tests, reply side: a recorded reply → our parser → compared with the expected values;
 * error replies by their code. */
#include "aws/wire/wire.h"
#include "base/mem.h"
#include "vectors/blobs.h"
#include "vectors/protocol_cases.h"
#include <stdio.h>
#include <string.h>

static void fill_response(const json_t *in, struct http_response *out)
{
    const json_t *headers = json_object_get(in, "headers"), *body = json_object_get(in, "body");
    const char *name;
    json_t *value;

    *out = (struct http_response){.status = (int)json_int_or(in, "status_code", 200)};
    out->headers = xcalloc(json_object_size(headers) + 1, sizeof *out->headers);
    json_object_foreach((json_t *)headers, name, value) {
        if (!json_is_string(value))
            continue;
        out->headers[out->header_count++] =
            (struct http_header){text_lower(name), xstrdup(json_string_value(value))};
    }
    if (json_is_string(body))
        str_append_bytes(&out->body, json_string_value(body), json_string_length(body));
}

static void free_response(struct http_response *r)
{
    for (size_t i = 0; i < r->header_count; i++) {
        free((char *)(uintptr_t)r->headers[i].name);
        free((char *)(uintptr_t)r->headers[i].value);
    }
    free(r->headers);
    str_done(&r->body);
}

static void run_error(
    struct vectors *v,
    const char *id,
    const struct aws_operation *op,
    const json_t *c,
    const struct http_response *resp)
{
    const char *code = json_str(c, "errorCode"), *message = json_str(c, "errorMessage");
    struct wire_error e;

    if (!code)
        code = json_str(c, "error.Code");
    wire_parse_error(op, resp, &e);
    if (vectors_equal(v, id, "error code", code, e.code) &&
        (!message || vectors_equal(v, id, "error message", message, e.message)))
        vectors_pass(v);
    wire_error_done(&e);
}

static void run_result(
    struct vectors *v,
    const char *id,
    const struct aws_operation *op,
    const json_t *c,
    const struct http_response *resp)
{
    cleanup_error struct error err = ERROR_INIT;
    cleanup_json json_t *actual = NULL, *expected = NULL;
    const json_t *result = json_object_get(c, "result");

    if (wire_parse(op, resp, &actual, &err) < 0) {
        vectors_fail(v, id, "does not parse: %s", err.message);
        return;
    }
    expected =
        op->output && json_is_object(result) ? blobs_encode(op->output, result) : json_object();
    json_object_del(actual, "ResponseMetadata");
    json_object_del(expected, "ResponseMetadata");
    if (vectors_json_equal(expected, actual)) {
        vectors_pass(v);
        return;
    }
    cleanup_free char *e = json_print(expected, false, true), *a = json_print(actual, false, true);
    vectors_equal(v, id, "result", e, a);
}

static void run_case(struct vectors *v, struct model_loader *m, const char *id, const json_t *c)
{
    const struct aws_operation *op = model_operation(m, json_object_get(c, "given"));
    struct http_response resp;

    fill_response(json_object_get(c, "response"), &resp);
    if (json_object_get(c, "error") || json_object_get(c, "errorCode"))
        run_error(v, id, op, c, &resp);
    else
        run_result(v, id, op, c, &resp);
    free_response(&resp);
}

int main(void)
{
    return protocol_cases_run("output", run_case);
}
