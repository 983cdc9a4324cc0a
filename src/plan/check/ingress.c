/* What the load balancer and public DNS cannot hold, said before anything is touched
 * (defang.md 7.5, 7.6). The numbers are AWS's and stand in ingress.h.
 *
 * Of a name: that DNS, the load balancer and a certificate take it, and that no two services have
 * the same. Of a port: a listener that exists, HTTPS and a certificate where the protocol wants it,
 * no more names than a rule has values. Of the project: listeners, target groups, rules and
 * certificates of one load balancer. And no role for DNS in another account: CloudFormation writes
 * with the role of the stack only.
 *
 * Ports and names are counted on the way; the quotas are looked at last. */
#include "plan/ingress/ingress.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include <ctype.h>
#include <string.h>

struct ingress {
    struct plan_check *c;
    const char *domain;
    bool certificate; /* the project brings one */
    size_t routes, named, certificates;
    size_t network;  /* listeners of the network load balancer */
    size_t nameless; /* numbers that ports without a name are served on */
};

static struct yaml_pos key_pos(const struct plan_service *s, const char *key)
{
    const struct yaml_node *n = s->s->node ? yaml_get(s->s->node, key) : NULL;
    return n ? n->pos : s->s->pos;
}

/* Labels of letters, digits and hyphens; "*" as the first one. */
static bool is_host_name(const char *name)
{
    const char *p = text_starts(name, "*.") ? name + 2 : name;
    size_t label = 0, labels = 1;

    for (; *p; p++) {
        bool edge = !label || !p[1] || p[1] == '.';

        if (*p == '.') {
            if (!label)
                return false;
            label = 0;
            labels++;
        } else if (++label > 63 || !(isalnum((unsigned char)*p) || (*p == '-' && !edge)))
            return false;
    }

    return label && labels > 1;
}

static void check_name(
    struct ingress *g, const struct plan_service *s, const struct plan_port *port, const char *name)
{
    struct plan_diag *d = &g->c->diag;
    size_t n = strlen(name);

    if (!is_host_name(name))
        plan_error(
            d,
            key_pos(s, "domainname"),
            "As in www.example.com or *.example.com; at most 63 characters between dots.",
            "service %s: %s is no name that DNS takes",
            s->s->name,
            name);
    else if (n > PLAN_ALB_HOST_CHARS)
        plan_error(
            d,
            key_pos(s, "domainname"),
            "Choose a shorter one.",
            "service %s: %s has %zu characters, and the load balancer takes host names of at most "
            "%d",
            s->s->name,
            name,
            n,
            PLAN_ALB_HOST_CHARS);
    else if (
        n > PLAN_ACM_NAME_CHARS && !g->certificate && !plan_host_covered(name, g->domain) &&
        !text_eq(port->listener, "http"))
        plan_error(
            d,
            key_pos(s, "domainname"),
            "Choose a shorter one, or bring a certificate (x-defang-aws.albCertificateArn).",
            "service %s: %s has %zu characters, and a certificate's name has at most %d",
            s->s->name,
            name,
            n,
            PLAN_ACM_NAME_CHARS);
}

static void check_listener(
    struct ingress *g, const struct plan_service *s, const struct plan_port *port, size_t names)
{
    struct plan_diag *d = &g->c->diag;
    const char *needs = plan_port_needs_tls(port);
    bool plain = text_eq(port->listener, "http");
    bool known = !port->listener || plain || text_eq(port->listener, "https");

    if (!known)
        plan_error(
            d,
            port->pos,
            "Use http or https.",
            "service %s: port %u has x-defang-listener \"%s\"",
            s->s->name,
            port->target,
            port->listener);
    else if (needs && plain)
        plan_error(
            d,
            port->pos,
            "Remove x-defang-listener.",
            "service %s: port %u wants %s, which a load balancer takes over HTTPS only",
            s->s->name,
            port->target,
            needs);
    else if (needs && !names && !g->certificate)
        plan_error(
            d,
            port->pos,
            "Give the service a domainname in a public Route 53 zone of this account, or the "
            "project DEFANG_DOMAIN or x-defang-aws.albCertificateArn; mode: host keeps it inside "
            "the VPC.",
            "service %s: port %u wants %s, which a load balancer takes over HTTPS only, and there "
            "is no certificate for it",
            s->s->name,
            port->target,
            needs);
}

static void
check_port(struct ingress *g, const struct plan_service *s, const struct plan_port *port)
{
    struct plan_hosts h;

    plan_hosts(g->c->a, &g->c->v, g->c->s, s, port, &h);
    g->routes++;
    if (!h.count)
        g->nameless += port->published_count ? port->published_count : 1;
    g->named += h.count > 0;

    check_listener(g, s, port, h.count);

    size_t values = h.count + plan_port_is_grpc(port);
    if (values > PLAN_ALB_VALUES)
        plan_error(
            &g->c->diag,
            port->pos,
            "Remove aliases, or put a redirect of your own in front.",
            "service %s: port %u is told apart by %zu host names%s, and a load balancer rule holds "
            "%d values",
            s->s->name,
            port->target,
            h.count,
            plan_port_is_grpc(port) ? " and its content type" : "",
            PLAN_ALB_VALUES);
    for (size_t i = 0; i < h.count; i++)
        check_name(g, s, port, h.names[i]);
}

static void
check_network_port(struct ingress *g, const struct plan_service *s, const struct plan_port *port)
{
    struct plan_hosts h;

    g->network += port->published_count ? port->published_count : 1;
    plan_hosts(g->c->a, &g->c->v, g->c->s, s, port, &h);
    for (size_t i = 0; i < h.count; i++)
        check_name(g, s, port, h.names[i]);
}

