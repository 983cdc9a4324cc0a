/* Who may talk to whom (defang.md 7.2). The app group is a badge: it has no rule of its own, every
 * container wears it, and private ports and stores admit it. Each service's own group says which of
 * its ports admit whom, and whether it may call out. */
#include "plan/context.h"
#include "plan/ingress/ingress.h"
#include "plan/network/network.h"
#include <string.h>

static json_t *
rule_group(const char *protocol, int from, int to, const char *group, const char *why)
{
    return plan_json(
        "{s:s,s:i,s:i,s:o,s:s}",
        "IpProtocol",
        protocol,
        "FromPort",
        from,
        "ToPort",
        to,
        "SourceSecurityGroupId",
        graph_attr(group, "GroupId"),
        "Description",
        why);
}

static json_t *rule_cidr(const char *protocol, int from, int to, const char *cidr, const char *why)
{
    return plan_json(
        "{s:s,s:i,s:i,s:s,s:s}",
        "IpProtocol",
        protocol,
        "FromPort",
        from,
        "ToPort",
        to,
        "CidrIp",
        cidr,
        "Description",
        why);
}

static json_t *egress_all(void)
{
    return plan_json(
        "[{s:s,s:s,s:s}]", "IpProtocol", "-1", "CidrIp", "0.0.0.0/0", "Description", "anywhere");
}

/* An empty list would become "allow all": a rule to loopback is CloudFormation's idiom for none. */
static json_t *egress_none(void)
{
    return plan_json(
        "[{s:s,s:s,s:s}]", "IpProtocol", "-1", "CidrIp", "127.0.0.1/32", "Description", "nowhere");
}

/* Networks with `internal: true`: the VPC, and HTTPS, without which Fargate cannot fetch image,
 * secrets and send logs. */
static json_t *egress_isolated(const struct plan_ctx *c)
{
    return plan_json(
        "[{s:s,s:s,s:s},{s:s,s:i,s:i,s:s,s:s}]",
        "IpProtocol",
        "-1",
        "CidrIp",
        plan_vpc_cidr(c),
        "Description",
        "inside the VPC",
        "IpProtocol",
        "tcp",
        "FromPort",
        443,
        "ToPort",
        443,
        "CidrIp",
        "0.0.0.0/0",
        "Description",
        "AWS APIs and image registries");
}

static void add_group(
    struct plan_ctx *c,
    const char *board,
    const char *id,
    const char *description,
    json_t *ingress,
    json_t *egress,
    const char *name,
    const char *service)
{
    json_t *properties = plan_json(
        "{s:s,s:o,s:o,s:o}",
        "GroupDescription",
        description,
        "VpcId",
        plan_vpc(c),
        "SecurityGroupEgress",
        egress,
        "Tags",
        plan_tags(name, service));
    if (ingress && json_array_size(ingress))
        json_add(properties, "SecurityGroupIngress", ingress);
    else
        json_decref(ingress);
    graph_add(c->g, board, id, "AWS::EC2::SecurityGroup", properties);
}

static void add_service_group(struct plan_ctx *c, const struct plan_service *s)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < s->port_count; i++) {
        const struct plan_port *p = &s->ports[i];
        if (p->open) {
            json_push(
                rules,
                rule_cidr(
                    p->protocol,
                    p->target,
                    p->target,
                    "0.0.0.0/0",
                    "host port on the default network"));
            continue;
        }
        if (p->ingress)
            json_push(
                rules,
                rule_group(
                    p->protocol,
                    p->target,
                    p->target,
                    "AlbSecurityGroup",
                    "from the load balancer"));
        json_push(
            rules,
            rule_group(
                p->protocol,
                p->target,
                p->target,
                "AppSecurityGroup",
                "from services of this project"));
    }
    if (s->port_count && s->kind == PLAN_CONTAINER) {
        /* Path MTU discovery needs "fragmentation needed" (type 3, code 4). */
        if (s->open)
            json_push(rules, rule_cidr("icmp", 3, 4, "0.0.0.0/0", "path MTU discovery"));
        else
            json_push(rules, rule_group("icmp", 3, 4, "AppSecurityGroup", "path MTU discovery"));
    }
    json_t *egress = s->kind != PLAN_CONTAINER ? egress_none()
                     : s->isolated             ? egress_isolated(c)
                                               : egress_all();
    add_group(
        c,
        s->group,
        arena_printf(c->a, "SecurityGroup%s", s->id),
        arena_printf(c->a, "Service %s of %s", s->s->name, c->scope),
        rules,
        egress,
        arena_printf(c->a, "%s-%s", c->scope, s->s->name),
        s->s->name);
}

void plan_security(struct plan_ctx *c)
{
    add_group(
        c,
        "network",
        "AppSecurityGroup",
        arena_printf(c->a, "Worn by every service of %s", c->scope),
        NULL,
        egress_none(),
        arena_printf(c->a, "%s_app-sg", c->p->name),
        NULL);
    if (c->v.builds)
        add_group(
            c,
            "builds",
            "BuildSecurityGroup",
            arena_printf(c->a, "Image builds of %s", c->scope),
            NULL,
            egress_all(),
            "bootstrap",
            NULL);
    if (c->v.ingress) {
        json_t *rules = json_array();
        for (size_t i = 0; i < c->listener_count; i++)
            json_push(
                rules,
                rule_cidr(
                    "tcp",
                    (int)c->listeners[i],
                    (int)c->listeners[i],
                    "0.0.0.0/0",
                    "from the internet"));
        add_group(
            c,
            "ingress",
            "AlbSecurityGroup",
            arena_printf(c->a, "Load balancer of %s", c->scope),
            rules,
            egress_all(),
            arena_printf(c->a, "%s_alb-sg", c->p->name),
            NULL);
    }
    for (size_t i = 0; i < c->v.count; i++)
        if (c->v.services[i].kind != PLAN_SIDECAR && c->v.services[i].kind != PLAN_STATIC)
            add_service_group(c, &c->v.services[i]);
}
