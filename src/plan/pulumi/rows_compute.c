/* Rows of what computes: ECS, roles, logs, events, registries, scaling.
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
role(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    if (!pulumi_text(node, "name")) /* 64 characters, of which the provider adds 26 */
        pulumi_set(node, "namePrefix", json_string(pulumi_prefix(c, r, 38, false)));
    return 0;
}

/* As CloudFormation does: done when steady. Without a count the service is scaled by others. */
static int
ecs_service(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    pulumi_set(node, "waitForSteadyState", json_true());
    bool scaled = !json_object_get(r->properties, "DesiredCount");
    if (scaled)
        pulumi_set(node, "desiredCount", json_integer(1));
    cleanup_free char *name = xasprintf("${%s.", r->logical_id);
    for (size_t i = 0; i < c->g->len && !scaled; i++) {
        const struct graph_resource *other = &c->g->resources[i];
        cleanup_free char *text =
            strcmp(other->type, "AWS::ApplicationAutoScaling::ScalableTarget") == 0
                ? json_print(other->properties, false, true)
                : NULL;
        cleanup_free char *attr = xasprintf("[\"%s\",", r->logical_id);

        scaled = text && (strstr(text, name) || strstr(text, attr));
    }

    if (scaled)
        pulumi_ignore(node, "desiredCount");
    return 0;
}

