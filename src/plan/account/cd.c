/* The account's CD stack (defang.md 3.3, revision PLAN_CD_REVISION): the 17 types of the document's first table. What varies is said by the settings when the
 * template is made, so it has no parameters and an update never has to guess earlier values.
 *
 * The task runs Pulumi for the `pulumi` engine: its role is what a project's resources need. Roles carry no names of ours, so CAPABILITY_IAM is enough. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/logs.h"
#include "plan/names.h"
#include "plan/pulumi/pulumi.h"
#include "plan/scripts/scripts.h"
#include "plan/task/task.h"
#include <string.h>

#define PULUMI_IMAGE "pulumi/pulumi-base:" PLAN_PULUMI_VERSION /* in ECR Public */
#define GROUP        "account"

static json_t *named(struct graph *g, const struct plan_cd_settings *s, const char *what)
{
    return plan_tags(arena_printf(g->arena, "%s-%s", s->cd_name, what), NULL);
}

static void add_bucket(struct graph *g, const struct plan_cd_settings *s)
{
    if (s->adopt_bucket)
        return;
    json_t *rules = plan_json("[{s:s,s:s,s:{s:i}},{s:s,s:s,s:{s:i}}]", "Id", "unfinished-uploads", "Status", "Enabled",
                              "AbortIncompleteMultipartUpload", "DaysAfterInitiation", 7, "Id", "old-versions", "Status", "Enabled",
                              "NoncurrentVersionExpiration", "NoncurrentDays", 30);
    struct graph_resource *r =
        graph_add(g, GROUP, "Bucket", "AWS::S3::Bucket",
                  plan_json("{s:{s:s},s:{s:b,s:b,s:b,s:b},s:{s:[{s:{s:s}}]},s:{s:o},s:{s:[{s:s}]},s:o}", "VersioningConfiguration", "Status",
                            "Enabled", "PublicAccessBlockConfiguration", "BlockPublicAcls", 1, "BlockPublicPolicy", 1, "IgnorePublicAcls", 1,
                            "RestrictPublicBuckets", 1, "BucketEncryption", "ServerSideEncryptionConfiguration",
                            "ServerSideEncryptionByDefault", "SSEAlgorithm", "AES256", "LifecycleConfiguration", "Rules", rules,
                            "OwnershipControls", "Rules", "ObjectOwnership", "BucketOwnerEnforced", "Tags", named(g, s, "bucket")));
    r->deletion_policy = s->retain_bucket ? "RetainExceptOnCreate" : "Delete";
    r->replace_policy = s->retain_bucket ? "Retain" : "Delete";
}

static json_t *bucket_arn(const struct plan_cd_settings *s, const char *path)
{
    if (s->adopt_bucket)
        return graph_sub("arn:${AWS::Partition}:s3:::%s%s", s->adopt_bucket, path);
    return graph_sub("${Bucket.Arn}%s", path);
}

static void add_network(struct graph *g, const struct plan_cd_settings *s)
{
    graph_add(g, GROUP, "VPC", "AWS::EC2::VPC",
              plan_json("{s:s,s:b,s:b,s:o}", "CidrBlock", "10.0.0.0/16", "EnableDnsHostnames", 1, "EnableDnsSupport", 1, "Tags",
                        named(g, s, "vpc")));
    graph_add(g, GROUP, "InternetGateway", "AWS::EC2::InternetGateway", plan_json("{s:o}", "Tags", named(g, s, "igw")));
    graph_add(g, GROUP, "InternetGatewayAttachment", "AWS::EC2::VPCGatewayAttachment",
              plan_json("{s:o,s:o}", "VpcId", graph_ref("VPC"), "InternetGatewayId", graph_ref("InternetGateway")));
    graph_add(g, GROUP, "RouteTable", "AWS::EC2::RouteTable",
              plan_json("{s:o,s:o}", "VpcId", graph_ref("VPC"), "Tags", named(g, s, "routetable")));
    graph_add(g, GROUP, "Route", "AWS::EC2::Route",
              plan_json("{s:o,s:s,s:o}", "RouteTableId", graph_ref("RouteTable"), "DestinationCidrBlock", "0.0.0.0/0", "GatewayId",
                        graph_ref("InternetGateway")));
    graph_depend(g, "Route", "InternetGatewayAttachment");
    graph_add(g, GROUP, "Subnet", "AWS::EC2::Subnet",
              plan_json("{s:o,s:s,s:b,s:o}", "VpcId", graph_ref("VPC"), "CidrBlock", "10.0.0.0/20", "MapPublicIpOnLaunch", 1, "Tags",
                        named(g, s, "subnet")));
    graph_add(g, GROUP, "SubnetRouteTableAssociation", "AWS::EC2::SubnetRouteTableAssociation",
              plan_json("{s:o,s:o}", "SubnetId", graph_ref("Subnet"), "RouteTableId", graph_ref("RouteTable")));
    graph_add(g, GROUP, "S3GatewayEndpoint", "AWS::EC2::VPCEndpoint",
              plan_json("{s:o,s:s,s:o,s:[o]}", "VpcId", graph_ref("VPC"), "VpcEndpointType", "Gateway", "ServiceName",
                        graph_sub("com.amazonaws.${AWS::Region}.s3"), "RouteTableIds", graph_ref("RouteTable")));
    graph_add(g, GROUP, "SecurityGroup", "AWS::EC2::SecurityGroup",
              plan_json("{s:s,s:o,s:[{s:s,s:s,s:s}],s:o}", "GroupDescription", "CD tasks: nothing comes in", "VpcId", graph_ref("VPC"),
                        "SecurityGroupEgress", "IpProtocol", "-1", "CidrIp", "0.0.0.0/0", "Description", "anywhere", "Tags",
                        named(g, s, "sg")));
}

