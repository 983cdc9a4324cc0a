/* plan_make(): the parts in the order in which they lean on each other. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/build/builds.h"
#include "plan/context.h"
#include "plan/ingress/ingress.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include "plan/site/site.h"
#include "plan/stage.h"
#include "plan/store/store.h"
#include "plan/task/task.h"
#include "plan/task/volumes.h"
#include <string.h>

#define PLAN_REVISION 1

/* Zones of the deployed subnets stay: a subnet cannot move. New ones come from the account's list.
 */
static int choose_zones(struct plan_ctx *c, struct error *err)
{
    if (c->v.adopt.vpc.value)
        return 0; /* its subnets have them */
    unsigned wanted = MIN(c->s->zones, 4u);
    c->zones = arena_array(c->a, const char *, wanted + 1);
    for (unsigned i = 0; i < wanted; i++) {
        cleanup_free char *path =
            xasprintf("Resources.PublicSubnet%u.Properties.AvailabilityZone", i + 1);
        const char *before = json_str(c->r->previous, path);
        if (!before)
            break;
        c->zones[c->zone_count++] = arena_strdup(c->a, before);
    }
    for (size_t i = 0; i < c->f->zone_count && c->zone_count < wanted; i++) {
        bool used = false;
        for (unsigned k = 0; k < c->zone_count; k++)
            used = used || strcmp(c->zones[k], c->f->zones[i]) == 0;
        if (!used)
            c->zones[c->zone_count++] = c->f->zones[i];
    }
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

static int add_services(struct plan_ctx *c)
{
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        int rc = 0;
        if (s->kind == PLAN_POSTGRES)
            rc = plan_postgres(c, s);
        else if (s->kind == PLAN_REDIS)
            rc = plan_redis(c, s);
        else if (s->kind == PLAN_MONGODB)
            rc = plan_mongodb(c, s);
        else if (s->kind == PLAN_STATIC)
            rc = plan_static_site(c, s);
        else if (s->kind == PLAN_SIDECAR)
            continue; /* in its service's task */
        else if (c->r->foundation)
            plan_keep_container(c, s);
        else if (c->r->stage && s->stage > c->r->stage)
            continue;
        else
            rc = plan_container(c, s);
        if (rc)
            return rc;
    }
    return 0;
}

static void add_outputs(struct plan_ctx *c)
{
    graph_output_add(c->g, "PrivateDomain", json_string(c->domain), "Domain of the private zone");
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (!plan_is_store(s))
            continue;
        json_t *entry = plan_json(
            "{s:s}",
            "endpoint",
            arena_printf(c->a, "%s.%s:%u", s->label, c->domain, s->ports[0].target));
        json_add(json_at(c->g->metadata, "Defang.services"), s->s->name, entry);
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

static int make(struct plan_ctx *c, struct error *err)
{
    int rc = choose_zones(c, err);
    if (rc)
        return rc;
    rc = plan_routes(c);
    if (rc)
        return rc;
    plan_network(c);
    plan_security(c);
    plan_volumes(c);
    plan_cluster(c);
    plan_logs(c);
    plan_builds_resources(c);
    plan_roles(c);
    plan_dns(c);
    plan_ingress(c);
    rc = add_services(c);
    if (rc)
        return rc;
    add_outputs(c);
    if (c->r->stage)
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
    g->metadata = plan_json("{s:{s:i,s:{}}}", "Defang", "revision", PLAN_REVISION, "services");
    plan_view_make(c.a, c.p, &c.v);
    plan_view_stages(r, &c.v);
    set_names(&c);
    plan_view_suffix(c.a, c.s, c.p->name, &c.v);
    int rc = make(&c, err);
    if (rc)
        return rc;
    *out = steal(g);
    return 0;
}
