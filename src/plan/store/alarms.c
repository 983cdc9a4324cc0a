/* CloudWatch alarms of managed stores (defang.md 7.13): two periods of five minutes. Who is told is
 * x-defang-aws.alarmTopicArn; without it they are seen in the console. The RDS and DocumentDB CPU,
 * their free memory or storage, the cache's memory and engine CPU. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/store/store.h"

#define MIB_D 1048576.0
#define GIB_D 1073741824.0

struct alarm {
    const char *suffix; /* of the logical id */
    const char *what;   /* for people */
    const char *namespace, *metric, *dimension;
    bool above; /* else: below */
    double threshold;
};

static void
add(struct plan_ctx *c,
    const struct plan_service *s,
    const char *store,
    const char *node,
    const struct alarm *a)
{
    const char *topic = c->v.adopt.alarm_topic.value;
    json_t *told = topic ? texts(topic) : NULL;
    json_t *told_again = topic ? texts(topic) : NULL;
    json_t *watched = object(
        key("Name", a->dimension),
        key("Value", node ? graph_sub("${%s}%s", store, node) : graph_ref(store)));
    const char *description =
        arena_printf(c->a, "Service %s of %s: %s", s->s->name, c->scope, a->what);

    json_t *alarm = object(
        key("AlarmDescription", description),
        key("Namespace", a->namespace),
        key("MetricName", a->metric),
        key("Dimensions", array(watched)),
        key("Statistic", "Average"),
        key("Period", 300),
        key("EvaluationPeriods", 2),
        key("Threshold", a->threshold),
        key("ComparisonOperator", a->above ? "GreaterThanThreshold" : "LessThanThreshold"),
        key("TreatMissingData", "missing"),
        key("Tags", plan_tags(NULL, s->s->name)),
        key("AlarmActions", told),
        key("OKActions", told_again));
    const char *id = arena_printf(c->a, "Alarm%s%s", store, a->suffix);
    graph_add(c->g, s->group, id, "AWS::CloudWatch::Alarm", alarm);
}

void plan_database_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    static const struct alarm alarms[] = {
        {"Cpu", "CPU above 80 %", "AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", true, 80},
        {"Storage",
         "less than 1 GiB of storage free",
         "AWS/RDS",
         "FreeStorageSpace",
         "DBInstanceIdentifier",
         false,
         GIB_D},
    };
    for (size_t i = 0; c->s->alarms && i < ARRAY_LEN(alarms); i++)
        add(c, s, id, NULL, &alarms[i]);
}

/* Metrics of a cache are its nodes': the first one, which writes until a failover. */
void plan_cache_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    static const struct alarm alarms[] = {
        {"Cpu",
         "engine CPU above 80 %",
         "AWS/ElastiCache",
         "EngineCPUUtilization",
         "CacheClusterId",
         true,
         80},
        {"Memory",
         "memory above 80 %",
         "AWS/ElastiCache",
         "DatabaseMemoryUsagePercentage",
         "CacheClusterId",
         true,
         80},
    };
    for (size_t i = 0; c->s->alarms && i < ARRAY_LEN(alarms); i++)
        add(c, s, id, "-001", &alarms[i]);
}

void plan_document_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    static const struct alarm alarms[] = {
        {"Cpu", "CPU above 80 %", "AWS/DocDB", "CPUUtilization", "DBClusterIdentifier", true, 80},
        {"Memory",
         "less than 256 MiB of memory free",
         "AWS/DocDB",
         "FreeableMemory",
         "DBClusterIdentifier",
         false,
         256 * MIB_D},
    };
    for (size_t i = 0; c->s->alarms && i < ARRAY_LEN(alarms); i++)
        add(c, s, id, NULL, &alarms[i]);
}
