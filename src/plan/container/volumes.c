/* Named volumes on EFS: a file system for each volume, so that one can be restored, adopted or
 * removed without the others; a file system costs nothing by itself. It outlives `down`
 * (DeletionPolicy), carries its name in a tag, and the next `up` finds it by that tag and mounts it
 * again instead of making one.
 *
 * Identity: an access point without a forced user, whose folder is born 0777. Programs act as the
 * user they are, root may chown, as on a volume of Docker's; with a forced user every file would
 * belong to it, and Postgres, to name one, refuses a folder that is not its own. `driver_opts` uid
 * and gid force one.
 *
 * Access: through TLS only, by the task role's right to this access point, from the app's security
 * group.
 *
 * docs.aws.amazon.com/efs/latest/ug/efs-access-points.html,
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html */
#include "plan/container/volumes.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/iam.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include <stdlib.h>
#include <string.h>

#define NFS_PORT 2049
#define FOLDER   "/volume" /* of the access point: the root of a file system belongs to root */

char *plan_volume_tag(const struct plan_settings *s, const char *project, const char *volume)
{
    cleanup_free char *scope = plan_scope(s, project);

    return xasprintf("%s/%s", scope, volume);
}

static struct graph_resource *
add(struct plan_ctx *c, const char *id, const char *type, json_t *properties)
{
    return graph_add(c->g, "volumes", id, type, properties);
}

static const char *id_of(const struct plan_ctx *c, const struct plan_volume *v)
{
    return arena_printf(c->a, "Volume%s", v->id);
}

static const char *access_of(const struct plan_ctx *c, const struct plan_volume *v)
{
    return arena_printf(c->a, "VolumeAccess%s", v->id);
}

static const char *target_of(const struct plan_ctx *c, const struct plan_volume *v, size_t number)
{
    return arena_printf(c->a, "VolumeMount%s%zu", v->id, number);
}

/* The file system that is there already, or NULL: one is made. One that the stack made stays the
 * stack's; one that a stack of this name left behind is taken on. */
static const char *adopted(const struct plan_ctx *c, const struct plan_volume *v)
{
    const json_t *deployed = json_object_get(c->r->previous, "Resources");

    if (v->file_system)
        return v->file_system;
    if (json_object_get(deployed, id_of(c, v)))
        return NULL;
    for (size_t i = 0; i < c->f->volume_count; i++)
        if (text_eq(c->f->volumes[i].name, v->name))
            return c->f->volumes[i].file_system;
    return NULL;
}

static json_t *file_system(const struct plan_ctx *c, const struct plan_volume *v)
{
    const char *given = adopted(c, v);

    return given ? json_string(given) : graph_ref(id_of(c, v));
}

static json_t *file_system_arn(const struct plan_ctx *c, const struct plan_volume *v)
{
    const char *given = adopted(c, v);

    if (!given)
        return graph_attr(id_of(c, v), "Arn");
    return graph_sub(
        "arn:${AWS::Partition}:elasticfilesystem:${AWS::Region}:${AWS::AccountId}:file-system/%s",
        given);
}

/* ---- resources ---- */

/* With a policy of its own a file system lets nobody in whom IAM does not: without one, everybody
 * who reaches a mount target. */
static json_t *encrypted_only(void)
{
    json_t *in_clear = object(key("Bool", object(key("aws:SecureTransport", "false"))));
    json_t *statement = object(
        key("Sid", "EncryptedOnly"),
        key("Effect", "Deny"),
        key("Principal", object(key("AWS", "*"))),
        key("Action", "*"),
        key("Condition", in_clear));

    return iam_document(array(statement));
}

/* By the tag the next `up` finds it, whatever its id. */
static json_t *file_system_tags(const struct plan_ctx *c, const struct plan_volume *v)
{
    cleanup_free char *value = plan_volume_tag(c->s, c->p->name, v->name);
    json_t *tags = plan_tags(arena_printf(c->a, "%s-%s", c->scope, v->name), NULL);

    json_push(tags, object(key("Key", PLAN_VOLUME_TAG), key("Value", value)));
    return tags;
}

/* What is not touched for so long moves to the cheaper class; it is read there all the same. */
static json_t *lifecycle(const struct plan_volume *v)
{
    const char *after = plan_volume_option(v, "lifecycle_policy");

    return after ? array(object(key("TransitionToIA", after))) : NULL;
}

