/* One container of a task definition: what each key of a Compose service becomes (defang.md 7.7).
 *
 * The container's name carries the deployment, so that its log stream, its events and its state say
 * which version of the service they belong to. A key that the file does not say is left out: ECS's
 * own default, or the image's, holds then.
 * docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
 * aws-properties-ecs-taskdefinition-containerdefinition.html */
#include "plan/container/container.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/logs.h"
#include "plan/common/rewrite.h"
#include "plan/compute/gpu.h"
#include "plan/container/environment.h"
#include "plan/container/health.h"
#include "plan/container/image.h"
#include "plan/container/linux_options.h"
#include "plan/container/pull.h"
#include "plan/container/volumes.h"
#include "plan/container/words.h"
#include "plan/expand/binds.h"
#include "plan/names.h"
#include "plan/view/probe.h"
#include <string.h>

/* Seconds that ECS takes: docs.aws.amazon.com/AmazonECS/latest/APIReference/
 * API_ContainerDefinition.html (stopTimeout). */
#define STOP_MIN 2
#define STOP_MAX 120

/* ---- words of the service ---- */

static const char *unless_empty(const char *text)
{
    return text_empty(text) ? NULL : text;
}

/* Without HostPort: a task has a network interface of its own, and there both are the same. */
static json_t *port_mappings(const struct plan_service *s)
{
    json_t *list = array();

    for (size_t i = 0; i < s->port_count; i++) {
        json_t *mapping =
            object(key("ContainerPort", s->ports[i].target), key("Protocol", s->ports[i].protocol));

        json_push(list, mapping);
    }
    return json_unless_empty(list);
}

static json_t *stop_timeout(const struct compose_service *s)
{
    if (s->stop_grace_period_ms < 0) /* not said */
        return NULL;

    /* Rounded up: a program gets at least the time that it asks for. */
    int64_t seconds = (s->stop_grace_period_ms + 999) / 1000;
    int64_t at_least = MAX(seconds, STOP_MIN);
    return json_integer(MIN(at_least, STOP_MAX));
}

/* Fargate knows one: the number of open files. */
static json_t *ulimits(const struct compose_service *s)
{
    json_t *files = NULL;

    for (size_t i = 0; i < s->ulimit_count; i++) {
        if (strcmp(s->ulimits[i].name, "nofile") != 0)
            continue;
        json_decref(files); /* the last one counts */
        files = object(
            key("Name", "nofile"),
            key("SoftLimit", s->ulimits[i].soft),
            key("HardLimit", s->ulimits[i].hard));
    }
    return files ? array(files) : NULL;
}

/* ---- mounts ---- */

/* Containers of one task that name the same volume share it. */
static void add_volume(json_t *task, json_t *volume)
{
    json_t *volumes = json_object_get(task, "Volumes");

    if (!volumes) {
        volumes = array();
        json_add(task, "Volumes", volumes);
    }
    for (size_t k = 0; k < json_array_size(volumes); k++) {
        const json_t *other = json_array_get(volumes, k);

        if (text_eq(json_str(other, "Name"), json_str(volume, "Name"))) {
            json_decref(volume);
            return;
        }
    }
    json_push(volumes, volume);
}

/* What ECS has no way to mount, as the checks have said, and a tmpfs, which is no volume. */
static bool unmountable(const struct compose_service *s, const struct compose_mount *m)
{
    return text_eq(m->type, "bind") || text_eq(m->type, "npipe") || text_eq(m->type, "cluster") ||
           plan_keeps_image(s, m) || plan_is_tmpfs(s, m);
}

/* "mount-2"; of a sidecar "mount-2-proxy", because its service counts from 1 too. */
static const char *anonymous_name(const struct plan_ctx *c, const struct plan_service *s, size_t i)
{
    if (s->kind == PLAN_SIDECAR)
        return arena_printf(c->a, "mount-%zu-%s", i + 1, s->s->name);
    return arena_printf(c->a, "mount-%zu", i + 1);
}

/* Named volumes are file systems (volumes.c); anonymous ones get space of the task's own, so that
 * paths are there and writable. */
static json_t *mount_points(const struct plan_ctx *c, const struct plan_service *s, json_t *task)
{
    json_t *points = array();

    for (size_t i = 0; i < s->s->volume_count; i++) {
        const struct compose_mount *m = &s->s->volumes[i];

        if (unmountable(s->s, m))
            continue;

        /* A volume without a name is the container's own, as in Compose. */
        bool named = text_eq(m->type, "volume") && !text_empty(m->source);
        const struct plan_volume *volume = named ? plan_volume_get(&c->v, m->source) : NULL;
        const char *source = named ? m->source : anonymous_name(c, s, i);
        cleanup_free char *name = plan_name_fit(source, PLAN_NAME_UNDERSCORE, 255, 6);

        add_volume(
            task, volume ? plan_volume_definition(c, volume, name) : object(key("Name", name)));

        json_t *point = object(
            key("SourceVolume", name),
            key("ContainerPath", m->target),
            key("ReadOnly", m->read_only));
        json_push(points, point);
    }
    return json_unless_empty(points);
}

