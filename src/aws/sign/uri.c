/* URIs as AWS needs them: uri.h has the contract.
 *
 * The splitter takes what the AWS CLI takes for an endpoint, and leaves out what the CLI does not
 * send: blanks before it, a user and a password, a fragment. Scheme and host become small letters,
 * bytes that cannot stand in a path become %XX; all else stays, since what is signed must be what
 * is sent. It refuses tabs and line breaks, a scheme that is neither http nor https, and hosts that
 * are no name of DNS. */
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

/* Labels of letters, digits and dashes between dots, or an IPv6 address in brackets: what the AWS
 * CLI takes for a host. A dot at the end is one of DNS. */
static bool host_valid(const char *host)
{
    size_t n = strlen(host);

    if (host[0] == '[') {
        size_t digits = strspn(host + 1, "0123456789abcdef:.");

        return digits >= 2 && host[n - 1] == ']' && strchr("]%", host[1 + digits]);
    }

    if (n == 0 || n > 255)
        return false;

    for (const char *label = host; *label;) {
        size_t len = strcspn(label, ".");
        bool last = label[len] == '\0' || label[len + 1] == '\0';

        if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
            return false;
        for (size_t i = 0; i < len; i++)
            if (!isalnum((unsigned char)label[i]) && label[i] != '-')
                return false;
        if (last)
            return true;
        label += len + 1;
    }

    return false;
}

/* "host", "host:port", "[v6]", "[v6]:port"; what stands before the last '@' is for nobody. */
static int split_authority(const char *text, size_t n, struct uri *out, struct error *err)
{
    const char *end = text + n, *at = memrchr(text, '@', n);

    if (at)
        text = at + 1;

    const char *close =
        text < end && text[0] == '[' ? memchr(text, ']', (size_t)(end - text)) : NULL;
    const char *host_end = close ? close + 1 : memchr(text, ':', (size_t)(end - text));
    if (!host_end)
        host_end = end;

    cleanup_free char *host = xstrndup(text, (size_t)(host_end - text));
    out->host = text_lower(host);
    if (!host_valid(host) || (host_end < end && *host_end != ':'))
        return error_raise(
            err, ERR_USAGE, "a URL with no valid host: '%.*s'", (int)(end - text), text);

    if (end - host_end > 1) { /* "host:" is the scheme's own port, for the CLI as well */
        cleanup_free char *port = xstrndup(host_end + 1, (size_t)(end - host_end - 1));
        long long number;

        if (text_parse_int(port, 1, 65535, &number) < 0)
            return error_raise(err, ERR_USAGE, "a URL with the invalid port '%s'", port);
        out->port = xasprintf("%lld", number);
    }

    return 0;
}

/* What has no place in a path goes out as %XX, as urllib3 writes it. */
static char *encode_path(const char *path, size_t n)
{
    struct str out = STR_INIT;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)path[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c))
            append_escaped(&out, c);
        else
            str_append_char(&out, path[i]);
    }

    return str_take(&out);
}

static int not_a_url(const char *url, struct error *err)
{
    cleanup_free char *shown = uri_shown(url);

    return error_raise(err, ERR_USAGE, "'%s' is not a URL (http:// or https:// and a host)", shown);
}

/* *rest: what follows "scheme://". Without a scheme, "//host" is http. */
static int split_scheme(const char *url, struct uri *out, const char **rest, struct error *err)
{
    const char *colon = strstr(url, "://");

    if (text_starts(url, "//")) {
        out->scheme = xstrdup("http");
        *rest = url + 2;
        return 0;
    }
    if (!colon)
        return not_a_url(url, err);

    cleanup_free char *scheme = xstrndup(url, (size_t)(colon - url));
    out->scheme = text_lower(scheme);
    *rest = colon + 3;
    if (strcmp(out->scheme, "http") != 0 && strcmp(out->scheme, "https") != 0)
        return not_a_url(url, err);

    return 0;
}

int uri_split(const char *url, struct uri *out, struct error *err)
{
    struct uri u = {0};
    const char *rest = "";

    *out = u;
    while (*url == ' ')
        url++;
    if (strpbrk(url, "\t\r\n"))
        return not_a_url(url, err);

    int rc = split_scheme(url, &u, &rest, err);
    size_t n = rc == 0 ? strcspn(rest, "/?#") : 0;
    if (rc == 0)
        rc = split_authority(rest, n, &u, err);
    if (rc < 0) {
        uri_done(&u);
        return rc;
    }

    const char *path = rest + n;
    n = strcspn(path, "?#");
    u.path = encode_path(path, n);
    if (path[n] == '?')
        u.query = encode_path(path + n + 1, strcspn(path + n + 1, "#"));
    *out = u;

    return 0;
}

char *uri_text(const struct uri *u)
{
    return xasprintf(
        "%s://%s%s%s%s%s%s",
        u->scheme,
        u->host,
        u->port ? ":" : "",
        u->port ? u->port : "",
        u->path,
        u->query ? "?" : "",
        u->query ? u->query : "");
}

/* Everything up to the last '@' may be a password that somebody typed raw. */
char *uri_shown(const char *url)
{
    const char *scheme = strstr(url, "://"), *at = strrchr(url, '@');
    const char *start = scheme ? scheme + 3 : url;

    if (!at || at < start)
        return text_visible(url);

    cleanup_free char *masked = xasprintf("%.*s***%s", (int)(start - url), url, at);
    return text_visible(masked);
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
