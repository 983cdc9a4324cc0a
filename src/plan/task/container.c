/* One container of a task definition: what each key of a service becomes (defang.md 7.7). */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/logs.h"
#include "plan/names.h"
#include "plan/task/environment.h"
#include "plan/task/gpu.h"
#include "plan/task/health.h"
#include "plan/task/task.h"
#include "plan/task/volumes.h"
#include <string.h>

static json_t *strings(const char **list, size_t count)
{
    json_t *j = json_array();
    for (size_t i = 0; i < count; i++)
        json_push(j, json_string(list[i]));
    return j;
}

/* Images of Docker Hub's library and of ECR Public come through the account's pull-through cache
 * when there is one. ECR Public lacks a few images and old tags of the library
 * (docker-library/official-images#21700): DEFANG_NO_CACHE is the way around. */
static const char *image_of(const struct plan_ctx *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->r->image_count; i++)
        if (strcmp(c->r->images[i].service, s->s->name) == 0)
            return c->r->images[i].uri;
    return s->s->image ? plan_image_uri(c, s->s->image) : NULL;
}

const char *plan_image_uri(const struct plan_ctx *c, const char *image)
{
    if (!c->f->ecr_public_prefix || c->s->no_cache)
        return image;
    const char *path = NULL, *library = "";
    if (text_starts(image, "public.ecr.aws/"))
        path = image + strlen("public.ecr.aws/");
    else if (text_starts(image, "docker.io/library/"))
        path = image + strlen("docker.io/library/"), library = "docker/library/";
    else if (!strchr(image, '/'))
        path = image, library = "docker/library/";
    return path ? arena_printf(
                      c->a,
                      "%s.dkr.ecr.%s.%s/%s/%s%s",
                      c->f->account,
                      c->f->region,
                      c->f->dns_suffix,
                      c->f->ecr_public_prefix,
                      library,
                      path)
                : image;
}

static json_t *port_mappings(const struct plan_service *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->port_count; i++)
        json_push(
            list,
            plan_json(
                "{s:i,s:s}",
                "ContainerPort",
                (int)s->ports[i].target,
                "Protocol",
                s->ports[i].protocol));
    return list;
}

void plan_json_list(json_t *object, const char *key, json_t *list)
{
    if (json_array_size(list))
        json_add(object, key, list);
    else
        json_decref(list);
}

/* Fargate knows one: the number of open files. */
static void add_ulimits(const struct compose_service *s, json_t *container)
{
    for (size_t i = 0; i < s->ulimit_count; i++)
        if (strcmp(s->ulimits[i].name, "nofile") == 0)
            json_add(
                container,
                "Ulimits",
                plan_json(
                    "[{s:s,s:I,s:I}]",
                    "Name",
                    "nofile",
                    "SoftLimit",
                    (json_int_t)s->ulimits[i].soft,
                    "HardLimit",
                    (json_int_t)s->ulimits[i].hard));
}

/* Containers of one task that name the same volume share it. */
static void add_volume(json_t *task, json_t *volume)
{
    json_t *volumes = json_object_get(task, "Volumes");
    if (!volumes)
        json_add(task, "Volumes", volumes = json_array());
    for (size_t k = 0; k < json_array_size(volumes); k++)
        if (text_eq(json_str(json_array_get(volumes, k), "Name"), json_str(volume, "Name"))) {
            json_decref(volume);
            return;
        }
    json_push(volumes, volume);
}

/* Named volumes are file systems (volumes.c); anonymous and tmpfs mounts get space of the task's
 * own, so that paths are there and writable. */
static void
add_mounts(const struct plan_ctx *c, const struct plan_service *v, json_t *container, json_t *task)
{
    const struct compose_service *s = v->s;
    json_t *points = json_array();
    for (size_t i = 0; i < s->volume_count; i++) {
        const struct compose_mount *m = &s->volumes[i];
        if (text_eq(m->type, "bind") || text_eq(m->type, "npipe") || text_eq(m->type, "cluster"))
            continue;
        bool named = text_eq(m->type, "volume") && !text_empty(m->source);
        const char *own = arena_printf(
            c->a,
            "mount-%zu%s%s",
            i + 1,
            v->kind == PLAN_SIDECAR ? "-" : "",
            v->kind == PLAN_SIDECAR ? s->name : "");
        cleanup_free char *name =
            plan_name_fit(named ? m->source : own, PLAN_NAME_UNDERSCORE, 255, 6);
        const struct plan_volume *volume = named ? plan_volume_get(&c->v, m->source) : NULL;
        add_volume(
            task,
            volume ? plan_volume_definition(c, volume, name) : plan_json("{s:s}", "Name", name));
        json_push(
            points,
            plan_json(
                "{s:s,s:s,s:b}",
                "SourceVolume",
                name,
                "ContainerPath",
                m->target,
                "ReadOnly",
                m->read_only));
    }
    plan_json_list(container, "MountPoints", points);
}

