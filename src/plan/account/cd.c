/* The account's CD stack (defang.md 3.3, revision PLAN_CD_REVISION): the 17 types of the document's
 * first table. One of it serves every project of an account and region: the bucket for build
 * contexts, templates and Pulumi state, a small network, a cluster, and a task definition that runs
 * Pulumi.
 *
 * What varies is said by the settings when the template is made, so it has no parameters and an
 * update never has to guess earlier values. Whoever changes what is made here raises
 * PLAN_CD_REVISION: the engine compares it with the output templateVersion and updates a stack that
 * is older.
 *
 * The network is in cd_network.c, the roles in cd_roles.c, the task in cd_task.c. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/account/parts.h"
#include "plan/common/bucket.h"
#include "plan/common/context.h"
#include "plan/names.h"
#include <string.h>

static json_t *lifecycle(void)
{
    json_t *unfinished = object(
        key("AbortIncompleteMultipartUpload", object(key("DaysAfterInitiation", 7))),
        key("Id", "unfinished-uploads"),
        key("Status", "Enabled"));
    json_t *old = object(
        key("Id", "old-versions"),
        key("NoncurrentVersionExpiration", object(key("NoncurrentDays", 30))),
        key("Status", "Enabled"));

    json_t *uploads = object(
        key("ExpirationInDays", PLAN_UPLOAD_DAYS),
        key("Id", "uploads"),
        key("Prefix", "uploads/"),
        key("Status", "Enabled"));

    return object(key("Rules", array(unfinished, old, uploads)));
}

/* Unlike a project's buckets it keeps versions: what it holds is the state of what runs. */
static void add_bucket(struct graph *g, const struct plan_cd_settings *s)
{
    if (s->adopt_bucket)
        return;

    json_t *bucket = object(
        key("BucketEncryption", plan_bucket_encryption()),
        key("LifecycleConfiguration", lifecycle()),
        key("OwnershipControls", plan_bucket_ownership()),
        key("PublicAccessBlockConfiguration", plan_bucket_public_block()),
        key("Tags", cd_name_tag(g, s, "bucket")),
        key("VersioningConfiguration", object(key("Status", "Enabled"))));
    struct graph_resource *r = graph_add(g, CD_GROUP, "Bucket", "AWS::S3::Bucket", bucket);
    r->deletion_policy = s->retain_bucket ? "RetainExceptOnCreate" : "Delete";
    r->replace_policy = s->retain_bucket ? "Retain" : "Delete";
}

static void add_cluster(struct graph *g, const struct plan_cd_settings *s)
{
    json_t *cluster = object(key("Tags", cd_name_tag(g, s, "cluster")));
    graph_add(g, CD_GROUP, "Cluster", "AWS::ECS::Cluster", cluster);

    json_t *by_default = object(key("CapacityProvider", "FARGATE"), key("Weight", 1));
    json_t *providers = object(
        key("CapacityProviders", texts("FARGATE", "FARGATE_SPOT")),
        key("Cluster", graph_ref("Cluster")),
        key("DefaultCapacityProviderStrategy", array(by_default)));
    graph_add(
        g,
        CD_GROUP,
        "CapacityProvider",
        "AWS::ECS::ClusterCapacityProviderAssociations",
        providers);

    json_t *log = object(key("RetentionInDays", 1));
    graph_add(g, CD_GROUP, "LogGroup", "AWS::Logs::LogGroup", log);
    graph_depend(g, "LogGroup", "Cluster"); /* so that it goes after the last task has written */
}

/* 2 to 30 characters; a long name is stood for by its hash. */
static const char *public_prefix(struct graph *g, const struct plan_cd_settings *s)
{
    const char *suffix = "ecr-public";
    cleanup_free char *lower = text_lower(s->cd_name);

    if (strlen(lower) + 1 + strlen(suffix) <= 30)
        return arena_printf(g->arena, "%s-%s", lower, suffix);

    cleanup_free char *sum = plan_hash_hex(s->cd_name, 6);
    return arena_printf(g->arena, "%s-%s", sum, suffix);
}

/* Images of ECR Public through a cache of the account's own. */
static void add_pull_through(struct graph *g, const struct plan_cd_settings *s, const char *prefix)
{
    if (!s->pull_through)
        return;

    json_t *rule =
        object(key("EcrRepositoryPrefix", prefix), key("UpstreamRegistryUrl", "public.ecr.aws"));
    graph_add(g, CD_GROUP, "PullThroughCache", "AWS::ECR::PullThroughCacheRule", rule);
}

/* Names and meaning are a contract: every daemon reads them, also those of other revisions. */
static void add_outputs(struct graph *g, const struct plan_cd_settings *s, const char *prefix)
{
    json_t *bucket = s->adopt_bucket ? json_string(s->adopt_bucket) : graph_ref("Bucket");
    json_t *revision = json_string(arena_printf(g->arena, "%d", PLAN_CD_REVISION));
    json_t *group = graph_attr("SecurityGroup", "GroupId");

    graph_output_add(g, "bucketName", bucket, "Build contexts, templates and Pulumi state");
    graph_output_add(g, "clusterName", graph_ref("Cluster"), "ECS cluster of CD tasks");
    graph_output_add(g, "logGroupName", graph_ref("LogGroup"), "Log group of CD tasks");
    graph_output_add(g, "logGroupArn", graph_attr("LogGroup", "Arn"), "ARN of that log group");
    graph_output_add(g, "subnetId", graph_ref("Subnet"), "Public subnet of CD tasks");
    graph_output_add(g, "securityGroupId", group, "Security group of CD tasks");
    graph_output_add(
        g, "taskDefArn", graph_ref("TaskDefinition"), "Task definition of the pulumi engine");
    if (s->pull_through)
        graph_output_add(
            g, "ecrPublicPrefix", json_string(prefix), "Pull-through cache of ECR Public");
    graph_output_add(g, "templateVersion", revision, "Revision of this template");
}

/* Not in China and GovCloud: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
bool plan_cd_has_pull_through(const char *region)
{
    if (!region)
        return true;
    return !text_starts(region, "cn-") && !text_starts(region, "us-gov-") &&
           !strstr(region, "-iso");
}

struct graph *plan_cd(const struct plan_cd_settings *s)
{
    struct graph *g =
        graph_new("CD stack of defangd: what all projects of the account and region share");
    const char *prefix = public_prefix(g, s);
    json_t *note = object(key("cdRevision", PLAN_CD_REVISION), key("prefix", s->prefix));

    g->metadata = object(key("Defang", note));
    add_bucket(g, s);
    cd_network(g, s);
    add_cluster(g, s);
    add_pull_through(g, s, prefix);
    cd_roles(g, s, prefix);
    cd_task(g, s, prefix);
    add_outputs(g, s, prefix);
    return g;
}
