/* EC2 capacity for GPU services (defang.md 7.4: `ecs-agent-profile`): each has a group of instances
 * of its own, which ECS fills and empties as its tasks come and go (managed scaling, from none).
 *
 * What follows from instances:
 * - A task's network interface there never has a public address, so that it reaches the outside
 *   through a NAT gateway or not at all (check/gpu.c). Images, config and logs go by the instance's
 *   own interface.
 * - Managed termination protection is off: a protected instance would hold up the removal of the
 *   group, and with it of the stack, for ever. ECS drains an instance before it goes (managed
 *   draining), so its tasks end in order.
 * - The group may hold twice the tasks: while a new version waits for a larger instance, the old
 *   instance still stands.
 * - EC2 itself reads the parameter with the image's id whenever it starts an instance, so that each
 *   has the latest image without a deployment.
 *   docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
 * - A provider outlives its service by a deployment (plan_capacity).
 *
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-gpu.html, …/task-networking-awsvpc.html,
 * …/asg-capacity-providers.html */
#include "plan/compute/gpu.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/iam.h"
#include "plan/compute/placement.h"
#include "plan/compute/sizing.h"
#include "plan/network/network.h"

#define IMAGE                                                                                      \
    "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
#define DISK_GIB        100u /* images with CUDA have 10 GB and more */
#define DISK_SYSTEM_GIB 30   /* beside what the task asks for: the system's own */
#define CPU_UNITS_MIN   128u

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
    if (graph_get(c->g, "EcsAgentProfile"))
        return;

    json_t *managed = graph_sub(
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role");
    json_t *role = object(
        key("Description", "The ECS agent of instances with GPUs"),
        key("AssumeRolePolicyDocument", iam_trust("ec2.amazonaws.com", NULL)),
        key("ManagedPolicyArns", array(managed)));
    graph_add(c->g, "cluster", "EcsAgentRole", "AWS::IAM::Role", role);

    json_t *profile = object(key("Roles", array(graph_ref("EcsAgentRole"))));
    graph_add(c->g, "cluster", "EcsAgentProfile", "AWS::IAM::InstanceProfile", profile);

    json_t *anywhere =
        object(key("IpProtocol", "-1"), key("CidrIp", "0.0.0.0/0"), key("Description", "anywhere"));
    json_t *group = object(
        key("GroupDescription", arena_printf(c->a, "Instances with GPUs of %s", c->scope)),
        key("VpcId", plan_vpc(c)),
        key("SecurityGroupEgress", array(anywhere)),
        key("Tags", plan_tags(arena_printf(c->a, "%s-instances", c->scope), NULL)));
    graph_add(c->g, "cluster", "InstanceSecurityGroup", "AWS::EC2::SecurityGroup", group);
}

/* Tasks get no credentials of the instance: they have a role of their own. */
static json_t *user_data(const struct plan_ctx *c)
{
    json_t *script = graph_sub(
        "#!/bin/bash\n"
        "cat >> /etc/ecs/ecs.config <<'END'\n"
        "ECS_CLUSTER=%s\n"
        "ECS_ENABLE_GPU_SUPPORT=true\n"
        "ECS_AWSVPC_BLOCK_IMDS=true\n"
        "END\n",
        plan_cluster_sub(c));

    return object(key("Fn::Base64", script));
}

/* Version 2 of the instance's metadata service only, and no further than the instance itself. */
static json_t *metadata_options(void)
{
    return object(key("HttpTokens", "required"), key("HttpPutResponseHopLimit", 1));
}

static json_t *
network_interface(const struct plan_ctx *c, const struct plan_service *s, bool public)
{
    json_t *groups = array(graph_attr("InstanceSecurityGroup", "GroupId"));

    /* The instance mounts a task's volumes, and file systems admit who wears the badge. */
    if (mounts_volume(c, s) && s->worn_count)
        json_push(groups, graph_attr(s->worn[0], "GroupId"));

    return object(
        key("DeviceIndex", 0),
        key("AssociatePublicIpAddress", public),
        key("DeleteOnTermination", true),
        key("Groups", groups));
}

