/* What the account's zones mean for the project's public names. Warnings, because a deployment is
 * right without a zone too: it is served over HTTP, or by the certificate that the project brings,
 * and the records are made by hand.
 *
 * Two things are told: a name that no public zone of the account holds, and a name that has a
 * record already which is not ours, and so stays as it is (public_dns.c). Each name once, at the
 * place in the Compose file that it comes from. Nothing is told while the zones are not known. */
#include "base/str.h"
#include "base/vec.h"
#include "plan/diag.h"
#include "plan/ingress/ingress.h"
#include "plan/view/view.h"
#include <string.h>

struct notes {
    struct plan_diag diag;
    struct arena *a;
    const struct plan_facts *f;
    const json_t *resources; /* deployed */
    struct plan_view v;
    const char *domain;
    bool wire; /* the name at hand is behind the network load balancer */
    VEC(const char *) said;
};

static bool said(struct notes *n, const char *name)
{
    for (size_t i = 0; i < n->said.len; i++)
        if (strcmp(n->said.items[i], name) == 0)
            return true;
    vec_push(&n->said, name);
    return false;
}

/* The name for which somebody would make a zone: without "*." and without its first label, when it
 * has more than two. */
static const char *likely_zone(const char *name)
{
    bool wildcard = text_starts(name, "*.");
    const char *p = wildcard ? name + 2 : name;
    const char *dot = strchr(p, '.');
    bool three_labels = dot && strchr(dot + 1, '.');

    return three_labels && !wildcard ? dot + 1 : p;
}

static void note_no_zone(struct notes *n, struct yaml_pos pos, const char *name, const char *zone)
{
    if (n->v.adopt.certificate.value) {
        plan_warn(
            &n->diag,
            pos,
            "`defangctl up` ends with the load balancer's name.",
            "no public Route 53 zone of this account holds %s: point a CNAME record at the load "
            "balancer yourself",
            name);
        return;
    }

    if (n->wire) {
        plan_warn(
            &n->diag,
            pos,
            "Make the zone in Route 53, or point a CNAME record at the load balancer: `defangctl "
            "up` ends with its name.",
            "no public Route 53 zone of this account holds %s: it gets no record",
            name);
        return;
    }

    plan_warn(
        &n->diag,
        pos,
        arena_printf(
            n->a,
            "Make the zone %s in Route 53 and give its name servers to the registrar, then deploy "
            "again; or bring a certificate "
            "(x-defang-aws.albCertificateArn). Until then point a CNAME record at the load "
            "balancer.",
            zone),
        "no public Route 53 zone of this account holds %s: it gets no certificate and no record, "
        "and is served over HTTP",
        name);
}

static void note_record(struct notes *n, struct yaml_pos pos, const char *name)
{
    if (!plan_record_blocked(n->f, name) ||
        json_object_get(n->resources, plan_record_id(n->a, "Record", name)))
        return;
    plan_warn(
        &n->diag,
        pos,
        "Delete it and deploy again, or point it at the load balancer yourself.",
        "%s has a record already that this project did not make: it stays as it is",
        name);
}

static void note_name(struct notes *n, struct yaml_pos pos, const char *name, const char *zone_hint)
{
    const struct plan_zone *twin;

    if (said(n, name))
        return;

    if (plan_zone_of(n->f, name, n->v.adopt.public_zone.value, &twin))
        note_record(n, pos, name);
    else
        note_no_zone(n, pos, name, zone_hint);
}

static void
note_service(struct notes *n, const struct plan_settings *settings, const struct plan_service *s)
{
    const struct yaml_node *node = s->s->node ? yaml_get(s->s->node, "domainname") : NULL;

    struct yaml_pos pos = node ? node->pos : s->s->pos;
    bool brings_one = n->v.adopt.certificate.value != NULL;

    for (size_t i = 0; i < s->port_count; i++) {
        struct plan_hosts h = {0};

        /* What needs HTTPS is refused by the plan itself. */
        bool refused = !brings_one && plan_port_needs_tls(&s->ports[i]);
        if ((s->ports[i].ingress || s->ports[i].network) && !refused)
            plan_hosts(n->a, &n->v, settings, s, &s->ports[i], &h);
        n->wire = s->ports[i].network != NULL;
        for (size_t k = 0; k < h.count; k++)
            if (!plan_host_covered(h.names[k], n->domain))
                note_name(n, pos, h.names[k], likely_zone(h.names[k]));
    }
}

static void note_domain(struct notes *n)
{
    /* From DEFANG_DOMAIN it has no place in a file. */
    const struct plan_said *written = &n->v.adopt.project_domain;
    struct yaml_pos pos = written->value == n->domain ? written->pos : (struct yaml_pos){0};
    const struct plan_zone *twin;

    note_name(n, pos, n->domain, n->domain);
    if (plan_zone_of(n->f, n->domain, n->v.adopt.public_zone.value, &twin))
        note_name(n, pos, arena_printf(n->a, "*.%s", n->domain), n->domain);
}

void plan_domain_notes(
    const struct compose_project *p,
    const struct plan_settings *s,
    const struct plan_facts *f,
    const json_t *previous,
    struct compose_diagnostics *d)
{
    if (!f->zones_known)
        return;
    cleanup_arena struct arena *a = arena_new();
    struct notes n = {
        .diag = {.d = d}, .a = a, .f = f, .resources = json_object_get(previous, "Resources")};
    plan_view_make(a, p, &n.v);
    plan_doors(a, s, &n.v);
    n.domain = plan_public_domain(&n.v, s);
    if (n.domain && (n.v.ingress || n.v.network))
        note_domain(&n);
    for (size_t i = 0; i < n.v.count; i++)
        note_service(&n, s, &n.v.services[i]);
    vec_free(&n.said);
}
