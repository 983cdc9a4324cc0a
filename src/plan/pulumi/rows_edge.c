/* Rows of the edge: load balancer, certificates, public DNS, buckets, CloudFront.
 *
 * A row for each CloudFormation type that the planner writes (its language: parts.h), and before
 * the rows what they cannot say: functions that finish a node. They name things by a prefix, to
 * which the provider adds 26 characters, so that a replacement can stand beside what it replaces.
 */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <string.h>

static int
load_balancer(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)c;
    (void)r;
    (void)err;

    json_t *properties = json_object_get(node, "properties");

    /* Off, and the provider wants a bucket even then. */
    if (!json_at(properties, "accessLogs.bucket"))
        json_object_del(properties, "accessLogs");
    if (json_is_true(json_object_get(properties, "enableDeletionProtection")))
        json_add(pulumi_options(node), "protect", json_true());
    return 0;
}

/* The record that proves the certificate's i-th name; answers with the text that is its name. */
static const char *
add_proof(struct pulumi_ctx *c, const struct graph_resource *r, size_t i, const char *zone)
{
    const char *name = arena_printf(c->a, "record%zu", i + 1);
    const char *option = arena_printf(c->a, "%s.domainValidationOptions[%zu]", r->logical_id, i);
    const char *value = arena_printf(c->a, "${%s.resourceRecordValue}", option);
    cleanup_free char *zone_text = pulumi_escape(zone);
    json_t *record = pulumi_part_node(c, r, name, "aws:route53:Record");

    pulumi_set(record, "zoneId", json_string(zone_text));
    pulumi_set(record, "name", json_string(arena_printf(c->a, "${%s.resourceRecordName}", option)));
    pulumi_set(record, "type", json_string(arena_printf(c->a, "${%s.resourceRecordType}", option)));
    pulumi_set(record, "records", texts(value));
    pulumi_set(record, "ttl", json_integer(60));
    pulumi_set(record, "allowOverwrite", json_true());
    return arena_printf(c->a, "${%s_%s.fqdn}", r->logical_id, name);
}

/* CloudFormation writes the proofs of a certificate and waits until it is issued; here each is a
 * resource. The provider lists the proofs in an order of its own, and "*.x" and "x" have one
 * record: it may be written twice. */
static int
certificate(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)node;

    const json_t *proofs = json_object_get(r->properties, "DomainValidationOptions");
    const char *zone = json_str(proofs, "0.HostedZoneId");
    if (!zone)
        return 0;

    for (size_t i = 1; i < json_array_size(proofs); i++)
        if (!text_eq(json_str(json_array_get(proofs, i), "HostedZoneId"), zone))
            return error_raise(
                err,
                ERR_REFUSED,
                "%s has names in several zones: a Pulumi program cannot tell which proof goes into "
                "which; "
                "give the load balancer a certificate of your own, or use the cloudformation "
                "engine",
                r->logical_id);
    size_t names = 1 + json_array_size(json_object_get(r->properties, "SubjectAlternativeNames"));
    size_t records = json_array_size(proofs) == 1 ? 1 : names;
    json_t *fqdns = array();
    for (size_t i = 0; i < records; i++)
        json_push(fqdns, json_string(add_proof(c, r, i, zone)));

    json_t *wait = pulumi_part_node(c, r, "validation", "aws:acm:CertificateValidation");
    pulumi_set(wait, "certificateArn", json_string(arena_printf(c->a, "${%s.arn}", r->logical_id)));
    pulumi_set(wait, "validationRecordFqdns", fqdns);
    return 0;
}

static int
bucket(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    cleanup_free char *name = xasprintf("%s_lifecycle", r->logical_id);
    json_t *rules = json_at(json_object_get(c->resources, name), "properties.rules");
    for (size_t i = 0; i < json_array_size(rules); i++) {
        json_t *rule = json_array_get(rules, i);

        /* All objects: the provider wants it said. */
        if (!json_object_get(rule, "filter") && !json_object_get(rule, "prefix"))
            json_add(rule, "filter", object(key("prefix", "")));
    }

    if (!pulumi_text(node, "bucket")) /* 63 characters, of which the provider adds 26 */
        pulumi_set(node, "bucketPrefix", json_string(pulumi_prefix(c, r, 36, true)));
    if (r->purge)
        pulumi_set(node, "forceDestroy", json_true());
    return 0;
}

/* What CloudFormation takes for said when it is not; the provider wants it. */
static int
distribution(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)c;
    (void)err;

    json_t *properties = json_object_get(node, "properties");
    json_t *behavior = json_object_get(properties, "defaultCacheBehavior");

    if (!json_object_get(properties, "restrictions"))
        pulumi_set(
            node,
            "restrictions",
            object(key("geoRestriction", object(key("restrictionType", "none")))));
    if (!json_object_get(properties, "viewerCertificate"))
        pulumi_set(node, "viewerCertificate", object(key("cloudfrontDefaultCertificate", true)));
    if (behavior && !json_object_get(behavior, "cachedMethods"))
        json_add(behavior, "cachedMethods", texts("GET", "HEAD"));
    return 0;
}

