/* The planner's view: what each service is to AWS, and which of its ports are reachable from where
 * (defang.md 6.4, 6.5, 6.7, 6.8). */
#include "base/mem.h"
#include "base/str.h"
#include "plan/adopt.h"
#include "plan/context.h"
#include "plan/names.h"
#include "plan/site/site.h"
#include "plan/store/store.h"
#include "plan/task/task.h"
#include "plan/task/volumes.h"
#include <string.h>

const char *plan_ext_string(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *n = map ? yaml_get(map, key) : NULL;
    return n && n->kind == YAML_KIND_SCALAR ? n->value : NULL;
}

bool plan_builds_image(const struct compose_service *s)
{
    return s->has_build && !s->image;
}

/* The service that `network_mode: service:x` names, or NULL. */
static const char *beside(const struct compose_service *s)
{
    return s->network_mode && text_starts(s->network_mode, "service:")
               ? s->network_mode + strlen("service:")
               : NULL;
}

static enum plan_kind kind_of(const struct compose_service *s)
{
    if (plan_static_node(s))
        return PLAN_STATIC;
    return s->postgres.enabled  ? PLAN_POSTGRES
           : s->redis.enabled   ? PLAN_REDIS
           : s->mongodb.enabled ? PLAN_MONGODB
           : beside(s)          ? PLAN_SIDECAR
                                : PLAN_CONTAINER;
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

static bool on_public_network(const struct compose_project *p, const struct compose_service *s)
{
    if (!s->network_count)
        return true;
    for (size_t i = 0; i < s->network_count; i++) {
        const struct compose_network *n = compose_network_get(p, s->networks[i].name);
        if (strcmp(s->networks[i].name, "default") == 0 && !(n && n->internal))
            return true;
    }
    return false;
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

static bool has_port(const struct plan_service *v, uint16_t target, const char *protocol)
{
    for (size_t i = 0; i < v->port_count; i++)
        if (v->ports[i].target == target && strcmp(v->ports[i].protocol, protocol) == 0)
            return true;
    return false;
}

static void add_port(struct plan_service *v, struct plan_port port)
{
    if (has_port(v, port.target, port.protocol))
        return;
    v->ports[v->port_count++] = port;
    v->ingress = v->ingress || port.ingress;
    v->open = v->open || port.open;
}

/* The port that a store's own clients use, from the variable or flag its image knows. */
static uint16_t store_port(const struct compose_service *s, enum plan_kind kind)
{
    long long port = kind == PLAN_POSTGRES ? 5432 : 6379;
    if (kind == PLAN_MONGODB)
        return plan_mongodb_port(s);
    if (kind == PLAN_POSTGRES) {
        for (size_t i = 0; i < s->environment_count; i++) {
            const struct compose_part *part = s->environment[i].value.first;
            if (strcmp(s->environment[i].name, "PGPORT") == 0 && part && !part->is_config &&
                !part->next)
                (void)text_parse_int(part->text, 1, 65535, &port);
        }
        return (uint16_t)port;
    }
    for (size_t i = 0; i + 1 < s->command_count; i++)
        if (strcmp(s->command[i], "--port") == 0)
            (void)text_parse_int(s->command[i + 1], 1, 65535, &port);
    return (uint16_t)port;
}

static const char *
ingress_protocol(const struct compose_service *s, const struct compose_port *port)
{
    const char *protocol =
        port->app_protocol ? port->app_protocol : plan_adopt_protocol(s, port->target);
    return protocol ? protocol : "http";
}

static void view_ports(struct arena *a, const struct compose_project *p, struct plan_service *v)
{
    const struct compose_service *s = v->s;
    bool public_network = on_public_network(p, s);
    v->ports = arena_array(a, struct plan_port, s->port_count + s->expose_count + 1);
    if (v->kind == PLAN_SIDECAR || v->kind == PLAN_STATIC)
        return; /* the address and its ports are the other service's */
    for (size_t i = 0; i < s->port_count; i++) {
        const struct compose_port *c = &s->ports[i];
        bool udp = text_eq(c->protocol, "udp");
        bool host = v->kind != PLAN_CONTAINER || (c->mode ? strcmp(c->mode, "host") == 0 : udp);
        add_port(
            v,
            (struct plan_port){
                .target = c->target,
                .protocol = udp ? "udp" : "tcp",
                .app_protocol = host ? NULL : ingress_protocol(s, c),
                .listener = c->listener,
                .published = c->published,
                .ingress = !host,
                .open = host && v->kind == PLAN_CONTAINER && public_network,
                .pos = c->pos});
    }
    for (size_t i = 0; i < s->expose_count; i++)
        add_port(v, (struct plan_port){.target = s->expose[i], .protocol = "tcp", .pos = s->pos});
    if (v->kind == PLAN_CONTAINER && !v->port_count && plan_wants_llm(s) && s->image &&
        strstr(s->image, "litellm"))
        add_port(
            v,
            (struct plan_port){
                .target = 4000, .protocol = "tcp", .pos = s->pos}); /* what that image listens on */
    if (v->kind != PLAN_CONTAINER) {
        /* A managed store listens on one port. */
        uint16_t port = v->port_count ? v->ports[0].target : store_port(s, v->kind);
        v->port_count = 0;
        v->ingress = v->open = false;
        add_port(v, (struct plan_port){.target = port, .protocol = "tcp", .pos = s->pos});
    }
}

static void view_size(struct plan_service *v)
{
    const struct compose_deploy *d = &v->s->deploy;
    v->vcpus = d->reservations.cpus > 0 ? d->reservations.cpus
               : d->limits.cpus > 0     ? d->limits.cpus
                                        : 0;
    int64_t bytes = d->reservations.memory_bytes > 0 ? d->reservations.memory_bytes
                    : d->limits.memory_bytes > 0     ? d->limits.memory_bytes
                                                     : 0;
    v->memory_mib = (double)bytes / (1024.0 * 1024.0);
    v->replicas = d->replicas < 0 ? 1 : (unsigned)d->replicas;
}

/* A task has one platform: a sidecar that names none takes its service's. */
static void join_sidecars(struct plan_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct plan_service *s = &v->services[i];
        if (s->kind != PLAN_SIDECAR)
            continue;
        struct plan_service *in = plan_view_get(v, beside(s->s));
        s->in = in && in->kind == PLAN_CONTAINER ? in : NULL;
        if (s->in && !s->s->platform && !s->s->build.platform_count)
            s->arch = s->in->arch;
    }
}

void plan_view_make(struct arena *a, const struct compose_project *p, struct plan_view *out)
{
    *out = (struct plan_view){
        .services = arena_array(a, struct plan_service, p->service_count + 1),
        .count = p->service_count};
    (void)plan_adopt_read(a, p, &out->adopt, NULL);
    for (size_t i = 0; i < p->service_count; i++) {
        const struct compose_service *s = &p->services[i];
        struct plan_service *v = &out->services[i];
        cleanup_free char *label = plan_service_label(s->name);
        *v = (struct plan_service){
            .s = s,
            .kind = kind_of(s),
            .id = plan_logical_id(a, s->name),
            .label = arena_strdup(a, label),
            .group = arena_printf(a, "service/%s", s->name),
            .arch = arch_of(s),
            .isolated = only_internal(p, s)};
        view_ports(a, p, v);
        view_size(v);
        (void)plan_adopt_service_read(a, s, &v->adopt, NULL); /* plan_check says what is wrong */
        v->scaling = v->adopt.scaling;
        (void)plan_scaling_read(s, v->replicas, &v->scaling); /* plan_check says what is wrong */
        out->ingress = out->ingress || v->ingress;
    }
    join_sidecars(out);
    plan_view_once(out);
    plan_view_volumes(a, p, out);
    for (size_t i = 0; i < out->count; i++) {
        const struct plan_service *v = &out->services[i];
        if (!plan_is_task(v) || !plan_builds_image(v->s))
            continue;
        out->builds = true;
        out->arm_builds = out->arm_builds || strcmp(v->arch, "aarch64") == 0;
    }
}

bool plan_is_store(const struct plan_service *s)
{
    return s->kind == PLAN_POSTGRES || s->kind == PLAN_REDIS || s->kind == PLAN_MONGODB;
}

bool plan_is_task(const struct plan_service *s)
{
    return s->kind == PLAN_CONTAINER || s->kind == PLAN_SIDECAR;
}

const struct plan_service *plan_task_of(const struct plan_service *s)
{
    return s->kind == PLAN_SIDECAR && s->in ? s->in : s;
}

const struct plan_service *
plan_task_member(const struct plan_view *v, const struct plan_service *s, size_t i)
{
    if (i == 0)
        return s;
    for (size_t k = 0; k < v->count; k++)
        if (v->services[k].kind == PLAN_SIDECAR && v->services[k].in == s && --i == 0)
            return &v->services[k];
    return NULL;
}

bool plan_needs_two_zones(struct arena *arena, const struct compose_project *p)
{
    struct plan_view v;
    plan_view_make(arena, p, &v);
    bool need = v.ingress;
    for (size_t i = 0; i < v.count; i++)
        need = need || plan_is_store(&v.services[i]);
    return need;
}

void plan_view_suffix(
    struct arena *a, const struct plan_settings *s, const char *project, struct plan_view *v)
{
    cleanup_free char *domain = plan_private_domain(s, project);
    v->suffix = v->adopt.vpc.value ? arena_printf(a, ".%s", domain) : NULL;
}

struct plan_service *plan_view_get(const struct plan_view *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->services[i].s->name, name) == 0)
            return &v->services[i];
    return NULL;
}
