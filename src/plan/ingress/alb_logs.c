/* Access logs of the load balancer (defang.md 7.5): a bucket that only Elastic Load Balancing may
 * write into, and only for this account. Its service principal is good in every region; accounts of
 * regions older than August 2022 are the former way, which AWS asks to replace
 * (docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html). It
 * encrypts with SSE-S3 or not at all. The bucket holds a test object as soon as logging is on. */
#include "plan/common/bucket.h"
#include "plan/common/context.h"
#include "plan/common/iam.h"
#include "plan/ingress/ingress.h"

#define POLICY "AlbLogsPolicy"

static void add_policy(struct plan_ctx *c)
{
    json_t *delivery = object(
        key("Sid", "LogDelivery"),
        key("Effect", "Allow"),
        key("Principal", object(key("Service", "logdelivery.elasticloadbalancing.amazonaws.com"))),
        key("Action", "s3:PutObject"),
        key("Resource", graph_sub("${" PLAN_ALB_LOGS ".Arn}/AWSLogs/${AWS::AccountId}/*")));

    json_t *policy = object(
        key("Bucket", graph_ref(PLAN_ALB_LOGS)),
        key("PolicyDocument", iam_document(array(delivery))));
    graph_add(c->g, "ingress", POLICY, "AWS::S3::BucketPolicy", policy);
}

const char *plan_alb_logs(struct plan_ctx *c)
{
    if (!c->s->access_logs)
        return NULL;
    plan_private_bucket(c, "ingress", PLAN_ALB_LOGS, "alb-logs", c->s->log_retention_days);
    add_policy(c);
    return POLICY;
}
