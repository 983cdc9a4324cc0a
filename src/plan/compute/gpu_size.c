/* GPU services: how many GPUs a task has, and the instance that carries it.
 *
 * Fargate has no GPU, so such a task runs on an EC2 instance of the account, one task an instance:
 * the cheapest type that has the GPUs, the CPU and the memory that the task's containers ask for
 * together. A placement constraint names another type; then it is that one or none.
 *
 * Sizes: aws.amazon.com/ec2/instance-types/g4, …/g5, …/g6. Cheapest first by the price table, so
 * that the first that fits is the one to take. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/compute/gpu.h"
#include "plan/compute/sizing.h"
#include "plan/view/view.h"
#include <string.h>

#define TASK_MEMORY_MIN_MIB 6 /* of a container, by ECS */

static const struct plan_machine MACHINES[] = {
    {"g4dn.xlarge", 1, 4, 16},     {"g4dn.2xlarge", 1, 8, 32},    {"g6.xlarge", 1, 4, 16},
    {"g6.2xlarge", 1, 8, 32},      {"g5.xlarge", 1, 4, 16},       {"g4dn.4xlarge", 1, 16, 64},
    {"g5.2xlarge", 1, 8, 32},      {"g6.4xlarge", 1, 16, 64},     {"g5.4xlarge", 1, 16, 64},
    {"g6.8xlarge", 1, 32, 128},    {"g4dn.8xlarge", 1, 32, 128},  {"g5.8xlarge", 1, 32, 128},
    {"g6.16xlarge", 1, 64, 256},   {"g4dn.12xlarge", 4, 48, 192}, {"g5.16xlarge", 1, 64, 256},
    {"g4dn.16xlarge", 1, 64, 256}, {"g6.12xlarge", 4, 48, 192},   {"g5.12xlarge", 4, 48, 192},
    {"g6.24xlarge", 4, 96, 384},   {"g5.24xlarge", 4, 96, 384},   {"g6.48xlarge", 8, 192, 768},
    {"g5.48xlarge", 8, 192, 768},
};

int plan_service_gpus(const struct plan_service *s)
{
    const struct compose_deploy *d = &s->s->deploy;

    if (!plan_is_task(s))
        return 0;
    return d->reservations.gpu_count ? d->reservations.gpu_count : d->limits.gpu_count;
}

/* Of the task's containers together; -1 when one of them takes all that there are. */
static int task_gpus(const struct plan_view *v, const struct plan_service *s)
{
    const struct plan_service *member;
    int all = 0;

    for (size_t i = 0; (member = plan_task_member(v, s, i)); i++) {
        int own = plan_service_gpus(member);

        if (own < 0)
            return -1;
        all += own;
    }
    return all;
}

/* A sidecar goes where its service goes. One-offs stay on Fargate: the checks refuse them GPUs. */
bool plan_on_instances(const struct plan_view *v, const struct plan_service *s)
{
    return s->kind == PLAN_CONTAINER && !s->once && task_gpus(v, s) != 0;
}

/* What the kernel, Docker and the agent leave to tasks. */
static double usable_mib(const struct plan_machine *m)
{
    return m->memory_gib * 1024.0 * 15 / 16 - 256;
}

/* "node.machine == g5.xlarge" → "g5.xlarge"; NULL when the constraint is about something else. */
static const char *machine_of(const char *constraint)
{
    static const char key[] = "node.machine";

    if (!text_starts(constraint, key))
        return NULL;

    const char *sign = constraint + strlen(key);
    sign += strspn(sign, " ");
    if (!text_starts(sign, "=="))
        return NULL;

    const char *type = sign + 2;
    return type + strspn(type, " ");
}

const char *plan_machine_wish(const struct plan_service *s, struct yaml_pos *pos)
{
    const struct yaml_node *n = s->s->node ? yaml_get(s->s->node, "deploy") : NULL;

    n = n ? yaml_get(n, "placement") : NULL;
    n = n ? yaml_get(n, "constraints") : NULL;
    if (!n || n->kind != YAML_KIND_SEQUENCE)
        return NULL;

    for (size_t i = 0; i < n->len; i++) {
        const struct yaml_node *item = n->items[i];
        const char *type = item->kind == YAML_KIND_SCALAR ? machine_of(item->value) : NULL;

        if (!type)
            continue;
        if (pos)
            *pos = item->pos;
        return type;
    }
    return NULL;
}

bool plan_machine_known(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(MACHINES); i++)
        if (strcmp(MACHINES[i].type, type) == 0)
            return true;
    return false;
}

const struct plan_machine *plan_machine(const struct plan_view *v, const struct plan_service *s)
{
    double vcpus, mib;
    int gpus = task_gpus(v, s);
    const char *wish = plan_machine_wish(s, NULL);

    plan_task_needs(v, s, &vcpus, &mib);
    for (size_t i = 0; i < ARRAY_LEN(MACHINES); i++) {
        const struct plan_machine *m = &MACHINES[i];
        bool wanted = !wish || strcmp(wish, m->type) == 0;
        bool fits = (int)m->gpus >= gpus && m->vcpus >= vcpus && usable_mib(m) >= mib;

        if (wanted && fits)
            return m;
    }
    return NULL;
}

unsigned plan_machine_gpus(const struct plan_view *v, const struct plan_service *container)
{
    const struct plan_machine *m = plan_machine(v, plan_task_of(container));
    int own = plan_service_gpus(container);

    if (own >= 0)
        return (unsigned)own;
    return m ? m->gpus : 1;
}

unsigned plan_machine_memory(const struct plan_view *v, const struct plan_service *s)
{
    const struct plan_machine *m = plan_machine(v, s);
    int gpus = task_gpus(v, s);
    double vcpus, mib;

    plan_task_needs(v, s, &vcpus, &mib);
    if (mib > 0 || !m)
        return (unsigned)(mib < TASK_MEMORY_MIN_MIB ? TASK_MEMORY_MIN_MIB : mib + 0.999);

    /* Unsaid: who has half of the GPUs has half of the memory. */
    double part = gpus < 0 ? 1 : (double)gpus / m->gpus;
    return (unsigned)(usable_mib(m) * part);
}
