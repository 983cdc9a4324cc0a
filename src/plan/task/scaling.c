/* x-defang-autoscaling (defang.md 6.8, 7.13): Application Auto Scaling holds a service's average
 * CPU (or memory) by its number of tasks. The ECS service then says no DesiredCount: what is not
 * said is left as the scaler set it, and a new service begins with one task and is brought to the
 * minimum. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/adopt.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include "plan/extensions.h"
#include "plan/task/task.h"
#include <string.h>

void plan_check_scaling(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *n =
        s->s->extensions ? yaml_get(s->s->extensions, "x-defang-autoscaling") : NULL;
    struct plan_adopt_scaling ignored;
    const char *wrong = plan_scaling_read(s->s, s->replicas, &ignored);
    if (wrong)
        plan_error(
            &c->diag,
            n->pos,
            "As in x-defang-autoscaling: {min: 2, max: 10, cpu: 70}.",
            "service %s: x-defang-autoscaling: %s",
            s->s->name,
            wrong);
    else if (n && s->kind != PLAN_CONTAINER)
        plan_warn(
            &c->diag,
            n->pos,
            "Remove it.",
            "service %s: x-defang-autoscaling is ignored, it has no tasks of its own",
            s->s->name);
}

static void add_policy(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *what,
    const char *metric,
    unsigned percent)
{
    if (!percent)
        return;
    const char *id = arena_printf(c->a, "Scaling%s%s", what, s->id);
    graph_add(
        c->g,
        s->group,
        id,
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        plan_json(
            "{s:s,s:s,s:o,s:{s:{s:s},s:i}}",
            "PolicyName",
            arena_printf(c->a, "%s-%s", c->scope, id),
            "PolicyType",
            "TargetTrackingScaling",
            "ScalingTargetId",
            graph_ref(arena_printf(c->a, "Scaling%s", s->id)),
            "TargetTrackingScalingPolicyConfiguration",
            "PredefinedMetricSpecification",
            "PredefinedMetricType",
            metric,
            "TargetValue",
            (int)percent));
}

void plan_scaling(struct plan_ctx *c, const struct plan_service *s)
{
    if (!s->scaling.present)
        return;
    cleanup_json json_t *cluster = plan_cluster_ref(c);
    const char *own = json_str(cluster, "Ref");
    const char *name = own ? arena_printf(c->a, "${%s}", own) : json_string_value(cluster);
    graph_add(
        c->g,
        s->group,
        arena_printf(c->a, "Scaling%s", s->id),
        "AWS::ApplicationAutoScaling::ScalableTarget",
        plan_json(
            "{s:s,s:s,s:o,s:i,s:i}",
            "ServiceNamespace",
            "ecs",
            "ScalableDimension",
            "ecs:service:DesiredCount",
            "ResourceId",
            graph_sub("service/%s/${Service%s.Name}", name, s->id),
            "MinCapacity",
            (int)s->scaling.min,
            "MaxCapacity",
            (int)s->scaling.max));
    add_policy(c, s, "Cpu", "ECSServiceAverageCPUUtilization", s->scaling.cpu_percent);
    add_policy(c, s, "Memory", "ECSServiceAverageMemoryUtilization", s->scaling.memory_percent);
}