static void refuse_name(
    struct ingress *g, const struct plan_service *o, const struct plan_service *s, const char *name)
{
    bool both_say_it = text_eq_nocase(o->s->domainname, s->s->domainname);

    plan_error(
        &g->c->diag,
        key_pos(s, "domainname"),
        "Give each its own.",
        "services %s and %s have the same %s %s",
        o->s->name,
        s->s->name,
        both_say_it ? "domainname" : "public name",
        name);
}

/* Against the services before it; gRPC and other ports of one name are told apart. */
static void check_same_name(
    struct ingress *g, const struct plan_service *s, const struct plan_port *port, const char *name)
{
    for (const struct plan_service *o = g->c->v.services; o < s; o++)
        for (size_t k = 0; k < o->port_count; k++) {
            const struct plan_port *other = &o->ports[k];
            bool alike = plan_port_is_grpc(other) == plan_port_is_grpc(port) && !o->path_count &&
                         !s->path_count; /* told apart by their paths */
            struct plan_hosts h = {0};

            if (other->ingress && alike)
                plan_hosts(g->c->a, &g->c->v, g->c->s, o, other, &h);
            for (size_t j = 0; j < h.count; j++)
                if (strcmp(h.names[j], name) == 0)
                    refuse_name(g, o, s, name);
        }
}

static void check_role(struct ingress *g, const struct plan_service *s)
{
    const struct yaml_node *role =
        s->s->extensions ? yaml_get(s->s->extensions, "x-defang-dns-role") : NULL;

    if (role && !yaml_is_null(role))
        plan_error(
            &g->c->diag,
            role->pos,
            "Delegate the name to a public zone of this account (NS records in the other one), or "
            "bring a certificate (x-defang-aws.albCertificateArn) and make a CNAME record there.",
            "service %s: x-defang-dns-role is not supported: CloudFormation writes records with "
            "the role of the stack only",
            s->s->name);
}

static void check_service(struct ingress *g, const struct plan_service *s)
{
    bool own = false;

    check_role(g, s);
    for (size_t i = 0; i < s->port_count; i++) {
        struct plan_hosts h;

        if (!s->ports[i].ingress && !s->ports[i].network)
            continue;
        if (s->ports[i].network)
            check_network_port(g, s, &s->ports[i]);
        else
            check_port(g, s, &s->ports[i]);
        plan_hosts(g->c->a, &g->c->v, g->c->s, s, &s->ports[i], &h);
        for (size_t k = 0; k < h.count; k++) {
            check_same_name(g, s, &s->ports[i], h.names[k]);
            own = own || !plan_host_covered(h.names[k], g->domain);
        }
    }

    g->certificates += own;
}

static void check_quotas(struct ingress *g)
{
    struct plan_diag *d = &g->c->diag;
    struct yaml_pos whole = {0};
    size_t made = g->certificates + (g->domain != NULL);

    /* Names have a second rule on port 80 when a nameless port owns it. */
    size_t rules = g->nameless + g->named + (g->nameless ? g->named : 0);

    if (g->nameless > PLAN_ALB_LISTENERS - 2)
        plan_error(
            d,
            whole,
            "Give services a domainname, use mode: host for ports that need no public address, or "
            "split the project.",
            "the project has %zu ingress ports without a public name, and a load balancer has %d "
            "listeners",
            g->nameless,
            PLAN_ALB_LISTENERS);
    else if (g->routes > PLAN_ALB_TARGET_GROUPS)
        plan_error(
            d,
            whole,
            "Use mode: host for ports that need no public address, or split the project.",
            "the project has %zu ingress ports, and a load balancer has %d target groups",
            g->routes,
            PLAN_ALB_TARGET_GROUPS);
    else if (rules > PLAN_ALB_RULES)
        plan_error(
            d,
            whole,
            "Give every service with an ingress port a domainname, or split the project.",
            "the project needs %zu rules, and a load balancer has %d",
            rules,
            PLAN_ALB_RULES);
    if (g->network > PLAN_ALB_LISTENERS)
        plan_error(
            d,
            whole,
            "Use mode: host for ports that need no public address, or split the project.",
            "the project has %zu ingress ports without HTTP, and a network load balancer has %d "
            "listeners",
            g->network,
            PLAN_ALB_LISTENERS);
    if (!g->certificate && made > PLAN_ALB_CERTIFICATES + 1)
        plan_error(
            d,
            whole,
            "Put the services under one domain (DEFANG_DOMAIN: one certificate for all), or split "
            "the project.",
            "the project needs %zu certificates, and a load balancer has %d beside the default one",
            made,
            PLAN_ALB_CERTIFICATES);
}

void plan_check_ingress(struct plan_check *c)
{
    struct ingress g = {
        .c = c,
        .domain = plan_public_domain(&c->v, c->s),
        .certificate = c->v.adopt.certificate.value != NULL};

    if (c->v.adopt.dns_role.value)
        plan_error(
            &c->diag,
            c->v.adopt.dns_role.pos,
            "Delegate the domain to a public zone of this account, or bring a certificate "
            "(x-defang-aws.albCertificateArn) and make the records there.",
            "x-defang-aws.dnsRoleArn is not supported: CloudFormation writes records with the role "
            "of the stack only");
    for (size_t i = 0; i < c->v.count; i++)
        check_service(&g, &c->v.services[i]);
    check_quotas(&g);
}
