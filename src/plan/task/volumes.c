/* Named volumes on EFS: a file system for each volume, so that one can be restored, adopted or
 * removed without the others; a file system costs nothing by itself. It outlives `down`
 * (DeletionPolicy), carries its name in a tag, and the next `up` finds it by that tag and mounts it
 * again instead of making one.
 *
 * Identity: an access point without a forced user, whose folder is born 0777. Programs act as the
 * user they are, root may chown, as on a volume of Docker's; with a forced user every file would
 * belong to it, and Postgres, to name one, refuses a folder that is not its own. `driver_opts` uid
 * and gid force one. Access: through TLS only, by the task role's right to this access point, from
 * the app's security group. docs.aws.amazon.com/efs/latest/ug/efs-access-points.html,
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html */
#include "plan/task/volumes.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include <string.h>

#define NFS_PORT 2049
#define FOLDER   "/volume" /* of the access point: the root of a file system belongs to root */

char *plan_volume_tag(const struct plan_settings *s, const char *project, const char *volume)
{
    cleanup_free char *scope = plan_scope(s, project);
    return xasprintf("%s/%s", scope, volume);
}

/* ---- resources ---- */
static const char *id_of(const struct plan_ctx *c, const struct plan_volume *v)
{
    return arena_printf(c->a, "Volume%s", v->id);
}

static const char *access_of(const struct plan_ctx *c, const struct plan_volume *v)
{
    return arena_printf(c->a, "VolumeAccess%s", v->id);
}

/* A file system that the stack made stays the stack's; one that a stack of this name left behind is
 * taken on. */
static const char *adopted(const struct plan_ctx *c, const struct plan_volume *v)
{
    if (v->file_system)
        return v->file_system;
    if (json_object_get(json_object_get(c->r->previous, "Resources"), id_of(c, v)))
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
    return given ? graph_sub(
                       "arn:${AWS::Partition}:elasticfilesystem:${AWS::Region}:${AWS::AccountId}:"
                       "file-system/%s",
                       given)
                 : graph_attr(id_of(c, v), "Arn");
}

/* With a policy of its own a file system lets nobody in whom IAM does not: without one, everybody
 * who reaches a mount target. */
static json_t *policy(void)
{
    return plan_json(
        "{s:s,s:[{s:s,s:s,s:{s:s},s:s,s:{s:{s:s}}}]}",
        "Version",
        "2012-10-17",
        "Statement",
        "Sid",
        "EncryptedOnly",
        "Effect",
        "Deny",
        "Principal",
        "AWS",
        "*",
        "Action",
        "*",
        "Condition",
        "Bool",
        "aws:SecureTransport",
        "false");
}

static void add_file_system(struct plan_ctx *c, const struct plan_volume *v)
{
    const char *backup = plan_volume_option(v, "backup_policy"),
               *throughput = plan_volume_option(v, "throughput_mode");
    const char *performance = plan_volume_option(v, "performance_mode");
    cleanup_free char *tag = plan_volume_tag(c->s, c->p->name, v->name);
    json_t *tags = plan_tags(arena_printf(c->a, "%s-%s", c->scope, v->name), NULL);
    json_push(tags, plan_json("{s:s,s:s}", "Key", PLAN_VOLUME_TAG, "Value", tag));
    bool backups = backup ? text_eq_nocase(backup, "ENABLED") : c->s->backup_days > 0;
    struct graph_resource *r = graph_add(
        c->g,
        "volumes",
        id_of(c, v),
        "AWS::EFS::FileSystem",
        plan_json(
            "{s:b,s:s*,s:s*,s:{s:s},s:o,s:o}",
            "Encrypted",
            1,
            "PerformanceMode",
            performance,
            "ThroughputMode",
            throughput,
            "BackupPolicy",
            "Status",
            backups ? "ENABLED" : "DISABLED",
            "FileSystemPolicy",
            policy(),
            "FileSystemTags",
            tags));
    r->deletion_policy = "RetainExceptOnCreate";
    r->replace_policy = "Retain";
}

/* One in each zone: a file system takes no two in one. Tasks in the zone's public subnet reach it
 * as well. */
static void add_mount_targets(struct plan_ctx *c, const struct plan_volume *v)
{
    cleanup_json json_t *subnets = plan_subnets(c, false);
    for (size_t i = 0; i < json_array_size(subnets); i++) {
        struct graph_resource *r = graph_add(
            c->g,
            "volumes",
            arena_printf(c->a, "VolumeMount%s%zu", v->id, i + 1),
            "AWS::EFS::MountTarget",
            plan_json(
                "{s:o,s:O,s:[o]}",
                "FileSystemId",
                file_system(c, v),
                "SubnetId",
                json_array_get(subnets, i),
                "SecurityGroups",
                graph_attr("VolumeSecurityGroup", "GroupId")));
        r->usual = "usually 90 s";
    }
}