static json_t *disk(const struct plan_ctx *c, const struct plan_service *s)
{
    unsigned size = MAX(DISK_GIB, plan_task_storage(&c->v, s) + DISK_SYSTEM_GIB);

    json_t *volume = object(
        key("VolumeSize", size),
        key("VolumeType", "gp3"),
        key("Encrypted", true),
        key("DeleteOnTermination", true));
    return object(key("DeviceName", "/dev/xvda"), key("Ebs", volume));
}

static json_t *
tag_specification(const struct plan_ctx *c, const struct plan_service *s, const char *resource)
{
    const char *name = arena_printf(c->a, "%s-%s", c->scope, s->s->name);

    return object(key("ResourceType", resource), key("Tags", plan_tags(name, s->s->name)));
}

static void add_template(
    struct plan_ctx *c, const struct plan_service *s, const struct plan_machine *m, bool public)
{
    json_t *profile = object(key("Arn", graph_attr("EcsAgentProfile", "Arn")));
    json_t *tags = array(tag_specification(c, s, "instance"), tag_specification(c, s, "volume"));

    json_t *data = object(
        key("ImageId", IMAGE),
        key("InstanceType", m->type),
        key("IamInstanceProfile", profile),
        key("MetadataOptions", metadata_options()),
        key("NetworkInterfaces", array(network_interface(c, s, public))),
        key("BlockDeviceMappings", array(disk(c, s))),
        key("TagSpecifications", tags),
        key("UserData", user_data(c)));
    json_t *template = object(key("LaunchTemplateData", data));
    graph_add(
        c->g, s->group, numbered(c, "LaunchTemplate", s), "AWS::EC2::LaunchTemplate", template);
}

/* A tag of the group and of each instance that it starts. */
static json_t *group_tag(const char *name, const char *value)
{
    return object(key("Key", name), key("Value", value), key("PropagateAtLaunch", true));
}

static void add_group(struct plan_ctx *c, const struct plan_service *s, const char *id, bool public)
{
    const char *template_id = numbered(c, "LaunchTemplate", s);
    unsigned tasks = s->scaling.present ? s->scaling.max : MAX(s->replicas, 1u);

    json_t *template = object(
        key("LaunchTemplateId", graph_ref(template_id)),
        key("Version", graph_attr(template_id, "LatestVersionNumber")));
    json_t *tags =
        array(group_tag("AmazonECSManaged", "true"), group_tag("defang:service", s->s->name));

    json_t *group = object(
        key("MinSize", "0"),
        key("MaxSize", arena_printf(c->a, "%u", 2 * tasks)),
        key("VPCZoneIdentifier", plan_subnets(c, public)),
        key("LaunchTemplate", template),
        key("NewInstancesProtectedFromScaleIn", false),
        key("Tags", tags));
    graph_add(c->g, s->group, id, "AWS::AutoScaling::AutoScalingGroup", group);

    plan_depend_on_internet(c, id, public);
}

static void add_provider(struct plan_ctx *c, const struct plan_service *s, const char *group_id)
{
    json_t *scaling = object(key("Status", "ENABLED"), key("TargetCapacity", 100));
    json_t *group = object(
        key("AutoScalingGroupArn", graph_attr(group_id, "AutoScalingGroupARN")),
        key("ManagedScaling", scaling),
        key("ManagedTerminationProtection", "DISABLED"),
        key("ManagedDraining", "ENABLED"));

    json_t *provider =
        object(key("AutoScalingGroupProvider", group), key("Tags", plan_tags(NULL, s->s->name)));
    graph_add(
        c->g, s->group, numbered(c, "CapacityProvider", s), "AWS::ECS::CapacityProvider", provider);
}

static void
add_capacity(struct plan_ctx *c, const struct plan_service *s, const struct plan_machine *m)
{
    const char *group_id = numbered(c, "Instances", s);
    bool public = plan_in_public(c, false);

    add_agent(c);
    add_template(c, s, m, public);
    add_group(c, s, group_id, public);
    add_provider(c, s, group_id);
}

