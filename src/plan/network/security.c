/* Who may talk to whom (defang.md 7.2; as in Compose, otherwise than there). A badge is a group
 * without a rule that admits: all tasks on a network wear it (view/networks.c says which there
 * are). Each service's own group admits the badges of its networks, on every port: what a program
 * listens on is between it and its neighbours, whatever the file declares. A managed store admits
 * them on its own port. Ports for the load balancer and for the internet come beside that, and
 * whether the service may call out.
 *
 * Rules stand in the group itself and not as resources of their own, so that a group is read in one
 * place. That works because no two groups name each other: service groups name badges and the load
 * balancer's group, and these name nobody. AWS takes 60 of them in a group. */
#include "base/str.h"
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

static json_t *any_from_group(const char *group, const char *why)
{
    return object(
        key("IpProtocol", "-1"),
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
}

/* Neighbours on the same networks. Of a service that runs once nobody knows the name. */
static void add_neighbours(json_t *rules, const struct plan_service *s)
{
    const char *why = "from services of this project";

    for (size_t i = 0; i < s->admit_count && plan_has_name(s); i++)
        json_push(
            rules,
            plan_is_store(s) ? from_group(one_port(&s->ports[0]), s->admits[i], why)
                             : any_from_group(s->admits[i], why));
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
    json_t *rules = array();

    for (size_t i = 0; i < s->port_count; i++)
        add_port_rules(rules, &s->ports[i]);
    add_health_rule(c, rules, s);
    add_network_health_rules(rules, s);

    if (s->open)
        json_push(rules, from_anywhere(too_big, "path MTU discovery"));
    add_neighbours(rules, s);
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

static void add_badge(struct plan_ctx *c, const char *id, const char *name, const char *worn_by)
{
    json_t *group = object(
        key("GroupDescription", arena_printf(c->a, "Worn by %s of %s", worn_by, c->scope)),
        key("VpcId", plan_vpc(c)),
        key("SecurityGroupEgress", egress_none()),
        key("Tags", plan_tags(name, NULL)));
    graph_add(c->g, "network", id, "AWS::EC2::SecurityGroup", group);
}

static void add_network_badge(struct plan_ctx *c, const struct plan_network *n)
{
    if (strcmp(n->badge, "AppSecurityGroup") == 0)
        return;
    add_badge(
        c,
        n->badge,
        arena_printf(c->a, "%s_%s-sg", c->p->name, n->name),
        arena_printf(c->a, "every service on network %.80s", n->name));
}

/* What runs while a foundation is made still wears the badges that it was started with. */
static void keep_badges(struct plan_ctx *c)
{
    const json_t *resources = json_object_get(c->r->previous, "Resources");
    const char *id;
    json_t *old;

    json_object_foreach((json_t *)resources, id, old) {
        bool badge = text_starts(id, "NetworkSecurityGroup") || text_starts(id, "HubSecurityGroup");
        const json_t *properties = json_object_get(old, "Properties");

        if (c->r->foundation && badge && properties && !graph_get(c->g, id))
            graph_add(
                c->g,
                "network",
                arena_strdup(c->a, id),
                "AWS::EC2::SecurityGroup",
                json_deep_copy(properties));
    }
}

/* The default network's is there in every project: what is deployed may name it. */
static void add_badges(struct plan_ctx *c)
{
    const char *name = arena_printf(c->a, "%s_app-sg", c->p->name);

    add_badge(c, "AppSecurityGroup", name, "every service");
    for (size_t i = 0; i < c->v.network_count; i++)
        add_network_badge(c, &c->v.networks[i]);

    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (s->hub)
            add_badge(
                c,
                plan_hub_badge(c->a, s),
                arena_printf(c->a, "%s_%s-hub-sg", c->p->name, s->s->name),
                arena_printf(c->a, "service %.80s", s->s->name));
    }
    keep_badges(c);
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
    add_badges(c);
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
