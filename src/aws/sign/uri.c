/* URIs as AWS needs them: uri.h has the contract.
 *
 * The splitter changes nothing but the case of scheme and host, since what is signed must be what
 * is sent. It refuses what has no place in an endpoint: a user name, blanks and control characters,
 * a scheme that is neither http nor https. */
#include "aws/sign/uri.h"
#include "base/mem.h"
#include <ctype.h>
#include <string.h>

static bool unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static void append_escaped(struct str *out, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";
    char text[3] = {'%', hex[c >> 4], hex[c & 15]};

    str_append_bytes(out, text, sizeof text);
}

void uri_encode(struct str *out, const char *s, bool keep_slash)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (unreserved(c) || (keep_slash && c == '/'))
            str_append_char(out, *s);
        else
            append_escaped(out, c);
    }
}

void uri_encode_keep_escapes(struct str *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];

        if (unreserved(c) || c == '%')
            str_append_char(out, s[i]);
        else
            append_escaped(out, c);
    }
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static int split_authority(const char *text, size_t n, struct uri *out, struct error *err)
{
    const char *end = text + n, *host_end = NULL;

    if (memchr(text, '@', n))
        return error_raise(err, ERR_USAGE, "a URL with a user name in it is not accepted");
    if (n && text[0] == '[') {
        const char *close = memchr(text, ']', n);

        host_end = close ? close + 1 : NULL;
    } else {
        host_end = memchr(text, ':', n);
        if (!host_end)
            host_end = end;
    }

    if (!host_end || host_end == text || (host_end < end && *host_end != ':'))
        return error_raise(err, ERR_USAGE, "URL has no valid host");

    char *host = xstrndup(text, (size_t)(host_end - text));
    out->host = text_lower(host);
    free(host);
    if (host_end < end) {
        long long port;

        out->port = xstrndup(host_end + 1, (size_t)(end - host_end - 1));
        if (text_parse_int(out->port, 1, 65535, &port) < 0)
            return error_raise(err, ERR_USAGE, "URL has the invalid port '%s'", out->port);
    }

    return 0;
}

int uri_split(const char *url, struct uri *out, struct error *err)
{
    struct uri u = {0};
    const char *rest = strstr(url, "://");

    *out = u;
    if (!rest)
        return error_raise(
            err, ERR_USAGE, "'%s' is not a URL (http:// or https:// and a host)", url);

    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return error_raise(err, ERR_USAGE, "a URL holds a blank or control character");
    char *scheme = xstrndup(url, (size_t)(rest - url));
    u.scheme = text_lower(scheme);
    free(scheme);
    rest += 3;
    size_t n = strcspn(rest, "/?#");
    int rc = 0;
    if (strcmp(u.scheme, "http") != 0 && strcmp(u.scheme, "https") != 0)
        rc = error_raise(err, ERR_USAGE, "URL scheme '%s' is neither http nor https", u.scheme);
    if (!rc)
        rc = split_authority(rest, n, &u, err);
    if (rc < 0) {
        uri_done(&u);
        return rc;
    }

    const char *path = rest + n;
    n = strcspn(path, "?#");
    u.path = xstrndup(path, n);
    if (path[n] == '?')
        u.query = xstrndup(path + n + 1, strcspn(path + n + 1, "#"));
    *out = u;

    return 0;
}

void uri_done(struct uri *u)
{
    free(u->scheme);
    free(u->host);
    free(u->port);
    free(u->path);
    free(u->query);
    *u = (struct uri){0};
}

char *uri_authority(const struct uri *u)
{
    const char *own = strcmp(u->scheme, "https") == 0 ? "443" : "80";

    if (!u->port || strcmp(u->port, own) == 0)
        return xstrdup(u->host);

    return xasprintf("%s:%s", u->host, u->port);
}
