/* Who may talk to whom (defang.md 7.2). The app group is a badge: it has no rule of its own, every
 * container wears it, and private ports and stores admit it. Each service's own group says which of
 * its ports admit whom, and whether it may call out.
 *
 * Rules stand in the group itself and not as resources of their own, so that a group is read in one
 * place. That works because no two groups name each other: service groups name the badge and the
 * load balancer's group, and these name nobody. */
#include "plan/common/context.h"
#include "plan/common/route.h"
#include "plan/network/network.h"
#include "plan/view/probe.h"
#include <string.h>

#define ANYWHERE "0.0.0.0/0"

/* A range of ports; of icmp, type and code. */
struct range {
    const char *protocol;
    int from, to;
};

static struct range one_port(const struct plan_port *p)
{
    return (struct range){p->protocol, p->target, p->target};
}

static json_t *from_group(struct range r, const char *group, const char *why)
{
    return object(
        key("IpProtocol", r.protocol),
        key("FromPort", r.from),
        key("ToPort", r.to),
        key("SourceSecurityGroupId", graph_attr(group, "GroupId")),
        key("Description", why));
}

static json_t *from_anywhere(struct range r, const char *why)
{
    return object(
        key("IpProtocol", r.protocol),
        key("FromPort", r.from),
        key("ToPort", r.to),
        key("CidrIp", ANYWHERE),
        key("Description", why));
}

static json_t *all_to(const char *cidr, const char *why)
{
    return object(key("IpProtocol", "-1"), key("CidrIp", cidr), key("Description", why));
}

static json_t *egress_all(void)
{
    return array(all_to(ANYWHERE, "anywhere"));
}

/* An empty list would become "allow all": a rule to loopback is CloudFormation's idiom for none. */
static json_t *egress_none(void)
{
    return array(all_to("127.0.0.1/32", "nowhere"));
}

/* Networks with `internal: true`: the VPC, and HTTPS, without which Fargate cannot fetch image,
 * secrets and send logs. */
static json_t *egress_isolated(const struct plan_ctx *c)
{
    json_t *https = object(
        key("IpProtocol", "tcp"),
        key("FromPort", 443),
        key("ToPort", 443),
        key("CidrIp", ANYWHERE),
        key("Description", "AWS APIs and image registries"));

    return array(all_to(plan_vpc_cidr(c), "inside the VPC"), https);
}

static json_t *egress_of(const struct plan_ctx *c, const struct plan_service *s)
{
    if (s->kind != PLAN_CONTAINER)
        return egress_none();
    return s->isolated ? egress_isolated(c) : egress_all();
}

static void add_port_rules(json_t *rules, const struct plan_port *p)
{
    if (p->open) {
        json_push(rules, from_anywhere(one_port(p), "host port on the default network"));
        return;
    }
    if (p->ingress)
        json_push(rules, from_group(one_port(p), "AlbSecurityGroup", "from the load balancer"));
    if (p->network)
        json_push(
            rules, from_group(one_port(p), "NlbSecurityGroup", "from the network load balancer"));
    json_push(rules, from_group(one_port(p), "AppSecurityGroup", "from services of this project"));
}

/* The load balancer may be told to ask for the service's health at a port that serves nobody else.
 */
static void add_health_rule(struct plan_ctx *c, json_t *rules, const struct plan_service *s)
{
    struct plan_probe probe;

    plan_probe_read(c->a, s->s, &probe);
    if (!s->ingress || !probe.http || !probe.has_port || plan_ingress_port(s, probe.port))
        return;

    int port = (int)probe.port;
    json_push(
        rules,
        from_group(
            (struct range){"tcp", port, port}, "AlbSecurityGroup", "health check of the balancer"));
}

/* It asks for health over TCP, also where it passes on UDP. Each port once: EC2 refuses a rule that
 * is there twice. */
static void add_network_health_rules(json_t *rules, const struct plan_service *s)
{
    const char *why = "health check of the network load balancer";
    unsigned last = 0;

    for (size_t i = 0; i < s->port_count; i++) {
        const struct plan_port *p = &s->ports[i];
        unsigned port = plan_network_health(s, p);
        bool udp = strcmp(p->protocol, "udp") == 0;

        if (!p->network || !udp || port == last || plan_is_behind_network(s, port))
            continue;
        struct range one = {"tcp", (int)port, (int)port};

        json_push(rules, from_group(one, "NlbSecurityGroup", why));
        last = port;
    }
}

static json_t *ingress_of(struct plan_ctx *c, const struct plan_service *s)
{
    /* Path MTU discovery needs "fragmentation needed" (type 3, code 4). */
    const struct range too_big = {"icmp", 3, 4};
    const char *why = "path MTU discovery";
    json_t *rules = array();

    for (size_t i = 0; i < s->port_count; i++)
        add_port_rules(rules, &s->ports[i]);
    add_health_rule(c, rules, s);
    add_network_health_rules(rules, s);

    if (s->port_count && s->kind == PLAN_CONTAINER)
        json_push(
            rules,
            s->open ? from_anywhere(too_big, why) : from_group(too_big, "AppSecurityGroup", why));
    return rules;
}

