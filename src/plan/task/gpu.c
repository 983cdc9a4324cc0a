/* EC2 capacity for GPU services (defang.md 7.4: `ecs-agent-profile`): each has a group of instances
 * of its own, which ECS fills and empties as its tasks come and go (managed scaling, from none).
 * What follows from instances:
 * - A task's network interface there never has a public address, so that it reaches the outside
 * through a NAT gateway or not at all (check/gpu.c). Images, config and logs go by the instance's
 * own interface.
 * - Managed termination protection is off: a protected instance would hold up the removal of the
 * group, and with it of the stack, for ever. ECS drains an instance before it goes (managed
 * draining), so its tasks end in order.
 * - The group may hold twice the tasks: while a new version waits for a larger instance, the old
 * instance still stands.
 * - EC2 itself reads the parameter with the image's id whenever it starts an instance, so that each
 * has the latest image without a deployment.
 *   docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-gpu.html, …/task-networking-awsvpc.html,
 * …/asg-capacity-providers.html */
#include "plan/task/gpu.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/network/network.h"
#include "plan/task/task.h"
#include "plan/task/volumes.h"
#include <string.h>

#define IMAGE                                                                                      \
    "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
#define DISK_GIB 100u /* images with CUDA have 10 GB and more */

static const char *
numbered(const struct plan_ctx *c, const char *what, const struct plan_service *s)
{
    return arena_printf(c->a, "%s%s", what, s->id);
}

static bool mounts_volume(const struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_service *member;
    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        for (size_t i = 0; i < c->v.volume_count; i++)
            if (plan_mounts_volume(member->s, c->v.volumes[i].name, false))
                return true;
    return false;
}

/* The agent of all instances: who it is and what it may do. Nobody calls an instance. */
static void add_agent(struct plan_ctx *c)
{
    graph_add(
        c->g,
        "cluster",
        "EcsAgentRole",
        "AWS::IAM::Role",
        plan_json(
            "{s:s,s:o,s:[o]}",
            "Description",
            "The ECS agent of instances with GPUs",
            "AssumeRolePolicyDocument",
            plan_trust("ec2.amazonaws.com"),
            "ManagedPolicyArns",
            graph_sub(
                "arn:${AWS::Partition}:iam::aws:policy/service-role/"
                "AmazonEC2ContainerServiceforEC2Role")));
    graph_add(
        c->g,
        "cluster",
        "EcsAgentProfile",
        "AWS::IAM::InstanceProfile",
        plan_json("{s:[o]}", "Roles", graph_ref("EcsAgentRole")));
    graph_add(
        c->g,
        "cluster",
        "InstanceSecurityGroup",
        "AWS::EC2::SecurityGroup",
        plan_json(
            "{s:s,s:o,s:[{s:s,s:s,s:s}],s:o}",
            "GroupDescription",
            arena_printf(c->a, "Instances with GPUs of %s", c->scope),
            "VpcId",
            plan_vpc(c),
            "SecurityGroupEgress",
            "IpProtocol",
            "-1",
            "CidrIp",
            "0.0.0.0/0",
            "Description",
            "anywhere",
            "Tags",
            plan_tags(arena_printf(c->a, "%s-instances", c->scope), NULL)));
}

/* Tasks get no credentials of the instance: they have a role of their own. */
static json_t *user_data(const struct plan_ctx *c)
{
    return plan_json(
        "{s:o}",
        "Fn::Base64",
        graph_sub(
            "#!/bin/bash\ncat >> /etc/ecs/ecs.config "
            "<<'END'\nECS_CLUSTER=%s\nECS_ENABLE_GPU_SUPPORT=true\nECS_AWSVPC_BLOCK_IMDS="
            "true\nEND\n",
            plan_cluster_sub(c)));
}

