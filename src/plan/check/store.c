/* Managed stores, and the order of services. */
#include "plan/store/store.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include "plan/task/health.h"
#include <string.h>

static const struct compose_env *find(const struct compose_service *s, const char *name)
{
    for (size_t i = 0; i < s->environment_count; i++)
        if (strcmp(s->environment[i].name, name) == 0)
            return &s->environment[i];
    return NULL;
}

/* RDS could keep a password of its own in Secrets Manager, but then no other service of the project
 * would know it: the config store is the place that all read. */
static void check_password(struct plan_check *c, const struct plan_service *s)
{
    static const char hint[] = "Write `POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}` and run: defangctl "
                               "config set POSTGRES_PASSWORD";
    const struct compose_env *e = find(s->s, "POSTGRES_PASSWORD");
    if (!e) {
        plan_error(
            &c->diag,
            s->s->pos,
            hint,
            "service %s: a managed Postgres needs POSTGRES_PASSWORD from config",
            s->s->name);
        return;
    }
    const char *config = compose_text_bare_config(&e->value);
    if (!config)
        plan_error(
            &c->diag,
            e->value.pos,
            hint,
            "service %s: POSTGRES_PASSWORD must be one config value: in clear it would stand in "
            "the template and in the Compose file",
            s->s->name);
    else if (!plan_config_name_valid(config))
        plan_error(
            &c->diag,
            e->value.pos,
            hint,
            "service %s: POSTGRES_PASSWORD draws from \"%s\", which is no valid config name",
            s->s->name,
            config);
}

static void check_identifier(struct plan_check *c, const struct plan_service *s, const char *name)
{
    const struct compose_env *e = find(s->s, name);
    if (!e)
        return;
    const char *text = compose_text_literal(c->a, &e->value);
    if (!text) {
        plan_error(
            &c->diag,
            e->value.pos,
            "Write the name into the Compose file; only the password is secret.",
            "service %s: %s cannot come from config, CloudFormation reads secrets for passwords "
            "only",
            s->s->name,
            name);
        return;
    }
    size_t n = strlen(text);
    bool ok =
        n >= 1 && n <= 63 &&
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n &&
        !strchr("0123456789_", text[0]) && strcmp(text, "rdsadmin") != 0 &&
        strcmp(text, "admin") != 0;
    if (!ok)
        plan_error(
            &c->diag,
            e->value.pos,
            "Use letters, digits and underscores, a letter first, at most 63; not admin.",
            "service %s: RDS does not take %s \"%s\"",
            s->s->name,
            name,
            text);
}

static void check_parameters(struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < s->s->command_count; i++) {
        const char *name, *value, *word = s->s->command[i];
        bool is_setting = text_starts(word, "--") || (i && text_eq(s->s->command[i - 1], "-c"));
        if (!is_setting)
            continue;
        if (!plan_postgres_parameter(c->a, s->s, i, &name, &value))
            plan_warn(
                &c->diag,
                s->s->pos,
                "Give a plain number in RDS's unit, or leave it to RDS.",
                "service %s: \"%s\" in the command is ignored, RDS does not take it so",
                s->s->name,
                word);
    }
}

/* Majors whose standard support has ended cost Extended Support by the vCPU hour: more than the
 * instance itself when it is small. Ends: 11 Feb 2024, 12 Feb 2025, 13 Feb 2026
 * (docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html).
 * Older ones cannot be made. */
static void check_postgres_version(struct plan_check *c, const struct plan_service *s)
{
    const char *version = plan_postgres_version(s->s->image);
    long long major = 0;
    if (!version) {
        plan_warn(
            &c->diag,
            s->s->pos,
            "Name the major version, as in postgres:16.",
            "service %s: the image names no version, RDS chooses it",
            s->s->name);
        return;
    }
    cleanup_free char *number = xstrndup(version, strcspn(version, "."));
    text_parse_int(number, 0, 999, &major);
    if (major < 11)
        plan_error(
            &c->diag,
            s->s->pos,
            "Use postgres:16 or later.",
            "service %s: RDS has no Postgres %s any more",
            s->s->name,
            version);
    else if (major < 14)
        plan_warn(
            &c->diag,
            s->s->pos,
            "Use postgres:16 or later.",
            "service %s: Postgres %s is past AWS's standard support, RDS charges Extended Support "
            "for every vCPU and hour",
            s->s->name,
            version);
    check_parameters(c, s);
}

static void check_postgres(struct plan_check *c, const struct plan_service *s)
{
    check_password(c, s);
    check_postgres_version(c, s);
    if (s->ports[0].target < 1150)
        plan_error(
            &c->diag,
            s->s->pos,
            "Use 5432.",
            "service %s: RDS listens on ports from 1150 on, not on %u",
            s->s->name,
            s->ports[0].target);
    check_identifier(c, s, "POSTGRES_USER");
    check_identifier(c, s, "POSTGRES_DB");
    if (!plan_rds_class(c->s, s->vcpus, s->memory_mib))
        plan_error(
            &c->diag,
            s->s->pos,
            "Ask for less.",
            "service %s: no RDS class has %g vCPU and %.0f MiB",
            s->s->name,
            s->vcpus,
            s->memory_mib);
    if (s->s->image && !strstr(s->s->image, "postgres") && !strstr(s->s->image, "pg"))
        plan_warn(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s: image %s does not look like Postgres",
            s->s->name,
            s->s->image);
}

