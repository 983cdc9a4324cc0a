/* Fargate's table of task sizes (defang.md 7.3; the last row with AWS's own step):
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 *
 * A task is sold in a few sizes of CPU, and each takes memory from a least to a most in steps. What
 * the containers of a task ask for together is rounded up to the first size that holds it, so that
 * a service gets at least what it says. What fits none is an error of the caller's to report: the
 * checks say it before anything is planned. */
#include "plan/compute/sizing.h"
#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <string.h>

#define VCPUS_MAX      16
#define MEMORY_MAX_MIB 122880

/* cpu in units of 1/1024 vCPU, the rest in MiB. */
struct tier {
    unsigned cpu, min, max, step;
};

static const struct tier TIERS[] = {
    {256, 512, 2048, 1024},
    {512, 1024, 4096, 1024},
    {1024, 2048, 8192, 1024},
    {2048, 4096, 16384, 1024},
    {4096, 8192, 30720, 1024},
    {8192, 16384, 61440, 4096},
    {16384, 32768, MEMORY_MAX_MIB, 8192},
};

static unsigned tier_memory(const struct tier *t, double mib)
{
    if (mib <= t->min)
        return t->min;

    /* The smallest tier goes 512, 1024, 2048: its least is no multiple of the step. */
    unsigned memory = t->cpu == 256 ? 0 : t->min;

    while (memory < mib)
        memory += t->step;
    return memory;
}

int plan_fargate_size(
    double vcpus, double memory_mib, unsigned *cpu_units, unsigned *memory_mib_out)
{
    /* Written so that what is no number is out of range too. */
    if (!(vcpus <= VCPUS_MAX) || !(memory_mib <= MEMORY_MAX_MIB))
        return -ERANGE;

    for (size_t i = 0; i < ARRAY_LEN(TIERS); i++) {
        bool fits = TIERS[i].cpu >= vcpus * 1024 && memory_mib <= TIERS[i].max;

        if (!fits)
            continue;
        *cpu_units = TIERS[i].cpu;
        *memory_mib_out = tier_memory(&TIERS[i], memory_mib);
        return 0;
    }
    return -ERANGE;
}

void plan_task_needs(
    const struct plan_view *v, const struct plan_service *s, double *vcpus, double *memory_mib)
{
    const struct plan_service *member;

    *vcpus = 0;
    *memory_mib = 0;
    for (size_t i = 0; (member = plan_task_member(v, s, i)); i++) {
        *vcpus += member->vcpus;
        *memory_mib += member->memory_mib;
    }
}

/* ---- the task's disk: storage_opt.size of its containers together ---- */

bool plan_storage_size(const struct compose_service *s, double *gib)
{
    const struct yaml_node *n = s->node ? yaml_get(s->node, "storage_opt") : NULL;
    const struct yaml_node *size = n ? yaml_get(n, "size") : NULL;
    long long v;

    *gib = 0;
    if (!size || size->kind != YAML_KIND_SCALAR)
        return true;

    size_t digits = strspn(size->value, "0123456789");
    cleanup_free char *number = xstrndup(size->value, digits);
    const char *unit = size->value + digits;

    if (text_parse_int(number, 1, 1000000, &v) < 0)
        return false;

    bool giga =
        text_eq_nocase(unit, "g") || text_eq_nocase(unit, "gb") || text_eq_nocase(unit, "gib");
    bool mega =
        text_eq_nocase(unit, "m") || text_eq_nocase(unit, "mb") || text_eq_nocase(unit, "mib");

    *gib = giga ? (double)v : (double)v / 1024;
    return giga || mega;
}

/* A sidecar whose size is wrong counts for nothing: the checks have refused it. */
unsigned plan_task_storage(const struct plan_view *v, const struct plan_service *s)
{
    const struct plan_service *member;
    double all = 0, gib;

    for (size_t i = 0; (member = plan_task_member(v, s, i)); i++)
        if (plan_storage_size(member->s, &gib))
            all += gib;

    unsigned whole = (unsigned)all;
    return whole < all ? whole + 1 : whole;
}
