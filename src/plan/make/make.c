/* plan_make(): the rooms are called in the order in which they lean on each other.
 *
 * 1. What is known before any resource: the view, the stages, names, zones, routes. Errors that the
 *    checks would have found end it here; all later parts only build.
 * 2. What the project shares: network, security groups, volumes, cluster, log groups, builds,
 * roles, private names, the load balancer.
 * 3. Each service by its kind. A sidecar is in its service's task.
 * 4. Outputs, then what stays deployed until its stage comes, then graph_check().
 *
 * Pure: the same request gives the same bytes. What is deployed (r->previous) is read for what must
 * not move: zones of subnets, ports of listeners, deployment ids of services that did not change.
 */
#include "base/mem.h"
#include "base/str.h"
#include "plan/build/builds.h"
#include "plan/common/context.h"
#include "plan/compute/cluster.h"
#include "plan/container/pull.h"
#include "plan/container/volumes.h"
#include "plan/ingress/ingress.h"
#include "plan/make/stage.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include "plan/partial.h"
#include "plan/site/site.h"
#include "plan/store/store.h"
#include "plan/task/roles.h"
#include "plan/task/service.h"
#include <string.h>

#define PLAN_REVISION 1

static bool has_zone(const struct plan_ctx *c, const char *zone)
{
    for (unsigned i = 0; i < c->zone_count; i++)
        if (strcmp(c->zones[i], zone) == 0)
            return true;
    return false;
}

/* Zones of the deployed subnets stay: a subnet cannot move. New ones come from the account's list.
 */
static void pick_zones(struct plan_ctx *c, unsigned wanted)
{
    for (unsigned i = 0; i < wanted; i++) {
        cleanup_free char *path =
            xasprintf("Resources.PublicSubnet%u.Properties.AvailabilityZone", i + 1);
        const char *before = json_str(c->r->previous, path);
        if (!before)
            break;
        c->zones[c->zone_count++] = arena_strdup(c->a, before);
    }

    for (size_t i = 0; i < c->f->zone_count && c->zone_count < wanted; i++)
        if (!has_zone(c, c->f->zones[i]))
            c->zones[c->zone_count++] = c->f->zones[i];
}

/* A VPC of the project's own brings its zones with its subnets. */
static int choose_zones(struct plan_ctx *c, struct error *err)
{
    if (c->v.adopt.vpc.value || !c->v.vpc)
        return 0;

    unsigned wanted = MIN(c->s->zones, 4u); /* network.c has room for four */
    c->zones = arena_array(c->a, const char *, wanted + 1);
    pick_zones(c, wanted);

    if (c->zone_count < 2)
        return error_raise(
            err,
            ERR_REFUSED,
            "region %s offers this account %u availability zone(s), and load balancers and "
            "databases need two",
            c->f->region,
            c->zone_count);
    if (c->zone_count < wanted)
        plan_warn(
            &c->diag,
            (struct yaml_pos){0},
            NULL,
            "region %s offers this account %u availability zones, not the %u asked for",
            c->f->region,
            c->zone_count,
            wanted);
    return 0;
}

/* In the foundation, and before its stage, a container is not made; what is deployed of it stays.
 */
static int add_container(struct plan_ctx *c, const struct plan_service *s)
{
    bool later = c->r->stage && s->stage > c->r->stage;

    later = later || plan_is_held(c->r, s->s->name);
    if (c->r->foundation) {
        plan_keep_container(c, s);
        return 0;
    }
    return later ? 0 : plan_container(c, s);
}

static int add_service(struct plan_ctx *c, const struct plan_service *s)
{
    switch (s->kind) {
    case PLAN_POSTGRES:
        return plan_postgres(c, s);
    case PLAN_REDIS:
        return plan_redis(c, s);
    case PLAN_MONGODB:
        return plan_mongodb(c, s);
    case PLAN_STATIC:
        return plan_static_site(c, s);
    case PLAN_SIDECAR:
        return 0; /* in its service's task */
    case PLAN_CONTAINER:
        return add_container(c, s);
    }
    return 0;
}

static int add_services(struct plan_ctx *c)
{
    int rc = 0;

    for (size_t i = 0; i < c->v.count && !rc; i++)
        rc = add_service(c, &c->v.services[i]);
    return rc;
}

static void add_outputs(struct plan_ctx *c)
{
    json_t *services = json_at(c->g->metadata, "Defang.services");

    if (c->v.vpc)
        graph_output_add(
            c->g, "PrivateDomain", json_string(c->domain), "Domain of the private zone");
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (!plan_is_store(s))
            continue;

        const char *endpoint =
            arena_printf(c->a, "%s.%s:%u", s->label, c->domain, s->ports[0].target);
        json_add(services, s->s->name, object(key("endpoint", endpoint)));
    }
}

static void set_names(struct plan_ctx *c)
{
    cleanup_free char *scope = plan_scope(c->s, c->p->name);
    cleanup_free char *label = plan_global_label(c->s, c->p->name);
    cleanup_free char *domain = plan_private_domain(c->s, c->p->name);
    cleanup_free char *path = plan_config_path(c->s, c->p->name);

    c->scope = arena_strdup(c->a, scope);
    c->label = arena_strdup(c->a, label);
    c->domain = arena_strdup(c->a, domain);
    c->config_path = arena_strdup(c->a, path);
}

/* Where something runs: what files behind CloudFront do not need, and pay nothing for. */
static void add_shared(struct plan_ctx *c)
{
    if (c->v.vpc) {
        plan_network(c);
        plan_security(c);
    }
    plan_volumes(c);
    if (c->v.tasks) {
        plan_cluster(c);
        plan_logs(c);
        plan_builds_resources(c);
        plan_roles(c);
    }
    if (c->v.vpc)
        plan_dns(c);
    plan_ingress(c);
}

static int make(struct plan_ctx *c, struct error *err)
{
    int rc = choose_zones(c, err);

    if (rc)
        return rc;
    rc = plan_routes(c);
    if (rc)
        return rc;

    add_shared(c);
    rc = add_services(c);
    if (rc)
        return rc;

    add_outputs(c);
    plan_note_pins(c);
    if (c->r->stage || c->r->only_count)
        plan_keep_deployed(c);
    return graph_check(c->g, err);
}

int plan_make(
    const struct plan_request *r,
    struct graph **out,
    struct compose_diagnostics *d,
    struct error *err)
{
    *out = NULL;
    int rc = plan_bound(r->project, d, err);
    if (rc < 0)
        return rc;

    cleanup_free char *description = xasprintf(
        "Compose project %s, stack %s: made by defangd", r->project->name, r->settings->stack);
    cleanup_graph struct graph *g = graph_new(description);
    struct plan_ctx c = {
        .r = r,
        .p = r->project,
        .s = r->settings,
        .f = r->facts,
        .g = g,
        .a = g->arena,
        .diag = {.d = d, .err = err}};

    g->metadata = object(
        key("Defang",
            object(
                key("revision", PLAN_REVISION),
                key("origin", r->origin ? json_deep_copy(r->origin) : NULL),
                key("services", object()))));

    plan_view_make(c.a, c.p, &c.v);
    plan_doors(c.a, c.s, &c.v);
    plan_view_stages(r, &c.v);
    set_names(&c);
    plan_view_suffix(c.a, c.s, c.p->name, &c.v);
    rc = make(&c, err);
    if (rc)
        return rc;
    *out = steal(g);
    return 0;
}
