/* plan_check(): what can be known before anything is touched (defang.md 6.1 to 6.8). Errors stop
 * the deployment; warnings say what AWS will do otherwise than Compose; notes say what is done
 * without being asked. Deviations from the reference are stated where they are. */
#include "plan/check/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/names.h"
#include "plan/task/gpu.h"
#include "plan/task/sizing.h"
#include <string.h>

static void check_names(struct plan_check *c)
{
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (strlen(s->label) > 63)
            plan_error(
                &c->diag,
                s->s->pos,
                "Choose a shorter name.",
                "service %s: a DNS name has at most 63 characters",
                s->s->name);
        for (size_t k = 0; k < i; k++) {
            const struct plan_service *o = &c->v.services[k];
            if (strcmp(o->label, s->label) == 0)
                plan_error(
                    &c->diag,
                    s->s->pos,
                    "Rename one of them.",
                    "services %s and %s have the same DNS name \"%s\"",
                    o->s->name,
                    s->s->name,
                    s->label);
            else if (strcmp(o->id, s->id) == 0)
                plan_error(
                    &c->diag,
                    s->s->pos,
                    "Rename one of them.",
                    "services %s and %s have the same resource name \"%s\"",
                    o->s->name,
                    s->s->name,
                    s->id);
        }
    }
}

static void check_size(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_deploy *d = &s->s->deploy;
    struct yaml_pos pos = d->present ? d->pos : s->s->pos;
    unsigned cpu, memory;
    double vcpus, mib;
    plan_task_needs(&c->v, s, &vcpus, &mib);
    bool alone = !plan_task_member(&c->v, s, 1);
    bool instances = plan_on_instances(&c->v, plan_task_of(s));
    if (s->kind == PLAN_CONTAINER && !instances && plan_fargate_size(vcpus, mib, &cpu, &memory) < 0)
        plan_error(
            &c->diag,
            pos,
            "Ask for less, or split the service.",
            "service %s asks for %g vCPU and %.0f MiB%s, and a Fargate task has at most 16 vCPU "
            "and 122880 MiB",
            s->s->name,
            vcpus,
            mib,
            alone ? "" : " with its sidecars");
    if (s->kind == PLAN_CONTAINER && mib <= 0 && !instances)
        plan_warn(
            &c->diag,
            pos,
            "Set deploy.resources.reservations.memory to avoid out-of-memory errors.",
            "service %s reserves no memory: it gets 512 MiB",
            s->s->name);
    if (d->mode && strcmp(d->mode, "replicated") != 0 && !s->once)
        plan_error(
            &c->diag,
            pos,
            "Remove deploy.mode.",
            "service %s: deploy.mode \"%s\" is not supported, only replicated",
            s->s->name,
            d->mode);
    if (c->s->mode == PLAN_HIGH_AVAILABILITY && s->replicas < 2 && s->kind != PLAN_SIDECAR &&
        !s->once && !s->scaling.present)
        plan_warn(
            &c->diag,
            pos,
            "Set deploy.replicas to 2 or more.",
            "service %s has one replica in high-availability mode",
            s->s->name);
}

static void check_platform(struct plan_check *c, const struct plan_service *s)
{
    static const char *const known[] = {
        "linux/amd64",
        "amd64",
        "x86_64",
        "linux/x86_64",
        "linux/arm64",
        "linux/arm64/v8",
        "arm64",
        "arm",
        "aarch64",
        "linux/aarch64",
        "linux"};
    if (!s->s->platform)
        return;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (text_eq_nocase(known[i], s->s->platform))
            return;
    plan_error(
        &c->diag,
        s->s->pos,
        "Use linux/amd64 or linux/arm64.",
        "service %s: Fargate has no platform \"%s\"",
        s->s->name,
        s->s->platform);
}

static bool keeps_files(const struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->v.volume_count; i++)
        if (plan_mounts_volume(s->s, c->v.volumes[i].name, true))
            return true;
    return false;
}

/* Images whose data is their purpose. */
static void check_stateful(struct plan_check *c, const struct plan_service *s)
{
    static const char *const names[] = {
        "postgres", "postgis",       "pgvector",   "timescaledb", "mysql",    "mariadb",
        "mongo",    "mongodb",       "redis",      "valkey",      "rabbitmq", "cassandra",
        "couchdb",  "elasticsearch", "opensearch", "influxdb",    "neo4j",    "clickhouse",
        "minio",    "kafka",         "nats",       "etcd",        "consul",   "zookeeper"};
    const char *image = s->s->image;
    if (!image || s->kind != PLAN_CONTAINER)
        return;
    const char *slash = strrchr(image, '/'), *base = slash ? slash + 1 : image;
    size_t n = strcspn(base, ":@");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strlen(names[i]) != n || strncmp(names[i], base, n) != 0)
            continue;
        const char *hint = i < 4 ? "Add x-defang-postgres: true to get a managed database."
                           : i == 8 || i == 9 ? "Add x-defang-redis: true to get a managed cache."
                           : i == 6 || i == 7
                               ? "Add x-defang-mongodb: true to get a managed DocumentDB."
                               : "Use a managed service, or accept it for caches and tests.";
        if (keeps_files(c, s))
            plan_warn(
                &c->diag,
                s->s->pos,
                hint,
                "service %s: a %s container on EFS keeps its data, and is slower than on a disk",
                s->s->name,
                names[i]);
        else
            plan_warn(
                &c->diag,
                s->s->pos,
                hint,
                "service %s: a %s container loses its data when it restarts",
                s->s->name,
                names[i]);
    }
}

