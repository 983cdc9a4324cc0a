/* A service's task definition (defang.md 7.7): its own container first, then its sidecars, then the
 * containers that this program adds (files, discovery).
 *
 * On Fargate the task has the size that carries its containers together; on instances with GPUs it
 * has what gpu.c says instead. The caller names the deployment, because a container's name carries
 * it and a service that did not change keeps the one it has (service.c).
 * docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
 * aws-resource-ecs-taskdefinition.html */
#include "plan/task/taskdef.h"
#include "base/limits.h"
#include "base/mem.h"
#include "plan/common/config.h"
#include "plan/compute/gpu.h"
#include "plan/compute/sizing.h"
#include "plan/container/container.h"
#include "plan/container/files.h"
#include "plan/container/linux_options.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include "plan/task/grants.h"
#include <string.h>

/* A config as a whole value and one within a text count alike. */
static void variables_configs(struct plan_ctx *c, const struct compose_service *s, struct str *out)
{
    for (size_t i = 0; i < s->environment_count; i++) {
        const struct compose_part *part = s->environment[i].value.first;

        for (; part; part = part->next)
            if (part->is_config)
                str_appendf(out, "\n%s=%lld", part->text, plan_config_mark(c->r, part->text));
    }
}

void plan_task_configs(struct plan_ctx *c, const struct plan_service *s, struct str *out)
{
    const struct plan_service *member;

    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        variables_configs(c, member->s, out);
    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        plan_files_configs(c, member->s, out);
}

static int add_containers(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task)
{
    const struct plan_service *member;
    json_t *list = array();

    json_add(task, "ContainerDefinitions", list);
    for (size_t i = 0; (member = plan_task_member(&c->v, s, i)); i++) {
        json_t *container;
        int rc = plan_container_definition(c, member, deployment, task, &container);

        if (rc)
            return rc;
        json_push(list, container);
    }

    /* These look for the containers that are there already, and make them wait for their own. */
    plan_files_extra(c, s, deployment, task);
    plan_discovery_sidecar(c, s, deployment, task);

    if (json_array_size(list) > LIMIT_PLAN_CONTAINERS)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s: its task has %zu containers with sidecars and those that prepare files, "
            "and ECS takes %d",
            s->s->name,
            json_array_size(list),
            LIMIT_PLAN_CONTAINERS);
    return 0;
}

static const char *number(const struct plan_ctx *c, unsigned value)
{
    return arena_printf(c->a, "%u", value);
}

/* "256" and "512". On instances `cpu` is NULL: plan_gpu_task() says it where it is said at all. */
static int size_of_task(
    struct plan_ctx *c, const struct plan_service *s, const char **cpu, const char **memory)
{
    double vcpus, mib;
    unsigned cpu_units, memory_mib;

    *cpu = NULL;
    if (plan_on_instances(&c->v, s)) {
        if (!plan_machine(&c->v, s))
            return error_raise(
                c->diag.err,
                ERR_USAGE,
                "service %s asks for more than an instance has: run the checks first",
                s->s->name);
        *memory = number(c, plan_machine_memory(&c->v, s));
        return 0;
    }

    plan_task_needs(&c->v, s, &vcpus, &mib);
    if (plan_fargate_size(vcpus, mib, &cpu_units, &memory_mib) < 0)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s asks for more than Fargate has: run the checks first",
            s->s->name);
    *cpu = number(c, cpu_units);
    *memory = number(c, memory_mib);
    return 0;
}

/* The project's own, or the one that roles.c makes. */
static json_t *task_role(const struct plan_ctx *c, const struct plan_service *s)
{
    const char *own = plan_own_role(&c->v, s);

    return own ? json_string(own) : graph_attr(arena_printf(c->a, "TaskRole%s", s->id), "Arn");
}

int plan_task_definition(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t **out)
{
    const char *cpu = NULL, *memory = NULL;

    *out = NULL;

    int rc = size_of_task(c, s, &cpu, &memory);
    if (rc)
        return rc;

    cleanup_free char *family = plan_task_family(c->s, c->p->name, s->s->name);
    bool arm = strcmp(s->arch, "aarch64") == 0;
    const char *architecture = arm ? "ARM64" : "X86_64";

    json_t *platform =
        object(key("CpuArchitecture", architecture), key("OperatingSystemFamily", "LINUX"));
    json_t *task = object(
        key("Family", family),
        key("Cpu", cpu),
        key("Memory", memory),
        key("NetworkMode", "awsvpc"),
        key("RequiresCompatibilities", texts("FARGATE")),
        key("ExecutionRoleArn", graph_attr("ExecutionRole", "Arn")),
        key("TaskRoleArn", task_role(c, s)),
        key("RuntimePlatform", platform),
        key("Tags", plan_tags(NULL, s->s->name)));

    plan_task_options(c, s, task);
    if (plan_on_instances(&c->v, s))
        plan_gpu_task(c, s, task);

    *out = task;
    return add_containers(c, s, deployment, task);
}
