/* Health checks: a loopback URL in the test gives the load balancer its path (defang.md 6.6, 7.5);
 * without ingress the test runs in the container. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/task/health.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PATH_MAX_CHARS 333

static bool url_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-._~:/?[]@!$&()*+,;%=", c));
}

/* "localhost[:port][/path|?query]" at p; false when no loopback host stands there. Fields that are
 * not written keep what an earlier argument said. */
static bool parse_loopback(const char *p, struct plan_health_url *u)
{
    size_t n = strncasecmp(p, "localhost", 9) == 0 ? 9 : strncmp(p, "127.0.0.1", 9) == 0 ? 9 : 0;
    if (!n)
        return false;
    p += n;
    if (isalnum((unsigned char)*p) || *p == '-' || *p == '.')
        return false; /* "localhosts", "127.0.0.11" */
    u->found = true;
    if (*p == ':' && isdigit((unsigned char)p[1])) {
        unsigned port = 0, digits = 0;
        for (p++; isdigit((unsigned char)*p) && digits < 5; p++, digits++)
            port = port * 10 + (unsigned)(*p - '0');
        if (port >= 1 && port <= 65535)
            u->port = port;
    }
    if (*p == '/' || *p == '?') {
        size_t len = 0;
        while (len < PATH_MAX_CHARS && url_char(p[len]))
            len++;
        memcpy(u->path, p, len);
        u->path[len] = '\0';
    }
    return true;
}

/* The first loopback host of an argument; its scheme does not matter ("https://localhost" matches
 * from "localhost"). */
static void find_loopback(const char *arg, struct plan_health_url *u)
{
    for (const char *p = arg; *p; p++) {
        if (p != arg && (isalnum((unsigned char)p[-1]) || p[-1] == '.' || p[-1] == '-'))
            continue;
        if (parse_loopback(p, u))
            return;
    }
}

void plan_health_url(const char *const *test, size_t count, struct plan_health_url *out)
{
    *out = (struct plan_health_url){.path = "/", .port = 80};
    if (!count || (strcmp(test[0], "CMD") != 0 && strcmp(test[0], "CMD-SHELL") != 0))
        return;
    for (size_t i = 1; i < count; i++)
        find_loopback(test[i], out);
}

static unsigned clamp(int64_t v, unsigned low, unsigned high)
{
    return v < low ? low : v > high ? high : (unsigned)v;
}

void plan_target_group_timing(
    const struct plan_settings *s,
    const struct compose_healthcheck *h,
    struct plan_health_timing *out)
{
    bool on = h->present && !h->disabled;
    out->interval =
        on && h->interval_ms >= 0 ? clamp(h->interval_ms / 1000, 5, 300) : s->health_interval;
    unsigned longest = MIN(out->interval - 1, 120u);
    out->timeout = on && h->timeout_ms >= 0 ? clamp(h->timeout_ms / 1000, 2, longest) : longest;
    out->healthy = s->health_threshold;
    out->unhealthy = on && h->retries >= 0 ? clamp(h->retries, 2, 10) : 3;
}

bool plan_has_health(const struct compose_healthcheck *h)
{
    return h->present && !h->disabled && h->test_count >= 2;
}

json_t *plan_container_health(const struct compose_healthcheck *h)
{
    if (!plan_has_health(h))
        return NULL;
    json_t *command = json_array();
    for (size_t i = 0; i < h->test_count; i++)
        json_push(command, json_string(h->test[i]));
    return plan_json(
        "{s:o,s:i,s:i,s:i,s:i}",
        "Command",
        command,
        "Interval",
        (int)(h->interval_ms >= 0 ? clamp(h->interval_ms / 1000, 5, 300) : 30),
        "Timeout",
        (int)(h->timeout_ms >= 0 ? clamp(h->timeout_ms / 1000, 2, 60) : 5),
        "Retries",
        (int)(h->retries >= 0 ? clamp(h->retries, 1, 10) : 3),
        "StartPeriod",
        (int)(h->start_period_ms >= 0 ? clamp(h->start_period_ms / 1000, 0, 300) : 0));
}
