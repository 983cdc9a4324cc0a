/* How often a container is asked whether it is well, and what ECS runs in it. Behind the load
 * balancer a test that makes a request is asked by the load balancer itself (view/probe.h); every
 * other test is run by ECS in the container.
 *
 * Both have narrower bounds than Compose; a value beyond them becomes the nearest one. An interval
 * that is shorter than its timeout is as long as that.
 * docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html,
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
#include "base/mem.h"
#include "data/object.h"
#include "plan/container/health.h"

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

    int64_t interval = h->interval_ms >= 0 ? MAX(h->interval_ms, h->timeout_ms) : -1;
    out->interval = on ? seconds_or(interval, 5, 300, s->health_interval) : s->health_interval;

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

    unsigned timeout = seconds_or(h->timeout_ms, 2, 60, 5);
    int64_t interval = h->interval_ms >= 0 ? MAX(h->interval_ms, h->timeout_ms) : -1;

    json_t *command = array();
    for (size_t i = 0; i < h->test_count; i++)
        json_push(command, json_string(h->test[i]));

    return object(
        key("Command", command),
        key("Interval", seconds_or(interval, 5, 300, MAX(30u, timeout))),
        key("Timeout", timeout),
        key("Retries", times_or(h->retries, 1, 10, 3)),
        key("StartPeriod", seconds_or(h->start_period_ms, 0, 300, 0)));
}
