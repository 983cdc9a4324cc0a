/* Paths of an address that several services share (x-defang-routes).
 *
 * The address is that of the first service in the file that has no paths of its own: its names, or
 * the number that it is served on; where there is no such service, port 80 (443 with a certificate
 * of the project). A service with a domainname has its paths there instead. "/api" is /api and all
 * below it; of two that fit, the longer one goes first (rules.c). Of two services that want the
 * same path of the same address the first in the file has it. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include "plan/names.h"
#include <string.h>

/* A rule holds five values; a path takes two. */
#define HOSTS_MAX (PLAN_ALB_VALUES - 2)

static bool has_paths(const struct plan_route *r)
{
    return plan_route_paths(r) != NULL;
}

const struct plan_service *plan_route_paths(const struct plan_route *r)
{
    const struct plan_service *s = r->service;

    if (!s->path_count || r->network || plan_port_is_grpc(r->port))
        return NULL;
    for (size_t i = 0; i < s->port_count; i++)
        if (s->ports[i].ingress && !plan_port_is_grpc(&s->ports[i]))
            return &s->ports[i] == r->port ? s : NULL;
    return NULL;
}

/* The route that others are beside; NULL. */
static const struct plan_route *main_route(const struct plan_ctx *c)
{
    const struct plan_route *best = NULL;

    for (size_t i = 0; i < c->route_count; i++) {
        const struct plan_route *r = &c->routes[i];

        if (r->network || plan_port_is_grpc(r->port) || has_paths(r))
            continue;
        if (!best || r->service->order < best->service->order)
            best = r;
    }
    return best;
}

static bool
is_taken(struct plan_ctx *c, const struct plan_route *mine, const struct plan_share *share)
{
    for (size_t i = 0; i < c->route_count; i++)
        for (size_t k = 0; k < c->routes[i].share_count; k++) {
            const struct plan_share *other = &c->routes[i].shares[k];
            const char *host = share->host_count ? share->hosts[0].name : NULL;
            const char *its = other->host_count ? other->hosts[0].name : NULL;

            if (other->listener != share->listener || strcmp(other->path, share->path) != 0 ||
                (host != its && !text_eq(host, its)))
                continue;
            plan_warn(
                &c->diag,
                mine->service->paths_pos,
                "Choose another path.",
                "service %s: %s is a path of service %s already, which comes first",
                mine->service->s->name,
                *share->path ? share->path : "/",
                c->routes[i].service->s->name);
            return true;
        }
    return false;
}

/* The rule's id holds where and which path, so that a new path moves no other. */
static void add_share(
    struct plan_ctx *c,
    struct plan_route *r,
    unsigned listener,
    bool tls,
    const struct plan_host *hosts,
    size_t count,
    const char *path)
{
    struct plan_share share = {
        .listener = listener,
        .tls = tls,
        .hosts = hosts,
        .host_count = MIN(count, (size_t)HOSTS_MAX),
        .path = path};
    cleanup_free char *key = xasprintf("%s@%u", path, count ? 0 : listener);
    cleanup_free char *sum = plan_hash_hex(key, 6);

    if (is_taken(c, r, &share))
        return;
    share.rule = arena_printf(c->a, "%sPath%s%s", r->path_rule, sum, count && !tls ? "Plain" : "");
    r->shares[r->share_count++] = share;
}

static void share_names(
    struct plan_ctx *c, struct plan_route *r, const struct plan_route *from, const char *path)
{
    size_t plain = from->host_count - from->tls_count;

    if (from->tls_count)
        add_share(c, r, 443, true, from->hosts, from->tls_count, path);
    if (plain)
        add_share(c, r, 80, false, from->hosts + from->tls_count, plain, path);
}

/* Its own domainname, else what the main route has. */
static void share_path(
    struct plan_ctx *c, struct plan_route *r, const struct plan_route *beside, const char *path)
{
    bool own_name = !text_empty(r->service->s->domainname) && r->host_count;

    if (own_name)
        share_names(c, r, r, path);
    else if (beside && beside->host_count)
        share_names(c, r, beside, path);
    else if (beside)
        for (size_t i = 0; i < beside->place_count; i++)
            add_share(c, r, beside->places[i].listener, beside->places[i].tls, NULL, 0, path);
    else if (r->tls)
        add_share(c, r, 443, true, NULL, 0, path);
    else
        add_share(c, r, 80, false, NULL, 0, path);
}

void plan_paths(struct plan_ctx *c)
{
    const struct plan_route *beside = main_route(c);
    size_t most = beside && beside->place_count > 2 ? beside->place_count : 2;

    for (size_t order = 0; order <= c->v.count; order++)
        for (size_t i = 0; i < c->route_count; i++) {
            struct plan_route *r = &c->routes[i];

            if (!has_paths(r) || r->service->order != order)
                continue;
            r->path_rule = r->rule;
            r->shares = arena_array(c->a, struct plan_share, most * r->service->path_count + 1);
            for (size_t k = 0; k < r->service->path_count; k++)
                share_path(c, r, beside, r->service->paths[k]);

            /* Who registers with the target group waits for a rule that leads to it. */
            bool whole = r->place_count || (r->host_count && text_empty(r->service->s->domainname));
            if (whole)
                continue;
            if (!r->share_count) {
                plan_error(
                    &c->diag,
                    r->service->paths_pos,
                    "Choose another path, or publish the port at a number of its own.",
                    "service %s: each of its paths is another service's already",
                    r->service->s->name);
                continue;
            }
            r->rule = r->shares[0].rule;
            r->listener = r->shares[0].listener;
        }
}
