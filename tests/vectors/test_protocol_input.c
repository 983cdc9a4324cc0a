/* Protocol tests, request side: shapes and parameters of the vectors → our serializer → compared
 * with the expected request. */
#include "aws/sign/uri.h"
#include "aws/wire/wire.h"
#include "base/digest.h"
#include "base/mem.h"
#include "data/xml.h"
#include "vectors/blobs.h"
#include "vectors/protocol_cases.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "b=2&a=1" → "a=1&b=2": order says nothing. */
static char *sorted_pairs(const char *query)
{
    VEC(char *) parts = {0};
    struct str out = STR_INIT;

    for (const char *p = query; *p;) {
        size_t n = strcspn(p, "&");
        if (n)
            vec_push(&parts, xstrndup(p, n));
        p += n + (p[n] == '&');
    }
    if (parts.len)
        qsort(parts.items, parts.len, sizeof *parts.items, compare_text);
    for (size_t i = 0; i < parts.len; i++) {
        if (i)
            str_append_char(&out, '&');
        str_append(&out, parts.items[i]);
        if (!strchr(parts.items[i], '='))
            str_append_char(&out, '=');
        free(parts.items[i]);
    }
    vec_free(&parts);
    return str_take(&out);
}

/* XML as canonical text: attributes and blank text do not matter in order and number. */
static void xml_print(const struct xml_node *n, struct str *out)
{
    VEC(char *) parts = {0};

    str_appendf(out, "<%s", n->name);
    for (const struct xml_attr *a = n->attrs; a; a = a->next)
        vec_push(&parts, xasprintf(" %s='%s'", a->name, a->value));
    if (parts.len)
        qsort(parts.items, parts.len, sizeof *parts.items, compare_text);
    for (size_t i = 0; i < parts.len; i++) {
        str_append(out, parts.items[i]);
        free(parts.items[i]);
    }
    vec_free(&parts);
    str_append_char(out, '>');
    if (!n->first)
        str_append(out, n->text);
    VEC(char *) children = {0};
    for (const struct xml_node *c = n->first; c; c = c->next) {
        struct str one = STR_INIT;
        xml_print(c, &one);
        vec_push(&children, str_take(&one));
    }
    if (children.len) /* members come in any order */
        qsort(children.items, children.len, sizeof *children.items, compare_text);
    for (size_t i = 0; i < children.len; i++) {
        str_append(out, children.items[i]);
        free(children.items[i]);
    }
    vec_free(&children);
    str_appendf(out, "</%s>", n->name);
}

static char *xml_canonical(const char *text)
{
    cleanup_arena struct arena *arena = arena_new();
    struct xml_node *root;
    struct str out = STR_INIT;

    if (xml_parse(arena, text, strlen(text), &root, NULL) < 0)
        return xstrdup(text);
    xml_print(root, &out);
    return str_take(&out);
}

static bool body_equal(
    struct vectors *v,
    const char *id,
    enum aws_protocol protocol,
    const char *expected,
    const char *actual)
{
    cleanup_free char *e = NULL, *a = NULL;

    if (protocol == AWS_QUERY || protocol == AWS_EC2_QUERY) {
        e = sorted_pairs(expected);
        a = sorted_pairs(actual);
    } else if (protocol == AWS_REST_XML && strchr(expected, '<')) {
        e = xml_canonical(expected);
        a = xml_canonical(actual);
    } else {
        json_t *x = json_loads(expected, JSON_DECODE_ANY, NULL),
               *y = json_loads(actual, JSON_DECODE_ANY, NULL);
        bool same = x && y && vectors_json_equal(x, y);
        json_decref(x);
        json_decref(y);
        if (same)
            return true;
        return vectors_equal(v, id, "body", expected, actual);
    }
    return vectors_equal(v, id, "body", e, a);
}

static const char *header(const struct wire_request *r, const char *name)
{
    for (size_t i = 0; i < r->headers.len; i++)
        if (strcasecmp(r->headers.items[i].name, name) == 0)
            return r->headers.items[i].value;
    return NULL;
}