static void add_cluster(struct graph *g, const struct plan_cd_settings *s)
{
    graph_add(g, GROUP, "Cluster", "AWS::ECS::Cluster", plan_json("{s:o}", "Tags", named(g, s, "cluster")));
    graph_add(g, GROUP, "CapacityProvider", "AWS::ECS::ClusterCapacityProviderAssociations",
              plan_json("{s:o,s:[s,s],s:[{s:s,s:i}]}", "Cluster", graph_ref("Cluster"), "CapacityProviders", "FARGATE", "FARGATE_SPOT",
                        "DefaultCapacityProviderStrategy", "CapacityProvider", "FARGATE", "Weight", 1));
    graph_add(g, GROUP, "LogGroup", "AWS::Logs::LogGroup", plan_json("{s:i}", "RetentionInDays", 1));
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

static json_t *role(json_t *managed, json_t *statements)
{
    json_t *trust = plan_trust("ecs-tasks.amazonaws.com");
    json_t *statement = json_array_get(json_object_get(trust, "Statement"), 0);
    json_add(statement, "Condition", plan_json("{s:{s:o}}", "StringEquals", "aws:SourceAccount", graph_ref("AWS::AccountId")));
    return plan_json("{s:o,s:o*,s:[{s:s,s:{s:s,s:o}}]}", "AssumeRolePolicyDocument", trust, "ManagedPolicyArns", managed, "Policies",
                     "PolicyName", "cd", "PolicyDocument", "Version", "2012-10-17", "Statement", statements);
}

static void add_execution_role(struct graph *g, const struct plan_cd_settings *s, const char *prefix)
{
    json_t *statements = plan_json("[{s:s,s:s,s:s,s:s},{s:s,s:s,s:[s,s],s:o}]", "Sid", "Login", "Effect", "Allow", "Action",
                                   "ecr:GetAuthorizationToken", "Resource", "*", "Sid", "Logs", "Effect", "Allow", "Action",
                                   "logs:CreateLogStream", "logs:PutLogEvents", "Resource", graph_attr("LogGroup", "Arn"));
    if (s->pull_through)
        json_push(statements,
                       plan_json("{s:s,s:s,s:[s,s,s,s,s],s:o}", "Sid", "PullThrough", "Effect", "Allow", "Action", "ecr:BatchGetImage",
                                 "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability", "ecr:BatchImportUpstreamImage",
                                 "ecr:CreateRepository", "Resource",
                                 graph_sub("arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/%s/*", prefix)));
    graph_add(g, GROUP, "ExecutionRole", "AWS::IAM::Role", role(NULL, statements));
}

/* Pulumi makes and removes whole projects: everything but IAM by PowerUserAccess; of IAM, roles and what ECS and others need of them. */
static void add_task_role(struct graph *g, const struct plan_cd_settings *s)
{
    json_t *statements = json_array();
    json_push(statements, plan_json("{s:s,s:s,s:[s,s,s],s:[o,o]}", "Sid", "State", "Effect", "Allow", "Action", "s3:GetObject",
                                         "s3:PutObject", "s3:ListBucket", "Resource", bucket_arn(s, ""), bucket_arn(s, "/*")));
    json_push(statements,
                   plan_json("{s:s,s:s,s:[s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s],s:[o,o]}", "Sid", "Roles", "Effect", "Allow", "Action",
                             "iam:AttachRolePolicy", "iam:CreateInstanceProfile", "iam:CreateRole", "iam:DeleteInstanceProfile",
                             "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:AddRoleToInstanceProfile",
                             "iam:RemoveRoleFromInstanceProfile", "iam:GetInstanceProfile", "iam:GetRole", "iam:GetRolePolicy",
                             "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies", "iam:ListRoleTags",
                             "iam:PutRolePolicy", "iam:TagInstanceProfile", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy",
                             "iam:UpdateRole", "iam:UpdateRoleDescription", "Resource",
                             graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"),
                             graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:instance-profile/*")));
    json_push(statements,
                   plan_json("{s:s,s:s,s:s,s:o,s:{s:{s:[s,s]}}}", "Sid", "PassRole", "Effect", "Allow", "Action", "iam:PassRole", "Resource",
                             graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"), "Condition", "StringEquals",
                             "iam:PassedToService", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com"));
    json_push(statements, plan_json("{s:s,s:s,s:s,s:o}", "Sid", "ServiceLinkedRoles", "Effect", "Allow", "Action",
                                         "iam:CreateServiceLinkedRole", "Resource",
                                         graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/*")));
    graph_add(g, GROUP, "TaskRole", "AWS::IAM::Role",
              role(plan_json("[o]", graph_sub("arn:${AWS::Partition}:iam::aws:policy/PowerUserAccess")), statements));
}

/* RunTask gives the environment that cd_task.sh asks for: the program comes from the bucket, its state goes there. */
static void add_task_definition(struct graph *g, const struct plan_cd_settings *s, const char *prefix)
{
    json_t *image = json_string(text_empty(s->pulumi_image) ? "public.ecr.aws/" PULUMI_IMAGE : s->pulumi_image);
    if (s->pull_through && text_empty(s->pulumi_image)) {
        json_decref(image);
        image = graph_sub("${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/%s/" PULUMI_IMAGE, prefix);
    }
    json_t *container = plan_json("{s:s,s:o,s:b,s:i,s:[s,s],s:[s],s:[{s:s,s:o}],s:o}", "Name", "main", "Image", image, "Essential", 1, "StopTimeout", 120,
                                  "EntryPoint", "/bin/sh", "-c", "Command", plan_cd_task_script(), "Environment", "Name", "AWS_REGION", "Value",
                                  graph_ref("AWS::Region"), "LogConfiguration", plan_awslogs("LogGroup", "defang"));
    graph_add(g, GROUP, "TaskDefinition", "AWS::ECS::TaskDefinition",
              plan_json("{s:s,s:s,s:s,s:[s],s:o,s:o,s:{s:s,s:s},s:[o],s:o}", "Cpu", "2048", "Memory", "4096", "NetworkMode", "awsvpc",
                        "RequiresCompatibilities", "FARGATE", "ExecutionRoleArn", graph_attr("ExecutionRole", "Arn"), "TaskRoleArn",
                        graph_attr("TaskRole", "Arn"), "RuntimePlatform", "CpuArchitecture", "X86_64", "OperatingSystemFamily", "LINUX",
                        "ContainerDefinitions", container, "Tags", plan_tags(NULL, NULL)));
    json_t *properties = graph_get(g, "TaskDefinition")->properties;
    json_object_del(properties, "Tags"); /* the stack's own */
}

static void add_outputs(struct graph *g, const struct plan_cd_settings *s, const char *prefix)
{
    graph_output_add(g, "bucketName", s->adopt_bucket ? json_string(s->adopt_bucket) : graph_ref("Bucket"),
                     "Build contexts, templates and Pulumi state");
    graph_output_add(g, "clusterName", graph_ref("Cluster"), "ECS cluster of CD tasks");
    graph_output_add(g, "logGroupName", graph_ref("LogGroup"), "Log group of CD tasks");
    graph_output_add(g, "logGroupArn", graph_attr("LogGroup", "Arn"), "ARN of that log group");
    graph_output_add(g, "subnetId", graph_ref("Subnet"), "Public subnet of CD tasks");
    graph_output_add(g, "securityGroupId", graph_attr("SecurityGroup", "GroupId"), "Security group of CD tasks");
    graph_output_add(g, "taskDefArn", graph_ref("TaskDefinition"), "Task definition of the pulumi engine");
    if (s->pull_through)
        graph_output_add(g, "ecrPublicPrefix", json_string(prefix), "Pull-through cache of ECR Public");
    graph_output_add(g, "templateVersion", json_string(arena_printf(g->arena, "%d", PLAN_CD_REVISION)), "Revision of this template");
}

/* Not in China and GovCloud: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html */
bool plan_cd_has_pull_through(const char *region)
{
    return !region || (!text_starts(region, "cn-") && !text_starts(region, "us-gov-") && !strstr(region, "-iso"));
}

struct graph *plan_cd(const struct plan_cd_settings *s)
{
    struct graph *g = graph_new("CD stack of defangd: what all projects of the account and region share");
    g->metadata = plan_json("{s:{s:i,s:s}}", "Defang", "cdRevision", PLAN_CD_REVISION, "prefix", s->prefix);
    const char *prefix = public_prefix(g, s);
    add_bucket(g, s);
    add_network(g, s);
    add_cluster(g, s);
    if (s->pull_through)
        graph_add(g, GROUP, "PullThroughCache", "AWS::ECR::PullThroughCacheRule",
                  plan_json("{s:s,s:s}", "EcrRepositoryPrefix", prefix, "UpstreamRegistryUrl", "public.ecr.aws"));
    add_execution_role(g, s, prefix);
    add_task_role(g, s);
    add_task_definition(g, s, prefix);
    add_outputs(g, s, prefix);
    return g;
}
