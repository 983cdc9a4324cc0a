/* A service's task definition: one container on Fargate (defang.md 7.7). */
#include "base/str.h"
#include "plan/internal.h"
#include <string.h>

static json_t *strings(const char **list, size_t count)
{
    json_t *j = json_array();
    for (size_t i = 0; i < count; i++)
        plan_json_push(j, json_string(list[i]));
    return j;
}

/* Images of Docker Hub's library and of ECR Public come through the account's pull-through cache when there is one. ECR Public lacks a few images and old
 * tags of the library (docker-library/official-images#21700): DEFANG_NO_CACHE is the way around. */
static const char *image_of(const struct plan_ctx *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->r->image_count; i++)
        if (strcmp(c->r->images[i].service, s->s->name) == 0)
            return c->r->images[i].uri;
    const char *image = s->s->image;
    if (!image || !c->f->ecr_public_prefix || c->s->no_cache)
        return image;
    const char *path = NULL, *library = "";
    if (text_starts(image, "public.ecr.aws/"))
        path = image + strlen("public.ecr.aws/");
    else if (text_starts(image, "docker.io/library/"))
        path = image + strlen("docker.io/library/"), library = "docker/library/";
    else if (!strchr(image, '/'))
        path = image, library = "docker/library/";
    return path ? arena_printf(c->a, "%s.dkr.ecr.%s.%s/%s/%s%s", c->f->account, c->f->region, c->f->dns_suffix, c->f->ecr_public_prefix,
                               library, path)
                : image;
}

static json_t *port_mappings(const struct plan_service *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->port_count; i++)
        plan_json_push(list, plan_json("{s:i,s:s}", "ContainerPort", (int)s->ports[i].target, "Protocol", s->ports[i].protocol));
    return list;
}

static void set_list(json_t *object, const char *key, json_t *list)
{
    if (json_array_size(list))
        plan_json_set(object, key, list);
    else
        json_decref(list);
}

/* Fargate knows one: the number of open files. */
static void add_ulimits(const struct compose_service *s, json_t *container)
{
    for (size_t i = 0; i < s->ulimit_count; i++)
        if (strcmp(s->ulimits[i].name, "nofile") == 0)
            plan_json_set(container, "Ulimits",
                          plan_json("[{s:s,s:I,s:I}]", "Name", "nofile", "SoftLimit", (json_int_t)s->ulimits[i].soft, "HardLimit",
                                    (json_int_t)s->ulimits[i].hard));
}

/* Named, anonymous and tmpfs mounts get space of the task's own, so that paths are there and writable; plan_check says that it does not last. */
static void add_mounts(const struct plan_ctx *c, const struct compose_service *s, json_t *container, json_t *task)
{
    json_t *points = json_array(), *volumes = json_array();
    for (size_t i = 0; i < s->volume_count; i++) {
        const struct compose_mount *m = &s->volumes[i];
        if (text_eq(m->type, "bind") || text_eq(m->type, "npipe") || text_eq(m->type, "cluster"))
            continue;
        const char *key = text_eq(m->type, "volume") && !text_empty(m->source) ? m->source : arena_printf(c->a, "mount-%zu", i + 1);
        cleanup_free char *name = plan_name_fit(key, PLAN_NAME_UNDERSCORE, 255, 6);
        bool there = false;
        for (size_t k = 0; k < json_array_size(volumes); k++)
            there = there || strcmp(json_str(json_array_get(volumes, k), "Name"), name) == 0;
        if (!there)
            plan_json_push(volumes, plan_json("{s:s}", "Name", name));
        plan_json_push(points, plan_json("{s:s,s:s,s:b}", "SourceVolume", name, "ContainerPath", m->target, "ReadOnly", m->read_only));
    }
    set_list(container, "MountPoints", points);
    set_list(task, "Volumes", volumes);
}

static void add_options(const struct plan_ctx *c, const struct plan_service *v, json_t *container, json_t *task)
{
    const struct compose_service *s = v->s;
    if (s->has_command && s->command_count)
        plan_json_set(container, "Command", strings(s->command, s->command_count));
    if (s->has_entrypoint && s->entrypoint_count)
        plan_json_set(container, "EntryPoint", strings(s->entrypoint, s->entrypoint_count));
    if (!text_empty(s->working_dir))
        plan_json_set(container, "WorkingDirectory", json_string(s->working_dir));
    if (!text_empty(s->user))
        plan_json_set(container, "User", json_string(s->user));
    if (s->read_only)
        plan_json_set(container, "ReadonlyRootFilesystem", json_true());
    if (s->tty)
        plan_json_set(container, "PseudoTerminal", json_true());
    if (s->init)
        plan_json_set(container, "LinuxParameters", plan_json("{s:b}", "InitProcessEnabled", 1));
    if (s->stop_grace_period_ms >= 0) {
        int64_t seconds = (s->stop_grace_period_ms + 999) / 1000;
        plan_json_set(container, "StopTimeout", json_integer(seconds < 2 ? 2 : seconds > 120 ? 120 : seconds));
    }
    if (!v->ingress) { /* with ingress the load balancer asks */
        json_t *health = plan_container_health(&s->healthcheck);
        if (health)
            plan_json_set(container, "HealthCheck", health);
    }
    add_ulimits(s, container);
    add_mounts(c, s, container, task);
}

int plan_task_definition(struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t **out)
{
    unsigned cpu, memory;
    const char *image = image_of(c, s);
    *out = NULL;
    if (!image)
        return error_raise(c->diag.err, ERR_FAILED, "plan: service %s has no image yet", s->s->name);
    if (plan_fargate_size(s->vcpus, s->memory_mib, &cpu, &memory) < 0)
        return error_raise(c->diag.err, ERR_USAGE, "service %s asks for more than Fargate has: run the checks first", s->s->name);
    cleanup_free char *name = plan_container_name(s->s->name, deployment);
    cleanup_free char *family = plan_task_family(c->s, c->p->name, s->s->name);
    cleanup_free char *prefix = plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 200, 6);
    json_t *environment, *secrets;
    plan_environment(c, s, deployment, &environment, &secrets);
    json_t *container = plan_json("{s:s,s:s,s:b,s:o}", "Name", name, "Image", image, "Essential", 1, "LogConfiguration",
                                  plan_awslogs("LogGroupLogs", prefix));
    set_list(container, "Environment", environment);
    set_list(container, "Secrets", secrets);
    set_list(container, "PortMappings", port_mappings(s));
    bool arm = strcmp(s->arch, "aarch64") == 0;
    *out = plan_json("{s:s,s:s,s:s,s:s,s:[s],s:o,s:o,s:{s:s,s:s},s:o}", "Family", family, "Cpu", arena_printf(c->a, "%u", cpu), "Memory",
                     arena_printf(c->a, "%u", memory), "NetworkMode", "awsvpc", "RequiresCompatibilities", "FARGATE", "ExecutionRoleArn",
                     graph_attr("ExecutionRole", "Arn"), "TaskRoleArn", graph_attr(arena_printf(c->a, "TaskRole%s", s->id), "Arn"),
                     "RuntimePlatform", "CpuArchitecture", arm ? "ARM64" : "X86_64", "OperatingSystemFamily", "LINUX", "Tags",
                     plan_tags(NULL, s->s->name));
    add_options(c, s, container, *out);
    plan_json_set(*out, "ContainerDefinitions", plan_json("[o]", container));
    return 0;
}
