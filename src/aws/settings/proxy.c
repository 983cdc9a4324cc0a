/* Proxies as botocore finds them, through Python's urllib: a variable of any case that ends in
 * _proxy, small letters first, and no_proxy with its exceptions.
 *
 * no_proxy is a list of ends of host names. A `*` bypasses everything only where it stands alone;
 * addresses are texts like any other, so a network as 10.0.0.0/8 matches nothing. The names are
 * held against the URL's authority as it is written, with and without its port.
 *
 * A user and a password are taken off here and handed on as they are: people type passwords with
 * '@', ':' and '#' in them raw, which no URL parser reads. Everything from the scheme to the last
 * '@' is theirs. `%40` and the like are decoded, as by the AWS CLI.
 *
 * It is asked for each request, since one session talks to several hosts, some of which (a
 * container's or an instance's credentials) are never behind a proxy. */
#include "aws/settings/proxy.h"
#include "aws/sign/uri.h"
#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENDING "_proxy"

/* Python goes through the environment twice: any spelling counts, then those whose ending is in
 * small letters, of which an empty one takes back what the others said. */
static const char *variable_for(const struct env *env, const char *scheme, const char **value)
{
    cleanup_free char *wanted = xasprintf("%s" ENDING, scheme);
    /* The upper-case form can be set by a request's header where we run as CGI. */
    bool cgi = strcmp(scheme, "http") == 0 && env_get(env, "REQUEST_METHOD");
    const char *name = NULL;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < env_count(env); i++) {
            const char *n = env_name(env, i), *v = env_value(env, i);

            if (!text_eq_nocase(n, wanted) || (pass == 0 ? cgi || !*v : !text_ends(n, ENDING)))
                continue;
            name = *v ? n : NULL;
            *value = v;
        }

    return name;
}

/* --- no_proxy --- */

static bool entry_matches(const char *entry, const char *host, const char *host_port)
{
    while (*entry == '.')
        entry++;
    if (text_eq_nocase(entry, host) || text_eq_nocase(entry, host_port))
        return true;

    cleanup_free char *mixed = xasprintf(".%s", entry), *end = text_lower(mixed);
    return text_ends(host, end) || text_ends(host_port, end);
}

static bool bypassed(const struct env *env, const char *authority)
{
    const char *list = NULL;

    if (!variable_for(env, "no", &list))
        return false;
    if (strcmp(list, "*") == 0)
        return true;

    cleanup_free char *host_port = text_lower(authority), *host = xstrdup(host_port);
    char *colon = strrchr(host, ':');
    if (colon && colon[1 + strspn(colon + 1, "0123456789")] == '\0')
        *colon = '\0';

    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        cleanup_free char *part = xstrndup(p, n), *entry = text_trim(part);

        if (*entry && entry_matches(entry, host, host_port))
            return true;
        p += n + (p[n] == ',');
    }

    return false;
}

/* --- the proxy's own URL --- */

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* A '%' that begins no code of a byte stands for itself; so does %00, which no header carries. */
static void set_decoded(struct secret *out, const char *text, size_t n)
{
    struct str s = STR_INIT;

    for (size_t i = 0; i < n; i++) {
        int high = text[i] == '%' && i + 2 < n ? hex(text[i + 1]) : -1;
        int low = high >= 0 ? hex(text[i + 2]) : -1;

        if (low < 0 || (high == 0 && low == 0)) {
            str_append_char(&s, text[i]);
            continue;
        }
        str_append_char(&s, (char)(high << 4 | low));
        i += 2;
    }

    secret_set(out, str_get(&s));
    str_wipe(&s);
}

static void take_user(struct aws_proxy *p, const char *text, size_t n)
{
    const char *colon = memchr(text, ':', n);
    size_t user = colon ? (size_t)(colon - text) : n;

    if (!user)
        return;

    set_decoded(&p->user, text, user);
    set_decoded(&p->password, colon ? colon + 1 : "", colon ? n - user - 1 : 0);
}

static int
unusable(const struct aws_proxy *p, const char *value, const char *why, struct error *err)
{
    cleanup_free char *shown = uri_shown(value);

    error_raise(err, ERR_USAGE, "%s names no usable proxy: '%s' %s", p->variable, shown, why);
    error_hint(err, "Write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, or unset it.");
    return -EINVAL;
}

/* Without a scheme it is http; the ports are those of the scheme. */
static int take_apart(struct aws_proxy *p, const char *value, struct error *err)
{
    const char *colon = strstr(value, "://"), *at = strrchr(value, '@');
    bool with_scheme = colon && colon == value + strspn(
                                                     value,
                                                     "abcdefghijklmnopqrstuvwxyz"
                                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                     "0123456789+.-");
    const char *start = with_scheme ? colon + 3 : text_starts(value, "//") ? value + 2 : value;
    cleanup_free char *scheme =
        with_scheme ? xstrndup(value, (size_t)(colon - value)) : xstrdup("http");
    const char *host = at && at >= start ? at + 1 : start;
    cleanup_free char *plain = xasprintf("%s://%s", scheme, host);
    cleanup_uri struct uri u = {0};

    if (!text_eq_nocase(scheme, "http") && !text_eq_nocase(scheme, "https"))
        return unusable(p, value, "is neither http nor https, as the AWS CLI wants it", err);
    if (uri_split(plain, &u, NULL) < 0)
        return unusable(p, value, "has no valid host and port", err);

    if (host > start)
        take_user(p, start, (size_t)(at - start));
    p->url = xasprintf(
        "%s://%s:%s",
        u.scheme,
        u.host,
        u.port                           ? u.port
        : strcmp(u.scheme, "https") == 0 ? "443"
                                         : "80");

    return 0;
}

int aws_proxy_find(const struct env *env, const char *url, struct aws_proxy *out, struct error *err)
{
    const char *rest = strstr(url, "://"), *value = NULL;

    *out = (struct aws_proxy){0};
    if (!rest)
        return 0;

    cleanup_free char *mixed = xstrndup(url, (size_t)(rest - url)), *scheme = text_lower(mixed);
    cleanup_free char *authority = xstrndup(rest + 3, strcspn(rest + 3, "/?#"));
    const char *variable = variable_for(env, scheme, &value);
    if (!variable || bypassed(env, authority))
        return 0;

    out->variable = xstrdup(variable);
    int rc = take_apart(out, value, err);
    if (rc < 0)
        return rc;

    out->parts = (struct http_proxy){
        .url = out->url,
        .user = secret_is_set(&out->user) ? secret_get(&out->user) : NULL,
        .password = secret_get(&out->password),
        .variable = out->variable};
    return 0;
}

void aws_proxy_done(struct aws_proxy *p)
{
    free(p->url);
    free(p->variable);
    secret_done(&p->user);
    secret_done(&p->password);
    *p = (struct aws_proxy){0};
}

const struct http_proxy *aws_proxy_parts(const struct aws_proxy *p)
{
    return p->parts.url ? &p->parts : NULL;
}