const char *
plan_container_condition(const struct compose_dependency *d, const struct plan_service *on)
{
    if (d->condition == COMPOSE_HEALTHY && plan_has_health(&on->s->healthcheck))
        return "HEALTHY";
    return d->condition == COMPOSE_COMPLETED ? "SUCCESS" : "START";
}

/* The service of the same task that `d` of `s` names, or NULL. */
static const struct plan_service *
beside(const struct plan_ctx *c, const struct plan_service *s, const struct compose_dependency *d)
{
    const struct plan_service *on = plan_view_get(&c->v, d->service);
    return on && on != s && plan_is_task(on) && plan_task_of(on) == plan_task_of(s) ? on : NULL;
}

static bool awaited_healthy(const struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_service *other;
    for (size_t i = 0; (other = plan_task_member(&c->v, plan_task_of(s), i)); i++)
        for (size_t k = 0; k < other->s->depends_on_count; k++)
            if (other->s->depends_on[k].condition == COMPOSE_HEALTHY &&
                beside(c, other, &other->s->depends_on[k]) == s)
                return true;
    return false;
}

/* Within the task ECS itself keeps the order. */
static void add_order(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t *container)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->s->depends_on_count; i++) {
        const struct plan_service *on = beside(c, s, &s->s->depends_on[i]);
        if (!on)
            continue;
        cleanup_free char *name = plan_container_name(on->s->name, deployment);
        json_push(
            list,
            plan_json(
                "{s:s,s:s}",
                "ContainerName",
                name,
                "Condition",
                plan_container_condition(&s->s->depends_on[i], on)));
    }
    plan_json_list(container, "DependsOn", list);
}

static void
add_options(const struct plan_ctx *c, const struct plan_service *v, json_t *container, json_t *task)
{
    const struct compose_service *s = v->s;
    if (s->has_command && s->command_count)
        json_add(container, "Command", strings(s->command, s->command_count));
    if (s->has_entrypoint && s->entrypoint_count)
        json_add(container, "EntryPoint", strings(s->entrypoint, s->entrypoint_count));
    if (!text_empty(s->working_dir))
        json_add(container, "WorkingDirectory", json_string(s->working_dir));
    if (!text_empty(s->user))
        json_add(container, "User", json_string(s->user));
    if (s->read_only)
        json_add(container, "ReadonlyRootFilesystem", json_true());
    if (s->tty)
        json_add(container, "PseudoTerminal", json_true());
    plan_linux_options(c, s, container);
    if (s->stop_grace_period_ms >= 0) {
        int64_t seconds = (s->stop_grace_period_ms + 999) / 1000;
        json_add(
            container,
            "StopTimeout",
            json_integer(
                seconds < 2     ? 2
                : seconds > 120 ? 120
                                : seconds));
    }
    if (!v->ingress || awaited_healthy(c, v)) { /* with ingress the load balancer asks */
        json_t *health = plan_container_health(&s->healthcheck);
        if (health)
            json_add(container, "HealthCheck", health);
    }
    add_ulimits(s, container);
    add_mounts(c, v, container, task);
}

int plan_container_definition(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t *task,
    json_t **out)
{
    const char *image = image_of(c, s);
    *out = NULL;
    if (!image)
        return error_raise(
            c->diag.err, ERR_FAILED, "plan: service %s has no image yet", s->s->name);
    cleanup_free char *name = plan_container_name(s->s->name, deployment);
    cleanup_free char *prefix =
        plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 200, 6);
    bool essential = s->kind != PLAN_SIDECAR || !text_eq(s->s->restart, "no");
    json_t *environment, *secrets;
    plan_environment(c, s, deployment, &environment, &secrets);
    *out = plan_json(
        "{s:s,s:s,s:b,s:o}",
        "Name",
        name,
        "Image",
        image,
        "Essential",
        essential,
        "LogConfiguration",
        plan_awslogs("LogGroupLogs", prefix));
    plan_json_list(*out, "Environment", environment);
    plan_json_list(*out, "Secrets", secrets);
    plan_json_list(*out, "PortMappings", port_mappings(s));
    add_order(c, s, deployment, *out);
    add_options(c, s, *out, task);
    plan_gpu_container(c, s, *out);
    return 0;
}
