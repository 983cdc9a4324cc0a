/* Rules of the listeners (defang.md 7.5): which request goes to which target group, and which is
 * sent on to HTTPS.
 *
 * A priority comes from a hash of the rule's name within the band of its kind, so that a new rule
 * never moves another's (CloudFormation cannot swap two), and the exact name goes before the
 * wildcard, gRPC before whatever else has the same name, a path before the whole of its name, and a
 * listener's only owner after all. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include "plan/names.h"
#include <string.h>

#define PRIORITIES 50000u

/* Of paths that services share: a longer one goes before a shorter. */
#define PATH_PLACES  15u
#define PATH_LONGEST 128u

/* clang-format off */
static const struct band { unsigned from, count; }
    GRPC_EXACT    = {    1,  5000},
    GRPC_WILDCARD = { 5001,  5000},
    HOST_PATH     = { 8001,  2000}, /* out of the band before, see is_folded() */
    EXACT         = {10001, 25000},
    WILDCARD      = {35001, 10000},
    ANY_PATH      = {43001,  2000}, /* the same */
    /* Of those who own a listener. A hash here too: when another port takes over, its rule is made
     * while the old one still stands. */
    GRPC_ANY      = {45001,  1000},
    ANY           = {46001,  4000};
/* clang-format on */

/* What one set of rules has taken; plan_rules() owns it. */
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

static const struct band *
band_of(const struct plan_route *r, const struct plan_host *hosts, size_t count)
{
    bool grpc = plan_port_is_grpc(r->port);
    bool wild = has_wildcard(hosts, count);

    if (!count)
        return grpc ? &GRPC_ANY : &ANY;
    if (grpc)
        return wild ? &GRPC_WILDCARD : &GRPC_EXACT;
    return wild ? &WILDCARD : &EXACT;
}

/* Paths have the last 2000 places of a band that was there before them: who had one of those (few
 * do) gets another, everybody else stays. */
static bool is_folded(const struct band *b, unsigned at)
{
    return (b == &GRPC_WILDCARD || b == &WILDCARD) && at >= b->count - HOST_PATH.count;
}

/* The place of the rule's hash in its band; the next free one when another rule has it. A band has
 * more places than a load balancer has rules, so there is one. */
static unsigned priority(struct rules *u, const char *rule, const struct band *b)
{
    cleanup_free char *sum = plan_hash_hex(rule, 7);
    unsigned at = (unsigned)(strtoul(sum, NULL, 16) % b->count);

    while (u->used[b->from + at] || is_folded(b, at))
        at = (at + 1) % b->count;
    u->used[b->from + at] = true;
    return b->from + at;
}

/* By length, then by hash. */
static unsigned
path_priority(struct rules *u, const char *rule, const struct band *b, size_t length)
{
    cleanup_free char *sum = plan_hash_hex(rule, 7);
    unsigned shorter = PATH_LONGEST - MIN((unsigned)length, PATH_LONGEST);
    unsigned hash = (unsigned)(strtoul(sum, NULL, 16) % PATH_PLACES);
    unsigned at = b->from + shorter * PATH_PLACES;

    for (unsigned i = 0; i < PATH_PLACES; i++)
        if (!u->used[at + (hash + i) % PATH_PLACES]) {
            at += (hash + i) % PATH_PLACES;
            break;
        }
    while (u->used[at])
        at = at + 1 < b->from + b->count ? at + 1 : b->from;
    u->used[at] = true;
    return at;
}

static json_t *has_path(const char *path)
{
    cleanup_free char *below = xasprintf("%s/*", path);
    json_t *values = *path ? texts(path, below) : texts(below);

    return object(
        key("Field", "path-pattern"), key("PathPatternConfig", object(key("Values", values))));
}

static json_t *has_host(const struct plan_host *hosts, size_t count)
{
    json_t *names = array();

    for (size_t i = 0; i < count; i++)
        json_push(names, json_string(hosts[i].name));
    return object(
        key("Field", "host-header"), key("HostHeaderConfig", object(key("Values", names))));
}

static json_t *is_grpc(void)
{
    json_t *header =
        object(key("HttpHeaderName", "content-type"), key("Values", texts("application/grpc*")));

    return object(key("Field", "http-header"), key("HttpHeaderConfig", header));
}

static json_t *any_path(void)
{
    return object(
        key("Field", "path-pattern"), key("PathPatternConfig", object(key("Values", texts("/*")))));
}

