/* Records in the account's public zones (defang.md 7.6): every public name of the project leads to
 * the load balancer. A record that is there already and is not this stack's stays as it is:
 * CloudFormation could not take it over, and plan_domain_notes() says what to do. The load balancer
 * has IPv4 addresses only, so there is no AAAA. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include "plan/names.h"
#include <string.h>

const char *plan_record_id(struct arena *a, const char *what, const char *name)
{
    cleanup_free char *sum = plan_hash_hex(name, 8);

    return arena_printf(a, "%s%s", what, sum);
}

static bool is_ours(const struct plan_ctx *c, const char *id)
{
    return json_object_get(json_object_get(c->r->previous, "Resources"), id) != NULL;
}

bool plan_record_blocked(const struct plan_facts *f, const char *name)
{
    return plan_record_exists(f, name, "A") || plan_record_exists(f, name, "AAAA") ||
           plan_record_exists(f, name, "CNAME");
}

static void add_alias(
    struct plan_ctx *c,
    const char *group,
    const char *balancer,
    const char *name,
    const struct plan_zone *zone)
{
    const char *id = plan_record_id(c->a, "Record", name);
    bool somebody_elses = !is_ours(c, id) && plan_record_blocked(c->f, name);

    if (!zone || graph_get(c->g, id) || somebody_elses)
        return;

    json_t *target = object(
        key("DNSName", graph_attr(balancer, "DNSName")),
        key("HostedZoneId", graph_attr(balancer, "CanonicalHostedZoneID")),
        key("EvaluateTargetHealth", false));
    json_t *record = object(
        key("HostedZoneId", zone->id),
        key("Name", name),
        key("Type", "A"),
        key("AliasTarget", target));
    graph_add(c->g, group, id, "AWS::Route53::RecordSet", record);
}

/* Who may issue certificates for the project's domain. Not where a CNAME stands, which suffers no
 * neighbour, and not where somebody has said it already. */
static void add_caa(struct plan_ctx *c)
{
    const char *id = plan_record_id(c->a, "Caa", c->public_domain);
    bool stands = plan_record_exists(c->f, c->public_domain, "CAA") ||
                  plan_record_exists(c->f, c->public_domain, "CNAME");

    if (c->certificate || (stands && !is_ours(c, id)))
        return;

    json_t *issuers = texts(
        "0 issue \"amazon.com\"",
        "0 issue \"letsencrypt.org\"",
        "0 issuewild \"amazon.com\"",
        "0 issuewild \"letsencrypt.org\"");
    json_t *record = object(
        key("HostedZoneId", c->domain_zone->id),
        key("Name", c->public_domain),
        key("Type", "CAA"),
        key("TTL", "3600"),
        key("ResourceRecords", issuers));
    graph_add(c->g, "ingress", id, "AWS::Route53::RecordSet", record);
}

static void add_domain(struct plan_ctx *c)
{
    const char *below = arena_printf(c->a, "*.%s", c->public_domain);

    if (c->v.ingress) {
        add_alias(c, "ingress", "LoadBalancer", c->public_domain, c->domain_zone);
        add_alias(c, "ingress", "LoadBalancer", below, c->domain_zone);
    }
    add_caa(c);
}

void plan_public_dns(struct plan_ctx *c)
{
    if (c->public_domain && c->domain_zone)
        add_domain(c);

    for (size_t i = 0; i < c->route_count; i++) {
        const struct plan_route *r = &c->routes[i];
        const char *balancer = r->network ? "NetworkLoadBalancer" : "LoadBalancer";

        for (size_t k = 0; k < r->host_count; k++)
            if (r->network || !plan_host_covered(r->hosts[k].name, c->public_domain))
                add_alias(c, r->service->group, balancer, r->hosts[k].name, r->hosts[k].zone);
    }
}
