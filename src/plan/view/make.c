/* The planner's view is made: what each service is to AWS (defang.md 6.4, 6.5, 6.7, 6.8).
 *
 * First each service by itself: its kind, ports, size, and what it brings of its own. Then what
 * needs all of them: whose task a sidecar is in, who runs once, which volumes are used, what is
 * built. Pure and without a word; what is wrong reads as not there, and the checks say it. */
#include "base/mem.h"
#include "base/str.h"
#include "data/strmap.h"
#include "plan/names.h"
#include "plan/view/adopt.h"
#include "plan/view/extensions.h"
#include "plan/view/parts.h"
#include "plan/view/view.h"
#include <string.h>

/* The service that `network_mode: service:x` names, or NULL. */
static const char *beside(const struct compose_service *s)
{
    bool joined = s->network_mode && text_starts(s->network_mode, "service:");

    return joined ? s->network_mode + strlen("service:") : NULL;
}

static enum plan_kind kind_of(const struct compose_service *s)
{
    if (plan_static_node(s))
        return PLAN_STATIC;
    if (s->postgres.enabled)
        return PLAN_POSTGRES;
    if (s->redis.enabled)
        return PLAN_REDIS;
    if (s->mongodb.enabled)
        return PLAN_MONGODB;
    return beside(s) ? PLAN_SIDECAR : PLAN_CONTAINER;
}

static bool is_arm(const char *platform)
{
    return platform &&
           (strstr(platform, "arm64") || strstr(platform, "aarch64") || text_eq(platform, "arm"));
}

static const char *arch_of(const struct compose_service *s)
{
    const char *platform = s->platform;

    if (!platform && s->has_build && s->build.platform_count)
        platform = s->build.platforms[0];
    return is_arm(platform) ? "aarch64" : "x86_64";
}

static bool only_internal(const struct compose_project *p, const struct compose_service *s)
{
    for (size_t i = 0; i < s->network_count; i++) {
        const struct compose_network *n = compose_network_get(p, s->networks[i].name);
        if (!n || !n->internal)
            return false;
    }
    return s->network_count > 0;
}

/* Reservations, else limits, else 0: nothing said. */
static void view_size(struct plan_service *v)
{
    const struct compose_deploy *d = &v->s->deploy;
    double reserved = d->reservations.cpus;
    int64_t reserved_bytes = d->reservations.memory_bytes;
    double cpus = reserved > 0 ? reserved : d->limits.cpus;
    int64_t bytes = reserved_bytes > 0 ? reserved_bytes : d->limits.memory_bytes;

    v->vcpus = cpus > 0 ? cpus : 0;
    v->memory_mib = bytes > 0 ? (double)bytes / (1024.0 * 1024.0) : 0;
    v->replicas = d->replicas < 0 ? 1 : (unsigned)d->replicas;
}

/* In the order of their names, which is that of the services. */
static void list_sidecars(struct arena *a, struct plan_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct plan_service *s = &v->services[i];

        s->sidecars = arena_array(a, const struct plan_service *, s->sidecar_count + 1);
        s->sidecar_count = 0;
    }
    for (size_t i = 0; i < v->count; i++) {
        struct plan_service *in = (struct plan_service *)v->services[i].in;

        if (in)
            in->sidecars[in->sidecar_count++] = &v->services[i];
    }
}

/* A task has one platform: a sidecar that names none takes its service's. */
static void join_sidecars(struct arena *a, struct plan_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct plan_service *s = &v->services[i];
        if (s->kind != PLAN_SIDECAR)
            continue;
        struct plan_service *in = plan_view_get(v, beside(s->s));
        s->in = in && in->kind == PLAN_CONTAINER ? in : NULL;
        if (s->in && !s->s->platform && !s->s->build.platform_count)
            s->arch = s->in->arch;
        if (s->in)
            in->sidecar_count++;
    }
    list_sidecars(a, v);
}

/* Where the file has it; behind all others what is not in the file, as a model's gateway. */
static void view_order(struct arena *a, const struct compose_project *p, struct plan_view *v)
{
    const struct yaml_node *all = p->root ? yaml_get(p->root, "services") : NULL;
    size_t len = all ? all->len : 0;
    struct strmap places = {0};

    for (size_t i = 0; i < len; i++)
        strmap_put(a, &places, all->pairs[i].key->value, i);
    for (size_t i = 0; i < v->count; i++) {
        const size_t *at = strmap_get(&places, v->services[i].s->name);

        v->services[i].order = at ? *at : len;
    }
}

static void view_service(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_service *s,
    struct plan_service *v)
{
    cleanup_free char *label = plan_service_label(s->name);

    *v = (struct plan_service){
        .s = s,
        .kind = kind_of(s),
        .id = plan_logical_id(a, s->name),
        .label = arena_strdup(a, label),
        .group = arena_printf(a, "service/%s", s->name),
        .arch = arch_of(s),
        .isolated = only_internal(p, s)};
    plan_view_ports(a, p, v);
    plan_view_routing(a, v, NULL);
    view_size(v);

    (void)plan_adopt_service_read(a, s, &v->adopt, NULL); /* plan_check says what is wrong */
    v->scaling = v->adopt.scaling;
    (void)plan_scaling_read(s, v->replicas, &v->scaling); /* and here */
}

/* Whom a network is for. */
static void view_needs(struct plan_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        v->tasks = v->tasks || plan_is_task(&v->services[i]);
        v->vpc = v->vpc || v->tasks || plan_is_store(&v->services[i]);
    }
}

/* Once it is known which services are tasks. */
static void view_builds(struct plan_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct plan_service *s = &v->services[i];
        if (!plan_is_task(s) || !plan_builds_image(s->s))
            continue;
        v->builds = true;
        v->arm_builds = v->arm_builds || strcmp(s->arch, "aarch64") == 0;
    }
}

void plan_view_make(struct arena *a, const struct compose_project *p, struct plan_view *out)
{
    *out = (struct plan_view){
        .services = arena_array(a, struct plan_service, p->service_count + 1),
        .count = p->service_count};
    (void)plan_adopt_read(a, p, &out->adopt, NULL);

    for (size_t i = 0; i < p->service_count; i++)
        view_service(a, p, &p->services[i], &out->services[i]);
    view_order(a, p, out);
    join_sidecars(a, out);
    plan_view_once(out);
    plan_view_networks(a, p, out);
    plan_view_aliases(a, p, out);
    plan_view_recount(out);
    plan_view_volumes(a, p, out);
    view_needs(out);
    view_builds(out);
}

bool plan_needs_two_zones(struct arena *arena, const struct compose_project *p)
{
    struct plan_view v;

    plan_view_make(arena, p, &v);
    bool need = v.ingress || v.network;
    for (size_t i = 0; i < v.count; i++)
        need = need || plan_is_store(&v.services[i]);
    return need;
}
