/* Rules of the listeners (defang.md 7.5): which request goes to which target group, and which is
 * sent on to HTTPS.
 *
 * A priority comes from a hash of the rule's name within the band of its kind, so that a new rule
 * never moves another's (CloudFormation cannot swap two), and the exact name goes before the
 * wildcard, gRPC before whatever else has the same name, and a listener's only owner after all. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/ingress/ingress.h"
#include "plan/names.h"
#include <string.h>

#define PRIORITIES 50000u

struct band {
    unsigned from, count;
};
static const struct band GRPC_EXACT = {1, 5000}, GRPC_WILDCARD = {5001, 5000},
                         EXACT = {10001, 25000}, WILDCARD = {35001, 10000};
/* Of those who own a listener. A hash here too: when another port takes over, its rule is made
 * while the old one still stands. */
static const struct band GRPC_ANY = {45001, 1000}, ANY = {46001, 4000};

struct rules {
    struct plan_ctx *c;
    bool used[PRIORITIES + 1];
};

static bool has_wildcard(const struct plan_host *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strpbrk(hosts[i].name, "*?"))
            return true;
    return false;
}

static unsigned priority(
    struct rules *u,
    const char *rule,
    const struct plan_route *r,
    const struct plan_host *hosts,
    size_t count)
{
    bool grpc = plan_port_is_grpc(r->port), wild = has_wildcard(hosts, count);
    const struct band *b = !count ? (grpc ? &GRPC_ANY : &ANY)
                           : grpc ? (wild ? &GRPC_WILDCARD : &GRPC_EXACT)
                           : wild ? &WILDCARD
                                  : &EXACT;
    cleanup_free char *sum = plan_hash_hex(rule, 7);
    unsigned at = (unsigned)(strtoul(sum, NULL, 16) % b->count);
    while (u->used[b->from + at])
        at = (at + 1) % b->count;
    u->used[b->from + at] = true;
    return b->from + at;
}

static json_t *conditions(const struct plan_route *r, const struct plan_host *hosts, size_t count)
{
    json_t *list = json_array();
    if (count) {
        json_t *names = json_array();
        for (size_t i = 0; i < count; i++)
            json_push(names, json_string(hosts[i].name));
        json_push(
            list,
            plan_json(
                "{s:s,s:{s:o}}", "Field", "host-header", "HostHeaderConfig", "Values", names));
    }
    if (plan_port_is_grpc(r->port))
        json_push(
            list,
            plan_json(
                "{s:s,s:{s:s,s:[s]}}",
                "Field",
                "http-header",
                "HttpHeaderConfig",
                "HttpHeaderName",
                "content-type",
                "Values",
                "application/grpc*"));
    else if (!count)
        json_push(
            list,
            plan_json(
                "{s:s,s:{s:[s]}}", "Field", "path-pattern", "PathPatternConfig", "Values", "/*"));
    return list;
}

static void add_rule(
    struct rules *u,
    const struct plan_route *r,
    const char *id,
    unsigned listener,
    const struct plan_host *hosts,
    size_t count,
    json_t *action)
{
    struct plan_ctx *c = u->c;
    int at = (int)priority(u, id, r, hosts, count); /* the same in every stage */
    if (plan_comes_later(
            c, r->service, id)) { /* it would take requests from what runs, and nobody behind it */
        json_decref(action);
        return;
    }
    graph_add(
        c->g,
        r->service->group,
        id,
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        plan_json(
            "{s:o,s:i,s:o,s:[o]}",
            "ListenerArn",
            graph_ref(plan_listener_id(c, listener)),
            "Priority",
            at,
            "Conditions",
            conditions(r, hosts, count),
            "Actions",
            action));
}

static json_t *forward(const struct plan_route *r)
{
    return plan_json("{s:s,s:o}", "Type", "forward", "TargetGroupArn", graph_ref(r->target_group));
}

/* Somebody takes everything that comes to port 80: names with a certificate have to be taken out of
 * it. */
static bool port_80_has_owner(const struct plan_ctx *c)
{
    for (size_t i = 0; i < c->route_count; i++)
        if (!c->routes[i].host_count && c->routes[i].listener == 80)
            return true;
    return false;
}

void plan_rules(struct plan_ctx *c)
{
    struct rules *u = xcalloc(1, sizeof *u);
    bool owned = port_80_has_owner(c);
    u->c = c;
    for (size_t i = 0; i < c->route_count; i++) {
        const struct plan_route *r = &c->routes[i];
        size_t first = r->tls ? r->tls_count : r->host_count;
        add_rule(u, r, r->rule, r->listener, r->hosts, first, forward(r));
        if (r->plain_rule)
            add_rule(
                u,
                r,
                r->plain_rule,
                80,
                r->hosts + r->tls_count,
                r->host_count - r->tls_count,
                forward(r));
        if (owned && r->tls_count && !plan_port_is_grpc(r->port))
            add_rule(
                u,
                r,
                arena_printf(c->a, "Redirect%s", r->rule),
                80,
                r->hosts,
                r->tls_count,
                plan_redirect(c));
    }
    free(u);
}