/* ---- capacity that goes ----
 *
 * CloudFormation removes a service last of all, and ECS lets go of no capacity provider that a
 * service uses. So a provider stays for the deployment that takes its service away, and leaves with
 * the next one; it holds no instance by then. */

static bool used_before(const json_t *resources, const char *provider)
{
    const char *id;
    json_t *r;

    json_object_foreach((json_t *)resources, id, r) {
        const json_t *strategies = json_at(r, "Properties.CapacityProviderStrategy");
        const json_t *used = json_object_get(json_array_get(strategies, 0), "CapacityProvider");

        if (text_eq(json_str(used, "Ref"), provider))
            return true;
    }
    return false;
}

/* The deployed resource as it was, after the group and the launch template that it refers to. */
static void keep(struct plan_ctx *c, const json_t *resources, const char *id)
{
    const json_t *r = id ? json_object_get(resources, id) : NULL;
    const json_t *properties = json_object_get(r, "Properties");

    if (!r || graph_get(c->g, id))
        return;

    const json_t *group_arn = json_at(properties, "AutoScalingGroupProvider.AutoScalingGroupArn");
    const json_t *group = json_array_get(json_object_get(group_arn, "Fn::GetAtt"), 0);
    const json_t *template = json_at(properties, "LaunchTemplate.LaunchTemplateId");

    keep(c, resources, json_string_value(group));
    keep(c, resources, json_str(template, "Ref"));

    graph_add(
        c->g,
        arena_strdup(c->a, json_str_or(r, "Metadata.Group", "cluster")),
        arena_strdup(c->a, id),
        arena_strdup(c->a, json_str(r, "Type")),
        json_deep_copy(properties));
}

static void keep_used(struct plan_ctx *c, json_t *providers)
{
    const json_t *resources = json_object_get(c->r->previous, "Resources");
    const char *id;
    json_t *r;

    json_object_foreach((json_t *)resources, id, r) {
        bool provider = text_eq(json_str(r, "Type"), "AWS::ECS::CapacityProvider");

        if (!provider || graph_get(c->g, id) || !used_before(resources, id))
            continue;
        add_agent(c);
        keep(c, resources, id);
        json_push(providers, graph_ref(id));
    }
}

void plan_capacity(struct plan_ctx *c, json_t *providers)
{
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        bool instances = plan_on_instances(&c->v, s);
        const struct plan_machine *m = instances ? plan_machine(&c->v, s) : NULL;

        /* Without one the task definition fails, with its reason. */
        if (!m)
            continue;
        add_capacity(c, s, m);
        json_push(providers, graph_ref(numbered(c, "CapacityProvider", s)));
    }
    keep_used(c, providers);
}

/* ---- what a task definition says otherwise than on Fargate ---- */

void plan_gpu_task(const struct plan_ctx *c, const struct plan_service *s, json_t *task)
{
    double vcpus, mib;

    plan_task_needs(&c->v, s, &vcpus, &mib);

    json_add(task, "RequiresCompatibilities", texts("EC2"));

    /* Unsaid: what the instance has. ECS takes no less than an eighth of a vCPU. */
    if (vcpus > 0) {
        unsigned units = MAX(CPU_UNITS_MIN, (unsigned)(vcpus * 1024 + 0.999));

        json_add(task, "Cpu", json_string(arena_printf(c->a, "%u", units)));
    }

    json_object_del(task, "EphemeralStorage"); /* the instance's disk has it */
}

void plan_gpu_container(const struct plan_ctx *c, const struct plan_service *s, json_t *container)
{
    bool on_gpu = plan_service_gpus(s) && plan_on_instances(&c->v, plan_task_of(s));

    if (!on_gpu)
        return;

    const char *count = arena_printf(c->a, "%u", plan_machine_gpus(&c->v, s));
    json_t *gpus = object(key("Type", "GPU"), key("Value", count));
    json_add(container, "ResourceRequirements", array(gpus));
}
