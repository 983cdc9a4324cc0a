/* The document's own discovery (defang.md 7.6, 7.7), when the setting `discovery` asks for it: a
 * Route 53 private zone whose A records the tasks keep themselves, by a sidecar, and CNAMEs for
 * stores. See docs/SERVICE_DISCOVERY.md for what it costs beside Cloud Map.
 *
 * The task of each service gets the sidecar, and the right to write its own record; of services
 * that run once nobody asks. Other names of a service (view/aliases.c) are records of the stack. */
#include "base/mem.h"
#include "plan/common/context.h"
#include "plan/common/iam.h"
#include "plan/common/logs.h"
#include "plan/network/network.h"

#define SIDECAR_NAME  "route53-sidecar"
#define SIDECAR_IMAGE "public.ecr.aws/defang-io/route53-sidecar"

bool plan_by_sidecar(const struct plan_ctx *c)
{
    return c->s->discovery == PLAN_SIDECAR_RECORDS;
}

static const char *record_name(const struct plan_ctx *c, const struct plan_service *s)
{
    return arena_printf(c->a, "%s.%s", s->label, c->domain);
}

void plan_private_zone(struct plan_ctx *c)
{
    const char *comment = arena_printf(c->a, "Services of %s", c->scope);
    json_t *vpc = object(key("VPCId", plan_vpc(c)), key("VPCRegion", graph_ref("AWS::Region")));

    json_t *zone = object(
        key("Name", c->domain),
        key("HostedZoneConfig", object(key("Comment", comment))),
        key("VPCs", array(vpc)),
        key("HostedZoneTags", plan_tags(NULL, NULL)));
    graph_add(c->g, "dns", "PrivateZone", "AWS::Route53::HostedZone", zone);
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
    json_t *record = object(
        key("HostedZoneId", graph_ref("PrivateZone")),
        key("Name", record_name(c, s)),
        key("Type", "CNAME"),
        key("TTL", "300"),
        key("ResourceRecords", array(graph_attr(store_id, endpoint_attr))));

    graph_add(c->g, s->group, plan_alias_id(c, s), "AWS::Route53::RecordSet", record);
}

void plan_alias_record(struct plan_ctx *c, const struct plan_alias *alias, const char *id)
{
    bool one_of_several = plan_is_shared(&c->v, alias);
    const char *label = alias->of->label;
    json_t *set = one_of_several ? json_string(label) : NULL;
    json_t *weight = one_of_several ? json_integer(1) : NULL;

    json_t *record = object(
        key("HostedZoneId", graph_ref("PrivateZone")),
        key("Name", arena_printf(c->a, "%s.%s", alias->record, c->domain)),
        key("Type", "CNAME"),
        key("TTL", "60"),
        key("ResourceRecords", texts(record_name(c, alias->of))),
        key("SetIdentifier", set),
        key("Weight", weight));
    graph_add(c->g, alias->of->group, id, "AWS::Route53::RecordSet", record);
}

/* Records of other tasks are in the same zone: the condition leaves the task its own service's
 * name. */
void plan_discovery_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements)
{
    if (!plan_by_sidecar(c) || !plan_has_name(s))
        return;

    json_t *own_name = object(
        key("route53:ChangeResourceRecordSetsNormalizedRecordNames", texts(record_name(c, s))),
        key("route53:ChangeResourceRecordSetsRecordTypes", texts("A")));
    json_t *record = iam_allow_if(
        "OwnRecord",
        json_string("route53:ChangeResourceRecordSets"),
        graph_sub("arn:${AWS::Partition}:route53:::hostedzone/${PrivateZone}"),
        object(key("ForAllValues:StringEquals", own_name)));
    json_push(statements, record);

    json_t *change = iam_allow(
        "OwnChange",
        json_string("route53:GetChange"),
        graph_sub("arn:${AWS::Partition}:route53:::change/*"));
    json_push(statements, change);
}

static json_t *variable(const char *name, json_t *value)
{
    return object(key("Name", name), key("Value", value));
}

static json_t *variables(const struct plan_ctx *c, const struct plan_service *s)
{
    return array(
        variable("AWS_REGION", graph_ref("AWS::Region")),
        variable("DNS", json_string(record_name(c, s))),
        variable("HOSTEDZONE", graph_ref("PrivateZone")),
        variable("IPADDRESS", json_string("ecs")));
}

void plan_discovery_sidecar(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task)
{
    if (!plan_by_sidecar(c) || !plan_has_name(s))
        return;

    cleanup_free char *main_container = plan_container_name(s->s->name, deployment);
    json_t *after_main = object(key("ContainerName", main_container), key("Condition", "START"));
    json_t *log = c->s->sidecar_logs ? plan_awslogs("LogGroupLogs", SIDECAR_NAME) : NULL;

    json_t *container = object(
        key("Name", SIDECAR_NAME),
        key("Image", SIDECAR_IMAGE),
        key("Essential", false),
        key("DependsOn", array(after_main)),
        key("Environment", variables(c, s)),
        key("LogConfiguration", log),
        /* It takes its record back at the end: as long as a change takes to be everywhere. */
        key("StopTimeout", 120));
    json_push(json_object_get(task, "ContainerDefinitions"), container);
}
