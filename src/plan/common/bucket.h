/* Buckets of the project's own that nobody outside may read: SSE-S3, all public access blocked.
 *
 * CloudFormation deletes no bucket that holds anything: so it leaves it alone, and the engine
 * empties and removes it when the stack is gone (graph_resource.purge), unless the setting
 * force-destroy-bucket keeps what is there. */
#pragma once

#include "plan/common/context.h"

/* Properties that make a bucket one of these: parts of AWS::S3::Bucket. */
json_t *plan_bucket_encryption(void);
json_t *plan_bucket_public_block(void);
json_t *plan_bucket_ownership(void);

/* Adds it with `properties` (stolen), to be kept by the stack and purged by the engine. */
void plan_bucket_add(struct plan_ctx *c, const char *group, const char *id, json_t *properties);

/* A bucket whose objects expire after `days`; `name` is its part of the Name tag. */
void plan_private_bucket(
    struct plan_ctx *c, const char *group, const char *id, const char *name, unsigned days);