static void add_template(
    struct plan_ctx *c, const struct plan_service *s, const struct plan_machine *m, bool public)
{
    json_t *groups = plan_json("[o]", graph_attr("InstanceSecurityGroup", "GroupId"));
    if (mounts_volume(
            c, s)) /* the instance mounts it, and file systems admit who wears the badge */
        json_push(groups, graph_attr("AppSecurityGroup", "GroupId"));
    unsigned disk = MAX(DISK_GIB, plan_task_storage(&c->v, s) + 30);
    const char *name = arena_printf(c->a, "%s-%s", c->scope, s->s->name);
    json_t *data = plan_json(
        "{s:s,s:s,s:{s:o},s:{s:s,s:i},s:[{s:i,s:b,s:b,s:o}],s:[{s:s,s:{s:i,s:s,s:b,s:b}}],s:[{s:s,"
        "s:o},{s:s,s:o}],s:o}",
        "ImageId",
        IMAGE,
        "InstanceType",
        m->type,
        "IamInstanceProfile",
        "Arn",
        graph_attr("EcsAgentProfile", "Arn"),
        "MetadataOptions",
        "HttpTokens",
        "required",
        "HttpPutResponseHopLimit",
        1,
        "NetworkInterfaces",
        "DeviceIndex",
        0,
        "AssociatePublicIpAddress",
        public,
        "DeleteOnTermination",
        1,
        "Groups",
        groups,
        "BlockDeviceMappings",
        "DeviceName",
        "/dev/xvda",
        "Ebs",
        "VolumeSize",
        (int)disk,
        "VolumeType",
        "gp3",
        "Encrypted",
        1,
        "DeleteOnTermination",
        1,
        "TagSpecifications",
        "ResourceType",
        "instance",
        "Tags",
        plan_tags(name, s->s->name),
        "ResourceType",
        "volume",
        "Tags",
        plan_tags(name, s->s->name),
        "UserData",
        user_data(c));
    graph_add(
        c->g,
        s->group,
        numbered(c, "LaunchTemplate", s),
        "AWS::EC2::LaunchTemplate",
        plan_json("{s:o}", "LaunchTemplateData", data));
}

static void add_capacity(struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_machine *m = plan_machine(&c->v, s);
    bool public = plan_in_public(c, false);
    const char *group = numbered(c, "Instances", s), *template = numbered(c, "LaunchTemplate", s);
    unsigned tasks = s->scaling.present ? s->scaling.max : MAX(s->replicas, 1u);
    add_template(c, s, m, public);
    graph_add(
        c->g,
        s->group,
        group,
        "AWS::AutoScaling::AutoScalingGroup",
        plan_json(
            "{s:s,s:s,s:o,s:{s:o,s:o},s:b,s:[{s:s,s:s,s:b},{s:s,s:s,s:b}]}",
            "MinSize",
            "0",
            "MaxSize",
            arena_printf(c->a, "%u", 2 * tasks),
            "VPCZoneIdentifier",
            plan_subnets(c, public),
            "LaunchTemplate",
            "LaunchTemplateId",
            graph_ref(template),
            "Version",
            graph_attr(template, "LatestVersionNumber"),
            "NewInstancesProtectedFromScaleIn",
            0,
            "Tags",
            "Key",
            "AmazonECSManaged",
            "Value",
            "true",
            "PropagateAtLaunch",
            1,
            "Key",
            "defang:service",
            "Value",
            s->s->name,
            "PropagateAtLaunch",
            1));
    plan_depend_on_internet(c, group, public);
    graph_add(
        c->g,
        s->group,
        numbered(c, "CapacityProvider", s),
        "AWS::ECS::CapacityProvider",
        plan_json(
            "{s:{s:o,s:{s:s,s:i},s:s,s:s},s:o}",
            "AutoScalingGroupProvider",
            "AutoScalingGroupArn",
            graph_attr(group, "AutoScalingGroupARN"),
            "ManagedScaling",
            "Status",
            "ENABLED",
            "TargetCapacity",
            100,
            "ManagedTerminationProtection",
            "DISABLED",
            "ManagedDraining",
            "ENABLED",
            "Tags",
            plan_tags(NULL, s->s->name)));
}