/* ---- order within the task, which ECS itself keeps ---- */

/* `d` waits for `on`, a container of the same task. One without a health check is never healthy, so
 * its start has to do. */
static const char *condition_of(const struct compose_dependency *d, const struct plan_service *on)
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

    if (!on || on == s || !plan_is_task(on))
        return NULL;
    return plan_task_of(on) == plan_task_of(s) ? on : NULL;
}

/* Whether a container of the same task waits until s is healthy. */
static bool awaited_healthy(const struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_service *other;

    for (size_t i = 0; (other = plan_task_member(&c->v, plan_task_of(s), i)); i++)
        for (size_t k = 0; k < other->s->depends_on_count; k++) {
            const struct compose_dependency *d = &other->s->depends_on[k];

            if (d->condition == COMPOSE_HEALTHY && beside(c, other, d) == s)
                return true;
        }
    return false;
}

static json_t *
depends_on(const struct plan_ctx *c, const struct plan_service *s, const char *deployment)
{
    json_t *list = array();

    for (size_t i = 0; i < s->s->depends_on_count; i++) {
        const struct compose_dependency *d = &s->s->depends_on[i];
        const struct plan_service *on = beside(c, s, d);

        if (!on)
            continue;

        cleanup_free char *name = plan_container_name(on->s->name, deployment);
        json_t *dependency =
            object(key("ContainerName", name), key("Condition", condition_of(d, on)));
        json_push(list, dependency);
    }
    return json_unless_empty(list);
}

/* With ingress the load balancer asks, if the test is a request that it can make; but who waits
 * within the task hears of ECS's own check alone. */
static json_t *health_check(const struct plan_ctx *c, const struct plan_service *s)
{
    bool asked_here = !plan_probed_outside(c->a, s) || awaited_healthy(c, s);

    return asked_here ? plan_container_health(&s->s->healthcheck) : NULL;
}

/* ---- the container ---- */

int plan_container_definition(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t *task,
    json_t **out)
{
    const struct compose_service *x = s->s;
    const char *image = plan_image_of(c, s);

    *out = NULL;
    if (!image)
        return error_raise(c->diag.err, ERR_FAILED, "plan: service %s has no image yet", x->name);

    cleanup_free char *name = plan_container_name(x->name, deployment);
    cleanup_free char *log_prefix =
        plan_name_fit(x->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 200, 6);

    /* A sidecar that may end does not take the task with it. */
    bool essential = s->kind != PLAN_SIDECAR || !text_eq(x->restart, "no");
    json_t *read_only = x->read_only ? json_true() : NULL;
    json_t *terminal = x->tty ? json_true() : NULL;
    json_t *input = x->stdin_open ? json_true() : NULL;
    json_t *mounts = mount_points(c, s, task);
    const char *secret = plan_pull_secret(c, s);
    const char *consistency = c->s->resolve == PLAN_RESOLVE_TAG ? "disabled" : NULL;
    json_t *credentials = secret ? object(key("CredentialsParameter", secret)) : NULL;
    json_t *entrypoint, *command, *environment, *secrets;

    plan_words(c, s, &entrypoint, &command);
    plan_environment(c, s, deployment, &environment, &secrets);

    json_t *container = object(
        key("Name", name),
        key("Image", image),
        key("RepositoryCredentials", credentials),
        key("VersionConsistency", consistency),
        key("Essential", essential),
        key("LogConfiguration", plan_awslogs("LogGroupLogs", log_prefix)),
        key("Environment", json_unless_empty(environment)),
        key("Secrets", json_unless_empty(secrets)),
        key("PortMappings", port_mappings(s)),
        key("DependsOn", depends_on(c, s, deployment)),
        key("Command", command),
        key("EntryPoint", entrypoint),
        key("WorkingDirectory", unless_empty(x->working_dir)),
        key("User", unless_empty(x->user)),
        key("ReadonlyRootFilesystem", read_only),
        key("PseudoTerminal", terminal),
        key("Interactive", input),
        key("DockerLabels", plan_docker_labels(x)),
        key("LinuxParameters", plan_linux_parameters(c, s)),
        key("SystemControls", plan_system_controls(c, x)),
        key("StopTimeout", stop_timeout(x)),
        key("HealthCheck", health_check(c, s)),
        key("Ulimits", ulimits(x)),
        key("MountPoints", mounts));

    plan_gpu_container(c, s, container);

    *out = container;
    return 0;
}
