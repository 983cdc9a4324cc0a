/* What image builds need in the account (defang.md 4.4, 7.10), made when some service has a build. */
#include "plan/internal.h"
#include <string.h>

static const char UNTAGGED_AND_TWENTY[] =
    "{\"rules\":[{\"rulePriority\":1,\"description\":\"untagged images after a day\",\"selection\":{\"tagStatus\":\"untagged\","
    "\"countType\":\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}},"
    "{\"rulePriority\":2,\"description\":\"the last 20 stay\",\"selection\":{\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\","
    "\"countNumber\":20},\"action\":{\"type\":\"expire\"}}]}";

/* Layers are used for eight days (--cache-ttl); older ones are never read again. */
static const char CACHE_EIGHT_DAYS[] =
    "{\"rules\":[{\"rulePriority\":1,\"description\":\"layers older than the cache's life\",\"selection\":{\"tagStatus\":\"any\","
    "\"countType\":\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":8},\"action\":{\"type\":\"expire\"}}]}";

static void add_repository(struct plan_ctx *c, const char *id, const char *name, const char *policy)
{
    graph_add(c->g, "builds", id, "AWS::ECR::Repository",
              plan_json("{s:s,s:b,s:s,s:{s:s}}", "RepositoryName", name, "EmptyOnDelete", 1, "ImageTagMutability", "MUTABLE",
                        "LifecyclePolicy", "LifecyclePolicyText", policy));
}

static void add_task(struct plan_ctx *c, const char *id, const char *what, const char *arch)
{
    cleanup_free char *family = plan_task_family(c->s, c->p->name, what);
    json_t *environment = plan_json("[{s:s,s:o},{s:s,s:s}]", "Name", "AWS_REGION", "Value", graph_ref("AWS::Region"), "Name",
                                    "AWS_SDK_LOAD_CONFIG", "Value", "true");
    json_t *container = plan_json("{s:s,s:s,s:b,s:o,s:o}", "Name", PLAN_BUILD_CONTAINER, "Image", c->s->kaniko_image, "Essential", 1,
                                  "Environment", environment, "LogConfiguration", plan_awslogs("LogGroupBuilds", PLAN_BUILD_STREAM_PREFIX));
    graph_add(c->g, "builds", id, "AWS::ECS::TaskDefinition",
              plan_json("{s:s,s:s,s:s,s:s,s:[s],s:o,s:o,s:{s:s,s:s},s:[o]}", "Family", family, "Cpu", c->s->kaniko_cpu, "Memory",
                        c->s->kaniko_memory, "NetworkMode", "awsvpc", "RequiresCompatibilities", "FARGATE", "ExecutionRoleArn",
                        graph_attr("ExecutionRole", "Arn"), "TaskRoleArn", graph_attr("KanikoRole", "Arn"), "RuntimePlatform",
                        "CpuArchitecture", arch, "OperatingSystemFamily", "LINUX", "ContainerDefinitions", container));
}

void plan_builds_resources(struct plan_ctx *c)
{
    if (!c->v.builds)
        return;
    cleanup_free char *repository = plan_repository(c->s, c->p->name);
    cleanup_free char *cache = xasprintf("%s/cache", repository);
    add_repository(c, "BuildRepository", repository, UNTAGGED_AND_TWENTY);
    add_repository(c, "BuildCacheRepository", cache, CACHE_EIGHT_DAYS);
    add_task(c, "KanikoAmd64", "kanikoAmd64", "X86_64");
    if (c->v.arm_builds) {
        add_task(c, "KanikoArm64", "kanikoArm64", "ARM64");
        /* Builds wait for a fixed list of ids (plan_build_needs): this one then stands for both. */
        graph_depend(c->g, "KanikoAmd64", "KanikoArm64");
    }
}

const struct plan_build_needs *plan_build_needs(void)
{
    static const char *const ids[] = {"BuildCacheRepository", "BuildRepository",     "BuildSecurityGroup", "CapacityProviders",
                                      "Cluster",              "DhcpOptionsAssociation", "ExecutionRole",   "KanikoAmd64",
                                      "KanikoRole",           "LogGroupBuilds",      "PublicRoute1",       "PublicRoute2",
                                      "PublicSubnetRoutes1",  "PublicSubnetRoutes2"};
    static const struct plan_build_needs needs = {.logical_ids = ids, .count = ARRAY_LEN(ids), .cluster = "Cluster",
                                                  .subnets = {"PublicSubnet1", "PublicSubnet2"}, .security_group = "BuildSecurityGroup"};
    return &needs;
}
