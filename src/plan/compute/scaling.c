/* x-defang-autoscaling (defang.md 6.8, 7.13): Application Auto Scaling holds a service's average
 * CPU (or memory) by its number of tasks.
 *
 * The ECS service then says no DesiredCount (service.c): what is not said is left as the scaler set
 * it, and a new service begins with one task and is brought to the minimum.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html */
#include "plan/compute/scaling.h"
#include "plan/compute/placement.h"

static const char *target_of(const struct plan_ctx *c, const struct plan_service *s)
{
    return arena_printf(c->a, "Scaling%s", s->id);
}

static void add_target(struct plan_ctx *c, const struct plan_service *s)
{
    const char *cluster = plan_cluster_sub(c);

    json_t *target = object(
        key("ServiceNamespace", "ecs"),
        key("ScalableDimension", "ecs:service:DesiredCount"),
        key("ResourceId", graph_sub("service/%s/${Service%s.Name}", cluster, s->id)),
        key("MinCapacity", s->scaling.min),
        key("MaxCapacity", s->scaling.max));
    graph_add(
        c->g, s->group, target_of(c, s), "AWS::ApplicationAutoScaling::ScalableTarget", target);
}

static void add_policy(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *what,
    const char *metric,
    unsigned percent)
{
    const char *id = arena_printf(c->a, "Scaling%s%s", what, s->id);

    if (!percent)
        return;

    json_t *tracking = object(
        key("PredefinedMetricSpecification", object(key("PredefinedMetricType", metric))),
        key("TargetValue", percent));
    json_t *policy = object(
        key("PolicyName", arena_printf(c->a, "%s-%s", c->scope, id)),
        key("PolicyType", "TargetTrackingScaling"),
        key("ScalingTargetId", graph_ref(target_of(c, s))),
        key("TargetTrackingScalingPolicyConfiguration", tracking));
    graph_add(c->g, s->group, id, "AWS::ApplicationAutoScaling::ScalingPolicy", policy);
}

void plan_scaling(struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_adopt_scaling *scaling = &s->scaling;

    if (!scaling->present)
        return;

    add_target(c, s);
    add_policy(c, s, "Cpu", "ECSServiceAverageCPUUtilization", scaling->cpu_percent);
    add_policy(c, s, "Memory", "ECSServiceAverageMemoryUtilization", scaling->memory_percent);
}