static void check_redis(struct plan_check *c, const struct plan_service *s)
{
    struct plan_cache_version version;
    plan_cache_version(s->s->image, &version);
    if (!plan_cache_class(c->s, s->memory_mib))
        plan_error(
            &c->diag,
            s->s->pos,
            "Ask for less.",
            "service %s: no cache class has %.0f MiB",
            s->s->name,
            s->memory_mib);
    if (!version.exact)
        plan_warn(
            &c->diag,
            s->s->pos,
            strcmp(version.engine, "redis") == 0 ? "Use a valkey image for later versions." : NULL,
            "service %s: ElastiCache has no such version of %s, it gets %s",
            s->s->name,
            version.engine,
            version.version);
    if (s->replicas > 6)
        plan_error(
            &c->diag,
            s->s->pos,
            "Use at most 6.",
            "service %s: a cache has at most 6 nodes, not %u",
            s->s->name,
            s->replicas);
    if (s->s->image && !strstr(s->s->image, "redis") && !strstr(s->s->image, "valkey"))
        plan_warn(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s: image %s does not look like Redis or Valkey",
            s->s->name,
            s->s->image);
    if (s->s->has_command && s->s->command_count)
        plan_note(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s: the command is ignored but for --port, ElastiCache has its own settings",
            s->s->name);
}

void plan_check_store(struct plan_check *c, const struct plan_service *s)
{
    if (s->kind == PLAN_POSTGRES)
        check_postgres(c, s);
    else if (s->kind == PLAN_MONGODB)
        plan_check_mongodb(c, s);
    else
        check_redis(c, s);
    if (!text_empty(s->s->domainname))
        plan_error(
            &c->diag,
            s->s->pos,
            "Remove domainname.",
            "service %s: a managed store has no public name",
            s->s->name);
}

/* ---- depends_on ---- */
/* By tasks: a sidecar starts and ends with the service whose task it is in. */
static bool reaches(
    const struct plan_view *v,
    const struct plan_service *from,
    const struct plan_service *to,
    bool *seen)
{
    size_t at = (size_t)(from - v->services);
    if (seen[at])
        return false;
    seen[at] = true;
    const struct plan_service *member;
    for (size_t m = 0; (member = plan_task_member(v, from, m)); m++)
        for (size_t i = 0; i < member->s->depends_on_count; i++) {
            const struct plan_service *on = plan_view_get(v, member->s->depends_on[i].service);
            on = on ? plan_task_of(on) : NULL;
            if (on && on != from && (on == to || reaches(v, on, to, seen)))
                return true;
        }
    return false;
}

void plan_check_depends(struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < s->s->depends_on_count; i++) {
        const struct compose_dependency *d = &s->s->depends_on[i];
        const struct plan_service *on = plan_view_get(&c->v, d->service);
        if (!on) {
            if (d->required)
                plan_error(
                    &c->diag,
                    d->pos,
                    "Name a service of the project, or set required: false.",
                    "service %s depends on %s, which is not deployed",
                    s->s->name,
                    d->service);
            continue;
        }
        cleanup_free bool *seen = xcalloc(c->v.count + 1, sizeof *seen);
        const struct plan_service *task = plan_task_of(s), *other = plan_task_of(on);
        if (on == s || (task != other && reaches(&c->v, other, task, seen)))
            plan_error(
                &c->diag,
                d->pos,
                "Remove one of the dependencies.",
                "service %s depends on itself through %s",
                s->s->name,
                d->service);
        else if (d->condition == COMPOSE_COMPLETED && !plan_is_task(on))
            plan_error(
                &c->diag,
                d->pos,
                "Use condition: service_healthy.",
                "service %s waits for %s to complete, and a managed store never does",
                s->s->name,
                d->service);
        else if (d->condition == COMPOSE_HEALTHY && on->once)
            plan_warn(
                &c->diag,
                d->pos,
                "Use condition: service_completed_successfully.",
                "service %s waits for %s to be healthy, which runs once and ends: it waits until "
                "%s has succeeded",
                s->s->name,
                d->service,
                d->service);
        else if (
            d->condition == COMPOSE_HEALTHY && plan_is_task(on) &&
            (!on->ingress || task == other) && !plan_has_health(&on->s->healthcheck))
            plan_warn(
                &c->diag,
                d->pos,
                arena_printf(c->a, "Add a healthcheck to %s.", d->service),
                "service %s waits for %s to be healthy, which has no healthcheck: it waits until "
                "%s runs",
                s->s->name,
                d->service,
                d->service);
    }
}
