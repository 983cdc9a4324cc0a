/* Recorded replies of services with their expected values, for the operations in our tables; and
 * error documents of every shape. */
#include "aws/model/operations.h"
#include "aws/wire/internal.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "vectors/exceptions.h"
#include "vectors/vectors.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void squeeze(const char *in, char *out, size_t size)
{
    size_t n = 0;

    for (; *in && n + 1 < size; in++)
        if (isalnum((unsigned char)*in))
            out[n++] = (char)tolower((unsigned char)*in);
    out[n] = '\0';
}

/* "elbv2-describe-load-balancers.xml" → the operation, by both names in lower case. */
static const struct aws_operation *find(const char *file)
{
    char name[200], own[200];
    const char *dash = strchr(file, '-');
    cleanup_free char *stem = xstrndup(file, strlen(file) - 4);

    if (!dash)
        return NULL;
    for (size_t i = 0; aws_operations[i]; i++) {
        cleanup_free char *full =
            xasprintf("%s%s", aws_operations[i]->service->id, aws_operations[i]->name);

        squeeze(full, own, sizeof own);
        squeeze(stem, name, sizeof name);
        /* variants carry a number or a word at their end */
        if (strncmp(own, name, strlen(own)) == 0 && strlen(name) - strlen(own) < 12)
            return aws_operations[i];
    }
    return NULL;
}

/* The recordings hold times as text, and what HTTP says besides the body. */
static json_t *comparable(const struct aws_shape *shape, const json_t *v)
{
    const char *key;
    json_t *item, *out;
    double seconds;
    size_t i;

    if (shape->type == AWS_TIMESTAMP && json_is_string(v) &&
        wire_timestamp_parse(json_string_value(v), &seconds) == 0)
        return wire_timestamp_json(seconds);
    if (shape->type == AWS_LIST && json_is_array(v)) {
        out = json_array();
        json_array_foreach(v, i, item)
            json_array_append_new(out, comparable(shape->item->shape, item));
        return out;
    }
    if (shape->type == AWS_MAP && json_is_object(v)) {
        out = json_object();
        json_object_foreach((json_t *)v, key, item)
            json_object_set_new(out, key, comparable(shape->item->shape, item));
        return out;
    }
    if (shape->type != AWS_STRUCTURE || !json_is_object(v))
        return json_deep_copy(v);
    out = json_object();
    for (size_t m = 0; m < shape->member_count; m++) {
        item = json_object_get(v, shape->members[m].name);
        if (item && !json_is_null(item))
            json_object_set_new(
                out, shape->members[m].name, comparable(shape->members[m].shape, item));
    }
    return out;
}

static void
run_pair(struct vectors *v, const char *folder, const char *file, const struct aws_operation *op)
{
    cleanup_free char *xml_name = xasprintf("%s/%s", folder, file), *path = vectors_path(xml_name);
    cleanup_free char *json_name = xasprintf("%s/%.*s.json", folder, (int)strlen(file) - 4, file);
    cleanup_json json_t *recorded = vectors_json(json_name), *expected = NULL, *actual = NULL;
    cleanup_error struct error err = ERROR_INIT;
    struct http_response resp = {.status = 200};

    if (file_read(path, LIMIT_FILE_BYTES, &resp.body, &err) < 0 ||
        wire_parse(op, &resp, &actual, &err) < 0) {
        vectors_fail(v, file, "does not parse: %s", err.message);
    } else {
        expected = comparable(op->output, recorded);
        if (vectors_json_equal(expected, actual)) {
            vectors_pass(v);
        } else {
            cleanup_free char *e = json_print(expected, false, true),
                              *a = json_print(actual, false, true);
            vectors_equal(v, file, "values", e, a);
        }
    }
    str_done(&resp.body);
}

static void run_error(struct vectors *v, const char *file)
{
    cleanup_free char *xml_name = xasprintf("response-parsing/xml/errors/%s", file),
                      *path = vectors_path(xml_name);
    cleanup_free char *json_name =
        xasprintf("response-parsing/xml/errors/%.*s.json", (int)strlen(file) - 4, file);
    cleanup_json json_t *expected = vectors_json(json_name);
    struct http_response resp = {.status = 400};
    struct wire_error e;

    file_read(path, LIMIT_FILE_BYTES, &resp.body, NULL);
    wire_parse_error(&aws_sts_GetCallerIdentity, &resp, &e);
    if (vectors_equal(v, file, "code", json_str(expected, "Error.Code"), e.code) &&
        vectors_equal(v, file, "message", json_str(expected, "Error.Message"), e.message) &&
        (!json_str(expected, "ResponseMetadata.RequestId") ||
         vectors_equal(
             v,
             file,
             "request id",
             json_str(expected, "ResponseMetadata.RequestId"),
             e.request_id)))
        vectors_pass(v);
    wire_error_done(&e);
    str_done(&resp.body);
}

int main(void)
{
    static const char responses[] = "response-parsing/xml/responses";
    struct vectors v = {.name = "response parsing"};
    char **names = vectors_list(responses);

    for (char **n = names; *n; n++) {
        const struct aws_operation *op = text_ends(*n, ".xml") ? find(*n) : NULL;
        const char *reason = exception_reason(*n);

        if (!text_ends(*n, ".xml"))
            continue;
        if (!op || reason)
            vectors_not_applicable(&v, *n, reason ? reason : "an operation that we do not call");
        else
            run_pair(&v, responses, *n, op);
    }
    vectors_list_free(names);
    names = vectors_list("response-parsing/xml/errors");
    for (char **n = names; *n; n++)
        if (text_ends(*n, ".xml"))
            run_error(&v, *n);
    vectors_list_free(names);
    return vectors_end(&v);
}
