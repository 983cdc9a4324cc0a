/* Compose keys that AWS cannot honour. The reference (6.1) refuses them all; here a key is refused
 * when leaving it out would change what the program does, and warned of when the program goes on as
 * before (shm_size, deploy.restart_policy and their like). Noted is what AWS does by itself.
 *
 * RULES is the list, with the reason that is told; explain (report/explain.c) reads it too. Beside
 * it: extensions that nobody knows, and options whose value decides.
 */
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include "plan/compute/gpu.h"
#include "plan/expand/models.h"
#include <string.h>

enum verdict { REFUSED, WARNED, NOTED };

struct key_rule {
    const char *path;
    enum verdict verdict;
    const char *why, *hint;
};

static const struct key_rule RULES[] = {
    {"dns", REFUSED, "tasks use the DNS of the VPC", "Remove dns."},
    {"dns_search", REFUSED, "tasks search the project's private domain", "Remove dns_search."},
    {"devices", REFUSED, "Fargate gives no devices", "Remove devices."},
    {"device_cgroup_rules", REFUSED, "Fargate gives no devices", "Remove device_cgroup_rules."},
    {"group_add", REFUSED, "ECS knows no additional groups", "Set the groups in the image."},
    {"extra_hosts",
     WARNED,
     "a task has no hosts file of its own, and no host beside it (host.docker.internal)",
     "Use a name that DNS knows."},
    {"provider", REFUSED, "only models are provided", "Use type: model, or remove the service."},
    {"hostname",
     NOTED,
     "in the container itself AWS's own holds; others reach it by that name",
     NULL},
    {"security_opt", WARNED, "Fargate has its own profile", "Remove security_opt."},
    {"shm_size", WARNED, "Fargate shares 64 MiB", "Remove shm_size."},
    {"volumes_from", WARNED, "services share no volumes", "Use a store that both can call."},
    {"external_links", WARNED, "only services of the project are known", "Remove external_links."},
    {"cgroup_parent", WARNED, "Fargate has its own", "Remove cgroup_parent."},
    {"blkio_config", WARNED, "Fargate has its own", "Remove blkio_config."},
    {"userns_mode", WARNED, "Fargate has no user namespaces", "Remove userns_mode."},
    {"runtime", WARNED, "Fargate has its own", "Remove runtime."},
    {"stop_signal",
     WARNED,
     "ECS sends the signal that the image's STOPSIGNAL names, else SIGTERM",
     "Set STOPSIGNAL in the Dockerfile."},
    {"credential_spec", WARNED, "it is for Windows", "Remove credential_spec."},
    {"logging", NOTED, "logs go to CloudWatch", NULL},
    {"ipc", NOTED, "each task has its own", NULL},
    {"uts", NOTED, "each task has its own", NULL},
    {"isolation", NOTED, "Fargate has its own", NULL},
    {"mac_address", NOTED, "AWS gives it", NULL},
    {"deploy.update_config.delay", NOTED, "ECS goes on when the new tasks are healthy", NULL},
    {"deploy.update_config.monitor", NOTED, "ECS watches until the service is steady", NULL},
    {"deploy.update_config.max_failure_ratio", NOTED, "ECS's circuit breaker counts itself", NULL},
    {"deploy.rollback_config", WARNED, "failed deployments roll back by themselves", "Remove it."},
    {"deploy.restart_policy", WARNED, "ECS always starts a new task", "Remove it."},
    {"deploy.endpoint_mode", WARNED, "DNS gives the addresses of the tasks", "Remove it."},
    {"deploy.placement", NOTED, "Fargate places tasks over the zones", NULL},
};

bool plan_key_rule(const char *path, const char **why, bool *refused)
{
    for (size_t i = 0; i < ARRAY_LEN(RULES); i++)
        if (strcmp(RULES[i].path, path) == 0) {
            *why = RULES[i].why;
            *refused = RULES[i].verdict == REFUSED;
            return true;
        }
    return false;
}

static const struct yaml_node *node_at(const struct yaml_node *n, const char *path)
{
    cleanup_free char *copy = xstrdup(path);
    char *save = NULL;

    for (char *key = strtok_r(copy, ".", &save); key && n; key = strtok_r(NULL, ".", &save))
        n = yaml_get(n, key);
    return n;
}

