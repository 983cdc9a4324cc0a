/* Keys that AWS cannot honour. Which they are, and why, is the table of src/plan/keys, which
 * explain (report/explain.c) and docs/COMPOSE.md read too; here it is said, with position and what
 * to do. The reference (6.1) refuses them all; the table says why some are warned of only.
 *
 * Beside it: extensions that nobody knows, and keys whose value decides: where logs would go, which
 * resolver is asked, what ends and is started again, and memory that a task does not have. */
#include "plan/keys/keys.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include "plan/compute/gpu.h"
#include "plan/compute/sizing.h"
#include "plan/expand/models.h"
#include <math.h>
#include <string.h>

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

/* ---- the table ---- */

struct told {
    struct plan_check *c;
    const struct plan_service *s; /* NULL: a key of the project */
    const struct plan_key *row;
};

static bool is_gpu_device(const struct yaml_node *item)
{
    const struct yaml_node *source =
        item->kind == YAML_KIND_MAPPING ? yaml_get(item, "source") : item;

    return source && source->value && text_starts(source->value, COMPOSE_GPU_DEVICE);
}

static bool are_gpus(const struct yaml_node *list)
{
    for (size_t i = 0; i < list->len; i++)
        if (!is_gpu_device(list->items[i]))
            return false;
    return true;
}

/* Where a key means something after all: a provider of models, a GPU among devices, and a placement
 * that names the type of the instance with one. */
static bool is_honoured(const struct told *t, const struct yaml_node *value)
{
    if (!t->s)
        return false;
    if (strcmp(t->row->path, "provider") == 0)
        return plan_provides_model(t->s->s->node);
    if (strcmp(t->row->path, "devices") == 0)
        return value->kind == YAML_KIND_SEQUENCE && are_gpus(value);
    if (strcmp(t->row->path, "deploy.placement") == 0)
        return plan_machine_wish(t->s, NULL) && plan_on_instances(&t->c->v, plan_task_of(t->s));
    return false;
}

static void tell(void *arg, const char *key, const struct yaml_node *value)
{
    const struct told *t = arg;
    struct plan_diag *d = &t->c->diag;
    const struct plan_key *row = t->row;
    const char *who = t->s ? arena_printf(t->c->a, "service %s: ", t->s->s->name) : "";

    if (is_honoured(t, value))
        return;

    d->rule = arena_printf(t->c->a, "key %s", row->path);
    if (row->verdict == PLAN_KEY_REFUSED)
        plan_error(d, value->pos, row->hint, "%s%s is not supported: %s", who, key, row->text);
    else if (row->verdict == PLAN_KEY_WARNED)
        plan_warn(d, value->pos, row->hint, "%s%s is ignored: %s", who, key, row->text);
    else
        plan_note(d, value->pos, row->hint, "%s%s is ignored: %s", who, key, row->text);
}

static void tell_rows(
    struct plan_check *c,
    const struct plan_service *s,
    const struct yaml_node *root,
    const struct plan_key *rows,
    size_t count)
{
    for (size_t i = 0; root && i < count; i++) {
        struct told t = {c, s, &rows[i]};
        bool said = rows[i].verdict >= PLAN_KEY_NOTED;

        if (said)
            plan_key_each(c->a, root, rows[i].path, tell, &t);
    }
}

void plan_check_project_keys(struct plan_check *c)
{
    size_t count;
    const struct plan_key *rows = plan_keys_of_project(&count);

    tell_rows(c, NULL, c->p->root, rows, count);
}

/* ---- keys whose value decides ---- */

/* What keeps logs on the machine is what CloudWatch does; what sends them away does not. */
static void check_logging(struct plan_check *c, const struct plan_service *s)
{
    static const char *const here[] = {"json-file", "local", "journald", "awslogs", "db"};
    const struct yaml_node *n = node_at(s->s->node, "logging.driver");
    const char *driver = n && n->kind == YAML_KIND_SCALAR ? n->value : NULL;

    if (text_empty(driver))
        return;

    bool kept = false;
    for (size_t i = 0; i < ARRAY_LEN(here); i++)
        kept = kept || text_eq(here[i], driver);
    if (kept && !text_eq(driver, "awslogs"))
        return;

    const struct yaml_node *group = node_at(s->s->node, "logging.options.awslogs-group");
    if (text_eq(driver, "none"))
        plan_note(
            &c->diag,
            n->pos,
            NULL,
            "service %s: its output goes to CloudWatch all the same: without it nobody would know "
            "why a task failed",
            s->s->name);
    else if (group)
        plan_note(
            &c->diag,
            group->pos,
            NULL,
            "service %s: its logs go to the project's own log group, not to %s",
            s->s->name,
            group->value);
    else if (!kept)
        plan_warn(
            &c->diag,
            n->pos,
            "Send them on from CloudWatch with a subscription filter, or let the program do it.",
            "service %s: its logs go to CloudWatch, not where the logging driver %s would send "
            "them",
            s->s->name,
            driver);
}