static void add_access_point(struct plan_ctx *c, const struct plan_volume *v)
{
    const char *uid = plan_volume_option(v, "uid"), *gid = plan_volume_option(v, "gid"),
               *mode = plan_volume_option(v, "permissions");
    const char *path = plan_volume_option(v, "root_directory");
    const char *group = gid ? gid : uid;
    if (!path)
        path = v->external ? "/" : FOLDER;
    json_t *root = plan_json("{s:s}", "Path", path);
    if (strcmp(path, "/") != 0) /* which is always there */
        json_add(
            root,
            "CreationInfo",
            plan_json(
                "{s:s,s:s,s:s}",
                "OwnerUid",
                uid ? uid : "0",
                "OwnerGid",
                group ? group : "0",
                "Permissions",
                mode  ? mode
                : uid ? "0755"
                      : "0777"));
    json_t *p = plan_json(
        "{s:o,s:o,s:o}",
        "FileSystemId",
        file_system(c, v),
        "RootDirectory",
        root,
        "AccessPointTags",
        plan_tags(arena_printf(c->a, "%s-%s", c->scope, v->name), NULL));
    if (uid)
        json_add(p, "PosixUser", plan_json("{s:s,s:s}", "Uid", uid, "Gid", group));
    graph_add(c->g, "volumes", access_of(c, v), "AWS::EFS::AccessPoint", p);
}

void plan_volumes(struct plan_ctx *c)
{
    if (!c->v.volume_count)
        return;
    graph_add(
        c->g,
        "volumes",
        "VolumeSecurityGroup",
        "AWS::EC2::SecurityGroup",
        plan_json(
            "{s:s,s:o,s:[{s:s,s:s,s:s}],s:[{s:s,s:i,s:i,s:o,s:s}],s:o}",
            "GroupDescription",
            arena_printf(c->a, "Volumes of %s", c->scope),
            "VpcId",
            plan_vpc(c),
            "SecurityGroupEgress",
            "IpProtocol",
            "-1",
            "CidrIp",
            "127.0.0.1/32",
            "Description",
            "nowhere",
            "SecurityGroupIngress",
            "IpProtocol",
            "tcp",
            "FromPort",
            NFS_PORT,
            "ToPort",
            NFS_PORT,
            "SourceSecurityGroupId",
            graph_attr("AppSecurityGroup", "GroupId"),
            "Description",
            "from services of this project",
            "Tags",
            plan_tags(arena_printf(c->a, "%s_volumes-sg", c->p->name), NULL)));
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
    return plan_json(
        "{s:s,s:{s:o,s:s,s:{s:o,s:s}}}",
        "Name",
        name,
        "EFSVolumeConfiguration",
        "FilesystemId",
        file_system(c, v),
        "TransitEncryption",
        "ENABLED",
        "AuthorizationConfig",
        "AccessPointId",
        graph_ref(access_of(c, v)),
        "IAM",
        "ENABLED");
}

void plan_depend_on_volumes(
    struct plan_ctx *c, const struct plan_service *s, const char *logical_id)
{
    const struct plan_service *member;
    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        for (size_t i = 0; i < c->v.volume_count; i++)
            for (size_t z = 1; plan_mounts_volume(member->s, c->v.volumes[i].name, false); z++) {
                const char *target = arena_printf(c->a, "VolumeMount%s%zu", c->v.volumes[i].id, z);
                if (!graph_get(c->g, target))
                    break;
                graph_depend(c->g, logical_id, target);
            }
}

void plan_volume_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements)
{
    for (size_t i = 0; i < c->v.volume_count; i++) {
        const struct plan_volume *v = &c->v.volumes[i];
        const struct plan_service *member;
        bool used = false, writing = false;
        for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++) {
            used = used || plan_mounts_volume(member->s, v->name, false);
            writing = writing || plan_mounts_volume(member->s, v->name, true);
        }
        if (!used)
            continue;
        json_t *actions = plan_json("[s]", "elasticfilesystem:ClientMount");
        if (writing) {
            json_push(actions, json_string("elasticfilesystem:ClientWrite"));
            json_push(actions, json_string("elasticfilesystem:ClientRootAccess"));
        }
        json_push(
            statements,
            plan_json(
                "{s:s,s:s,s:o,s:o,s:{s:{s:o}}}",
                "Sid",
                arena_printf(c->a, "Volume%s", v->id),
                "Effect",
                "Allow",
                "Action",
                actions,
                "Resource",
                file_system_arn(c, v),
                "Condition",
                "StringEquals",
                "elasticfilesystem:AccessPointArn",
                graph_attr(access_of(c, v), "Arn")));
    }
}