static void check_extensions(struct plan_check *c, const struct plan_service *s)
{
    static const char *const known[] = {
        "x-defang-allow-loss",
        "x-defang-postgres",
        "x-defang-redis",
        "x-defang-mongodb",
        "x-defang-aws",
        "x-defang-dns-role",
        "x-defang-static-files",
        "x-defang-autoscaling",
        "x-defang-policies",
        "x-defang-llm",
        "x-defang-timeout",
        "x-defang-routes",
        "x-defang-sticky",
        "x-defang-idle-timeout",
        NULL};
    static const char *const later[] = {"x-defang-aliases"};
    const struct yaml_node *x = s->s->extensions;

    for (size_t i = 0; x && i < x->len; i++) {
        const char *key = x->pairs[i].key->value;
        bool is_later = false;
        bool is_known = false;

        for (size_t k = 0; k < ARRAY_LEN(later); k++)
            is_later = is_later || strcmp(later[k], key) == 0;
        for (size_t k = 0; known[k]; k++)
            is_known = is_known || strcmp(known[k], key) == 0;
        if (!text_starts(key, "x-defang-") || is_known)
            continue;

        const char *near = is_later ? NULL : text_nearest(key, known);
        plan_warn(
            &c->diag,
            x->pairs[i].key->pos,
            near ? arena_printf(c->a, "Did you mean %s?", near) : NULL,
            "service %s: %s is %s",
            s->s->name,
            key,
            is_later ? "not supported yet and ignored" : "unknown and ignored");
    }
}

static void check_options(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_service *x = s->s;

    if (x->privileged)
        plan_error(
            &c->diag,
            x->pos,
            "Remove privileged.",
            "service %s: Fargate runs no privileged containers",
            x->name);
    if (x->stop_grace_period_ms > 120000)
        plan_warn(
            &c->diag,
            x->pos,
            NULL,
            "service %s: stop_grace_period is cut to 120 s, the most that Fargate gives",
            x->name);
    if (x->deploy.present && x->deploy.replicas == 0)
        plan_note(
            &c->diag,
            x->deploy.pos,
            NULL,
            "service %s has no replica: nothing of it runs",
            x->name);
    for (size_t i = 0; i < x->ulimit_count; i++)
        if (strcmp(x->ulimits[i].name, "nofile") != 0)
            plan_warn(
                &c->diag,
                x->pos,
                "Remove it.",
                "service %s: ulimit %s is ignored, Fargate knows nofile only",
                x->name,
                x->ulimits[i].name);
}

/* An empty list asks for nothing, and neither does an empty text. */
static bool says_something(const struct yaml_node *n)
{
    if (!n || yaml_is_null(n))
        return false;
    return n->kind == YAML_KIND_SCALAR ? !text_empty(n->value) : n->len > 0;
}

/* Where a key means something after all: a provider of models, and a placement that names the type
 * of the instance with a GPU. */
static bool is_honoured(struct plan_check *c, const struct plan_service *s, const char *path)
{
    if (strcmp(path, "provider") == 0)
        return plan_provides_model(s->s->node);
    if (strcmp(path, "deploy.placement") == 0)
        return plan_machine_wish(s, NULL) && plan_on_instances(&c->v, plan_task_of(s));
    return false;
}

static void apply(
    struct plan_check *c,
    const struct plan_service *s,
    const struct key_rule *rule,
    struct yaml_pos pos)
{
    static const char ignored[] = "service %s: %s is ignored: %s";

    c->diag.rule = arena_printf(c->a, "key %s", rule->path);
    switch (rule->verdict) {
    case REFUSED:
        plan_error(
            &c->diag,
            pos,
            rule->hint,
            "service %s: %s is not supported: %s",
            s->s->name,
            rule->path,
            rule->why);
        break;
    case WARNED:
        plan_warn(&c->diag, pos, rule->hint, ignored, s->s->name, rule->path, rule->why);
        break;
    case NOTED:
        plan_note(&c->diag, pos, rule->hint, ignored, s->s->name, rule->path, rule->why);
        break;
    }
}

/* Amounts and times of which Compose takes less than nothing, and no engine does. (-1 of a size of
 * memory means "no bound".) */
static void check_amounts(struct plan_check *c, const struct plan_service *s)
{
    static const char *const paths[] = {
        "cpus",
        "deploy.resources.limits.cpus",
        "deploy.resources.reservations.cpus",
        "healthcheck.interval",
        "healthcheck.retries",
        "healthcheck.start_interval",
        "healthcheck.start_period",
        "healthcheck.timeout",
        "stop_grace_period"};

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct yaml_node *n = node_at(s->s->node, paths[i]);

        if (n && n->kind == YAML_KIND_SCALAR && text_starts(n->value, "-"))
            plan_error(
                &c->diag,
                n->pos,
                "Say 0 or more, or remove it.",
                "service %s: %s is %s, less than nothing",
                s->s->name,
                paths[i],
                n->value);
    }
}

void plan_check_keys(struct plan_check *c, const struct plan_service *s)
{
    check_amounts(c, s);
    for (size_t i = 0; s->s->node && i < ARRAY_LEN(RULES); i++) {
        const struct yaml_node *n = node_at(s->s->node, RULES[i].path);

        if (!says_something(n) || is_honoured(c, s, RULES[i].path))
            continue;
        apply(c, s, &RULES[i], n->pos);
    }

    check_extensions(c, s);
    plan_check_scaling(c, s);
    plan_check_grants(c, s);
    if (!plan_is_task(s))
        return;
    check_options(c, s);
    plan_check_linux(c, s);
    plan_check_mounts(c, s);
    plan_check_files(c, s);
}
