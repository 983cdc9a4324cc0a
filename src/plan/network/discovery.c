/* The document's own discovery (defang.md 7.6, 7.7), when the setting `discovery` asks for it: a
 * Route 53 private zone whose A records the tasks keep themselves, by a sidecar, and CNAMEs for
 * stores. See docs/SERVICE_DISCOVERY.md for what it costs beside Cloud Map. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/logs.h"
#include "plan/network/network.h"
#include <string.h>

#define SIDECAR_NAME  "route53-sidecar"
#define SIDECAR_IMAGE "public.ecr.aws/defang-io/route53-sidecar"

bool plan_by_sidecar(const struct plan_ctx *c)
{
    return c->s->discovery == PLAN_SIDECAR_RECORDS;
}

void plan_private_zone(struct plan_ctx *c)
{
    graph_add(
        c->g,
        "dns",
        "PrivateZone",
        "AWS::Route53::HostedZone",
        plan_json(
            "{s:s,s:{s:s},s:[{s:o,s:o}],s:o}",
            "Name",
            c->domain,
            "HostedZoneConfig",
            "Comment",
            arena_printf(c->a, "Services of %s", c->scope),
            "VPCs",
            "VPCId",
            plan_vpc(c),
            "VPCRegion",
            graph_ref("AWS::Region"),
            "HostedZoneTags",
            plan_tags(NULL, NULL)));
}

const char *plan_alias_id(const struct plan_ctx *c, const struct plan_service *s)
{
    return arena_printf(c->a, plan_by_sidecar(c) ? "StoreRecord%s" : "StoreAlias%s", s->id);
}

void plan_store_record(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *store_id,
    const char *endpoint_attr)
{
    graph_add(
        c->g,
        s->group,
        plan_alias_id(c, s),
        "AWS::Route53::RecordSet",
        plan_json(
            "{s:o,s:s,s:s,s:s,s:[o]}",
            "HostedZoneId",
            graph_ref("PrivateZone"),
            "Name",
            arena_printf(c->a, "%s.%s", s->label, c->domain),
            "Type",
            "CNAME",
            "TTL",
            "300",
            "ResourceRecords",
            graph_attr(store_id, endpoint_attr)));
}

/* Records of other tasks are in the same zone: the condition leaves the task its own service's
 * name. */
void plan_discovery_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements)
{
    if (!plan_by_sidecar(c) || !s->port_count)
        return;
    json_t *condition = plan_json(
        "{s:{s:[s],s:[s]}}",
        "ForAllValues:StringEquals",
        "route53:ChangeResourceRecordSetsNormalizedRecordNames",
        arena_printf(c->a, "%s.%s", s->label, c->domain),
        "route53:ChangeResourceRecordSetsRecordTypes",
        "A");
    json_push(
        statements,
        plan_json(
            "{s:s,s:s,s:s,s:o,s:o}",
            "Sid",
            "OwnRecord",
            "Effect",
            "Allow",
            "Action",
            "route53:ChangeResourceRecordSets",
            "Resource",
            graph_sub("arn:${AWS::Partition}:route53:::hostedzone/${PrivateZone}"),
            "Condition",
            condition));
    json_push(
        statements,
        plan_json(
            "{s:s,s:s,s:s,s:o}",
            "Sid",
            "OwnChange",
            "Effect",
            "Allow",
            "Action",
            "route53:GetChange",
            "Resource",
            graph_sub("arn:${AWS::Partition}:route53:::change/*")));
}

static json_t *variable(const char *name, json_t *value)
{
    return plan_json("{s:s,s:o}", "Name", name, "Value", value);
}

void plan_discovery_sidecar(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task)
{
    if (!plan_by_sidecar(c) || !s->port_count)
        return;
    cleanup_free char *main_container = plan_container_name(s->s->name, deployment);
    json_t *environment = plan_json(
        "[o,o,o,o]",
        variable("AWS_REGION", graph_ref("AWS::Region")),
        variable("DNS", json_string(arena_printf(c->a, "%s.%s", s->label, c->domain))),
        variable("HOSTEDZONE", graph_ref("PrivateZone")),
        variable("IPADDRESS", json_string("ecs")));
    json_t *container = plan_json(
        "{s:s,s:s,s:b,s:[{s:s,s:s}],s:o}",
        "Name",
        SIDECAR_NAME,
        "Image",
        SIDECAR_IMAGE,
        "Essential",
        0,
        "DependsOn",
        "ContainerName",
        main_container,
        "Condition",
        "START",
        "Environment",
        environment);
    if (c->s->sidecar_logs)
        json_add(container, "LogConfiguration", plan_awslogs("LogGroupLogs", SIDECAR_NAME));
    /* It takes its record back at the end: as long as a change takes to be everywhere. */
    json_add(container, "StopTimeout", json_integer(120));
    json_push(json_object_get(task, "ContainerDefinitions"), container);
}