static const struct pulumi_part BUCKET_PARTS[] = {
    {"encryption", "aws:s3:BucketServerSideEncryptionConfiguration", "bucket", "bucket", false},
    {"access", "aws:s3:BucketPublicAccessBlock", "bucket", "bucket", false},
    {"ownership", "aws:s3:BucketOwnershipControls", "bucket", "bucket", false},
    {"versioning", "aws:s3:BucketVersioning", "bucket", "bucket", false},
    {"lifecycle", "aws:s3:BucketLifecycleConfiguration", "bucket", "bucket", false},
    {0},
};

/* clang-format off */

/* Actions of listeners and of their rules are of one shape. */
#define ACTIONS(from, to)                                                                       \
    from "[].Type=" to "[].type "                                                               \
    from "[].Order=" to "[].order "                                                             \
    from "[].TargetGroupArn=" to "[].targetGroupArn "                                           \
    from "[].FixedResponseConfig.StatusCode=" to "[].fixedResponse.statusCode "                 \
    from "[].FixedResponseConfig.ContentType=" to "[].fixedResponse.contentType "               \
    from "[].FixedResponseConfig.MessageBody=" to "[].fixedResponse.messageBody "               \
    from "[].RedirectConfig.Protocol=" to "[].redirect.protocol "                               \
    from "[].RedirectConfig.Port=" to "[].redirect.port "                                       \
    from "[].RedirectConfig.Host=" to "[].redirect.host "                                       \
    from "[].RedirectConfig.Path=" to "[].redirect.path "                                       \
    from "[].RedirectConfig.Query=" to "[].redirect.query "                                     \
    from "[].RedirectConfig.StatusCode=" to "[].redirect.statusCode "                           \
    from "[].ForwardConfig.TargetGroups[].TargetGroupArn=" to "[].forward.targetGroups[].arn "  \
    from "[].ForwardConfig.TargetGroups[].Weight=" to "[].forward.targetGroups[].weight "

