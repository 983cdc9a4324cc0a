/* Stage one of SigV4: the canonical request, the text that both sides make of one request and hash.
 *
 * Method, path, query, headers, the names of the headers, the hash of the body. The path is encoded
 * once more than it was sent and cleaned of dots, but for S3, which takes it as it stands. Query
 * parameters are sorted by name, then value; headers by name, values of one name joined in the
 * order they came. Headers that a proxy or the transport may change are left out.
 *
 * This runs for every request, so names and values are laid into one block and sorted there,
 * without an allocation each. Rules: aws-access.md section 8. */
#include "aws/sign/sigv4.h"
#include "aws/sign/uri.h"
#include "base/mem.h"
#include "base/vec.h"
#include <ctype.h>
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
    bool odd = k->normalize_path && (path[0] != '/' || strstr(path, "//") || strstr(path, "/."));
    cleanup_free char *normal = odd ? path_normalized(path) : NULL;

    if (normal)
        path = normal;
    if (k->encode_path)
        uri_encode(out, path, true);
    else
        str_append(out, path);
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
            vec_push(
                &pairs,
                (struct pair){
                    query_part(p, eq), eq < n ? query_part(p + eq + 1, n - eq - 1) : xstrdup("")});
        p += n;
        if (*p == '&')
            p++;
    }

    if (pairs.len)
        qsort(pairs.items, pairs.len, sizeof *pairs.items, compare_pairs);
    for (size_t i = 0; i < pairs.len; i++) {
        str_appendf(out, "%s%s=", i ? "&" : "", pairs.items[i].name);
        str_append(
            out, pairs.items[i].value); /* apart: a value may be as long as a session token */
        free(pairs.items[i].name);
        free(pairs.items[i].value);
    }

    vec_free(&pairs);
}

/* Headers that a proxy or the transport may change or add on the way. */
static bool never_signed(const char *lower)
{
    static const char *const names[] = {
        "authorization",
        "connection",
        "expect",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
        NULL};

    if (!strchr("acekptux", lower[0]))
        return false;
    if (strncmp(lower, "proxy-", 6) == 0)
        return true;

    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], lower) == 0)
            return true;
    return false;
}

/* Trimmed, inner runs of blanks (and folded lines) as one space. Returns the end. */
static char *put_value(char *out, const char *v)
{
    static const char blanks[] = " \t\r\n\v\f";
    char *start = out;

    for (v += strspn(v, blanks); *v; v += strspn(v, blanks)) {
        size_t n = strcspn(v, blanks);
        if (out != start)
            *out++ = ' ';
        memcpy(out, v, n);
        out += n;
        v += n;
    }

    *out++ = '\0';
    return out;
}

static char *put_lower(char *out, const char *name)
{
    for (; *name; name++)
        *out++ = (char)tolower((unsigned char)*name);
    *out++ = '\0';
    return out;
}

struct header {
    const char *name, *value;
};

/* By name; equal names stay in the order they came. */
static void sort_headers(struct header *list, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct header h = list[i];
        size_t k = i;

        for (; k > 0 && strcmp(list[k - 1].name, h.name) > 0; k--)
            list[k] = list[k - 1];
        list[k] = h;
    }
}

/* One block holds all names and values, in the form they are signed in. */
static size_t collect(const struct sigv4_request *r, char *texts, struct header *list)
{
    size_t n = 0;

    for (size_t i = 0; i < r->header_count; i++) {
        char *value = put_lower(texts, r->headers[i].name);

        if (never_signed(texts))
            continue;
        list[n++] = (struct header){texts, value};
        texts = put_value(value, r->headers[i].value);
    }

    sort_headers(list, n);
    return n;
}

static void append_lines(const struct header *list, size_t n, struct str *out)
{
    for (size_t i = 0; i < n; i++) {
        bool again = i && strcmp(list[i - 1].name, list[i].name) == 0;

        if (!again) {
            if (i)
                str_append_char(out, '\n');
            str_append(out, list[i].name);
        }
        str_append_char(out, again ? ',' : ':');
        str_append(out, list[i].value);
    }

    str_append_char(out, '\n');
}

static void append_names(const struct header *list, size_t n, struct str *out)
{
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(list[i - 1].name, list[i].name) == 0)
            continue;
        if (i)
            str_append_char(out, ';');
        str_append(out, list[i].name);
    }
}

static void append_headers(const struct sigv4_request *r, struct str *out, size_t *names_at)
{
    size_t bytes = 0;

    for (size_t i = 0; i < r->header_count; i++)
        bytes += strlen(r->headers[i].name) + strlen(r->headers[i].value) + 2;
    char *texts = xmalloc(bytes + 1);
    struct header *list = xcalloc(r->header_count + 1, sizeof *list);
    size_t n = collect(r, texts, list);

    str_reserve(out, 2 * bytes + 80);
    append_lines(list, n, out);
    str_append_char(out, '\n');
    *names_at = out->len;
    append_names(list, n, out);
    secret_wipe(texts, bytes); /* the token's header is among them */
    free(texts);
    free(list);
}

void sigv4_canonical_request(
    const struct sigv4_request *r, const struct sigv4_key *k, struct str *out, size_t *names_at)
{
    str_append(out, r->method);
    str_append_char(out, '\n');
    append_path(r, k, out);
    str_append_char(out, '\n');
    append_query(r->query, out);
    str_append_char(out, '\n');
    append_headers(r, out, names_at);
    str_append_char(out, '\n');
    str_append(out, r->payload_hash);
}