static int scaling_policy(
    struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    const json_t *target = json_object_get(r->properties, "ScalingTargetId");
    const char *id = json_str(target, "Ref");

    if (!target)
        return 0;
    if (!id)
        return error_raise(err, ERR_FAILED, "pulumi: %s: ScalingTargetId is no Ref", r->logical_id);
    static const char *const same[] = {"resourceId", "scalableDimension", "serviceNamespace"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        pulumi_set(node, same[i], json_string(arena_printf(c->a, "${%s.%s}", id, same[i])));
    return 0;
}

static int instance_profile(
    struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    const json_t *roles = json_object_get(r->properties, "Roles");

    if (json_array_size(roles) != 1)
        return error_raise(
            err, ERR_FAILED, "pulumi: %s: an instance profile has one role", r->logical_id);
    cleanup_json json_t *role = pulumi_value(c, json_array_get(roles, 0), err);
    if (!role)
        return -1;
    pulumi_set(node, "role", json_incref(role));
    pulumi_set(node, "namePrefix", json_string(pulumi_prefix(c, r, 38, false)));
    return 0;
}

static int launch_template(
    struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    pulumi_set(node, "namePrefix", json_string(pulumi_prefix(c, r, 99, false)));
    return 0;
}

/* ECS sets how many instances there are, and puts its own tag. */
static int
scaling_group(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    pulumi_set(node, "namePrefix", json_string(pulumi_prefix(c, r, 200, false)));
    pulumi_set(node, "forceDelete", json_true());
    pulumi_ignore(node, "desiredCapacity");
    return 0;
}

static int capacity_provider(
    struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    pulumi_set(
        node,
        "name",
        json_string(arena_printf(c->a, "%s%s", pulumi_prefix(c, r, 200, false), c->r->deployment)));
    pulumi_ignore(node, "name"); /* it carries the id of the deployment that made it, and stays */
    return 0;
}

static const struct pulumi_part ROLE_PARTS[] = {
    {"policy", "aws:iam:RolePolicy", "role", "name", false},
    {"managed", "aws:iam:RolePolicyAttachment", "role", "name", false},
    {0},
};
static const struct pulumi_part RULE_PARTS[] = {
    {"target", "aws:cloudwatch:EventTarget", "rule", "name", false}, {0}};
static const struct pulumi_part REPOSITORY_PARTS[] = {
    {"lifecycle", "aws:ecr:LifecyclePolicy", "repository", "name", false},
    {"policy", "aws:ecr:RepositoryPolicy", "repository", "name", false},
    {0},
};

/* clang-format off */
const struct pulumi_row pulumi_rows_compute[] = {
    {"AWS::ECS::Cluster", "aws:ecs:Cluster",
     .ref = "name",
     .attrs = "Arn=arn",
     .rules =
         "ClusterName=name "
         "ClusterSettings[].Name=settings[].name "
         "ClusterSettings[].Value=settings[].value "
         "Tags:tags"},

    {"AWS::ECS::ClusterCapacityProviderAssociations", "aws:ecs:ClusterCapacityProviders",
     .rules =
         "Cluster=clusterName "
         "CapacityProviders "
         "DefaultCapacityProviderStrategy[].CapacityProvider"
             "=defaultCapacityProviderStrategies[].capacityProvider "
         "DefaultCapacityProviderStrategy[].Weight=defaultCapacityProviderStrategies[].weight "
         "DefaultCapacityProviderStrategy[].Base=defaultCapacityProviderStrategies[].base"},

    {"AWS::ECS::TaskDefinition", "aws:ecs:TaskDefinition",
     .ref = "arn",
     .attrs = "TaskDefinitionArn=arn",
     .rules =
         "Family Cpu:text Memory:text NetworkMode RequiresCompatibilities ExecutionRoleArn "
         "TaskRoleArn "
         "RuntimePlatform.CpuArchitecture "
         "RuntimePlatform.OperatingSystemFamily "
         "EphemeralStorage.SizeInGiB=ephemeralStorage.sizeInGib "
         "ContainerDefinitions:api PidMode IpcMode "
         "Volumes[].Name "
         "Volumes[].EFSVolumeConfiguration.FilesystemId"
             "=volumes[].efsVolumeConfiguration.fileSystemId "
         "Volumes[].EFSVolumeConfiguration.RootDirectory"
             "=volumes[].efsVolumeConfiguration.rootDirectory "
         "Volumes[].EFSVolumeConfiguration.TransitEncryption"
             "=volumes[].efsVolumeConfiguration.transitEncryption "
         "Volumes[].EFSVolumeConfiguration.AuthorizationConfig.AccessPointId"
             "=volumes[].efsVolumeConfiguration.authorizationConfig.accessPointId "
         "Volumes[].EFSVolumeConfiguration.AuthorizationConfig.IAM"
             "=volumes[].efsVolumeConfiguration.authorizationConfig.iam "
         "Tags:tags"},

    {"AWS::ECS::Service", "aws:ecs:Service",
     .attrs = "Name=name ServiceArn=id",
     .finish = ecs_service,
     .rules =
         "ServiceName=name "
         "Cluster TaskDefinition DesiredCount LaunchType PlatformVersion PropagateTags "
         "SchedulingStrategy EnableExecuteCommand AvailabilityZoneRebalancing "
         "HealthCheckGracePeriodSeconds "
         "EnableECSManagedTags=enableEcsManagedTags "
         "CapacityProviderStrategy[].CapacityProvider"
             "=capacityProviderStrategies[].capacityProvider "
         "CapacityProviderStrategy[].Weight=capacityProviderStrategies[].weight "
         "CapacityProviderStrategy[].Base=capacityProviderStrategies[].base "
         "DeploymentConfiguration.MinimumHealthyPercent=deploymentMinimumHealthyPercent "
         "DeploymentConfiguration.MaximumPercent=deploymentMaximumPercent "
         "DeploymentConfiguration.DeploymentCircuitBreaker.Enable"
             "=deploymentCircuitBreaker.enable "
         "DeploymentConfiguration.DeploymentCircuitBreaker.Rollback"
             "=deploymentCircuitBreaker.rollback "
         "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"
             "=networkConfiguration.assignPublicIp:on "
         "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"
             "=networkConfiguration.securityGroups "
         "NetworkConfiguration.AwsvpcConfiguration.Subnets=networkConfiguration.subnets "
         "LoadBalancers[].ContainerName "
         "LoadBalancers[].ContainerPort "
         "LoadBalancers[].TargetGroupArn "
         "ServiceRegistries[].RegistryArn=serviceRegistries.registryArn "
         "ServiceRegistries[].ContainerName=serviceRegistries.containerName "
         "ServiceRegistries[].ContainerPort=serviceRegistries.containerPort "
         "ServiceRegistries[].Port=serviceRegistries.port "
         "ForceNewDeployment.EnableForceNewDeployment=forceNewDeployment "
         "ForceNewDeployment.ForceNewDeploymentNonce:implied "
         "Tags:tags"},

    {"AWS::IAM::Role", "aws:iam:Role",
     .ref = "name",
     .attrs = "Arn=arn RoleId=uniqueId",
     .parts = ROLE_PARTS,
     .finish = role,
     .rules =
         "RoleName=name "
         "Description Path MaxSessionDuration PermissionsBoundary "
         "AssumeRolePolicyDocument=assumeRolePolicy:json "
         "Policies[].PolicyName=@policy[].name "
         "Policies[].PolicyDocument=@policy[].policy:json "
         "ManagedPolicyArns[]=@managed[].policyArn "
         "Tags:tags"},

    {"AWS::Logs::LogGroup", "aws:cloudwatch:LogGroup",
     .ref = "name",
     .attrs = "Arn=arn+:*",
     .rules =
         "LogGroupName=name "
         "RetentionInDays KmsKeyId LogGroupClass Tags:tags"},

    {"AWS::Logs::ResourcePolicy", "aws:cloudwatch:LogResourcePolicy",
     .rules = "PolicyName PolicyDocument:json"},

    {"AWS::Events::Rule", "aws:cloudwatch:EventRule",
     .ref = "name",
     .attrs = "Arn=arn",
     .parts = RULE_PARTS,
     .rules =
         "Name Description State EventPattern:json ScheduleExpression RoleArn "
         "Targets[].Id=@target[].targetId "
         "Targets[].Arn=@target[].arn "
         "Targets[].RoleArn=@target[].roleArn "
         "Targets[].Input=@target[].input"},

    {"AWS::ECR::Repository", "aws:ecr:Repository",
     .ref = "name",
     .attrs = "Arn=arn RepositoryUri=repositoryUrl",
     .parts = REPOSITORY_PARTS,
     .rules =
         "RepositoryName=name "
         "EmptyOnDelete=forceDelete "
         "ImageTagMutability "
         "ImageScanningConfiguration.ScanOnPush "
         "LifecyclePolicy.LifecyclePolicyText=@lifecycle.policy:json "
         "RepositoryPolicyText=@policy.policy:json "
         "Tags:tags"},

    {"AWS::ECR::PullThroughCacheRule", "aws:ecr:PullThroughCacheRule",
     .rules = "EcrRepositoryPrefix UpstreamRegistryUrl CredentialArn"},

    {"AWS::ApplicationAutoScaling::ScalableTarget", "aws:appautoscaling:Target",
     .rules =
         "MinCapacity MaxCapacity ResourceId ScalableDimension ServiceNamespace "
         "RoleARN=roleArn"},

    {"AWS::ApplicationAutoScaling::ScalingPolicy", "aws:appautoscaling:Policy",
     .ref = "arn",
     .attrs = "Arn=arn",
     .finish = scaling_policy,
     .rules =
         "PolicyName=name "
         "PolicyType ScalingTargetId:implied ResourceId ScalableDimension ServiceNamespace "
         "TargetTrackingScalingPolicyConfiguration.TargetValue "
         "TargetTrackingScalingPolicyConfiguration.DisableScaleIn "
         "TargetTrackingScalingPolicyConfiguration.ScaleInCooldown "
         "TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown "
         "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification."
             "PredefinedMetricType "
         "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.ResourceLabel"},

    {"AWS::IAM::InstanceProfile", "aws:iam:InstanceProfile",
     .ref = "name",
     .attrs = "Arn=arn",
     .finish = instance_profile,
     .rules = "Roles:implied"},

    {"AWS::EC2::LaunchTemplate", "aws:ec2:LaunchTemplate",
     .attrs = "LatestVersionNumber=latestVersion",
     .finish = launch_template,
     .rules =
         "LaunchTemplateData.ImageId=imageId "
         "LaunchTemplateData.InstanceType=instanceType "
         "LaunchTemplateData.IamInstanceProfile.Arn=iamInstanceProfile.arn "
         "LaunchTemplateData.MetadataOptions.HttpTokens=metadataOptions.httpTokens "
         "LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit"
             "=metadataOptions.httpPutResponseHopLimit "
         "LaunchTemplateData.NetworkInterfaces[].DeviceIndex=networkInterfaces[].deviceIndex "
         "LaunchTemplateData.NetworkInterfaces[].AssociatePublicIpAddress"
             "=networkInterfaces[].associatePublicIpAddress:text "
         "LaunchTemplateData.NetworkInterfaces[].DeleteOnTermination"
             "=networkInterfaces[].deleteOnTermination:text "
         "LaunchTemplateData.NetworkInterfaces[].Groups=networkInterfaces[].securityGroups "
         "LaunchTemplateData.BlockDeviceMappings[].DeviceName=blockDeviceMappings[].deviceName "
         "LaunchTemplateData.BlockDeviceMappings[].Ebs.VolumeSize"
             "=blockDeviceMappings[].ebs.volumeSize "
         "LaunchTemplateData.BlockDeviceMappings[].Ebs.VolumeType"
             "=blockDeviceMappings[].ebs.volumeType "
         "LaunchTemplateData.BlockDeviceMappings[].Ebs.Encrypted"
             "=blockDeviceMappings[].ebs.encrypted:text "
         "LaunchTemplateData.BlockDeviceMappings[].Ebs.DeleteOnTermination"
             "=blockDeviceMappings[].ebs.deleteOnTermination:text "
         "LaunchTemplateData.TagSpecifications[].ResourceType=tagSpecifications[].resourceType "
         "LaunchTemplateData.TagSpecifications[].Tags=tagSpecifications[].tags:tags "
         "LaunchTemplateData.UserData=userData"},

    {"AWS::AutoScaling::AutoScalingGroup", "aws:autoscaling:Group",
     .ref = "name",
     .attrs = "AutoScalingGroupARN=arn",
     .finish = scaling_group,
     .rules =
         "MinSize:int MaxSize:int "
         "VPCZoneIdentifier=vpcZoneIdentifiers "
         "LaunchTemplate.LaunchTemplateId=launchTemplate.id "
         "LaunchTemplate.Version=launchTemplate.version "
         "NewInstancesProtectedFromScaleIn=protectFromScaleIn "
         "Tags[].Key=tags[].key "
         "Tags[].Value=tags[].value "
         "Tags[].PropagateAtLaunch=tags[].propagateAtLaunch"},

    {"AWS::ECS::CapacityProvider", "aws:ecs:CapacityProvider",
     .ref = "name",
     .finish = capacity_provider,
     .rules =
         "AutoScalingGroupProvider.AutoScalingGroupArn "
         "AutoScalingGroupProvider.ManagedScaling.Status "
         "AutoScalingGroupProvider.ManagedScaling.TargetCapacity "
         "AutoScalingGroupProvider.ManagedTerminationProtection "
         "AutoScalingGroupProvider.ManagedDraining "
         "Tags:tags"},

    {"AWS::CloudWatch::Alarm", "aws:cloudwatch:MetricAlarm",
     .ref = "name",
     .attrs = "Arn=arn",
     .rules =
         "AlarmName=name "
         "AlarmDescription Namespace MetricName Dimensions:tags Statistic Unit Period "
         "EvaluationPeriods DatapointsToAlarm Threshold ComparisonOperator TreatMissingData "
         "ActionsEnabled AlarmActions "
         "OKActions=okActions "
         "InsufficientDataActions Tags:tags"},

    {"AWS::SSM::Parameter", "aws:ssm:Parameter",
     .ref = "name",
     .attrs = "Value=value",
     .rules = "Name Type Value Description Tier Tags:map"},
    {0},
};
/* clang-format on */