/* ---- capacity that goes: CloudFormation removes a service last of all, and ECS lets go of no
 * capacity provider that a service uses. So a provider stays for the deployment that takes its
 * service away, and leaves with the next one; it holds no instance by then. ---- */
static bool used_before(const json_t *resources, const char *provider)
{
    const char *id;
    json_t *r;
    json_object_foreach((json_t *)resources, id, r)
    {
        const json_t *strategy =
            json_array_get(json_at(r, "Properties.CapacityProviderStrategy"), 0);
        if (text_eq(json_str(json_object_get(strategy, "CapacityProvider"), "Ref"), provider))
            return true;
    }
    return false;
}

static void keep(struct plan_ctx *c, const json_t *resources, const char *id)
{
    const json_t *r = id ? json_object_get(resources, id) : NULL;
    const json_t *properties = json_object_get(r, "Properties");
    if (!r || graph_get(c->g, id))
        return;
    const json_t *group_arn = json_at(properties, "AutoScalingGroupProvider.AutoScalingGroupArn");
    keep(
        c,
        resources,
        json_string_value(json_array_get(json_object_get(group_arn, "Fn::GetAtt"), 0)));
    keep(c, resources, json_str(json_at(properties, "LaunchTemplate.LaunchTemplateId"), "Ref"));
    const char *group = json_str(r, "Metadata.Group");
    graph_add(
        c->g,
        arena_strdup(c->a, group ? group : "cluster"),
        arena_strdup(c->a, id),
        arena_strdup(c->a, json_str(r, "Type")),
        json_deep_copy(properties));
}

static void keep_used(struct plan_ctx *c, json_t *providers)
{
    const json_t *resources = json_object_get(c->r->previous, "Resources");
    const char *id;
    json_t *r;
    json_object_foreach((json_t *)resources, id, r)
    {
        if (!text_eq(json_str(r, "Type"), "AWS::ECS::CapacityProvider") || graph_get(c->g, id) ||
            !used_before(resources, id))
            continue;
        if (!graph_get(c->g, "EcsAgentProfile"))
            add_agent(c);
        keep(c, resources, id);
        json_push(providers, graph_ref(id));
    }
}

void plan_capacity(struct plan_ctx *c, json_t *providers)
{
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (!plan_on_instances(&c->v, s) || !plan_machine(&c->v, s))
            continue;
        if (!graph_get(c->g, "EcsAgentProfile"))
            add_agent(c);
        add_capacity(c, s);
        json_push(providers, graph_ref(numbered(c, "CapacityProvider", s)));
    }
    keep_used(c, providers);
}

/* ---- what a task definition says otherwise than on Fargate ---- */
void plan_gpu_task(const struct plan_ctx *c, const struct plan_service *s, json_t *task)
{
    double vcpus, mib;
    plan_task_needs(&c->v, s, &vcpus, &mib);
    json_add(task, "RequiresCompatibilities", plan_json("[s]", "EC2"));
    json_add(task, "Memory", json_string(arena_printf(c->a, "%u", plan_machine_memory(&c->v, s))));
    json_object_del(task, "Cpu"); /* unsaid: what the instance has */
    if (vcpus > 0)
        json_add(
            task,
            "Cpu",
            json_string(arena_printf(c->a, "%u", MAX(128u, (unsigned)(vcpus * 1024 + 0.999)))));
    json_object_del(task, "EphemeralStorage"); /* the instance's disk has it */
}

void plan_gpu_container(const struct plan_ctx *c, const struct plan_service *s, json_t *container)
{
    if (!plan_service_gpus(s) || !plan_on_instances(&c->v, plan_task_of(s)))
        return;
    json_add(
        container,
        "ResourceRequirements",
        plan_json(
            "[{s:s,s:s}]",
            "Type",
            "GPU",
            "Value",
            arena_printf(c->a, "%u", plan_machine_gpus(&c->v, s))));
}
