/* The ECS cluster (defang.md 7.7), and the log groups with the rule that writes ECS events into one
 * of them (7.11).
 *
 * The cluster is the project's own unless x-defang-aws names one: that one is taken as it is, with
 * the capacity providers that it has. Services with GPUs bring providers beside Fargate's (gpu.c);
 * the association holds all of them in one list, so this file asks for them here.
 *
 * ECS forgets a task an hour after its end. So a rule of EventBridge writes the project's events
 * into the group "ecs", where the engine finds later what became of it.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html */
#include "plan/compute/cluster.h"
#include "base/mem.h"
#include "plan/common/iam.h"
#include "plan/compute/gpu.h"
#include "plan/compute/placement.h"
#include "plan/names.h"

static struct graph_resource *
add(struct plan_ctx *c, const char *id, const char *type, json_t *properties)
{
    return graph_add(c->g, "cluster", id, type, properties);
}

static void add_cluster(struct plan_ctx *c)
{
    cleanup_free char *name = xasprintf("%s-cluster", c->scope);
    cleanup_free char *fit = plan_name_fit(name, PLAN_NAME_UNDERSCORE, 255, 7);

    json_t *cluster = object(key("ClusterName", fit), key("Tags", plan_tags(fit, NULL)));
    add(c, "Cluster", "AWS::ECS::Cluster", cluster);
}

static void add_capacity_providers(struct plan_ctx *c)
{
    json_t *providers = texts("FARGATE", "FARGATE_SPOT");

    plan_capacity(c, providers);

    json_t *strategy = object(key("CapacityProvider", c->s->capacity_provider), key("Weight", 1));
    json_t *associations = object(
        key("Cluster", graph_ref("Cluster")),
        key("CapacityProviders", providers),
        key("DefaultCapacityProviderStrategy", array(strategy)));
    add(c, "CapacityProviders", "AWS::ECS::ClusterCapacityProviderAssociations", associations);
}

/* A cluster that is not ours keeps its capacity providers: flow_adopted() has looked that the
 * wanted one is there. */
void plan_cluster(struct plan_ctx *c)
{
    bool ours = !c->v.adopt.cluster.value;

    if (ours) {
        add_cluster(c);
        add_capacity_providers(c);
    }
    graph_output_add(c->g, "ClusterName", plan_cluster_ref(c), "ECS cluster");
}

/* It outlives the stack, so that what a failed deployment said can be read; its lines go by their
 * own expiry. The engine lets a later stack take it over (engine/stack/log_groups.h). */
static void add_log_group(struct plan_ctx *c, const char *id, const char *which)
{
    cleanup_free char *name = plan_log_group(c->s, c->p->name, which);

    json_t *group =
        object(key("LogGroupName", name), key("RetentionInDays", c->s->log_retention_days));
    struct graph_resource *r = add(c, id, "AWS::Logs::LogGroup", group);

    r->deletion_policy = "Retain"; /* also when its stack is rolled back: what failed is in it */
    r->replace_policy = "Retain";
}

static void add_lifecycle_rule(struct plan_ctx *c, const char *log_group_arn)
{
    unsigned flags = PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT;
    cleanup_free char *rule_name = xasprintf("%s-ecs-lifecycle-rule", c->label);
    cleanup_free char *rule_fit = plan_name_fit(rule_name, flags, 64, 7);
    cleanup_free char *target_name = xasprintf("%s-ecs-event-cw-target", c->label);
    cleanup_free char *target_fit = plan_name_fit(target_name, flags, 64, 7);
    const char *cluster = plan_cluster_sub(c);

    json_t *services = graph_sub(
        "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service/%s/", cluster);
    json_t *tasks =
        graph_sub("arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/%s/", cluster);

    /* By the resource's ARN and not by clusterArn: the events of a deployment's state carry no
     * cluster. */
    json_t *pattern = object(
        key("source", texts("aws.ecs")),
        key("detail-type",
            texts("ECS Task State Change", "ECS Service Action", "ECS Deployment State Change")),
        key("resources", array(object(key("prefix", services)), object(key("prefix", tasks)))));

    json_t *target = object(key("Id", target_fit), key("Arn", graph_sub("%s", log_group_arn)));
    json_t *rule = object(
        key("Name", rule_fit),
        key("Description", "ECS events of the project, for its status"),
        key("State", "ENABLED"),
        key("EventPattern", pattern),
        key("Targets", array(target)));
    add(c, "EcsLifecycleRule", "AWS::Events::Rule", rule);
    graph_depend(c->g, "EcsLifecycleRule", "LogGroupEcs");
}

/* Who may write into the group. The resource takes the document as one text. */
static void add_events_policy(struct plan_ctx *c, const char *log_group_arn)
{
    cleanup_free char *name = xasprintf("%s-ecs-events", c->scope);
    cleanup_free char *fit = plan_name_fit(name, PLAN_NAME_UNDERSCORE, 255, 7);

    json_t *writers =
        object(key("Service", texts("events.amazonaws.com", "delivery.logs.amazonaws.com")));
    json_t *statement = object(
        key("Effect", "Allow"),
        key("Principal", writers),
        key("Action", texts("logs:CreateLogStream", "logs:PutLogEvents")),
        key("Resource", arena_printf(c->a, "%s:*", log_group_arn)));
    cleanup_json json_t *document = iam_document(array(statement));
    cleanup_free char *text = json_print(document, false, false);

    json_t *policy = object(key("PolicyName", fit), key("PolicyDocument", graph_sub("%s", text)));
    add(c, "EcsEventsPolicy", "AWS::Logs::ResourcePolicy", policy);
}

void plan_logs(struct plan_ctx *c)
{
    cleanup_free char *ecs = plan_log_group(c->s, c->p->name, "ecs");
    const char *arn = arena_printf(
        c->a, "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:%s", ecs);

    add_log_group(c, "LogGroupBuilds", "builds");
    add_log_group(c, "LogGroupEcs", "ecs");
    add_log_group(c, "LogGroupLogs", "logs");

    add_lifecycle_rule(c, arn);
    add_events_policy(c, arn);

    /* Until the policy is there, the rule's events go nowhere. */
    graph_depend(c->g, "EcsLifecycleRule", "EcsEventsPolicy");
}
