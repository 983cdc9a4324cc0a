/* What image builds need in the account (defang.md 4.4, 7.10), made when some service has a build:
 * a repository for images and one for the builder's cache, a bucket for what builds say, and a task
 * definition of the builder for each architecture. Its log group is the cluster's, its role is made
 * with the others (compute/cluster.c, task/roles.c).
 *
 * Builds run before the rest of the stack is there: plan_build_needs() is the list of what must be
 * complete by then, and a resource that a build newly needs must be entered there. */
#include "plan/build/builds.h"
#include "base/mem.h"
#include "plan/build/secrets.h"
#include "plan/common/bucket.h"
#include "plan/common/context.h"
#include "plan/common/logs.h"
#include "plan/names.h"
#include "plan/view/adopt.h"

#define IMAGES_KEPT 10
/* Under tags of our own (engine/build/keep.c), which takes them away: in the way of no release. */
#define NEVER_EXPIRE 10000
/* The log group keeps a day or a month, and a build may be asked after later. */
#define LOG_DAYS  90
#define RULES_MAX 50 /* of a lifecycle policy */

static json_t *rule(int priority, const char *description, json_t *selection)
{
    return object(
        key("rulePriority", priority),
        key("description", description),
        key("selection", selection),
        key("action", object(key("type", "expire"))));
}

/* Layers are used for eight days (--cache-ttl); older ones are never read again. */
static const char CACHE_POLICY[] =
    "{\"rules\":[{\"rulePriority\":1,\"description\":\"layers older than the cache's "
    "life\",\"selection\":{\"tagStatus\":\"any\","
    "\"countType\":\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":8},\"action\":{"
    "\"type\":\"expire\"}}]}";

/* An image that the first rule matches is never expired by the others, whatever else its tags are.
 * Images are counted for each service apart: counted together, the service that is built often
 * pushes out the only image of one that is not, and that one cannot start a task again. Services
 * beyond the number of rules keep all. */
static const char *image_policy(struct plan_ctx *c)
{
    json_t *untagged = object(
        key("tagStatus", "untagged"),
        key("countType", "sinceImagePushed"),
        key("countUnit", "days"),
        key("countNumber", 1));
    json_t *kept = object(
        key("tagStatus", "tagged"),
        key("tagPrefixList", texts(PLAN_IMAGE_KEPT)),
        key("countType", "imageCountMoreThan"),
        key("countNumber", NEVER_EXPIRE));
    json_t *rules = array(
        rule(1, "what runs and what one can go back to stays", kept),
        rule(2, "untagged images after a day", untagged));

    for (size_t i = 0; i < c->v.count && json_array_size(rules) < RULES_MAX; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (!plan_is_task(s) || !plan_builds_image(s->s))
            continue;

        cleanup_free char *prefix = plan_image_prefix(s->s->name);
        const char *description =
            arena_printf(c->a, "the last %d of %.200s stay", IMAGES_KEPT, s->s->name);
        json_t *of_service = object(
            key("tagStatus", "tagged"),
            key("tagPrefixList", texts(prefix)),
            key("countType", "imageCountMoreThan"),
            key("countNumber", IMAGES_KEPT));
        json_push(rules, rule((int)json_array_size(rules) + 1, description, of_service));
    }

    cleanup_json json_t *policy = object(key("rules", rules));
    cleanup_free char *text = json_print(policy, false, true);
    return arena_strdup(c->a, text);
}

/* Without EmptyOnDelete ECR deletes no repository that holds an image. */
static void add_repository(struct plan_ctx *c, const char *id, const char *name, const char *policy)
{
    json_t *repository = object(
        key("RepositoryName", name),
        key("EmptyOnDelete", true),
        key("ImageTagMutability", "MUTABLE"),
        key("LifecyclePolicy", object(key("LifecyclePolicyText", policy))));

    graph_add(c->g, "builds", id, "AWS::ECR::Repository", repository);
}

static json_t *builder(struct plan_ctx *c)
{
    return object(
        key("Name", PLAN_BUILD_CONTAINER),
        key("Image", c->s->kaniko_image),
        key("Essential", true),
        key("Environment", plan_builder_environment(c)),
        key("Secrets", plan_builder_secrets(c->a, c->r, &c->v)),
        key("LogConfiguration", plan_awslogs("LogGroupBuilds", PLAN_BUILD_STREAM_PREFIX)));
}

/* The command is said when a task is run: one definition serves all builds of an architecture. */
static void add_task(struct plan_ctx *c, const char *id, const char *what, const char *arch)
{
    cleanup_free char *family = plan_task_family(c->s, c->p->name, what);
    json_t *platform = object(key("CpuArchitecture", arch), key("OperatingSystemFamily", "LINUX"));
    unsigned cpu, memory;

    plan_build_size(c->s, &cpu, &memory);

    json_t *task = object(
        key("Family", family),
        key("Cpu", arena_printf(c->a, "%u", cpu)),
        key("Memory", arena_printf(c->a, "%u", memory)),
        key("NetworkMode", "awsvpc"),
        key("RequiresCompatibilities", texts("FARGATE")),
        key("ExecutionRoleArn", graph_attr("ExecutionRole", "Arn")),
        key("TaskRoleArn", graph_attr("KanikoRole", "Arn")),
        key("RuntimePlatform", platform),
        key("ContainerDefinitions", array(builder(c))));
    graph_add(c->g, "builds", id, "AWS::ECS::TaskDefinition", task);
}

void plan_builds_resources(struct plan_ctx *c)
{
    if (!c->v.builds)
        return;

    cleanup_free char *repository = plan_repository(c->s, c->p->name);
    cleanup_free char *cache = xasprintf("%s/cache", repository);
    add_repository(c, "BuildRepository", repository, image_policy(c));
    add_repository(c, "BuildCacheRepository", cache, CACHE_POLICY);
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

    if (out->own_cluster) {
        out->cluster = adopt.cluster.value;
    } else {
        out->cluster = "Cluster";
        need(out, cluster, ARRAY_LEN(cluster));
    }

    if (out->own_network) {
        bool two = adopt.public_subnet_count > 1;
        out->subnets[0] = adopt.public_subnets[0].value;
        out->subnets[1] = two ? adopt.public_subnets[1].value : NULL;
    } else {
        out->subnets[0] = "PublicSubnet1";
        out->subnets[1] = "PublicSubnet2";
        need(out, network, ARRAY_LEN(network));
    }
}
