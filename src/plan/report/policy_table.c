/* What CloudFormation does for each resource type that a plan may hold, in the name of who deploys,
 * and what the program itself does (type ""). Kept by hand: the actions of `handlers.permissions`
 * in AWS's published resource schemas that the properties we set lead to, which the sandbox holds
 * every deployment of tests/e2e/test_policy.py against. "iam:PassRole" is given apart.
 *
 * A line holds actions of one service. An action that ends with * is a beginning. */
#include "base/mem.h"
#include "plan/report/policy.h"

#define LINKED_ROLE " iam:CreateServiceLinkedRole"

/* clang-format off */
static const struct policy_row ROWS[] = {
    {"",
     "cloudformation:CancelUpdateStack cloudformation:ContinueUpdateRollback "
     "cloudformation:CreateChangeSet "
     "cloudformation:DeleteChangeSet cloudformation:DeleteStack cloudformation:DescribeChangeSet "
     "cloudformation:DescribeEvents cloudformation:DescribeStackDriftDetectionStatus "
     "cloudformation:DescribeStackEvents "
     "cloudformation:DescribeStackResourceDrifts cloudformation:DescribeStackResources "
     "cloudformation:DescribeStacks cloudformation:DetectStackDrift "
     "cloudformation:ExecuteChangeSet cloudformation:GetTemplate cloudformation:ListChangeSets "
     "cloudformation:ListStackResources cloudformation:ListStacks cloudformation:RollbackStack "
     "ec2:Describe* "
     "ecs:Describe* ecs:List* "
     "elasticfilesystem:Describe* "
     "elasticloadbalancing:Describe* "
     "iam:GetRole "
     "logs:CreateLogGroup logs:DeleteLogGroup logs:DescribeLogGroups logs:FilterLogEvents "
     "logs:GetLogEvents logs:ListTagsForResource logs:PutRetentionPolicy logs:TagResource "
     "route53:ListHostedZones route53:ListResourceRecordSets "
     "s3:AbortMultipartUpload s3:GetObject s3:ListBucket s3:ListMultipartUploadParts "
     "s3:PutObject "
     "secretsmanager:CreateSecret secretsmanager:DeleteSecret secretsmanager:ListSecrets "
     "secretsmanager:PutSecretValue secretsmanager:TagResource "
     "ssm:DeleteParameter ssm:DeleteParameters ssm:DescribeParameters ssm:GetParameter "
     "ssm:GetParameters ssm:PutParameter "
     "sts:GetCallerIdentity tag:GetResources" LINKED_ROLE},

    {"AWS::ApplicationAutoScaling::ScalableTarget",
     "application-autoscaling:DeregisterScalableTarget "
     "application-autoscaling:DescribeScalableTargets "
     "application-autoscaling:DescribeScheduledActions "
     "application-autoscaling:ListTagsForResource application-autoscaling:RegisterScalableTarget "
     "application-autoscaling:TagResource application-autoscaling:UntagResource" LINKED_ROLE},

    {"AWS::ApplicationAutoScaling::ScalingPolicy",
     "application-autoscaling:DeleteScalingPolicy "
     "application-autoscaling:DescribeScalingPolicies application-autoscaling:PutScalingPolicy "
     "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:PutMetricAlarm"},

    {"AWS::AutoScaling::AutoScalingGroup",
     "autoscaling:CreateAutoScalingGroup autoscaling:CreateOrUpdateTags "
     "autoscaling:DeleteAutoScalingGroup autoscaling:DeleteTags autoscaling:Describe* "
     "autoscaling:SetInstanceProtection autoscaling:UpdateAutoScalingGroup "
     "ec2:RunInstances" LINKED_ROLE},

    {"AWS::CertificateManager::Certificate",
     "acm:AddTagsToCertificate acm:DeleteCertificate acm:DescribeCertificate "
     "acm:ListTagsForCertificate acm:RemoveTagsFromCertificate acm:RequestCertificate "
     "route53:ChangeResourceRecordSets route53:GetChange route53:GetHostedZone"},

    {"AWS::CloudFront::Distribution",
     "cloudfront:CreateDistribution cloudfront:CreateInvalidation cloudfront:DeleteDistribution "
     "cloudfront:GetDistribution cloudfront:GetDistributionConfig cloudfront:ListTagsForResource "
     "cloudfront:TagResource cloudfront:UntagResource cloudfront:UpdateDistribution"},

    {"AWS::CloudFront::Function",
     "cloudfront:CreateFunction cloudfront:DeleteFunction cloudfront:DescribeFunction "
     "cloudfront:GetFunction cloudfront:PublishFunction cloudfront:UpdateFunction"},

    {"AWS::CloudFront::OriginAccessControl",
     "cloudfront:CreateOriginAccessControl cloudfront:DeleteOriginAccessControl "
     "cloudfront:GetOriginAccessControl cloudfront:UpdateOriginAccessControl"},

    {"AWS::CloudWatch::Alarm",
     "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource "
     "cloudwatch:PutMetricAlarm cloudwatch:TagResource cloudwatch:UntagResource"},

    {"AWS::DocDB::DBCluster",
     "rds:AddTagsToResource rds:CopyDBClusterSnapshot rds:CreateDBCluster "
     "rds:CreateDBClusterSnapshot rds:DeleteDBCluster rds:DeleteDBClusterSnapshot "
     "rds:Describe* rds:ListTagsForResource rds:ModifyDBCluster rds:RemoveTagsFromResource "
     "rds:RestoreDBClusterFromSnapshot" LINKED_ROLE},

    {"AWS::DocDB::DBClusterParameterGroup",
     "rds:AddTagsToResource rds:CreateDBClusterParameterGroup rds:DeleteDBClusterParameterGroup "
     "rds:Describe* rds:ListTagsForResource rds:ModifyDBClusterParameterGroup "
     "rds:RemoveTagsFromResource rds:ResetDBClusterParameterGroup"},

    {"AWS::DocDB::DBInstance",
     "rds:AddTagsToResource rds:CreateDBInstance rds:DeleteDBInstance rds:Describe* "
     "rds:ListTagsForResource rds:ModifyDBInstance rds:RemoveTagsFromResource"},

    {"AWS::DocDB::DBSubnetGroup",
     "rds:AddTagsToResource rds:CreateDBSubnetGroup rds:DeleteDBSubnetGroup rds:Describe* "
     "rds:ListTagsForResource rds:ModifyDBSubnetGroup rds:RemoveTagsFromResource"},

    {"AWS::EC2::DHCPOptions",
     "ec2:CreateDhcpOptions ec2:CreateTags ec2:DeleteDhcpOptions ec2:DeleteTags"},

    {"AWS::EC2::EIP",
     "ec2:AllocateAddress ec2:CreateTags ec2:DeleteTags ec2:DisassociateAddress "
     "ec2:ReleaseAddress"},

    {"AWS::EC2::InternetGateway",
     "ec2:CreateInternetGateway ec2:CreateTags ec2:DeleteInternetGateway ec2:DeleteTags"},

    {"AWS::EC2::LaunchTemplate",
     "ec2:CreateLaunchTemplate ec2:CreateLaunchTemplateVersion ec2:CreateTags "
     "ec2:DeleteLaunchTemplate ec2:DeleteTags ec2:GetLaunchTemplateData "
     "ssm:GetParameters"},

    {"AWS::EC2::NatGateway",
     "ec2:CreateNatGateway ec2:CreateTags ec2:DeleteNatGateway ec2:DeleteTags"},

    {"AWS::EC2::Route",
     "ec2:CreateRoute ec2:DeleteRoute ec2:ReplaceRoute"},

    {"AWS::EC2::RouteTable",
     "ec2:CreateRouteTable ec2:CreateTags ec2:DeleteRouteTable ec2:DeleteTags"},

    {"AWS::EC2::SecurityGroup",
     "ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress ec2:CreateSecurityGroup "
     "ec2:CreateTags ec2:DeleteSecurityGroup ec2:DeleteTags ec2:RevokeSecurityGroupEgress "
     "ec2:RevokeSecurityGroupIngress ec2:UpdateSecurityGroupRuleDescriptionsEgress "
     "ec2:UpdateSecurityGroupRuleDescriptionsIngress"},

    {"AWS::EC2::SecurityGroupEgress",
     "ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress"},

    {"AWS::EC2::SecurityGroupIngress",
     "ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress"},

    {"AWS::EC2::Subnet",
     "ec2:CreateSubnet ec2:CreateTags ec2:DeleteSubnet ec2:DeleteTags ec2:ModifySubnetAttribute"},

    {"AWS::EC2::SubnetRouteTableAssociation",
     "ec2:AssociateRouteTable ec2:DisassociateRouteTable ec2:ReplaceRouteTableAssociation"},

    {"AWS::EC2::VPC",
     "ec2:CreateTags ec2:CreateVpc ec2:DeleteTags ec2:DeleteVpc ec2:ModifyVpcAttribute"},

    {"AWS::EC2::VPCDHCPOptionsAssociation",
     "ec2:AssociateDhcpOptions"},

    {"AWS::EC2::VPCEndpoint",
     "ec2:CreateTags ec2:CreateVpcEndpoint ec2:DeleteTags ec2:DeleteVpcEndpoints "
     "ec2:ModifyVpcEndpoint"},

    {"AWS::EC2::VPCGatewayAttachment",
     "ec2:AttachInternetGateway ec2:DetachInternetGateway"},

    {"AWS::ECR::Repository",
     "ecr:BatchDeleteImage ecr:BatchGetImage ecr:CreateRepository ecr:DeleteLifecyclePolicy "
     "ecr:DeleteRepository ecr:DescribeImages ecr:DescribeRepositories "
     "ecr:GetLifecyclePolicy ecr:GetRepositoryPolicy "
     "ecr:ListImages ecr:ListTagsForResource ecr:PutImage ecr:PutImageScanningConfiguration "
     "ecr:PutImageTagMutability ecr:PutLifecyclePolicy ecr:TagResource ecr:UntagResource "
     "ecs:RunTask ecs:StopTask ecs:TagResource"},

    {"AWS::ECS::CapacityProvider",
     "autoscaling:CreateOrUpdateTags autoscaling:Describe* "
     "ecs:CreateCapacityProvider ecs:DeleteCapacityProvider ecs:TagResource ecs:UntagResource "
     "ecs:UpdateCapacityProvider"},

    {"AWS::ECS::Cluster",
     "ecs:CreateCluster ecs:DeleteCluster ecs:TagResource ecs:UntagResource ecs:UpdateCluster "
     "ecs:UpdateClusterSettings" LINKED_ROLE},

    {"AWS::ECS::ClusterCapacityProviderAssociations",
     "ecs:PutClusterCapacityProviders"},

    {"AWS::ECS::Service",
     "ecs:CreateService ecs:DeleteService ecs:StopServiceDeployment ecs:TagResource "
     "ecs:UntagResource ecs:UpdateService" LINKED_ROLE},

    {"AWS::ECS::TaskDefinition",
     "ecs:DeleteTaskDefinitions ecs:DeregisterTaskDefinition ecs:RegisterTaskDefinition "
     "ecs:TagResource ecs:UntagResource"},

    {"AWS::EFS::AccessPoint",
     "elasticfilesystem:CreateAccessPoint elasticfilesystem:DeleteAccessPoint "
     "elasticfilesystem:Describe* elasticfilesystem:TagResource elasticfilesystem:UntagResource"},

    {"AWS::EFS::FileSystem",
     "elasticfilesystem:CreateFileSystem elasticfilesystem:DeleteFileSystem "
     "elasticfilesystem:Describe* elasticfilesystem:PutBackupPolicy "
     "elasticfilesystem:PutFileSystemPolicy elasticfilesystem:PutLifecycleConfiguration "
     "elasticfilesystem:TagResource elasticfilesystem:UntagResource "
     "elasticfilesystem:UpdateFileSystem elasticfilesystem:UpdateFileSystemProtection" LINKED_ROLE},

    {"AWS::EFS::MountTarget",
     "elasticfilesystem:CreateMountTarget elasticfilesystem:DeleteMountTarget "
     "elasticfilesystem:Describe* elasticfilesystem:ModifyMountTargetSecurityGroups"},

    {"AWS::ElastiCache::ParameterGroup",
     "elasticache:AddTagsToResource elasticache:CreateCacheParameterGroup "
     "elasticache:DeleteCacheParameterGroup elasticache:Describe* "
     "elasticache:ListTagsForResource elasticache:ModifyCacheParameterGroup"},

    {"AWS::ElastiCache::ReplicationGroup",
     "elasticache:AddTagsToResource elasticache:CopySnapshot elasticache:CreateReplicationGroup "
     "elasticache:CreateSnapshot elasticache:DecreaseReplicaCount "
     "elasticache:DeleteReplicationGroup elasticache:DeleteSnapshot elasticache:Describe* "
     "elasticache:IncreaseReplicaCount elasticache:ListTagsForResource "
     "elasticache:ModifyReplicationGroup "
     "elasticache:RemoveTagsFromResource" LINKED_ROLE},

    {"AWS::ElastiCache::SubnetGroup",
     "elasticache:AddTagsToResource elasticache:CreateCacheSubnetGroup "
     "elasticache:DeleteCacheSubnetGroup elasticache:Describe* elasticache:ListTagsForResource "
     "elasticache:ModifyCacheSubnetGroup elasticache:RemoveTagsFromResource"},

    {"AWS::ElasticLoadBalancingV2::Listener",
     "elasticloadbalancing:AddTags elasticloadbalancing:CreateListener "
     "elasticloadbalancing:DeleteListener elasticloadbalancing:ModifyListener "
     "elasticloadbalancing:ModifyListenerAttributes"},

    {"AWS::ElasticLoadBalancingV2::ListenerCertificate",
     "elasticloadbalancing:AddListenerCertificates "
     "elasticloadbalancing:RemoveListenerCertificates"},

    {"AWS::ElasticLoadBalancingV2::ListenerRule",
     "elasticloadbalancing:AddTags elasticloadbalancing:CreateRule "
     "elasticloadbalancing:DeleteRule elasticloadbalancing:ModifyRule "
     "elasticloadbalancing:SetRulePriorities"},

    {"AWS::ElasticLoadBalancingV2::LoadBalancer",
     "elasticloadbalancing:AddTags elasticloadbalancing:CreateLoadBalancer "
     "elasticloadbalancing:DeleteLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes "
     "elasticloadbalancing:RemoveTags elasticloadbalancing:SetSecurityGroups "
     "elasticloadbalancing:SetSubnets" LINKED_ROLE},

    {"AWS::ElasticLoadBalancingV2::TargetGroup",
     "elasticloadbalancing:AddTags elasticloadbalancing:CreateTargetGroup "
     "elasticloadbalancing:DeleteTargetGroup elasticloadbalancing:ModifyTargetGroup "
     "elasticloadbalancing:ModifyTargetGroupAttributes elasticloadbalancing:RemoveTags"},

    {"AWS::Events::Rule",
     "events:DeleteRule events:DescribeRule events:ListTagsForResource "
     "events:ListTargetsByRule events:PutRule events:PutTargets events:RemoveTargets "
     "events:TagResource events:UntagResource"},

    {"AWS::IAM::InstanceProfile",
     "iam:AddRoleToInstanceProfile iam:CreateInstanceProfile iam:DeleteInstanceProfile "
     "iam:GetInstanceProfile iam:RemoveRoleFromInstanceProfile"},

    {"AWS::IAM::Role",
     "iam:AttachRolePolicy iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy "
     "iam:DetachRolePolicy iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies "
     "iam:ListRolePolicies iam:PutRolePolicy iam:TagRole iam:UntagRole "
     "iam:UpdateAssumeRolePolicy iam:UpdateRole iam:UpdateRoleDescription"},

    {"AWS::Logs::LogGroup",
     "logs:CreateLogGroup logs:DeleteLogGroup logs:DescribeLogGroups logs:GetDataProtectionPolicy "
     "logs:ListTagsForResource "
     "logs:PutRetentionPolicy logs:TagResource logs:UntagResource"},

    {"AWS::Logs::ResourcePolicy",
     "logs:DeleteResourcePolicy logs:DescribeResourcePolicies logs:PutResourcePolicy"},

    {"AWS::RDS::DBInstance",
     "rds:AddTagsToResource rds:CopyDBSnapshot rds:CreateDBInstance rds:CreateDBSnapshot "
     "rds:DeleteDBInstance rds:DeleteDBSnapshot rds:Describe* rds:ListTagsForResource "
     "rds:ModifyDBInstance rds:RebootDBInstance rds:RemoveTagsFromResource "
     "rds:RestoreDBInstanceFromDBSnapshot" LINKED_ROLE},

    {"AWS::RDS::DBParameterGroup",
     "rds:AddTagsToResource rds:CreateDBParameterGroup rds:DeleteDBParameterGroup rds:Describe* "
     "rds:ListTagsForResource rds:ModifyDBParameterGroup rds:RemoveTagsFromResource "
     "rds:ResetDBParameterGroup"},

    {"AWS::RDS::DBSubnetGroup",
     "rds:AddTagsToResource rds:CreateDBSubnetGroup rds:DeleteDBSubnetGroup rds:Describe* "
     "rds:ListTagsForResource rds:ModifyDBSubnetGroup rds:RemoveTagsFromResource"},

    {"AWS::Route53::HostedZone",
     "route53:ChangeTagsForResource route53:CreateHostedZone route53:DeleteHostedZone "
     "route53:GetChange route53:GetHostedZone route53:ListQueryLoggingConfigs "
     "route53:ListTagsForResource route53:UpdateHostedZoneComment"},

    {"AWS::Route53::RecordSet",
     "route53:ChangeResourceRecordSets route53:GetChange route53:GetHostedZone"},

    {"AWS::S3::Bucket",
     "s3:CreateBucket s3:DeleteBucket s3:DeleteObject s3:DeleteObjectVersion "
     "s3:GetAccelerateConfiguration s3:GetAnalyticsConfiguration s3:GetBucket* "
     "s3:GetEncryptionConfiguration s3:GetIntelligentTieringConfiguration "
     "s3:GetInventoryConfiguration s3:GetLifecycleConfiguration s3:GetMetricsConfiguration "
     "s3:GetReplicationConfiguration s3:ListBucketVersions "
     "s3:PutBucketOwnershipControls s3:PutBucketPublicAccessBlock s3:PutBucketTagging "
     "s3:PutBucketVersioning s3:PutEncryptionConfiguration s3:PutLifecycleConfiguration"},

    {"AWS::S3::BucketPolicy",
     "s3:DeleteBucketPolicy s3:GetBucketPolicy s3:PutBucketPolicy"},

    {"AWS::SecretsManager::Secret",
     "secretsmanager:CreateSecret secretsmanager:DeleteSecret secretsmanager:DescribeSecret "
     "secretsmanager:GetRandomPassword secretsmanager:TagResource secretsmanager:UpdateSecret"},

    {"AWS::ServiceDiscovery::Instance",
     "route53:ChangeResourceRecordSets "
     "servicediscovery:DeregisterInstance servicediscovery:GetInstance "
     "servicediscovery:GetOperation servicediscovery:RegisterInstance"},

    {"AWS::ServiceDiscovery::PrivateDnsNamespace",
     "route53:AssociateVPCWithHostedZone route53:ChangeTagsForResource route53:CreateHostedZone "
     "route53:DeleteHostedZone route53:GetHostedZone route53:ListHostedZonesByName "
     "servicediscovery:CreatePrivateDnsNamespace servicediscovery:DeleteNamespace "
     "servicediscovery:GetNamespace servicediscovery:GetOperation "
     "servicediscovery:ListNamespaces servicediscovery:ListTagsForResource "
     "servicediscovery:TagResource servicediscovery:UntagResource "
     "servicediscovery:UpdatePrivateDnsNamespace"},

    {"AWS::ServiceDiscovery::Service",
     "route53:ChangeResourceRecordSets route53:CreateHealthCheck route53:DeleteHealthCheck "
     "route53:GetHealthCheck "
     "servicediscovery:CreateService servicediscovery:DeleteService "
     "servicediscovery:GetOperation servicediscovery:GetService "
     "servicediscovery:GetServiceAttributes "
     "servicediscovery:ListTagsForResource servicediscovery:TagResource "
     "servicediscovery:UntagResource servicediscovery:UpdateService"},
};
/* clang-format on */

const struct policy_row *policy_rows(size_t *count)
{
    *count = ARRAY_LEN(ROWS);
    return ROWS;
}
