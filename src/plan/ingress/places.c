/* Which numbers of the load balancer a port without a public name is served on.
 *
 * What the file publishes is what is listened on, as in Docker: of two that publish the same number
 * the first in the file has it, and the other is told where it is instead. A port that is published
 * without a number (Docker takes any) gets 80 if nobody has it, else its own number. It keeps its
 * place from deployment to deployment: that stands in the template's metadata as {"80":
 * "web/8080"}, and is read back from the deployed one, because otherwise a service that comes
 * earlier in the file would take its address away.
 *
 * A place is a number first (slot). With a certificate of the project what has slot 80 is served on
 * 443, and 80 sends on to it, unless somebody publishes 443 himself. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_SPARE 8080

static const char *route_key(const struct plan_ctx *c, const struct plan_route *r)
{
    return arena_printf(c->a, "%s/%u", r->service->s->name, r->port->target);
}

static bool has_slot(const struct plan_route *r, unsigned slot)
{
    for (size_t i = 0; i < r->place_count; i++)
        if (r->places[i].slot == slot)
            return true;
    return false;
}

static const struct plan_route *owner(const struct plan_ctx *c, unsigned slot)
{
    for (size_t i = 0; i < c->route_count; i++)
        if (has_slot(&c->routes[i], slot))
            return &c->routes[i];
    return NULL;
}

static void give(struct plan_route *r, unsigned slot)
{
    r->places[r->place_count++] = (struct plan_place){.slot = slot};
}

/* ---- what the file says ---- */

static void give_published(
    struct plan_ctx *c, struct plan_route *r, const struct plan_publish *p, struct plan_lost *lost)
{
    unsigned at = p->from;

    while (at <= p->to && owner(c, at))
        at++;
    /* At the address that it shares it has its paths only. */
    if (plan_route_paths(r) && (at == 80 || at == 443))
        return;
    if (at <= p->to) {
        give(r, at);
        return;
    }
    if (owner(c, p->from) != r)
        *lost = (struct plan_lost){p, owner(c, p->from)};
}

/* ---- what it does not say ---- */

static void give_previous(struct plan_ctx *c, struct plan_route *r)
{
    const char *port;
    json_t *was;

    json_object_foreach(json_at(c->r->previous, "Metadata.Defang.listeners"), port, was) {
        long long number;
        bool is_mine = text_eq(json_string_value(was), route_key(c, r));

        if (is_mine && text_parse_int(port, 1, 65535, &number) == 0 && number != 443 &&
            !owner(c, (unsigned)number)) {
            give(r, (unsigned)number);
            return;
        }
    }
}

static void give_any(struct plan_ctx *c, struct plan_route *r, bool not_80)
{
    unsigned at = not_80 ? r->port->target : 80;

    if (owner(c, at))
        at = r->port->target;
    while (at == 443 || owner(c, at))
        at = at < FIRST_SPARE ? FIRST_SPARE : at + 1;
    give(r, at);
}

/* ---- what is said of it ---- */

static void say_lost(struct plan_ctx *c, const struct plan_route *r, const struct plan_lost *lost)
{
    plan_warn(
        &c->diag,
        lost->publish->pos,
        "Publish it at another port, or give both services a domainname.",
        "service %s: port %u is published by service %s, which comes first: its port %u is served "
        "on port %u of the load balancer",
        r->service->s->name,
        lost->publish->from,
        lost->owner->service->s->name,
        r->port->target,
        r->places[0].listener);
}

static void say_chosen(struct plan_ctx *c, const struct plan_route *r)
{
    plan_note(
        &c->diag,
        r->port->pos,
        "Publish it, as in \"8080:80\", for another port; or give the service a domainname.",
        "service %s: port %u is published without a number: it is served on port %u of the load "
        "balancer",
        r->service->s->name,
        r->port->target,
        r->places[0].listener);
}

/* ---- listeners ---- */

static void set_listeners(struct plan_ctx *c, struct plan_route *r, json_t *meta)
{
    const struct plan_route *secure = owner(c, 443);
    size_t kept = 0;

    for (size_t i = 0; i < r->place_count; i++) {
        struct plan_place p = r->places[i];
        bool moves = p.slot == 80 && r->tls && !plan_port_is_plain(r->port);

        json_add(meta, arena_printf(c->a, "%u", p.slot), json_string(route_key(c, r)));
        if (moves && secure == r)
            continue; /* 80 sends on to it */

        p.listener = moves && !secure ? 443 : p.slot;
        p.tls = r->tls && p.listener != 80;
        p.rule = kept ? arena_printf(c->a, "%sOn%u", r->rule, p.slot) : r->rule;
        r->places[kept++] = p;
    }
    r->place_count = kept;
    r->listener = r->places[0].listener;
    r->tls = r->places[0].tls;
}

static int by_file(const void *a, const void *b)
{
    const struct plan_route *x = *(struct plan_route *const *)a;
    const struct plan_route *y = *(struct plan_route *const *)b;

    if (x->service->order != y->service->order)
        return x->service->order < y->service->order ? -1 : 1;
    return x < y ? -1 : x > y;
}

static size_t nameless(struct plan_ctx *c, struct plan_route **out)
{
    size_t count = 0;

    for (size_t i = 0; i < c->route_count; i++) {
        struct plan_route *r = &c->routes[i];

        if (r->host_count || r->network)
            continue;
        r->places = arena_array(c->a, struct plan_place, r->port->published_count + 1);
        out[count++] = r;
    }
    qsort(out, count, sizeof *out, by_file);
    return count;
}

void plan_places(struct plan_ctx *c, json_t *meta)
{
    struct plan_route **all = arena_array(c->a, struct plan_route *, c->route_count + 1);
    size_t count = nameless(c, all);
    struct plan_lost *lost = arena_array(c->a, struct plan_lost, count + 1);

    memset(lost, 0, (count + 1) * sizeof *lost);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < all[i]->port->published_count; k++)
            give_published(c, all[i], &all[i]->port->published[k], &lost[i]);
    for (size_t i = 0; i < count; i++)
        if (!all[i]->place_count && !plan_route_paths(all[i]))
            give_previous(c, all[i]);
    for (size_t i = 0; i < count; i++)
        if (!all[i]->place_count && !plan_route_paths(all[i]))
            give_any(c, all[i], lost[i].owner != NULL);

    for (size_t i = 0; i < count; i++) {
        if (!all[i]->place_count)
            continue;
        set_listeners(c, all[i], meta);
        if (lost[i].owner)
            say_lost(c, all[i], &lost[i]);
        else if (!all[i]->port->published_count)
            say_chosen(c, all[i]);
    }
}
