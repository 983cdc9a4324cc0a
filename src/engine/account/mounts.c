/* A file system of somebody else's is often in use, and then it has its mount targets: EFS refuses
 * a second one in a zone, so theirs are used, and it refuses one in another VPC, so that is told
 * before anything is touched. Which are the project's own is known by the resources of its stack.
 *
 * docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html */
#include "engine/account/mounts.h"

#include "aws/model/operations.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/account/adopted_network.h"
#include "engine/call.h"
#include "engine/engine.h"

#define TARGETS_MAX 64 /* of all file systems of a project: a zone has one each */

struct mounts {
    struct engine_context *c;
    struct arena *arena;
    const char *vpc;
    struct plan_mount_target *items;
    size_t count;
    json_t *own; /* logical id → physical id of the project's stack */
};

static bool is_own(const struct mounts *m, const char *id)
{
    const char *logical;
    json_t *physical;

    json_object_foreach(m->own, logical, physical)
        if (text_eq(json_string_value(physical), id))
            return true;
    return false;
}

static int
refuse_elsewhere(struct mounts *m, const struct plan_said *at, const char *vpc, struct error *err)
{
    const char *mine = m->vpc ? m->vpc : "the project's own";

    return adopted_refuse(
        err,
        at,
        arena_printf(
            m->arena,
            "Deploy into that VPC (x-defang-aws: {vpcID: %s, publicSubnetIDs: […]}), or mount a "
            "copy of the file system.",
            vpc),
        arena_printf(
            m->arena,
            "file system %s is mounted in VPC %s, and EFS mounts a file system in one VPC only; "
            "the "
            "project runs in %s",
            at->value,
            vpc,
            mine));
}

static int
take(struct mounts *m, const struct plan_said *at, const json_t *target, struct error *err)
{
    const char *vpc = json_str_or(target, "VpcId", "");
    const char *zone = json_str_or(target, "AvailabilityZoneName", "");

    if (is_own(m, json_str_or(target, "MountTargetId", "")))
        return 0;
    if (!text_empty(vpc) && !text_eq(vpc, m->vpc))
        return refuse_elsewhere(m, at, vpc, err);
    if (m->count == TARGETS_MAX)
        return 0;

    if (m->count == 0)
        engine_note(
            m->c,
            ENGINE_SAY_NOTE,
            "their security groups must let the tasks in on port 2049",
            "file system %s is in use already: its mount targets are used as they are",
            at->value);
    m->items[m->count++] = (struct plan_mount_target){at->value, arena_strdup(m->arena, zone)};
    return 0;
}

static int look(struct mounts *m, const struct plan_named_file_system *fs, struct error *err)
{
    cleanup_json json_t *targets = NULL;
    cleanup_error struct error local = ERROR_INIT;
    struct plan_said at = {fs->id, fs->pos};
    size_t i;
    json_t *target;

    int rc = engine_call_all(
        m->c, &aws_efs_DescribeMountTargets, object(key("FileSystemId", fs->id)), &targets, &local);
    if (rc < 0 && aws_error_is_not_found(&local))
        return adopted_refuse(
            err,
            &at,
            "Correct the id, or choose the account and region that it is in.",
            arena_printf(m->arena, "there is no file system %s (volume %s)", fs->id, fs->volume));
    if (rc < 0) {
        error_move(err, &local);
        return error_wrap(err, "looking at the mount targets of %s", fs->id);
    }

    json_array_foreach(targets, i, target) {
        rc = take(m, &at, target, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* None yet where nothing is deployed. */
static void read_own(struct mounts *m)
{
    cleanup_error struct error ignored = ERROR_INIT;

    if (!m->c->engine || m->c->engine->resources(m->c, &m->own, &ignored) < 0)
        m->own = NULL;
}

int flow_mount_targets(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    const char *vpc,
    struct plan_facts *facts,
    struct error *err)
{
    const struct plan_named_file_system *named;
    size_t count;
    int rc = 0;

    plan_named_file_systems(arena, p, &named, &count);
    if (count == 0)
        return 0;

    struct mounts m = {
        .c = c,
        .arena = arena,
        .vpc = vpc,
        .items = arena_array(arena, struct plan_mount_target, TARGETS_MAX)};

    read_own(&m);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = look(&m, &named[i], err);
    json_decref(m.own);
    facts->mount_targets = m.items;
    facts->mount_target_count = m.count;
    return rc;
}
