/* What a project brings of its own (x-defang-aws) is looked at before anything is touched: it is
 * there, it fits together, and a plan can lean on it. The network is adopted_network.c's; here are
 * the cluster and, because a plan treats them alike, the volumes that an earlier stack left. */
#include "engine/account/adopted.h"

#include "aws/model/operations.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/account/adopted_network.h"
#include "engine/account/mounts.h"
#include "engine/account/volumes.h"
#include "engine/call.h"

static bool has_provider(const json_t *cluster, const char *name)
{
    size_t i;
    json_t *provider;

    json_array_foreach(json_object_get(cluster, "capacityProviders"), i, provider) {
        if (text_eq(json_string_value(provider), name))
            return true;
    }

    return false;
}

/* Services name a capacity provider, and ECS refuses one that the cluster does not have: so the
 * hint is the command that adds it. */
static int look_at_cluster(const struct adopted_look *l, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    const struct plan_said *said = &l->adopt->cluster;

    int rc = engine_call(
        l->c, &aws_ecs_DescribeClusters, object(key("clusters", texts(said->value))), &reply, err);
    if (rc < 0)
        return error_wrap(err, "looking at ECS cluster %s", said->value);

    const json_t *cluster = json_at(reply, "clusters.0");
    if (!cluster || !text_eq(json_str_or(cluster, "status", "ACTIVE"), "ACTIVE"))
        return adopted_refuse(
            err,
            said,
            "Correct the name, or choose the account and region that it is in.",
            arena_printf(
                l->arena,
                "there is no active ECS cluster %s in account %s, region %s",
                said->value,
                l->facts->account,
                l->facts->region));

    const char *wanted = l->c->settings->capacity_provider;
    if (!has_provider(cluster, wanted))
        return adopted_refuse(
            err,
            said,
            arena_printf(
                l->arena,
                "Run: aws ecs put-cluster-capacity-providers --cluster %s --capacity-providers "
                "FARGATE FARGATE_SPOT "
                "--default-capacity-provider-strategy capacityProvider=%s",
                said->value,
                wanted),
            arena_printf(
                l->arena, "ECS cluster %s has no capacity provider %s", said->value, wanted));
    return 0;
}

int flow_adopted(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *facts,
    struct error *err)
{
    struct plan_adopt adopt;
    struct adopted_look l = {.c = c, .arena = arena, .adopt = &adopt, .facts = facts};
    int rc = 0;

    (void)plan_adopt_read(arena, p, &adopt, NULL); /* plan_check said what is wrong in the file */
    if (adopt.vpc.value)
        rc = adopted_network(&l, plan_needs_two_zones(arena, p), err);
    if (rc == 0 && adopt.cluster.value)
        rc = look_at_cluster(&l, err);
    if (rc == 0 && plan_uses_file_systems(arena, p))
        rc = flow_volumes(c, arena, &facts->volumes, &facts->volume_count, err);
    if (rc == 0)
        rc = flow_mount_targets(c, arena, p, adopt.vpc.value, facts, err);
    return rc;
}
