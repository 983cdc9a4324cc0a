/* What image builds need in the account (defang.md 4.4, 7.10), made when some service has a build.
 */
#include "plan/build/builds.h"
#include "base/mem.h"
#include "plan/adopt.h"
#include "plan/bucket.h"
#include "plan/context.h"
#include "plan/logs.h"
#include "plan/names.h"
#include <string.h>

#define IMAGES_KEPT 10
#define LOG_DAYS                                                                                   \
    90               /* the log group keeps a day or a month, and a build may be asked after later \
                      */
#define RULES_MAX 50 /* of a lifecycle policy */

/* Layers are used for eight days (--cache-ttl); older ones are never read again. */
static const char CACHE_EIGHT_DAYS[] =
    "{\"rules\":[{\"rulePriority\":1,\"description\":\"layers older than the cache's "
    "life\",\"selection\":{\"tagStatus\":\"any\","
    "\"countType\":\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":8},\"action\":{"
    "\"type\":\"expire\"}}]}";

/* Images are counted for each service apart: counted together, the service that is built often
 * pushes out the only image of one that is not, and that one cannot start a task again. Services
 * beyond the number of rules keep all. */
static const char *image_policy(struct plan_ctx *c)
{
    json_t *rules = plan_json(
        "[{s:i,s:s,s:{s:s,s:s,s:s,s:i},s:{s:s}}]",
        "rulePriority",
        1,
        "description",
        "untagged images after a day",
        "selection",
        "tagStatus",
        "untagged",
        "countType",
        "sinceImagePushed",
        "countUnit",
        "days",
        "countNumber",
        1,
        "action",
        "type",
        "expire");
    for (size_t i = 0; i < c->v.count && json_array_size(rules) < RULES_MAX; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (!plan_is_task(s) || !plan_builds_image(s->s))
            continue;
        cleanup_free char *prefix = plan_image_prefix(s->s->name);
        json_push(
            rules,
            plan_json(
                "{s:i,s:s,s:{s:s,s:[s],s:s,s:i},s:{s:s}}",
                "rulePriority",
                (int)json_array_size(rules) + 1,
                "description",
                arena_printf(c->a, "the last %d of %.200s stay", IMAGES_KEPT, s->s->name),
                "selection",
                "tagStatus",
                "tagged",
                "tagPrefixList",
                prefix,
                "countType",
                "imageCountMoreThan",
                "countNumber",
                IMAGES_KEPT,
                "action",
                "type",
                "expire"));
    }
    cleanup_json json_t *policy = plan_json("{s:o}", "rules", rules);
    cleanup_free char *text = json_print(policy, false, true);
    return arena_strdup(c->a, text);
}

static void add_repository(struct plan_ctx *c, const char *id, const char *name, const char *policy)
{
    graph_add(
        c->g,
        "builds",
        id,
        "AWS::ECR::Repository",
        plan_json(
            "{s:s,s:b,s:s,s:{s:s}}",
            "RepositoryName",
            name,
            "EmptyOnDelete",
            1,
            "ImageTagMutability",
            "MUTABLE",
            "LifecyclePolicy",
            "LifecyclePolicyText",
            policy));
}

static void add_task(struct plan_ctx *c, const char *id, const char *what, const char *arch)
{
    cleanup_free char *family = plan_task_family(c->s, c->p->name, what);
    json_t *environment = plan_json(
        "[{s:s,s:o},{s:s,s:s}]",
        "Name",
        "AWS_REGION",
        "Value",
        graph_ref("AWS::Region"),
        "Name",
        "AWS_SDK_LOAD_CONFIG",
        "Value",
        "true");
    json_t *container = plan_json(
        "{s:s,s:s,s:b,s:o,s:o}",
        "Name",
        PLAN_BUILD_CONTAINER,
        "Image",
        c->s->kaniko_image,
        "Essential",
        1,
        "Environment",
        environment,
        "LogConfiguration",
        plan_awslogs("LogGroupBuilds", PLAN_BUILD_STREAM_PREFIX));
    graph_add(
        c->g,
        "builds",
        id,
        "AWS::ECS::TaskDefinition",
        plan_json(
            "{s:s,s:s,s:s,s:s,s:[s],s:o,s:o,s:{s:s,s:s},s:[o]}",
            "Family",
            family,
            "Cpu",
            c->s->kaniko_cpu,
            "Memory",
            c->s->kaniko_memory,
            "NetworkMode",
            "awsvpc",
            "RequiresCompatibilities",
            "FARGATE",
            "ExecutionRoleArn",
            graph_attr("ExecutionRole", "Arn"),
            "TaskRoleArn",
            graph_attr("KanikoRole", "Arn"),
            "RuntimePlatform",
            "CpuArchitecture",
            arch,
            "OperatingSystemFamily",
            "LINUX",
            "ContainerDefinitions",
            container));
}

void plan_builds_resources(struct plan_ctx *c)
{
    if (!c->v.builds)
        return;
    cleanup_free char *repository = plan_repository(c->s, c->p->name);
    cleanup_free char *cache = xasprintf("%s/cache", repository);
    add_repository(c, "BuildRepository", repository, image_policy(c));
    add_repository(c, "BuildCacheRepository", cache, CACHE_EIGHT_DAYS);
    plan_private_bucket(c, "builds", PLAN_BUILD_BUCKET, "build", LOG_DAYS);
    add_task(c, "KanikoAmd64", "kanikoAmd64", "X86_64");
    if (c->v.arm_builds) {
        add_task(c, "KanikoArm64", "kanikoArm64", "ARM64");
        /* Builds wait for a fixed list of ids (plan_build_needs): this one then stands for both. */
        graph_depend(c->g, "KanikoAmd64", "KanikoArm64");
    }
}

static void need(struct plan_build_needs *out, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out->logical_ids[out->count++] = ids[i];
}

void plan_build_needs(
    struct arena *arena, const struct compose_project *p, struct plan_build_needs *out)
{
    static const char *const always[] = {
        "BuildCacheRepository",
        "BuildRepository",
        "BuildSecurityGroup",
        "ExecutionRole",
        "KanikoAmd64",
        "KanikoRole",
        "LogGroupBuilds"};
    static const char *const cluster[] = {"CapacityProviders", "Cluster"};
    static const char *const network[] = {
        "DhcpOptionsAssociation",
        "PublicRoute1",
        "PublicRoute2",
        "PublicSubnetRoutes1",
        "PublicSubnetRoutes2"};
    struct plan_adopt adopt = {0};
    if (p)
        (void)plan_adopt_read(arena, p, &adopt, NULL);
    *out = (struct plan_build_needs){
        .logical_ids = arena_array(
            arena, const char *, ARRAY_LEN(always) + ARRAY_LEN(cluster) + ARRAY_LEN(network)),
        .security_group = "BuildSecurityGroup",
        .own_cluster = adopt.cluster.value,
        .own_network = adopt.vpc.value};
    need(out, always, ARRAY_LEN(always));
    out->cluster = out->own_cluster ? adopt.cluster.value : "Cluster";
    if (!out->own_cluster)
        need(out, cluster, ARRAY_LEN(cluster));
    out->subnets[0] = out->own_network ? adopt.public_subnets[0].value : "PublicSubnet1";
    out->subnets[1] = !out->own_network               ? "PublicSubnet2"
                      : adopt.public_subnet_count > 1 ? adopt.public_subnets[1].value
                                                      : NULL;
    if (!out->own_network)
        need(out, network, ARRAY_LEN(network));
}
