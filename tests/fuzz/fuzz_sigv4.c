/* SigV4: input is "METHOD\nURL\nName: value\n…". The canonical request has its fixed number of
 * lines, its names are sorted and lower-case, the order of headers and query parameters in the
 * input does not matter, and signing twice gives the same. */
#include "aws/sign/sigv4.h"
#include "aws/sign/uri.h"
#include "base/mem.h"
#include "base/vec.h"
#include "fuzz.h"
#include <ctype.h>
#include <string.h>

#define HEADERS_MAX 64

struct input {
    char *text, *method, *url;
    struct http_header headers[HEADERS_MAX];
    size_t count;
};

static bool parse(struct input *in)
{
    char *rest = in->text;

    in->method = strsep(&rest, "\n");
    in->url = strsep(&rest, "\n");
    while (rest && in->count < HEADERS_MAX) {
        char *value = strsep(&rest, "\n"), *name = strsep(&value, ":");

        if (value && *name &&
            name[strcspn(name, "; \t\r")] == '\0') /* what HTTP allows as a name */
            in->headers[in->count++] = (struct http_header){name, value};
    }
    return in->method && *in->method && in->url;
}

static void check_names(const char *names)
{
    const char *last = NULL;
    size_t last_len = 0;

    for (const char *p = names; *p;) {
        size_t n = strcspn(p, ";");

        for (size_t i = 0; i < n; i++)
            fuzz_require(!isupper((unsigned char)p[i]));
        if (last) {
            int order = strncmp(last, p, last_len < n ? last_len : n);
            fuzz_require(order < 0 || (order == 0 && last_len <= n));
        }
        last = p;
        last_len = n;
        p += n + (p[n] == ';');
    }
}

static void check(const struct input *in, const struct uri *u, bool s3)
{
    struct secret secret = SECRET_INIT;
    struct str a = STR_INIT, b = STR_INIT;
    size_t names_at;
    struct http_header turned[HEADERS_MAX];
    char first[65], second[65];
    struct sigv4_request r = {
        in->method, u->path, u->query, in->headers, in->count, SIGV4_EMPTY_SHA256};

    secret_set(&secret, "k");
    struct sigv4_key k = {"AK", &secret, NULL, "r", "s", 1440938160000, !s3, !s3};
    sigv4_canonical_request(&r, &k, &a, &names_at);
    cleanup_free char *names =
        xstrndup(str_get(&a) + names_at, strcspn(str_get(&a) + names_at, "\n"));
    check_names(names);
    for (size_t i = 0; i < in->count; i++)
        turned[i] = in->headers[in->count - 1 - i];
    r.headers = turned;
    sigv4_canonical_request(&r, &k, &b, &names_at);
    fuzz_require(
        a.len == b.len); /* values of one name keep their order, so only the length must agree */
    r.headers = in->headers;
    sigv4_signature(&k, str_get(&a), first);
    sigv4_signature(&k, str_get(&a), second);
    fuzz_require(strlen(first) == 64 && strcmp(first, second) == 0);
    str_done(&a);
    str_done(&b);
    secret_done(&secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.text = xstrndup((const char *)data, size)};
    cleanup_uri struct uri u = {0};

    if (parse(&in) && uri_split(in.url, &u, NULL) == 0) {
        check(&in, &u, true);
        check(&in, &u, false);
    }
    free(in.text);
    return 0;
}
