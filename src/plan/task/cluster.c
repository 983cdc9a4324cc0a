/* The ECS cluster (defang.md 7.7) and the log groups with the rule that writes ECS events into one
 * of them (7.11). */
#include "base/mem.h"
#include "plan/context.h"
#include "plan/names.h"
#include "plan/task/gpu.h"
#include "plan/task/task.h"

json_t *plan_cluster_ref(const struct plan_ctx *c)
{
    return c->v.adopt.cluster.value ? json_string(c->v.adopt.cluster.value) : graph_ref("Cluster");
}

const char *plan_cluster_sub(const struct plan_ctx *c)
{
    return c->v.adopt.cluster.value ? c->v.adopt.cluster.value : "${Cluster}";
}

/* A cluster that is not ours keeps its capacity providers: flow_adopted() has looked that the
 * wanted one is there. */
void plan_cluster(struct plan_ctx *c)
{
    if (c->v.adopt.cluster.value) {
        graph_output_add(c->g, "ClusterName", json_string(c->v.adopt.cluster.value), "ECS cluster");
        return;
    }
    cleanup_free char *name = xasprintf("%s-cluster", c->scope);
    cleanup_free char *fit = plan_name_fit(name, PLAN_NAME_UNDERSCORE, 255, 7);
    graph_add(
        c->g,
        "cluster",
        "Cluster",
        "AWS::ECS::Cluster",
        plan_json("{s:s,s:o}", "ClusterName", fit, "Tags", plan_tags(fit, NULL)));
    json_t *providers = plan_json("[s,s]", "FARGATE", "FARGATE_SPOT");
    plan_capacity(c, providers);
    graph_add(
        c->g,
        "cluster",
        "CapacityProviders",
        "AWS::ECS::ClusterCapacityProviderAssociations",
        plan_json(
            "{s:o,s:o,s:[{s:s,s:i}]}",
            "Cluster",
            graph_ref("Cluster"),
            "CapacityProviders",
            providers,
            "DefaultCapacityProviderStrategy",
            "CapacityProvider",
            c->s->capacity_provider,
            "Weight",
            1));
    graph_output_add(c->g, "ClusterName", graph_ref("Cluster"), "ECS cluster");
}

static void add_log_group(struct plan_ctx *c, const char *id, const char *which)
{
    cleanup_free char *name = plan_log_group(c->s, c->p->name, which);
    graph_add(
        c->g,
        "cluster",
        id,
        "AWS::Logs::LogGroup",
        plan_json(
            "{s:s,s:i}", "LogGroupName", name, "RetentionInDays", (int)c->s->log_retention_days));
}

void plan_logs(struct plan_ctx *c)
{
    add_log_group(c, "LogGroupBuilds", "builds");
    add_log_group(c, "LogGroupEcs", "ecs");
    add_log_group(c, "LogGroupLogs", "logs");
    cleanup_free char *ecs = plan_log_group(c->s, c->p->name, "ecs");
    cleanup_free char *rule = xasprintf("%s-ecs-lifecycle-rule", c->label);
    cleanup_free char *target = xasprintf("%s-ecs-event-cw-target", c->label);
    cleanup_free char *rule_fit = plan_name_fit(rule, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 64, 7);
    cleanup_free char *target_fit =
        plan_name_fit(target, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 64, 7);
    const char *arn = arena_printf(
        c->a, "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:%s", ecs);
    const char *cluster = plan_cluster_sub(c);
    /* By the resource's ARN and not by clusterArn: the events of a deployment's state carry no
     * cluster. */
    json_t *pattern = plan_json(
        "{s:[s],s:[s,s,s],s:[{s:o},{s:o}]}",
        "source",
        "aws.ecs",
        "detail-type",
        "ECS Task State Change",
        "ECS Service Action",
        "ECS Deployment State Change",
        "resources",
        "prefix",
        graph_sub(
            "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service/%s/", cluster),
        "prefix",
        graph_sub("arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/%s/", cluster));
    graph_add(
        c->g,
        "cluster",
        "EcsLifecycleRule",
        "AWS::Events::Rule",
        plan_json(
            "{s:s,s:s,s:s,s:o,s:[{s:s,s:o}]}",
            "Name",
            rule_fit,
            "Description",
            "ECS events of the project, for its status",
            "State",
            "ENABLED",
            "EventPattern",
            pattern,
            "Targets",
            "Id",
            target_fit,
            "Arn",
            graph_sub("%s", arn)));
    graph_depend(c->g, "EcsLifecycleRule", "LogGroupEcs");
    cleanup_free char *policy = xasprintf("%s-ecs-events", c->scope);
    cleanup_free char *policy_fit = plan_name_fit(policy, PLAN_NAME_UNDERSCORE, 255, 7);
    json_t *document = graph_sub(
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{"
        "\"Service\":[\"events.amazonaws.com\","
        "\"delivery.logs.amazonaws.com\"]},\"Action\":[\"logs:CreateLogStream\",\"logs:"
        "PutLogEvents\"],\"Resource\":\"%s:*\"}]}",
        arn);
    graph_add(
        c->g,
        "cluster",
        "EcsEventsPolicy",
        "AWS::Logs::ResourcePolicy",
        plan_json("{s:s,s:o}", "PolicyName", policy_fit, "PolicyDocument", document));
    graph_depend(c->g, "EcsLifecycleRule", "EcsEventsPolicy");
}
