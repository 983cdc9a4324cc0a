/* Error replies of every protocol, down to HTML pages and empty bodies.
 *
 * What a caller gets always has a code and a message: where the body gives none (a proxy's page, a
 * HEAD, a cut reply) the HTTP status stands in for both. Codes come in many dresses, with a name
 * space before a '#' and a URL after a ':'; they leave here bare, so that callers compare words.
 * JSON services say the code in a header, in `__type` or in `code`; those that were query services
 * once keep their old codes in x-amzn-query-error, which then counts. OAuth's `error` (sso-oidc,
 * signin) is the code where there is none, and kept as the reason beside one. */
#include "aws/wire/internal.h"
#include "base/mem.h"
#include "data/xml.h"
#include <errno.h>
#include <string.h>

int wire_unreadable(struct error *why, const char *what, struct error *err)
{
    int rc =
        error_raise_errno(err, ERR_CLOUD, EBADMSG, "the reply is no %s: %s", what, why->message);

    error_done(why);
    return rc;
}

/* "x-amzn-requestid" and its spellings; NULL when there is none. Borrowed. */
static const char *request_id(const struct http_response *resp)
{
    static const char *const names[] = {
        "x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id", "x-amz-id-2", NULL};

    for (size_t i = 0; names[i]; i++) {
        const char *v = http_response_header(resp, names[i]);
        if (!text_empty(v))
            return v;
    }

    return NULL;
}

void wire_error_done(struct wire_error *e)
{
    free(e->code);
    free(e->message);
    free(e->request_id);
    free(e->region);
    free(e->reason);
    *e = (struct wire_error){0};
}

/* "aws.protocol#FooError:http://…" → "FooError" */
static char *plain_code(const char *text)
{
    const char *hash = strchr(text, '#');
    size_t n = strcspn(text, ":;");

    if (hash && (size_t)(hash - text) < n)
        return xstrndup(hash + 1, n - (size_t)(hash - text) - 1);

    return xstrndup(text, n);
}

static void set(char **to, const char *text)
{
    if (*to || text_empty(text))
        return;

    *to = xstrdup(text);
}

/* Replies may hold half a page of HTML: keep what a person can read on a line or two. */
static void set_bounded(char **to, const char *text)
{
    cleanup_free char *trimmed = text ? text_trim(text) : NULL;

    if (*to || text_empty(trimmed))
        return;

    *to = strlen(trimmed) > 2000 ? xasprintf("%.2000s…", trimmed) : xstrdup(trimmed);
}

static void parse_json_error(const struct http_response *resp, struct wire_error *e)
{
    static const char *const code_members[] = {"__type", "code", "Code", NULL};
    static const char *const text_members[] = {
        "message", "Message", "errorMessage", "error_description", NULL};
    const char *query_error = http_response_header(resp, "x-amzn-query-error");
    const char *type = http_response_header(resp, "x-amzn-errortype");
    cleanup_json json_t *body = NULL;

    if (!text_empty(query_error) && strchr(query_error, ';') != query_error)
        e->code = plain_code(query_error);
    else if (!text_empty(type))
        e->code = plain_code(type);
    if (resp->body.len == 0 || json_parse(str_get(&resp->body), resp->body.len, &body, NULL) < 0)
        return;
    if (!json_is_object(body))
        return;

    for (size_t i = 0; code_members[i] && !e->code; i++) {
        const char *v = json_string_value(json_object_get(body, code_members[i]));
        if (!text_empty(v))
            e->code = plain_code(v);
    }

    for (size_t i = 0; text_members[i]; i++)
        set_bounded(&e->message, json_string_value(json_object_get(body, text_members[i])));
    set(&e->reason, json_string_value(json_object_get(body, "error")));
    set(&e->code, e->reason); /* the OAuth form of sso-oidc */
}

static void parse_xml_error(const struct http_response *resp, struct wire_error *e)
{
    cleanup_arena struct arena *arena = arena_new();
    struct xml_node *root;

    if (resp->body.len == 0 ||
        xml_parse(arena, str_get(&resp->body), resp->body.len, &root, NULL) < 0)
        return;

    const struct xml_node *error =
        strcmp(root->name, "Error") == 0 ? root : xml_child(root, "Error");
    if (!error)
        error = xml_path(root, "Errors/Error");
    if (!error)
        return;

    set(&e->code, xml_text(error, "Code"));
    set_bounded(&e->message, xml_text(error, "Message"));
    set(&e->region, xml_text(error, "Region"));
    set(&e->request_id, xml_text(root, "RequestId"));
    set(&e->request_id, xml_text(root, "RequestID"));
    set(&e->request_id, xml_text(error, "RequestId"));
}

static const char *status_phrase(int status)
{
    switch (status) {
    case 301:
        return "Moved Permanently";
    case 307:
        return "Temporary Redirect";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 429:
        return "Too Many Requests";
    case 500:
        return "Internal Server Error";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    default:
        return "no further text";
    }
}

void wire_parse_error(
    const struct aws_operation *op, const struct http_response *resp, struct wire_error *out)
{
    *out = (struct wire_error){0};
    set(&out->request_id, request_id(resp));
    switch (op->service->protocol) {
    case AWS_JSON_1_0:
    case AWS_JSON_1_1:
    case AWS_REST_JSON:
        parse_json_error(resp, out);
        break;
    case AWS_QUERY:
    case AWS_EC2_QUERY:
    case AWS_REST_XML:
        parse_xml_error(resp, out);
        break;
    }

    set(&out->region, http_response_header(resp, "x-amz-bucket-region"));
    if (!out->code)
        out->code = xasprintf("%d", resp->status);
    if (!out->message)
        out->message = xasprintf("HTTP %d %s", resp->status, status_phrase(resp->status));
}

bool wire_is_error_in_200(const struct aws_operation *op, const struct http_response *resp)
{
    static const char *const late[] = {
        "CompleteMultipartUpload", "CopyObject", "UploadPartCopy", NULL};
    cleanup_arena struct arena *arena = NULL;
    struct xml_node *root;
    bool listed = false;

    if (strcmp(op->service->id, "s3") != 0 || resp->status != 200)
        return false;

    for (size_t i = 0; late[i]; i++)
        listed = listed || strcmp(op->name, late[i]) == 0;
    if (!listed)
        return false;
    if (resp->body.len == 0)
        return true;

    arena = arena_new();
    if (xml_parse(arena, str_get(&resp->body), resp->body.len, &root, NULL) < 0)
        return true; /* cut short: the outcome is unknown */
    return strcmp(root->name, "Error") == 0;
}
