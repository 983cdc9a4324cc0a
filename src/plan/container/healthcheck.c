/* Health checks. Behind the load balancer nobody runs the test: a loopback URL in it gives the path
 * and the port that the load balancer asks (defang.md 6.6, 7.5). Without ingress ECS runs the test
 * in the container.
 *
 * Both have narrower bounds than Compose; a value beyond them becomes the nearest one.
 * docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html,
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
#include "base/mem.h"
#include "data/object.h"
#include "plan/container/health.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PATH_MAX_CHARS 333 /* as much of a path as is taken over */

static bool url_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-._~:/?[]@!$&()*+,;%=", c));
}

/* Whether a host's name goes on here: "localhosts", "127.0.0.11", "my-localhost". */
static bool host_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '.';
}

static size_t loopback_length(const char *p)
{
    static const char *const names[] = {"localhost", "127.0.0.1"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strncasecmp(p, names[i], strlen(names[i])) == 0)
            return strlen(names[i]);
    return 0;
}

/* Five digits at most, as they stand; `p` behind them. A number that is no port leaves `port`. */
static const char *parse_port(const char *p, unsigned *port)
{
    unsigned number = 0;

    for (unsigned digits = 0; isdigit((unsigned char)*p) && digits < 5; p++, digits++)
        number = number * 10 + (unsigned)(*p - '0');
    if (number >= 1 && number <= 65535)
        *port = number;
    return p;
}

/* "localhost[:port][/path|?query]" at p; false when no loopback host stands there. Fields that are
 * not written keep what an earlier argument said. */
static bool parse_loopback(const char *p, struct plan_health_url *u)
{
    size_t host = loopback_length(p);

    if (!host || host_char(p[host]))
        return false;
    p += host;
    u->found = true;

    if (*p == ':' && isdigit((unsigned char)p[1]))
        p = parse_port(p + 1, &u->port);

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
        bool inside_name = p != arg && host_char(p[-1]);

        if (!inside_name && parse_loopback(p, u))
            return;
    }
}

void plan_health_url(const char *const *test, size_t count, struct plan_health_url *out)
{
    *out = (struct plan_health_url){.path = "/", .port = 80};

    bool runs = count && (strcmp(test[0], "CMD") == 0 || strcmp(test[0], "CMD-SHELL") == 0);
    if (!runs)
        return;
    for (size_t i = 1; i < count; i++)
        find_loopback(test[i], out);
}

static unsigned clamp(int64_t v, unsigned low, unsigned high)
{
    if (v < low)
        return low;
    return v > high ? high : (unsigned)v;
}

/* A duration in whole seconds within bounds; below 0 it was not said. */
static unsigned seconds_or(int64_t ms, unsigned low, unsigned high, unsigned otherwise)
{
    return ms >= 0 ? clamp(ms / 1000, low, high) : otherwise;
}

static unsigned times_or(int64_t times, unsigned low, unsigned high, unsigned otherwise)
{
    return times >= 0 ? clamp(times, low, high) : otherwise;
}

void plan_target_group_timing(
    const struct plan_settings *s,
    const struct compose_healthcheck *h,
    struct plan_health_timing *out)
{
    bool on = h->present && !h->disabled;

    out->interval =
        on ? seconds_or(h->interval_ms, 5, 300, s->health_interval) : s->health_interval;

    /* The load balancer refuses a timeout that is not below the interval. */
    unsigned longest = MIN(out->interval - 1, 120u);

    out->timeout = on ? seconds_or(h->timeout_ms, 2, longest, longest) : longest;
    out->healthy = s->health_threshold;
    out->unhealthy = on ? times_or(h->retries, 2, 10, 3) : 3;
}

bool plan_has_health(const struct compose_healthcheck *h)
{
    return h->present && !h->disabled && h->test_count >= 2;
}

json_t *plan_container_health(const struct compose_healthcheck *h)
{
    if (!plan_has_health(h))
        return NULL;

    json_t *command = array();
    for (size_t i = 0; i < h->test_count; i++)
        json_push(command, json_string(h->test[i]));

    return object(
        key("Command", command),
        key("Interval", seconds_or(h->interval_ms, 5, 300, 30)),
        key("Timeout", seconds_or(h->timeout_ms, 2, 60, 5)),
        key("Retries", times_or(h->retries, 1, 10, 3)),
        key("StartPeriod", seconds_or(h->start_period_ms, 0, 300, 0)));
}
