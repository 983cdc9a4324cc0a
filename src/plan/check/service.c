/* What one task of a service can be: its size, its number, its platform, whether its data stays,
 * and its network (defang.md 6.3, 6.5, 6.7).
 *
 * Refused: more vCPU or memory than Fargate has, a deploy.mode that is none, a platform that
 * Fargate does not run, the network of a container outside the project. Warned of: no memory said,
 * one replica in high-availability mode, an image that keeps data in a task that does not,
 * network_mode. Noted: what an isolated service still reaches.
 *
 * A GPU takes its task to an instance, whose sizes gpu.c checks. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/compute/gpu.h"
#include "plan/compute/sizing.h"
#include "plan/container/volumes.h"
#include <string.h>

static struct yaml_pos deploy_pos(const struct plan_service *s)
{
    return s->s->deploy.present ? s->s->deploy.pos : s->s->pos;
}

/* docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html */
static void check_size(struct plan_check *c, const struct plan_service *s)
{
    unsigned cpu, memory;
    double vcpus, mib;

    if (s->kind != PLAN_CONTAINER || plan_on_instances(&c->v, plan_task_of(s)))
        return;

    plan_task_needs(&c->v, s, &vcpus, &mib);
    bool alone = !plan_task_member(&c->v, s, 1);
    if (plan_fargate_size(vcpus, mib, &cpu, &memory) < 0)
        plan_error(
            &c->diag,
            deploy_pos(s),
            "Ask for less, or split the service.",
            "service %s asks for %g vCPU and %.0f MiB%s, and a Fargate task has at most 16 vCPU "
            "and 122880 MiB",
            s->s->name,
            vcpus,
            mib,
            alone ? "" : " with its sidecars");
    if (mib <= 0)
        plan_warn(
            &c->diag,
            deploy_pos(s),
            "Set deploy.resources.reservations.memory to avoid out-of-memory errors.",
            "service %s reserves no memory: it gets 512 MiB",
            s->s->name);
}

static void check_count(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_deploy *d = &s->s->deploy;
    bool one_for_ever =
        s->replicas < 2 && s->kind != PLAN_SIDECAR && !s->once && !s->scaling.present;

    if (text_eq(d->mode, "global"))
        plan_warn(
            &c->diag,
            deploy_pos(s),
            "Remove deploy.mode, and say deploy.replicas.",
            "service %s: deploy.mode global means one task for each node, and Fargate has no "
            "nodes: it is as replicated",
            s->s->name);
    else if (d->mode && strcmp(d->mode, "replicated") != 0 && !s->once)
        plan_error(
            &c->diag,
            deploy_pos(s),
            "Remove deploy.mode.",
            "service %s: deploy.mode \"%s\" is not supported, only replicated",
            s->s->name,
            d->mode);
    if (c->s->mode == PLAN_HIGH_AVAILABILITY && one_for_ever)
        plan_warn(
            &c->diag,
            deploy_pos(s),
            "Set deploy.replicas to 2 or more.",
            "service %s has one replica in high-availability mode",
            s->s->name);
}

static void check_platform(struct plan_check *c, const struct plan_service *s)
{
    static const char *const known[] = {
        "linux/amd64",
        "amd64",
        "x86_64",
        "linux/x86_64",
        "linux/arm64",
        "linux/arm64/v8",
        "arm64",
        "arm",
        "aarch64",
        "linux/aarch64",
        "linux"};

    if (!s->s->platform)
        return;

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (text_eq_nocase(known[i], s->s->platform))
            return;

    plan_error(
        &c->diag,
        s->s->pos,
        "Use linux/amd64 or linux/arm64.",
        "service %s: Fargate has no platform \"%s\"",
        s->s->name,
        s->s->platform);
}

static bool keeps_files(const struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->v.volume_count; i++)
        if (plan_mounts_volume(s->s, c->v.volumes[i].name, true))
            return true;
    return false;
}

/* What runs the work of such an image without a container. */
static const char *instead(enum plan_data data)
{
    switch (data) {
    case PLAN_DATA_SQL:
        return "Add x-defang-postgres: true to get a managed database.";
    case PLAN_DATA_MONGODB:
        return "Add x-defang-mongodb: true to get a managed DocumentDB.";
    case PLAN_DATA_REDIS:
        return "Add x-defang-redis: true to get a managed cache.";
    default:
        return "Use a managed service, or accept it for caches and tests.";
    }
}

static void check_stateful(struct plan_check *c, const struct plan_service *s)
{
    const struct plan_known *row = s->kind == PLAN_CONTAINER ? plan_known_image(s->s->image) : NULL;

    if (!row || row->data == PLAN_DATA_NONE)
        return;
    if (keeps_files(c, s))
        plan_warn(
            &c->diag,
            s->s->pos,
            instead(row->data),
            "service %s: a %s container on EFS keeps its data, and is slower than on a disk",
            s->s->name,
            row->image);
    else
        plan_warn(
            &c->diag,
            s->s->pos,
            instead(row->data),
            "service %s: a %s container loses its data when it restarts",
            s->s->name,
            row->image);
}

static void check_networks(struct plan_check *c, const struct plan_service *s)
{
    if (s->isolated && s->kind == PLAN_CONTAINER)
        plan_note(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s is on internal networks only: besides the VPC it reaches port 443 outside, "
            "because Fargate fetches its image and config that way",
            s->s->name);
    if (!s->s->network_mode || s->kind == PLAN_SIDECAR)
        return;

    if (text_starts(s->s->network_mode, "container:"))
        plan_error(
            &c->diag,
            s->s->pos,
            "Use service:<name>.",
            "service %s: network_mode \"%s\": there are no containers outside the project",
            s->s->name,
            s->s->network_mode);
    else
        plan_warn(
            &c->diag,
            s->s->pos,
            "Remove network_mode.",
            "service %s: network_mode \"%s\" is ignored, each task has an address of its own",
            s->s->name,
            s->s->network_mode);
}

void plan_check_size(struct plan_check *c, const struct plan_service *s)
{
    check_size(c, s);
    check_count(c, s);
}

void plan_check_task(struct plan_check *c, const struct plan_service *s)
{
    check_platform(c, s);
    check_stateful(c, s);
    check_networks(c, s);
}
