/* Certificates of the load balancer (defang.md 7.6): one for the project's own domain and all names
 * one level under it, and one for each service with names of its own.
 *
 * AWS::CertificateManager::Certificate asks for the certificate, writes the records that prove the
 * domain into the zone, and waits until it is issued: the document's acm/Certificate,
 * route53/Record and acm/CertificateValidation in one. A name without a zone here would let it wait
 * for days, so no certificate names one. With x-defang-aws.albCertificateArn none is made. */
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include <string.h>

#define USUAL                                                                                      \
    "usually 1-5 min; it waits for ever when the domain's registrar does not name the zone's "     \
    "name servers"

struct names {
    const struct plan_host **items;
    size_t len;
};

static void add_name(struct names *n, const struct plan_host *h)
{
    for (size_t i = 0; i < n->len; i++)
        if (strcmp(n->items[i]->name, h->name) == 0)
            return;
    n->items[n->len++] = h;
}

/* A service's names of its own; those under the project's domain have its certificate. */
static void own_names(const struct plan_ctx *c, const struct plan_service *s, struct names *out)
{
    size_t max = 0;

    for (size_t i = 0; i < c->route_count; i++)
        max += c->routes[i].tls_count;
    *out = (struct names){.items = arena_array(c->a, const struct plan_host *, max + 1)};

    for (size_t i = 0; i < c->route_count; i++) {
        const struct plan_route *r = &c->routes[i];

        for (size_t k = 0; r->service == s && k < r->tls_count; k++)
            if (!plan_host_covered(r->hosts[k].name, c->public_domain))
                add_name(out, &r->hosts[k]);
    }
}

/* DomainName and SubjectAlternativeNames are the names, `proofs` says in which zone each is proved.
 */
static void add_certificate(
    struct plan_ctx *c,
    const char *group,
    const char *id,
    const char *name,
    json_t *others,
    json_t *proofs,
    const char *service)
{
    const char *label = arena_printf(c->a, "%s-%s", c->scope, service ? service : "domain");

    json_t *certificate = object(
        key("DomainName", name),
        key("ValidationMethod", "DNS"),
        key("DomainValidationOptions", proofs),
        key("Tags", plan_tags(label, service)),
        key("SubjectAlternativeNames", others));
    struct graph_resource *r =
        graph_add(c->g, group, id, "AWS::CertificateManager::Certificate", certificate);
    r->usual = USUAL;
}

static json_t *validation(const char *name, const char *zone)
{
    return object(key("DomainName", name), key("HostedZoneId", zone));
}

/* "*.x" is proved by the record of "x". */
static bool proved_by_another(const struct names *n, const char *name)
{
    for (size_t i = 0; text_starts(name, "*.") && i < n->len; i++)
        if (strcmp(n->items[i]->name, name + 2) == 0)
            return true;
    return false;
}

/* Its logical id; NULL when the service has no name of its own. */
static const char *service_certificate(struct plan_ctx *c, const struct plan_service *s)
{
    const char *id = arena_printf(c->a, "Certificate%s", s->id);
    struct names n;

    own_names(c, s, &n);
    if (!n.len)
        return NULL;

    json_t *others = n.len > 1 ? array() : NULL;
    json_t *proofs = array();
    for (size_t i = 0; i < n.len; i++) {
        const struct plan_host *h = n.items[i];

        if (i)
            json_push(others, json_string(h->name));
        if (!proved_by_another(&n, h->name))
            json_push(proofs, validation(h->name, h->zone->id));
    }
    add_certificate(c, s->group, id, n.items[0]->name, others, proofs, s->s->name);
    return id;
}

static bool domain_is_used(const struct plan_ctx *c)
{
    for (size_t i = 0; i < c->route_count; i++)
        for (size_t k = 0; k < c->routes[i].tls_count; k++)
            if (plan_host_covered(c->routes[i].hosts[k].name, c->public_domain))
                return true;
    return false;
}

static const char *domain_certificate(struct plan_ctx *c)
{
    const char *id = "CertificateDomain";
    const char *below = arena_printf(c->a, "*.%s", c->public_domain);
    json_t *proof = validation(c->public_domain, c->domain_zone->id);

    add_certificate(c, "ingress", id, below, texts(c->public_domain), array(proof), NULL);
    return id;
}

static void add_id(struct plan_ctx *c, const char *id)
{
    if (id)
        c->certificates[c->certificate_count++] = id;
}

/* The listener keeps the certificate that it has as long as that one is there: another service must
 * not move it. */
static const char *choose_default(const struct plan_ctx *c)
{
    const char *before = json_str(
        c->r->previous, "Resources.Listener443.Properties.Certificates.0.CertificateArn.Ref");

    for (size_t i = 0; before && i < c->certificate_count; i++)
        if (strcmp(c->certificates[i], before) == 0)
            return c->certificates[i];
    return c->certificates[0];
}

json_t *plan_certificates(struct plan_ctx *c)
{
    if (c->certificate)
        return json_string(c->certificate);

    c->certificates = arena_array(c->a, const char *, c->v.count + 1);
    if (domain_is_used(c))
        add_id(c, domain_certificate(c));
    for (size_t i = 0; i < c->v.count; i++)
        add_id(c, service_certificate(c, &c->v.services[i]));
    return c->certificate_count ? graph_ref(choose_default(c)) : NULL;
}

void plan_listener_certificates(struct plan_ctx *c, const json_t *first)
{
    /* Of the network load balancer alone. */
    if (!plan_listener_tls(c, 443))
        return;

    for (size_t i = 0; i < c->certificate_count; i++) {
        const char *id = c->certificates[i];

        if (text_eq(json_str(first, "Ref"), id))
            continue;

        json_t *more = object(
            key("ListenerArn", graph_ref(plan_listener_id(c, 443))),
            key("Certificates", array(object(key("CertificateArn", graph_ref(id))))));
        graph_add(
            c->g,
            graph_get(c->g, id)->group,
            arena_printf(c->a, "Listener%s", id),
            "AWS::ElasticLoadBalancingV2::ListenerCertificate",
            more);
    }
}
