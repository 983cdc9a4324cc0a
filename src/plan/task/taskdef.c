/* A service's task definition (defang.md 7.7): its own container first, then its sidecars. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/config.h"
#include "plan/context.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include "plan/task/environment.h"
#include "plan/task/files.h"
#include "plan/task/gpu.h"
#include "plan/task/task.h"
#include <string.h>

#define CONTAINERS_MAX                                                                             \
    10 /* of a task definition:                                                                    \
          docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html */

/* What other parts put into a task, after its containers are there; each may add to
 * ContainerDefinitions and Volumes. */
static void (*const EXTRAS[])(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task) = {
    plan_files_extra,
    plan_discovery_sidecar,
};

void plan_task_needs(
    const struct plan_view *v, const struct plan_service *s, double *vcpus, double *memory_mib)
{
    const struct plan_service *member;
    *vcpus = *memory_mib = 0;
    for (size_t i = 0; (member = plan_task_member(v, s, i)); i++) {
        *vcpus += member->vcpus;
        *memory_mib += member->memory_mib;
    }
}

void plan_task_configs(struct plan_ctx *c, const struct plan_service *s, struct str *out)
{
    const struct plan_service *member;
    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        for (size_t i = 0; i < member->s->environment_count; i++)
            for (const struct compose_part *p = member->s->environment[i].value.first; p;
                 p = p->next)
                if (p->is_config)
                    str_appendf(out, "\n%s=%lld", p->text, plan_config_mark(c->r, p->text));
    for (size_t m = 0; (member = plan_task_member(&c->v, s, m)); m++)
        plan_files_configs(c, member->s, out);
}

static int add_containers(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task)
{
    json_t *list = json_array();
    json_add(task, "ContainerDefinitions", list);
    const struct plan_service *member;
    for (size_t i = 0; (member = plan_task_member(&c->v, s, i)); i++) {
        json_t *container;
        int rc = plan_container_definition(c, member, deployment, task, &container);
        if (rc)
            return rc;
        json_push(list, container);
    }
    for (size_t i = 0; i < ARRAY_LEN(EXTRAS); i++)
        if (EXTRAS[i])
            EXTRAS[i](c, s, deployment, task);
    if (json_array_size(list) > CONTAINERS_MAX)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s: its task has %zu containers with sidecars and those that prepare files, "
            "and ECS takes %d",
            s->s->name,
            json_array_size(list),
            CONTAINERS_MAX);
    return 0;
}

int plan_task_definition(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t **out)
{
    unsigned cpu, memory;
    double vcpus, mib;
    *out = NULL;
    plan_task_needs(&c->v, s, &vcpus, &mib);
    bool instances = plan_on_instances(&c->v, s);
    if (instances && !plan_machine(&c->v, s))
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s asks for more than an instance has: run the checks first",
            s->s->name);
    if (instances)
        cpu = memory = 0; /* plan_gpu_task says them */
    else if (plan_fargate_size(vcpus, mib, &cpu, &memory) < 0)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s asks for more than Fargate has: run the checks first",
            s->s->name);
    const char *own_role = plan_own_role(&c->v, s);
    json_t *role = own_role ? json_string(own_role)
                            : graph_attr(arena_printf(c->a, "TaskRole%s", s->id), "Arn");
    cleanup_free char *family = plan_task_family(c->s, c->p->name, s->s->name);
    bool arm = strcmp(s->arch, "aarch64") == 0;
    *out = plan_json(
        "{s:s,s:s,s:s,s:s,s:[s],s:o,s:o,s:{s:s,s:s},s:o}",
        "Family",
        family,
        "Cpu",
        arena_printf(c->a, "%u", cpu),
        "Memory",
        arena_printf(c->a, "%u", memory),
        "NetworkMode",
        "awsvpc",
        "RequiresCompatibilities",
        "FARGATE",
        "ExecutionRoleArn",
        graph_attr("ExecutionRole", "Arn"),
        "TaskRoleArn",
        role,
        "RuntimePlatform",
        "CpuArchitecture",
        arm ? "ARM64" : "X86_64",
        "OperatingSystemFamily",
        "LINUX",
        "Tags",
        plan_tags(NULL, s->s->name));
    plan_task_options(c, s, *out);
    if (instances)
        plan_gpu_task(c, s, *out);
    return add_containers(c, s, deployment, *out);
}
