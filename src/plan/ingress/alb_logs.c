/* Access logs of the load balancer (defang.md 7.5): a bucket that only Elastic Load Balancing may
 * write into, and only for this account. Its service principal is good in every region; accounts of
 * regions older than August 2022 are the former way, which AWS asks to replace
 * (docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html). It
 * encrypts with SSE-S3 or not at all. The bucket holds a test object as soon as logging is on. */
#include "plan/bucket.h"
#include "plan/context.h"
#include "plan/ingress/ingress.h"

#define BUCKET "AlbLogs"
#define POLICY "AlbLogsPolicy"

static void add_policy(struct plan_ctx *c)
{
    json_t *statement = plan_json(
        "{s:s,s:s,s:{s:s},s:s,s:o}",
        "Sid",
        "LogDelivery",
        "Effect",
        "Allow",
        "Principal",
        "Service",
        "logdelivery.elasticloadbalancing.amazonaws.com",
        "Action",
        "s3:PutObject",
        "Resource",
        graph_sub("${" BUCKET ".Arn}/AWSLogs/${AWS::AccountId}/*"));
    graph_add(
        c->g,
        "ingress",
        POLICY,
        "AWS::S3::BucketPolicy",
        plan_json(
            "{s:o,s:{s:s,s:[o]}}",
            "Bucket",
            graph_ref(BUCKET),
            "PolicyDocument",
            "Version",
            "2012-10-17",
            "Statement",
            statement));
}

const char *plan_alb_logs(struct plan_ctx *c, json_t *attributes)
{
    /* Said also when off: an attribute that is left out stays what it was. */
    json_push(
        attributes, plan_attribute("access_logs.s3.enabled", c->s->access_logs ? "true" : "false"));
    if (!c->s->access_logs)
        return NULL;
    plan_private_bucket(c, "ingress", BUCKET, "alb-logs", c->s->log_retention_days);
    add_policy(c);
    json_push(
        attributes,
        plan_json("{s:s,s:o}", "Key", "access_logs.s3.bucket", "Value", graph_ref(BUCKET)));
    return POLICY;
}