static void add_file_system(struct plan_ctx *c, const struct plan_volume *v)
{
    const char *performance = plan_volume_option(v, "performance_mode");
    const char *throughput = plan_volume_option(v, "throughput_mode");
    const char *mibps = plan_volume_option(v, "provisioned_throughput");
    const char *backup = plan_volume_option(v, "backup_policy");
    bool backups = backup ? text_eq_nocase(backup, "ENABLED") : c->s->backup_days > 0;
    const char *backup_status = backups ? "ENABLED" : "DISABLED";

    json_t *properties = object(
        key("Encrypted", true),
        key("PerformanceMode", performance),
        key("ThroughputMode", throughput),
        key("ProvisionedThroughputInMibps", mibps ? json_real(strtod(mibps, NULL)) : NULL),
        key("LifecyclePolicies", lifecycle(v)),
        key("BackupPolicy", object(key("Status", backup_status))),
        key("FileSystemPolicy", encrypted_only()),
        key("FileSystemTags", file_system_tags(c, v)));
    struct graph_resource *r = add(c, id_of(c, v), "AWS::EFS::FileSystem", properties);

    /* Data outlives the stack; a file system that was just made with a stack that then failed holds
     * none yet. */
    r->deletion_policy = "RetainExceptOnCreate";
    r->replace_policy = "Retain";
}

/* Somebody else's mount target serves all of its zone. */
static bool is_mounted(const struct plan_ctx *c, const struct plan_volume *v, const char *zone)
{
    for (size_t i = 0; i < c->f->mount_target_count; i++)
        if (text_eq(c->f->mount_targets[i].file_system, v->file_system) &&
            text_eq(c->f->mount_targets[i].zone, zone))
            return true;
    return false;
}

/* One in each zone: a file system takes no two in one. Tasks in the zone's public subnet reach it
 * as well. */
static void add_mount_targets(struct plan_ctx *c, const struct plan_volume *v)
{
    cleanup_json json_t *subnets = plan_zone_subnets(c, false);

    for (size_t i = 0; i < json_array_size(subnets); i++) {
        if (v->file_system && is_mounted(c, v, plan_subnet_zone(c, subnets, i)))
            continue;

        json_t *target = object(
            key("FileSystemId", file_system(c, v)),
            key("SubnetId", json_incref(json_array_get(subnets, i))),
            key("SecurityGroups", array(graph_attr("VolumeSecurityGroup", "GroupId"))));

        add(c, target_of(c, v, i + 1), "AWS::EFS::MountTarget", target)->usual = "usually 90 s";
    }
}

/* EFS makes the folder, with this owner, when the access point is first used. The root is always
 * there. */
static json_t *creation_info(const struct plan_volume *v, const char *path)
{
    const char *uid = plan_volume_option(v, "uid");
    const char *gid = plan_volume_option(v, "gid");
    const char *group = gid ? gid : uid;
    const char *mode = plan_volume_option(v, "permissions");

    if (strcmp(path, "/") == 0)
        return NULL;
    if (!mode)
        mode = uid ? "0755" : "0777";
    return object(
        key("OwnerUid", uid ? uid : "0"),
        key("OwnerGid", group ? group : "0"),
        key("Permissions", mode));
}

static json_t *posix_user(const struct plan_volume *v)
{
    const char *uid = plan_volume_option(v, "uid");
    const char *gid = plan_volume_option(v, "gid");

    return uid ? object(key("Uid", uid), key("Gid", gid ? gid : uid)) : NULL;
}

static void add_access_point(struct plan_ctx *c, const struct plan_volume *v)
{
    const char *said = plan_volume_option(v, "root_directory");
    const char *path = said;

    /* What is in a file system of somebody else's is expected at its root. */
    if (!said)
        path = v->external ? "/" : FOLDER;

    json_t *root = object(key("Path", path), key("CreationInfo", creation_info(v, path)));
    json_t *point = object(
        key("FileSystemId", file_system(c, v)),
        key("RootDirectory", root),
        key("AccessPointTags", plan_tags(arena_printf(c->a, "%s-%s", c->scope, v->name), NULL)),
        key("PosixUser", posix_user(v)));
    add(c, access_of(c, v), "AWS::EFS::AccessPoint", point);
}

static bool task_mounts(
    const struct plan_ctx *c, const struct plan_service *s, const char *volume, bool writing)
{
    const struct plan_service *member;

    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        if (plan_mounts_volume(member->s, volume, writing))
            return true;
    return false;
}

static bool mounts_any(const struct plan_ctx *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->v.volume_count; i++)
        if (task_mounts(c, s, c->v.volumes[i].name, false))
            return true;
    return false;
}