/* Of this machine, of Docker, of somebody's own network: it may know names that nobody else does.
 */
static bool is_private_address(const char *text)
{
    static const char *const begin[] = {
        "10.", "127.", "192.168.", "169.254.", "fd", "fe80:", "::1"};

    for (size_t i = 0; i < ARRAY_LEN(begin); i++)
        if (text_starts(text, begin[i]))
            return true;
    long long second;
    cleanup_free char *copy = xstrdup(text);

    if (!text_starts(copy, "172."))
        return false;
    copy[4 + strcspn(copy + 4, ".")] = '\0';
    return text_parse_int(copy + 4, 0, 255, &second) == 0 && second >= 16 && second <= 31;
}

static void check_server(void *arg, const char *key, const struct yaml_node *value)
{
    const struct told *t = arg;

    (void)key;
    for (size_t i = 0; value->kind == YAML_KIND_SEQUENCE && i < value->len; i++)
        check_server(arg, key, value->items[i]);
    if (value->kind != YAML_KIND_SCALAR)
        return;
    t->c->diag.rule = "key dns";
    if (is_private_address(value->value))
        plan_error(
            &t->c->diag,
            value->pos,
            "Remove dns, and have names that only it knows in a private hosted zone.",
            "service %s: dns is not supported: tasks use the DNS of the VPC, which does not ask %s",
            t->s->s->name,
            value->value);
    else
        plan_warn(
            &t->c->diag,
            value->pos,
            "Remove dns.",
            "service %s: dns is ignored: tasks use the DNS of the VPC, which knows all public "
            "names",
            t->s->s->name);
}

static void check_dns(struct plan_check *c, const struct plan_service *s)
{
    struct told t = {c, s, NULL};

    plan_key_each(c->a, s->s->node, "dns", check_server, &t);
}

/* Docker lets a program rest that ended well; ECS knows services that always run, and tasks that
 * run once. */
static void check_restart(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *n = node_at(s->s->node, "deploy.restart_policy.condition");

    if (!n)
        n = node_at(s->s->node, "restart");
    if (n && s->kind == PLAN_CONTAINER && !s->once && !s->s->port_count && s->s->restart &&
        text_starts(s->s->restart, "on-failure"))
        plan_note(
            &c->diag,
            n->pos,
            "For one that ends say restart: \"no\": it runs once.",
            "service %s: ECS starts it again also when it ends with exit code 0",
            s->s->name);
}

/* A task's memory is what it reserves, and all that it has. */
static void check_memory(struct plan_check *c, const struct plan_service *s)
{
    int64_t reserved = s->s->deploy.reservations.memory_bytes;
    int64_t limit = s->s->deploy.limits.memory_bytes;
    unsigned cpu, memory;
    double vcpus, mib;

    if (s->kind != PLAN_CONTAINER || plan_on_instances(&c->v, s))
        return;
    plan_task_needs(&c->v, s, &vcpus, &mib);
    if (plan_fargate_size(vcpus, mib, &cpu, &memory) < 0)
        return;

    int64_t has = (int64_t)memory << 20;
    if (reserved > 0 && limit > has)
        plan_note(
            &c->diag,
            s->s->deploy.pos,
            "Reserve what it needs.",
            "service %s: its task has the %u MiB of the reservation, not the %lld MiB of the limit",
            s->s->name,
            memory,
            (long long)(limit >> 20));
    if (s->s->shm_size_bytes > has)
        plan_warn(
            &c->diag,
            s->s->pos,
            "Reserve more memory.",
            "service %s: shm_size is %lld MiB, part of the task's memory, which has %u MiB",
            s->s->name,
            (long long)(s->s->shm_size_bytes >> 20),
            memory);
}

static void check_values(struct plan_check *c, const struct plan_service *s)
{
    if (!s->s->node)
        return;
    check_logging(c, s);
    check_dns(c, s);
    check_restart(c, s);
    check_memory(c, s);
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
    size_t count;
    const struct plan_key *rows = plan_keys_of_service(&count);

    check_amounts(c, s);
    tell_rows(c, s, s->s->node, rows, count);
    check_extensions(c, s);
    plan_check_scaling(c, s);
    plan_check_grants(c, s);
    if (!plan_is_task(s))
        return;
    check_values(c, s);
    check_options(c, s);
    plan_check_linux(c, s);
    plan_check_mounts(c, s);
    plan_check_files(c, s);
}