static bool
headers_ok(struct vectors *v, const char *id, const json_t *want, const struct wire_request *r)
{
    const char *name;
    json_t *value;
    size_t i;

    json_object_foreach(json_object_get(want, "headers"), name, value) {
        const char *expected = json_string_value(value);
        const char *actual = header(r, name);
        if (!expected || (strcasecmp(name, "Content-Length") == 0))
            continue;
        cleanup_free char *plain = strcasecmp(name, "Content-Type") == 0 && actual
                                       ? xstrndup(actual, strcspn(actual, ";"))
                                       : xstrdup_null(actual);
        if (plain && strcmp(plain, expected) == 0)
            continue;
        if (!vectors_equal(v, id, name, expected, actual))
            return false;
    }
    json_array_foreach(json_object_get(want, "forbidHeaders"), i, value)
        if (header(r, json_string_value(value))) {
            vectors_fail(v, id, "header %s must not be there", json_string_value(value));
            return false;
        }
    json_array_foreach(json_object_get(want, "requireHeaders"), i, value)
        if (strcasecmp(json_string_value(value), "Content-Length") != 0 &&
            !header(r, json_string_value(value))) {
            vectors_fail(v, id, "header %s is missing", json_string_value(value));
            return false;
        }
    return true;
}

static bool
uri_ok(struct vectors *v, const char *id, const json_t *want, const struct wire_request *r)
{
    const char *uri = json_str_or(want, "uri", "/");
    const char *host =
        json_str_or(want, "host", ""); /* may end in a base path, which is the endpoint's */
    size_t base = strchr(host, '/') ? strlen(strchr(host, '/')) : 0;
    cleanup_free char *path = xstrndup(uri + base, strcspn(uri + base, "?"));
    cleanup_free char *expected = sorted_pairs(strchr(uri, '?') ? strchr(uri, '?') + 1 : "");
    cleanup_free char *actual = sorted_pairs(str_get(&r->query));

    return vectors_equal(v, id, "path", path, str_get(&r->path)) &&
           vectors_equal(v, id, "query", expected, actual);
}

static bool host_ok(
    struct vectors *v,
    const char *id,
    const json_t *want,
    const json_t *given,
    const struct wire_request *r)
{
    const char *host = json_str(want, "host");

    if (!host || !json_str(given, "endpoint.hostPrefix"))
        return true;
    if (r->host_prefix && text_starts(host, r->host_prefix))
        return true;
    vectors_fail(
        v,
        id,
        "host prefix %s does not begin %s",
        r->host_prefix ? r->host_prefix : "(none)",
        host);
    return false;
}

static void run_case(struct vectors *v, struct model_loader *m, const char *id, const json_t *c)
{
    const struct aws_operation *op = model_operation(m, json_object_get(c, "given"));
    const json_t *want = json_object_get(c, "serialized");
    const json_t *params = json_object_get(c, "params");
    cleanup_json json_t *in = op->input && params ? blobs_encode(op->input, params) : json_object();
    cleanup_wire_request struct wire_request r = {0};
    cleanup_error struct error err = ERROR_INIT;
    const char *body = json_str(want, "body");

    wire_request_init(&r);
    wire_fill_tokens(op, in, "00000000-0000-4000-8000-000000000000");
    if (wire_serialize(op, in, &r, &err) < 0) {
        vectors_fail(v, id, "does not serialize: %s", err.message);
        return;
    }
    if (!uri_ok(v, id, want, &r) || !headers_ok(v, id, want, &r) ||
        !host_ok(v, id, want, json_object_get(c, "given"), &r))
        return;
    if (json_str(want, "method") &&
        !vectors_equal(v, id, "method", json_str(want, "method"), r.method))
        return;
    if (body && !body_equal(v, id, op->service->protocol, body, str_get(&r.body)))
        return;
    vectors_pass(v);
}

int main(void)
{
    return protocol_cases_run("input", run_case);
}