/* A badge that a task with a volume wears. */
static bool is_worn(const struct plan_ctx *c, const char *badge)
{
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];

        for (size_t k = 0; k < s->worn_count; k++)
            if (strcmp(s->worn[k], badge) == 0 && s->kind == PLAN_CONTAINER && mounts_any(c, s))
                return true;
    }
    return false;
}

static void admit(const struct plan_ctx *c, json_t *rules, const char *badge)
{
    if (!is_worn(c, badge))
        return;

    json_t *rule = object(
        key("IpProtocol", "tcp"),
        key("FromPort", NFS_PORT),
        key("ToPort", NFS_PORT),
        key("SourceSecurityGroupId", graph_attr(badge, "GroupId")),
        key("Description", "from services of this project"));
    json_push(rules, rule);
}

static json_t *who_mounts(const struct plan_ctx *c)
{
    json_t *rules = array();

    for (size_t i = 0; i < c->v.network_count; i++)
        admit(c, rules, c->v.networks[i].badge);
    for (size_t i = 0; i < c->v.count; i++)
        if (c->v.services[i].hub)
            admit(c, rules, plan_hub_badge(c->a, &c->v.services[i]));
    return json_unless_empty(rules);
}

static void add_security_group(struct plan_ctx *c)
{
    const char *name = arena_printf(c->a, "%s_volumes-sg", c->p->name);

    json_t *nowhere = object(
        key("IpProtocol", "-1"), key("CidrIp", "127.0.0.1/32"), key("Description", "nowhere"));
    json_t *group = object(
        key("GroupDescription", arena_printf(c->a, "Volumes of %s", c->scope)),
        key("VpcId", plan_vpc(c)),
        key("SecurityGroupEgress", array(nowhere)),
        key("SecurityGroupIngress", who_mounts(c)),
        key("Tags", plan_tags(name, NULL)));
    add(c, "VolumeSecurityGroup", "AWS::EC2::SecurityGroup", group);
}

void plan_volumes(struct plan_ctx *c)
{
    if (!c->v.volume_count)
        return;

    add_security_group(c);
    for (size_t i = 0; i < c->v.volume_count; i++) {
        const struct plan_volume *v = &c->v.volumes[i];

        if (!adopted(c, v))
            add_file_system(c, v);
        add_mount_targets(c, v);
        add_access_point(c, v);
    }
}

/* ---- what a task needs of them ---- */

json_t *
plan_volume_definition(const struct plan_ctx *c, const struct plan_volume *v, const char *name)
{
    json_t *authorization =
        object(key("AccessPointId", graph_ref(access_of(c, v))), key("IAM", "ENABLED"));
    json_t *configuration = object(
        key("FilesystemId", file_system(c, v)),
        key("TransitEncryption", "ENABLED"),
        key("AuthorizationConfig", authorization));

    return object(key("Name", name), key("EFSVolumeConfiguration", configuration));
}

static void
depend_on_targets(struct plan_ctx *c, const struct plan_volume *v, const char *logical_id)
{
    cleanup_json json_t *subnets = plan_zone_subnets(c, false);

    for (size_t i = 0; i < json_array_size(subnets); i++) {
        const char *target = target_of(c, v, i + 1);

        if (graph_get(c->g, target))
            graph_depend(c->g, logical_id, target);
    }
}

void plan_depend_on_volumes(
    struct plan_ctx *c, const struct plan_service *s, const char *logical_id)
{
    const struct plan_service *member;

    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        for (size_t i = 0; i < c->v.volume_count; i++)
            if (plan_mounts_volume(member->s, c->v.volumes[i].name, false))
                depend_on_targets(c, &c->v.volumes[i], logical_id);
}

void plan_volume_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements)
{
    for (size_t i = 0; i < c->v.volume_count; i++) {
        const struct plan_volume *v = &c->v.volumes[i];

        if (!task_mounts(c, s, v->name, false))
            continue;

        json_t *actions = texts("elasticfilesystem:ClientMount");
        if (task_mounts(c, s, v->name, true)) {
            json_push(actions, json_string("elasticfilesystem:ClientWrite"));
            json_push(actions, json_string("elasticfilesystem:ClientRootAccess"));
        }

        /* The file system may hold more than this volume's folder; the access point is the limit.
         */
        json_t *access_point =
            object(key("elasticfilesystem:AccessPointArn", graph_attr(access_of(c, v), "Arn")));
        json_t *statement = iam_allow_if(
            arena_printf(c->a, "Volume%s", v->id),
            actions,
            file_system_arn(c, v),
            object(key("StringEquals", access_point)));
        json_push(statements, statement);
    }
}