const struct pulumi_row pulumi_rows_edge[] = {
    {"AWS::ElasticLoadBalancingV2::LoadBalancer", "aws:lb:LoadBalancer",
     .ref = "arn",
     .finish = load_balancer,
     .attrs = "LoadBalancerArn=arn DNSName=dnsName CanonicalHostedZoneID=zoneId "
              "LoadBalancerFullName=arnSuffix",
     .rules =
         "Name "
         "Type=loadBalancerType "
         "Scheme=internal:internal "
         "IpAddressType SecurityGroups Subnets "
         "SubnetMappings[].SubnetId=subnetMappings[].subnetId "
         "SubnetMappings[].AllocationId=subnetMappings[].allocationId "
         "LoadBalancerAttributes:kv "
         "LoadBalancerAttributes{load_balancing.cross_zone.enabled}"
             "=enableCrossZoneLoadBalancing:bool "
         "LoadBalancerAttributes{deletion_protection.enabled}=enableDeletionProtection:bool "
         "LoadBalancerAttributes{routing.http.drop_invalid_header_fields.enabled}"
             "=dropInvalidHeaderFields:bool "
         "LoadBalancerAttributes{routing.http2.enabled}=enableHttp2:bool "
         "LoadBalancerAttributes{idle_timeout.timeout_seconds}=idleTimeout:int "
         "LoadBalancerAttributes{client_keep_alive.seconds}=clientKeepAlive:int "
         "LoadBalancerAttributes{access_logs.s3.enabled}=accessLogs.enabled:bool "
         "LoadBalancerAttributes{access_logs.s3.bucket}=accessLogs.bucket "
         "LoadBalancerAttributes{access_logs.s3.prefix}=accessLogs.prefix "
         "Tags:tags"},

    {"AWS::ElasticLoadBalancingV2::Listener", "aws:lb:Listener",
     .ref = "arn",
     .attrs = "ListenerArn=arn",
     .rules =
         "LoadBalancerArn Port Protocol SslPolicy "
         "Certificates[].CertificateArn=certificateArn "
         ACTIONS("DefaultActions", "defaultActions")},

    {"AWS::ElasticLoadBalancingV2::ListenerCertificate", "aws:lb:ListenerCertificate",
     .rules =
         "ListenerArn "
         "Certificates[].CertificateArn=certificateArn"},

    {"AWS::ElasticLoadBalancingV2::ListenerRule", "aws:lb:ListenerRule",
     .ref = "arn",
     .attrs = "RuleArn=arn",
     .rules =
         "ListenerArn Priority "
         "Conditions[].Field:implied "
         "Conditions[].HostHeaderConfig.Values=conditions[].hostHeader.values "
         "Conditions[].PathPatternConfig.Values=conditions[].pathPattern.values "
         "Conditions[].SourceIpConfig.Values=conditions[].sourceIp.values "
         "Conditions[].HttpHeaderConfig.HttpHeaderName=conditions[].httpHeader.httpHeaderName "
         "Conditions[].HttpHeaderConfig.Values=conditions[].httpHeader.values "
         ACTIONS("Actions", "actions")},

    {"AWS::ElasticLoadBalancingV2::TargetGroup", "aws:lb:TargetGroup",
     .ref = "arn",
     .attrs = "TargetGroupArn=arn TargetGroupFullName=arnSuffix",
     .rules =
         "Name TargetType Protocol ProtocolVersion Port VpcId "
         "HealthCheckEnabled=healthCheck.enabled "
         "HealthCheckPath=healthCheck.path "
         "HealthCheckPort=healthCheck.port "
         "HealthCheckProtocol=healthCheck.protocol "
         "HealthCheckIntervalSeconds=healthCheck.interval "
         "HealthCheckTimeoutSeconds=healthCheck.timeout "
         "HealthyThresholdCount=healthCheck.healthyThreshold "
         "UnhealthyThresholdCount=healthCheck.unhealthyThreshold "
         "Matcher.HttpCode=healthCheck.matcher "
         "Matcher.GrpcCode=healthCheck.matcher "
         "TargetGroupAttributes:kv "
         "TargetGroupAttributes{deregistration_delay.timeout_seconds}=deregistrationDelay:int "
         "TargetGroupAttributes{load_balancing.algorithm.type}=loadBalancingAlgorithmType "
         "TargetGroupAttributes{slow_start.duration_seconds}=slowStart:int "
         "TargetGroupAttributes{stickiness.enabled}=stickiness.enabled:bool "
         "TargetGroupAttributes{stickiness.type}=stickiness.type "
         "TargetGroupAttributes{stickiness.lb_cookie.duration_seconds}"
             "=stickiness.cookieDuration:int "
         "Tags:tags"},

    {"AWS::CertificateManager::Certificate", "aws:acm:Certificate",
     .ref = "arn",
     .finish = certificate,
     .rules =
         "DomainName SubjectAlternativeNames ValidationMethod KeyAlgorithm "
         "DomainValidationOptions[].DomainName:implied "
         "DomainValidationOptions[].HostedZoneId:implied "
         "Tags:tags"},

    {"AWS::Route53::HostedZone", "aws:route53:Zone",
     .ref = "zoneId",
     .attrs = "Id=zoneId NameServers=nameServers",
     .rules =
         "Name "
         "HostedZoneConfig.Comment=comment "
         "VPCs[].VPCId=vpcs[].vpcId "
         "VPCs[].VPCRegion=vpcs[].vpcRegion "
         "HostedZoneTags=tags:tags"},

    {"AWS::Route53::RecordSet", "aws:route53:Record",
     .ref = "name",
     .rules =
         "HostedZoneId=zoneId "
         "Name Type "
         "TTL=ttl:int "
         "ResourceRecords=records "
         "SetIdentifier "
         "AliasTarget.DNSName=aliases[0].name "
         "AliasTarget.HostedZoneId=aliases[0].zoneId "
         "AliasTarget.EvaluateTargetHealth=aliases[0].evaluateTargetHealth:bool"},

    {"AWS::S3::Bucket", "aws:s3:Bucket",
     .ref = "bucket",
     .parts = BUCKET_PARTS,
     .finish = bucket,
     .attrs = "Arn=arn DomainName=bucketDomainName RegionalDomainName=bucketRegionalDomainName",
     .rules =
         "BucketName=bucket "
         "Tags:tags "
         "VersioningConfiguration.Status=@versioning.versioningConfiguration.status "
         "BucketEncryption.ServerSideEncryptionConfiguration[]."
             "ServerSideEncryptionByDefault.SSEAlgorithm"
             "=@encryption.rules[].applyServerSideEncryptionByDefault.sseAlgorithm "
         "BucketEncryption.ServerSideEncryptionConfiguration[].BucketKeyEnabled"
             "=@encryption.rules[].bucketKeyEnabled "
         "PublicAccessBlockConfiguration.BlockPublicAcls=@access.blockPublicAcls "
         "PublicAccessBlockConfiguration.BlockPublicPolicy=@access.blockPublicPolicy "
         "PublicAccessBlockConfiguration.IgnorePublicAcls=@access.ignorePublicAcls "
         "PublicAccessBlockConfiguration.RestrictPublicBuckets=@access.restrictPublicBuckets "
         "OwnershipControls.Rules[].ObjectOwnership=@ownership.rule.objectOwnership "
         "LifecycleConfiguration.Rules[].Id=@lifecycle.rules[].id "
         "LifecycleConfiguration.Rules[].Status=@lifecycle.rules[].status "
         "LifecycleConfiguration.Rules[].Prefix=@lifecycle.rules[].filter.prefix "
         "LifecycleConfiguration.Rules[].ExpirationInDays=@lifecycle.rules[].expiration.days "
         "LifecycleConfiguration.Rules[].AbortIncompleteMultipartUpload.DaysAfterInitiation"
             "=@lifecycle.rules[].abortIncompleteMultipartUpload.daysAfterInitiation "
         "LifecycleConfiguration.Rules[].NoncurrentVersionExpiration.NoncurrentDays"
             "=@lifecycle.rules[].noncurrentVersionExpiration.noncurrentDays"},

    {"AWS::S3::BucketPolicy", "aws:s3:BucketPolicy",
     .rules =
         "Bucket "
         "PolicyDocument=policy:json"},

    {"AWS::CloudFront::OriginAccessControl", "aws:cloudfront:OriginAccessControl",
     .attrs = "Id=id",
     .rules =
         "OriginAccessControlConfig.Name=name "
         "OriginAccessControlConfig.Description=description "
         "OriginAccessControlConfig.OriginAccessControlOriginType=originAccessControlOriginType "
         "OriginAccessControlConfig.SigningBehavior=signingBehavior "
         "OriginAccessControlConfig.SigningProtocol=signingProtocol"},

    {"AWS::CloudFront::Function", "aws:cloudfront:Function",
     .ref = "arn",
     .attrs = "FunctionARN=arn",
     .rules =
         "Name "
         "AutoPublish=publish "
         "FunctionCode=code "
         "FunctionConfig.Comment=comment "
         "FunctionConfig.Runtime=runtime "
         "Tags:tags"},

    {"AWS::CloudFront::Distribution", "aws:cloudfront:Distribution",
     .attrs = "Id=id DomainName=domainName",
     .finish = distribution,
     .rules =
         "DistributionConfig.Enabled=enabled "
         "DistributionConfig.IPV6Enabled=isIpv6Enabled "
         "DistributionConfig.HttpVersion=httpVersion "
         "DistributionConfig.Comment=comment "
         "DistributionConfig.DefaultRootObject=defaultRootObject "
         "DistributionConfig.PriceClass=priceClass "
         "DistributionConfig.Aliases=aliases "
         "DistributionConfig.Origins[].Id=origins[].originId "
         "DistributionConfig.Origins[].DomainName=origins[].domainName "
         "DistributionConfig.Origins[].OriginPath=origins[].originPath "
         "DistributionConfig.Origins[].OriginAccessControlId=origins[].originAccessControlId "
         "DistributionConfig.Origins[].S3OriginConfig.OriginAccessIdentity:implied "
         "DistributionConfig.DefaultCacheBehavior.TargetOriginId"
             "=defaultCacheBehavior.targetOriginId "
         "DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy"
             "=defaultCacheBehavior.viewerProtocolPolicy "
         "DistributionConfig.DefaultCacheBehavior.CachePolicyId"
             "=defaultCacheBehavior.cachePolicyId "
         "DistributionConfig.DefaultCacheBehavior.ResponseHeadersPolicyId"
             "=defaultCacheBehavior.responseHeadersPolicyId "
         "DistributionConfig.DefaultCacheBehavior.Compress=defaultCacheBehavior.compress "
         "DistributionConfig.DefaultCacheBehavior.AllowedMethods"
             "=defaultCacheBehavior.allowedMethods "
         "DistributionConfig.DefaultCacheBehavior.CachedMethods"
             "=defaultCacheBehavior.cachedMethods "
         "DistributionConfig.DefaultCacheBehavior.FunctionAssociations[].EventType"
             "=defaultCacheBehavior.functionAssociations[].eventType "
         "DistributionConfig.DefaultCacheBehavior.FunctionAssociations[].FunctionARN"
             "=defaultCacheBehavior.functionAssociations[].functionArn "
         "DistributionConfig.CustomErrorResponses[].ErrorCode=customErrorResponses[].errorCode "
         "DistributionConfig.CustomErrorResponses[].ResponseCode"
             "=customErrorResponses[].responseCode "
         "DistributionConfig.CustomErrorResponses[].ResponsePagePath"
             "=customErrorResponses[].responsePagePath "
         "DistributionConfig.ViewerCertificate.AcmCertificateArn"
             "=viewerCertificate.acmCertificateArn "
         "DistributionConfig.ViewerCertificate.SslSupportMethod"
             "=viewerCertificate.sslSupportMethod "
         "DistributionConfig.ViewerCertificate.MinimumProtocolVersion"
             "=viewerCertificate.minimumProtocolVersion "
         "Tags:tags"},
    {0},
};
/* clang-format on */