static void check_networks(struct plan_check *c, const struct plan_service *s)
{
    if (s->isolated && s->kind == PLAN_CONTAINER)
        plan_note(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s is on internal networks only: besides the VPC it reaches port 443 outside, "
            "because Fargate fetches its image and config that way",
            s->s->name);
    if (!s->s->network_mode || s->kind == PLAN_SIDECAR)
        return;
    if (text_starts(s->s->network_mode, "container:"))
        plan_error(
            &c->diag,
            s->s->pos,
            "Use service:<name>.",
            "service %s: network_mode \"%s\": there are no containers outside the project",
            s->s->name,
            s->s->network_mode);
    else
        plan_warn(
            &c->diag,
            s->s->pos,
            "Remove network_mode.",
            "service %s: network_mode \"%s\" is ignored, each task has an address of its own",
            s->s->name,
            s->s->network_mode);
}

static void check_service(struct plan_check *c, const struct plan_service *s)
{
    if (s->kind == PLAN_STATIC) {
        plan_check_keys(c, s);
        plan_check_static(c, s);
        return;
    }
    if (!s->s->image && !s->s->has_build)
        plan_error(
            &c->diag,
            s->s->pos,
            "Add image: or build:.",
            "service %s has neither image nor build",
            s->s->name);
    check_size(c, s);
    plan_check_gpu(c, s);
    plan_check_keys(c, s);
    if (!plan_is_task(s)) {
        plan_check_store(c, s);
        return;
    }
    if (s->kind == PLAN_SIDECAR)
        plan_check_sidecar(c, s);
    check_platform(c, s);
    check_stateful(c, s);
    check_networks(c, s);
    plan_check_build(c, s);
    plan_check_ports(c, s);
    plan_check_health(c, s);
    plan_check_env(c, s);
    plan_check_depends(c, s);
    plan_check_once(c, s);
}

/* The whole plan, with an account made up: what cannot be planned, or does not fit a stack, is
 * refused before anything is touched. */
static void check_plan(struct plan_check *c)
{
    static const char *const zones[] = {"a", "b", "c", "d"};
    const struct plan_facts facts = {
        .account = "000000000000",
        .region = "region",
        .partition = "aws",
        .dns_suffix = "amazonaws.com",
        .zones = zones,
        .zone_count = 4,
        .bucket = "bucket"};
    struct plan_image *images = arena_array(c->a, struct plan_image, c->v.count + 1);
    struct plan_request r = {
        .project = c->p,
        .settings = c->s,
        .facts = &facts,
        .deployment = "000000000000",
        .images = images};
    for (size_t i = 0; i < c->v.count; i++)
        if (plan_builds_image(c->v.services[i].s))
            images[r.image_count++] = (struct plan_image){c->v.services[i].s->name, "image"};
    struct plan_build *builds;
    size_t count;
    cleanup_graph struct graph *g = NULL;
    struct error err = ERROR_INIT;
    int rc = plan_builds(c->a, &r, &builds, &count, &err);
    if (rc == 0)
        rc = plan_make(&r, &g, c->diag.d, &err);
    if (rc == 0)
        return;
    compose_diagnose(
        c->diag.d,
        COMPOSE_ERROR,
        (struct yaml_pos){err.file, err.line, err.column},
        err.hint,
        "%s",
        err.message);
    c->diag.rc = rc;
    if (c->diag.err)
        error_move(c->diag.err, &err);
    error_done(&err);
}

static void check_project(struct plan_check *c)
{
    for (size_t i = 0; i < c->p->network_count; i++)
        if (c->p->networks[i].external)
            plan_warn(
                &c->diag,
                c->p->networks[i].pos,
                "Remove external: true.",
                "network %s is external to Compose: on AWS the project has a VPC of its own",
                c->p->networks[i].name);
    const struct yaml_node *jobs = c->p->root ? yaml_get(c->p->root, "jobs") : NULL;
    if (jobs && jobs->len)
        plan_error(
            &c->diag,
            jobs->pos,
            "Make a service of it, or remove jobs:.",
            "jobs are not supported yet");
    cleanup_free char *domain = plan_private_domain(c->s, c->p->name);
    if (strcspn(domain, ".") > 63)
        plan_error(
            &c->diag,
            (struct yaml_pos){0},
            "Choose a shorter name for the project.",
            "project %s: its private zone would be %s, and a DNS name has at most 63 characters "
            "between dots",
            c->p->name,
            domain);
    if (!*c->s->prefix && plan_ssm_reserved(c->p->name))
        plan_error(
            &c->diag,
            (struct yaml_pos){0},
            "Rename the project, or set DEFANG_PREFIX.",
            "project %s: without a prefix its config would be /%s/…, and SSM takes no parameter "
            "whose name begins with aws or ssm",
            c->p->name,
            c->p->name);
    if (!c->v.count)
        plan_error(
            &c->diag,
            (struct yaml_pos){0},
            "Add a service, or name a profile.",
            "project %s has no service to deploy",
            c->p->name);
}

int plan_check(
    const struct compose_project *p,
    const struct plan_settings *s,
    struct compose_diagnostics *d,
    struct error *err)
{
    cleanup_arena struct arena *a = arena_new();
    struct plan_check c = {.p = p, .s = s, .a = a, .diag = {.d = d, .err = err}};
    plan_view_make(a, p, &c.v);
    check_project(&c);
    plan_check_models(&c);
    plan_check_adopt(&c);
    plan_check_volumes(&c);
    check_names(&c);
    plan_check_ingress(&c);
    for (size_t i = 0; i < c.v.count; i++)
        check_service(&c, &c.v.services[i]);
    if (!c.diag.rc)
        check_plan(&c);
    return c.diag.rc;
}
