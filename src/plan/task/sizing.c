/* Fargate's table of task sizes (defang.md 7.3, and AWS's own steps for 16 vCPU). */
#include "base/mem.h"
#include "plan/plan.h"
#include <errno.h>

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
    {16384, 32768, 122880, 8192},
};

static unsigned tier_memory(const struct tier *t, double mib)
{
    if (mib <= t->min)
        return t->min;
    unsigned base = t->cpu == 256 ? 0 : t->min; /* the smallest tier goes 512, 1024, 2048 */
    unsigned m = base;
    while (m < mib)
        m += t->step;
    return m;
}

int plan_fargate_size(
    double vcpus, double memory_mib, unsigned *cpu_units, unsigned *memory_mib_out)
{
    if (!(vcpus <= 16) || !(memory_mib <= 122880))
        return -ERANGE;
    for (size_t i = 0; i < ARRAY_LEN(TIERS); i++) {
        if (TIERS[i].cpu < vcpus * 1024 || memory_mib > TIERS[i].max)
            continue;
        *cpu_units = TIERS[i].cpu;
        *memory_mib_out = tier_memory(&TIERS[i], memory_mib);
        return 0;
    }
    return -ERANGE;
}
