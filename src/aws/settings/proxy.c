/* Which proxy a request goes through, by the caller's environment as botocore reads it:
 * HTTPS_PROXY or HTTP_PROXY by scheme, in small letters first, and NO_PROXY with its exceptions.
 *
 * It is asked for each request, since one session talks to several hosts, some of which (a
 * container's or an instance's credentials) are never behind a proxy. */
#include "aws/settings/settings.h"
#include "aws/sign/uri.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>

static const char *either_case(const struct env *env, const char *lower, const char *upper)
{
    const char *v = env_get(env, lower);

    return v ? v : env_get(env, upper);
}

static bool entry_matches(const char *entry, const char *host, const char *host_port)
{
    while (*entry == '.')
        entry++;
    if (!*entry)
        return false;
    if (text_eq_nocase(entry, host) || text_eq_nocase(entry, host_port))
        return true;

    cleanup_free char *mixed = xasprintf(".%s", entry), *suffix = text_lower(mixed);
    return text_ends(host, suffix) || text_ends(host_port, suffix);
}

static bool bypassed(const char *no_proxy, const struct uri *u)
{
    cleanup_free char *host_port =
        u->port ? xasprintf("%s:%s", u->host, u->port) : xstrdup(u->host);

    if (text_empty(no_proxy))
        return false;

    for (const char *p = no_proxy; *p;) {
        size_t n = strcspn(p, ",");
        cleanup_free char *part = xstrndup(p, n), *entry = text_trim(part);

        if (strcmp(entry, "*") == 0 || entry_matches(entry, u->host, host_port))
            return true;
        p += n + (p[n] == ',');
    }

    return false;
}

char *aws_proxy_for(const struct env *env, const char *url)
{
    cleanup_uri struct uri u = {0};
    const char *proxy;

    if (uri_split(url, &u, NULL) < 0)
        return NULL;
    if (strcmp(u.scheme, "https") == 0)
        proxy = either_case(env, "https_proxy", "HTTPS_PROXY");
    else /* the upper-case form can be set by a request's header where we run as CGI */
        proxy = either_case(
            env, "http_proxy", env_get(env, "REQUEST_METHOD") ? "http_proxy" : "HTTP_PROXY");
    if (text_empty(proxy) || bypassed(either_case(env, "no_proxy", "NO_PROXY"), &u))
        return NULL;

    return strstr(proxy, "://") ? xstrdup(proxy) : xasprintf("http://%s", proxy);
}
