#include "plan/common/bucket.h"

json_t *plan_bucket_encryption(void)
{
    json_t *by_default = object(key("SSEAlgorithm", "AES256"));
    json_t *rule = object(key("ServerSideEncryptionByDefault", by_default));

    return object(key("ServerSideEncryptionConfiguration", array(rule)));
}

json_t *plan_bucket_public_block(void)
{
    return object(
        key("BlockPublicAcls", true),
        key("BlockPublicPolicy", true),
        key("IgnorePublicAcls", true),
        key("RestrictPublicBuckets", true));
}

/* No ACLs: what another account writes is ours as well. */
json_t *plan_bucket_ownership(void)
{
    json_t *rule = object(key("ObjectOwnership", "BucketOwnerEnforced"));

    return object(key("Rules", array(rule)));
}

void plan_bucket_add(struct plan_ctx *c, const char *group, const char *id, json_t *properties)
{
    struct graph_resource *r = graph_add(c->g, group, id, "AWS::S3::Bucket", properties);

    r->deletion_policy = "Retain";
    r->replace_policy = "Retain";
    r->purge = c->s->force_destroy;
}

void plan_private_bucket(
    struct plan_ctx *c, const char *group, const char *id, const char *name, unsigned days)
{
    json_t *expire = object(
        key("Id", "expire"),
        key("Status", "Enabled"),
        key("ExpirationInDays", days),
        key("AbortIncompleteMultipartUpload", object(key("DaysAfterInitiation", 1))));

    json_t *bucket = object(
        key("BucketEncryption", plan_bucket_encryption()),
        key("PublicAccessBlockConfiguration", plan_bucket_public_block()),
        key("OwnershipControls", plan_bucket_ownership()),
        key("LifecycleConfiguration", object(key("Rules", array(expire)))),
        key("Tags", plan_tags(arena_printf(c->a, "%s-%s", c->scope, name), NULL)));
    plan_bucket_add(c, group, id, bucket);
}
