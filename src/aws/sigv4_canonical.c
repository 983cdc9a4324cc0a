/* Stage one of SigV4: the canonical request. */
#include "aws/sigv4.h"
#include "aws/uri.h"
#include "base/mem.h"
#include "base/vec.h"
#include <string.h>

/* Removes empty, "." and ".." segments; a final '/' stays. */
static char *path_normalized(const char *path)
{
    struct str out = STR_INIT;

    for (const char *p = path; *p; p += *p == '/') {
        size_t n = strcspn(p, "/");

        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (out.len && out.data[out.len - 1] != '/')
                str_truncate(&out, out.len - 1);
            if (out.len)
                str_truncate(&out, out.len - 1);
        } else if (n && !(n == 1 && p[0] == '.')) {
            str_append_char(&out, '/');
            str_append_bytes(&out, p, n);
        }
        p += n;
    }
    if (out.len == 0 || text_ends(path, "/"))
        str_append_char(&out, '/');
    return str_take(&out);
}

static void append_path(const struct sigv4_request *r, const struct sigv4_key *k, struct str *out)
{
    const char *path = r->path && *r->path ? r->path : "/";
    cleanup_free char *normal = k->normalize_path ? path_normalized(path) : xstrdup(path);

    if (k->encode_path)
        uri_encode(out, normal, true);
    else
        str_append(out, normal);
}

struct pair {
    char *name, *value;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    return c ? c : strcmp(x->value, y->value);
}

static char *query_part(const char *s, size_t n)
{
    struct str out = STR_INIT;

    uri_encode_keep_escapes(&out, s, n);
    return str_take(&out);
}

static void append_query(const char *query, struct str *out)
{
    VEC(struct pair) pairs = {0};

    for (const char *p = query; p && *p;) {
        size_t n = strcspn(p, "&"), eq = strcspn(p, "=&");

        if (n)
            vec_push(&pairs, (struct pair){query_part(p, eq),
                                           eq < n ? query_part(p + eq + 1, n - eq - 1) : xstrdup("")});
        p += n;
        if (*p == '&')
            p++;
    }
    if (pairs.len)
        qsort(pairs.items, pairs.len, sizeof *pairs.items, compare_pairs);
    for (size_t i = 0; i < pairs.len; i++) {
        str_appendf(out, "%s%s=", i ? "&" : "", pairs.items[i].name);
        str_append(out, pairs.items[i].value); /* apart: a value may be as long as a session token */
        free(pairs.items[i].name);
        free(pairs.items[i].value);
    }
    vec_free(&pairs);
}

/* Headers that a proxy or the transport may change or add on the way. */
static bool never_signed(const char *lower)
{
    static const char *const names[] = {
        "authorization",     "connection", "expect",     "keep-alive",      "te", "trailer",
        "transfer-encoding", "upgrade",    "user-agent", "x-amzn-trace-id", NULL};

    if (strncmp(lower, "proxy-", 6) == 0)
        return true;
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], lower) == 0)
            return true;
    return false;
}

/* Trimmed, inner runs of blanks (and folded lines) as one space. */
static char *header_value(const char *v)
{
    static const char blanks[] = " \t\r\n\v\f";
    struct str out = STR_INIT;

    for (v += strspn(v, blanks); *v; v += strspn(v, blanks)) {
        size_t n = strcspn(v, blanks);
        if (out.len)
            str_append_char(&out, ' ');
        str_append_bytes(&out, v, n);
        v += n;
    }
    return str_take(&out);
}

struct header {
    char *name, *value;
    size_t order;
};

static int compare_headers(const void *a, const void *b)
{
    const struct header *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    return c ? c : (x->order > y->order) - (x->order < y->order);
}

static void append_headers(const struct sigv4_request *r, struct str *out, struct str *names)
{
    VEC(struct header) list = {0};

    for (size_t i = 0; i < r->header_count; i++) {
        char *name = text_lower(r->headers[i].name);

        if (never_signed(name)) {
            free(name);
            continue;
        }
        vec_push(&list, (struct header){name, header_value(r->headers[i].value), i});
    }
    if (list.len)
        qsort(list.items, list.len, sizeof *list.items, compare_headers);
    for (size_t i = 0; i < list.len; i++) {
        const struct header *h = &list.items[i];
        bool again = i && strcmp(list.items[i - 1].name, h->name) == 0;

        if (!again) {
            if (i)
                str_append_char(out, '\n');
            str_append(out, h->name);
            if (names->len)
                str_append_char(names, ';');
            str_append(names, h->name);
        }
        str_append_char(out, again ? ',' : ':');
        str_append(out, h->value);
    }
    str_append_char(out, '\n');
    vec_each(h, &list)
    {
        secret_wipe(h->value, strlen(h->value)); /* the token's header is among them */
        free(h->name);
        free(h->value);
    }
    vec_free(&list);
}

void sigv4_canonical_request(const struct sigv4_request *r, const struct sigv4_key *k, struct str *out,
                             struct str *signed_headers)
{
    struct str names = STR_INIT;

    str_append(out, r->method);
    str_append_char(out, '\n');
    append_path(r, k, out);
    str_append_char(out, '\n');
    append_query(r->query, out);
    str_append_char(out, '\n');
    append_headers(r, out, &names);
    str_append_char(out, '\n');
    str_append(out, str_get(&names));
    str_append_char(out, '\n');
    str_append(out, r->payload_hash);
    if (signed_headers)
        str_append(signed_headers, str_get(&names));
    str_done(&names);
}
