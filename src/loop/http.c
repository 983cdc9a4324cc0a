#include "loop/http.h"

#include "base/mem.h"
#include <ctype.h>
#include <string.h>

const char *http_response_header(const struct http_response *r, const char *lower_name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, lower_name) == 0)
            return r->headers[i].value;
    return NULL;
}

void http_response_add_header(
    struct http_response *r, const char *name, size_t name_len, const char *value, size_t value_len)
{
    /* One block: the name, then the value. */
    char *text = xmalloc(name_len + value_len + 2);

    for (size_t i = 0; i < name_len; i++)
        text[i] = (char)tolower((unsigned char)name[i]);
    text[name_len] = '\0';
    char *copy = text + name_len + 1;
    memcpy(copy, value, value_len);
    copy[value_len] = '\0';
    if ((r->header_count & (r->header_count - 1)) == 0) /* full at each power of two */
        r->headers = xreallocarray(
            r->headers, r->header_count ? r->header_count * 2 : 1, sizeof *r->headers);
    r->headers[r->header_count++] = (struct http_header){text, copy};
}

void http_response_clear_headers(struct http_response *r)
{
    for (size_t i = 0; i < r->header_count; i++)
        free((char *)r->headers[i].name);
    free(r->headers);
    r->headers = NULL;
    r->header_count = 0;
}

void http_response_done(struct http_response *r)
{
    http_response_clear_headers(r);
    str_wipe(&r->body); /* may hold credentials */
    *r = (struct http_response){0};
}

void http_free(struct http *http)
{
    if (http)
        http->free(http);
}
