/* What a request is made of: its life, its headers, its query. */
#include "aws/sign/uri.h"
#include "aws/wire/internal.h"
#include "base/mem.h"
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
    struct http_header copy = {arena_strdup(r->arena, name), arena_strdup(r->arena, value)};

    vec_push(&r->headers, copy);
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
