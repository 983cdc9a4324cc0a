/* Protocol tests, reply side: a recorded reply → our parser → compared with the expected values;
 * error replies by their code. */
#include "aws/wire/wire.h"
#include "base/mem.h"
#include "vectors/blobs.h"
#include "vectors/exceptions.h"
#include "vectors/model_loader.h"
#include "vectors/vectors.h"
#include <stdio.h>
#include <string.h>

static void fill_response(const json_t *in, struct http_response *out)
{
    const json_t *headers = json_object_get(in, "headers"), *body = json_object_get(in, "body");
    const char *name;
    json_t *value;

    *out = (struct http_response){.status = (int)json_int_or(in, "status_code", 200)};
    out->headers = xcalloc(json_object_size(headers) + 1, sizeof *out->headers);
    json_object_foreach((json_t *)headers, name, value)
    {
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

static void run_file(struct vectors *v, const char *folder, const char *file)
{
    cleanup_free char *relative = xasprintf("%s/%s", folder, file);
    cleanup_json json_t *suites = vectors_json(relative);
    json_t *suite, *c;
    size_t i, k;

    json_array_foreach(suites, i, suite)
    {
        cleanup_arena struct arena *arena = arena_new();
        struct model_loader m;

        model_loader_init(
            &m, arena, json_object_get(suite, "metadata"), json_object_get(suite, "shapes"));
        json_array_foreach(json_object_get(suite, "cases"), k, c)
        {
            cleanup_free char *made =
                xasprintf("%s#%zu.%zu", json_str_or(suite, "description", "?"), i, k);
            cleanup_free char *id =
                xasprintf("%s %s", relative, json_str(c, "id") ? json_str(c, "id") : made);
            const char *reason = exception_reason(id);

            if (reason)
                vectors_not_applicable(v, id, reason);
            else
                run_case(v, &m, id, c);
        }
    }
}

int main(void)
{
    static const char *const folders[] = {
        "protocol-tests/output", "protocol-tests/legacy/output", NULL};
    struct vectors v = {.name = "protocol output"};

    for (size_t i = 0; folders[i]; i++) {
        char **names = vectors_list(folders[i]);
        for (char **n = names; *n; n++)
            run_file(&v, folders[i], *n);
        vectors_list_free(names);
    }
    return vectors_end(&v);
}