/* A rule must have a condition: one that takes everything says so by its path. */
static json_t *conditions(const struct plan_route *r, const struct plan_host *hosts, size_t count)
{
    json_t *list = array();

    if (count)
        json_push(list, has_host(hosts, count));
    if (plan_port_is_grpc(r->port))
        json_push(list, is_grpc());
    else if (!count)
        json_push(list, any_path());
    return list;
}

static json_t *forward(const struct plan_route *r)
{
    return object(key("Type", "forward"), key("TargetGroupArn", graph_ref(r->target_group)));
}

/* Of the route's names those in hosts[0..count); none of them: whatever the host. `action` is
 * stolen. */
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

    /* Taken before the rule may be left out, so that it is the same in every stage. */
    unsigned at = priority(u, id, band_of(r, hosts, count));

    /* It would take requests from what runs, and nobody behind it. */
    if (plan_comes_later(c, r->service, id)) {
        json_decref(action);
        return;
    }

    json_t *rule = object(
        key("ListenerArn", graph_ref(plan_listener_id(c, listener))),
        key("Priority", at),
        key("Conditions", conditions(r, hosts, count)),
        key("Actions", array(action)));
    graph_add(c->g, r->service->group, id, "AWS::ElasticLoadBalancingV2::ListenerRule", rule);
}

/* The rules of the paths that it shares. */
static void add_shares(struct rules *u, const struct plan_route *r)
{
    struct plan_ctx *c = u->c;

    for (size_t i = 0; i < r->share_count; i++) {
        const struct plan_share *share = &r->shares[i];
        const struct band *b = share->host_count ? &HOST_PATH : &ANY_PATH;
        unsigned at = path_priority(u, share->rule, b, strlen(share->path));
        json_t *all = array();

        if (plan_comes_later(c, r->service, share->rule)) {
            json_decref(all);
            continue;
        }
        if (share->host_count)
            json_push(all, has_host(share->hosts, share->host_count));
        json_push(all, has_path(share->path));

        json_t *rule = object(
            key("ListenerArn", graph_ref(plan_listener_id(c, share->listener))),
            key("Priority", at),
            key("Conditions", all),
            key("Actions", array(forward(r))));
        graph_add(
            c->g,
            r->service->group,
            share->rule,
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            rule);
    }
}

/* Somebody takes everything that comes to port 80: names with a certificate have to be taken out of
 * it. */
static bool port_80_has_owner(const struct plan_ctx *c)
{
    for (size_t i = 0; i < c->route_count; i++)
        for (size_t k = 0; k < c->routes[i].place_count; k++)
            if (!c->routes[i].network && c->routes[i].places[k].listener == 80)
                return true;
    return false;
}

/* Whatever the host: a rule on the listener of each place. */
static void add_places(struct rules *u, const struct plan_route *r)
{
    for (size_t i = 0; i < r->place_count; i++)
        add_rule(u, r, r->places[i].rule, r->places[i].listener, NULL, 0, forward(r));
}

/* Names with TLS come first in `hosts`, the others behind them. */
static void add_rules(struct rules *u, const struct plan_route *r, bool owned)
{
    struct plan_ctx *c = u->c;
    const struct plan_host *plain = r->hosts + r->tls_count;
    size_t plain_count = r->host_count - r->tls_count;
    size_t first = r->tls ? r->tls_count : r->host_count;
    bool sends_on = owned && r->tls_count && !plan_port_is_grpc(r->port);

    add_rule(u, r, r->rule, r->listener, r->hosts, first, forward(r));
    if (r->plain_rule)
        add_rule(u, r, r->plain_rule, 80, plain, plain_count, forward(r));
    if (sends_on) {
        const char *id = arena_printf(c->a, "Redirect%s", r->rule);

        add_rule(u, r, id, 80, r->hosts, r->tls_count, plan_redirect(c));
    }
}

/* Its domainname is served at its paths, and nowhere else. */
static bool is_by_path_only(const struct plan_route *r)
{
    return plan_route_paths(r) && r->host_count && !text_empty(r->service->s->domainname);
}

void plan_rules(struct plan_ctx *c)
{
    struct rules *u = xcalloc(1, sizeof *u);
    bool owned = port_80_has_owner(c);

    u->c = c;
    for (size_t i = 0; i < c->route_count; i++)
        add_shares(u, &c->routes[i]);
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].network || is_by_path_only(&c->routes[i]))
            continue; /* its listener leads there, or its paths do */
        else if (c->routes[i].host_count)
            add_rules(u, &c->routes[i], owned);
        else
            add_places(u, &c->routes[i]);
    free(u);
}