static void add_service_group(struct plan_ctx *c, const struct plan_service *s)
{
    const char *name = arena_printf(c->a, "%s-%s", c->scope, s->s->name);
    json_t *rules = ingress_of(c, s);
    json_t *admitted = json_array_size(rules) ? rules : NULL;

    json_t *group = object(
        key("GroupDescription", arena_printf(c->a, "Service %s of %s", s->s->name, c->scope)),
        key("VpcId", plan_vpc(c)),
        key("SecurityGroupEgress", egress_of(c, s)),
        key("Tags", plan_tags(name, s->s->name)),
        key("SecurityGroupIngress", admitted));
    const char *id = arena_printf(c->a, "SecurityGroup%s", s->id);
    graph_add(c->g, s->group, id, "AWS::EC2::SecurityGroup", group);

    if (!admitted)
        json_decref(rules);
}

static void add_badge(struct plan_ctx *c)
{
    const char *name = arena_printf(c->a, "%s_app-sg", c->p->name);

    json_t *group = object(
        key("GroupDescription", arena_printf(c->a, "Worn by every service of %s", c->scope)),
        key("VpcId", plan_vpc(c)),
        key("SecurityGroupEgress", egress_none()),
        key("Tags", plan_tags(name, NULL)));
    graph_add(c->g, "network", "AppSecurityGroup", "AWS::EC2::SecurityGroup", group);
}

static void add_build_group(struct plan_ctx *c)
{
    json_t *group = object(
        key("GroupDescription", arena_printf(c->a, "Image builds of %s", c->scope)),
        key("VpcId", plan_vpc(c)),
        key("SecurityGroupEgress", egress_all()),
        key("Tags", plan_tags("bootstrap", NULL)));

    graph_add(c->g, "builds", "BuildSecurityGroup", "AWS::EC2::SecurityGroup", group);
}

/* Listeners were chosen before (plan_routes): a project with ingress ports has at least one. */
static void add_balancer_group(struct plan_ctx *c)
{
    const char *name = arena_printf(c->a, "%s_alb-sg", c->p->name);
    json_t *rules = array();

    for (size_t i = 0; i < c->listener_count; i++) {
        int port = (int)c->listeners[i];
        json_push(rules, from_anywhere((struct range){"tcp", port, port}, "from the internet"));
    }

    json_t *group = object(
        key("GroupDescription", arena_printf(c->a, "Load balancer of %s", c->scope)),
        key("VpcId", plan_vpc(c)),
        key("SecurityGroupEgress", egress_all()),
        key("Tags", plan_tags(name, NULL)),
        key("SecurityGroupIngress", rules));
    graph_add(c->g, "ingress", "AlbSecurityGroup", "AWS::EC2::SecurityGroup", group);
}

/* TCP and UDP of one number are two rules. */
static void add_network_rules(json_t *rules, const struct plan_route *r)
{
    bool udp = strcmp(r->network, "UDP") == 0 || strcmp(r->network, "TCP_UDP") == 0;
    bool tcp = strcmp(r->network, "UDP") != 0;

    for (size_t i = 0; i < r->place_count; i++) {
        int port = (int)r->places[i].listener;

        if (tcp)
            json_push(rules, from_anywhere((struct range){"tcp", port, port}, "from the internet"));
        if (udp)
            json_push(rules, from_anywhere((struct range){"udp", port, port}, "from the internet"));
    }
}

static void add_network_balancer_group(struct plan_ctx *c)
{
    const char *name = arena_printf(c->a, "%s_nlb-sg", c->p->name);
    json_t *rules = array();

    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].network)
            add_network_rules(rules, &c->routes[i]);

    json_t *group = object(
        key("GroupDescription", arena_printf(c->a, "Network load balancer of %s", c->scope)),
        key("VpcId", plan_vpc(c)),
        key("SecurityGroupEgress", egress_all()),
        key("Tags", plan_tags(name, NULL)),
        key("SecurityGroupIngress", rules));
    graph_add(c->g, "ingress", "NlbSecurityGroup", "AWS::EC2::SecurityGroup", group);
}

/* A sidecar is in its service's task and wears what that wears; files are CloudFront's. */
void plan_security(struct plan_ctx *c)
{
    add_badge(c);
    if (c->v.builds)
        add_build_group(c);
    if (c->v.ingress)
        add_balancer_group(c);
    if (c->v.network)
        add_network_balancer_group(c);

    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (s->kind != PLAN_SIDECAR && s->kind != PLAN_STATIC)
            add_service_group(c, s);
    }
}
