/* A bucket of the project's own that nobody outside may read: SSE-S3, all public access blocked,
 * objects expire.
 *
 * CloudFormation deletes no bucket that holds anything: so it leaves it alone, and the engine
 * empties and removes it when the stack is gone (graph_resource.purge), unless the setting
 * force-destroy-bucket keeps what is there. */
#include "plan/bucket.h"

void plan_private_bucket(
    struct plan_ctx *c, const char *group, const char *id, const char *name, unsigned days)
{
    json_t *rule = plan_json(
        "{s:s,s:s,s:i,s:{s:i}}",
        "Id",
        "expire",
        "Status",
        "Enabled",
        "ExpirationInDays",
        (int)days,
        "AbortIncompleteMultipartUpload",
        "DaysAfterInitiation",
        1);
    json_t *block = plan_json(
        "{s:b,s:b,s:b,s:b}",
        "BlockPublicAcls",
        1,
        "BlockPublicPolicy",
        1,
        "IgnorePublicAcls",
        1,
        "RestrictPublicBuckets",
        1);
    struct graph_resource *r = graph_add(
        c->g,
        group,
        id,
        "AWS::S3::Bucket",
        plan_json(
            "{s:{s:[{s:{s:s}}]},s:o,s:{s:[{s:s}]},s:{s:[o]},s:o}",
            "BucketEncryption",
            "ServerSideEncryptionConfiguration",
            "ServerSideEncryptionByDefault",
            "SSEAlgorithm",
            "AES256",
            "PublicAccessBlockConfiguration",
            block,
            "OwnershipControls",
            "Rules",
            "ObjectOwnership",
            "BucketOwnerEnforced",
            "LifecycleConfiguration",
            "Rules",
            rule,
            "Tags",
            plan_tags(arena_printf(c->a, "%s-%s", c->scope, name), NULL)));
    r->deletion_policy = r->replace_policy = "Retain";
    r->purge = c->s->force_destroy;
}
