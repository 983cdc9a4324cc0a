/* The view: the names by which services may call each other. Part of plan_view_make(), after the
 * networks.
 *
 * Docker's resolver knows a container by its service's name, by the aliases of each network, by
 * container_name, hostname and the name that Compose gives it where none is said; a link adds one
 * that only its service knows. Here a service's own name is its label in the private zone; each of
 * the others that one label of DNS can hold (Cloud Map takes underscores) has a record of its own
 * that leads there, and so has a service whose label is not its name (my_db is my-db, and my_db
 * too). What has no record (a name with dots, which resolvers do not look for in the VPC's domain,
 * and the names that Compose makes up) is written otherwise in values: common/rewrite.c.
 *
 * The zone knows no networks. Where two services have the same alias, those that share a network
 * have both a record, of which DNS gives one at random, as Docker does; of those that do not, the
 * first in the order of names has it, and values are written with the name of the other. A
 * service's own name is never given away.
 *
 * github.com/moby/moby daemon/container_operations.go (buildEndpointDNSNames): which names there
 * are. docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html (Name): what a name may be.
 */
#include "base/mem.h"
#include "base/str.h"
#include "plan/names.h"
#include "plan/view/parts.h"
#include "plan/view/view.h"
#include <ctype.h>
#include <string.h>

#define LABEL_MAX 63

/* The word as one label of the zone, or NULL: there is none. */
static const char *record_of(struct arena *a, const char *text)
{
    size_t n = strlen(text);
    char *record = arena_strdup(a, text);

    if (n == 0 || n > LABEL_MAX || record[0] == '-' || record[n - 1] == '-' ||
        text_eq_nocase(text, "localhost"))
        return NULL;
    for (char *p = record; *p; p++) {
        *p = (char)tolower((unsigned char)*p);
        if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
            return NULL;
    }
    return record;
}

/* ---- what the file says ---- */

struct reader {
    struct arena *a;
    const struct compose_project *p;
    struct plan_view *v;
};

static struct plan_alias *
add(struct reader *r,
    enum plan_called called,
    const struct plan_service *of,
    const char *text,
    struct yaml_pos pos)
{
    struct plan_alias *alias = &r->v->aliases[r->v->alias_count++];

    *alias = (struct plan_alias){.called = called, .text = text, .of = of, .pos = pos};
    return alias;
}

static struct yaml_pos pos_of(const struct plan_service *s, const char *key)
{
    const struct yaml_node *n = s->s->node ? yaml_get(s->s->node, key) : NULL;

    return n ? n->pos : s->s->pos;
}

static struct yaml_pos alias_pos(const struct plan_service *s, const char *network, size_t i)
{
    const struct yaml_node *networks = s->s->node ? yaml_get(s->s->node, "networks") : NULL;
    const struct yaml_node *one = networks ? yaml_get(networks, network) : NULL;
    const struct yaml_node *list = one ? yaml_get(one, "aliases") : NULL;
    bool there = list && list->kind == YAML_KIND_SEQUENCE && i < list->len;

    return there ? list->items[i]->pos : s->s->pos;
}

static const struct plan_network *network_named(const struct plan_service *s, const char *name)
{
    for (size_t i = 0; i < s->network_count; i++)
        if (strcmp(s->networks[i]->name, name) == 0)
            return s->networks[i];
    return NULL;
}

/* A whole host name on the default network is the load balancer's (ingress/hosts.c). */
static bool is_public(const struct plan_service *s, const char *network, const char *alias)
{
    return s->ingress && strcmp(network, "default") == 0 && strchr(alias, '.');
}

static void add_aliases(struct reader *r, const struct plan_service *s)
{
    for (size_t i = 0; i < s->s->network_count; i++) {
        const struct compose_service_network *n = &s->s->networks[i];

        for (size_t k = 0; k < n->alias_count; k++) {
            const char *text = n->aliases[k];
            if (text_empty(text) || is_public(s, n->name, text))
                continue;
            add(r, PLAN_CALLED_ALIAS, s, text, alias_pos(s, n->name, k))->on =
                network_named(s, n->name);
        }
    }
}

/* Compose's own name of the container, in both of its spellings, until one is said. */
static void add_implied(struct reader *r, const struct plan_service *s)
{
    static const char separators[] = {'-', '_'};

    for (size_t i = 0; i < sizeof separators; i++)
        add(r,
            PLAN_CALLED_IMPLIED,
            s,
            arena_printf(r->a, "%s%c%s%c1", r->p->name, separators[i], s->s->name, separators[i]),
            s->s->pos);
}

static void add_names(struct reader *r, const struct plan_service *s)
{
    add(r, PLAN_CALLED_SERVICE, s, s->s->name, s->s->pos);
    if (!plan_has_name(s))
        return;

    add_aliases(r, s);
    if (!text_empty(s->s->container_name))
        add(r, PLAN_CALLED_CONTAINER, s, s->s->container_name, pos_of(s, "container_name"));
    else
        add_implied(r, s);
    if (!text_empty(s->s->hostname))
        add(r, PLAN_CALLED_HOST, s, s->s->hostname, pos_of(s, "hostname"));
}

static const struct yaml_node *links_of(const struct plan_service *s)
{
    const struct yaml_node *links = s->s->node ? yaml_get(s->s->node, "links") : NULL;

    return links && links->kind == YAML_KIND_SEQUENCE ? links : NULL;
}

/* "db:database"; a link without an alias names the service by its own name. */
static void add_links(struct reader *r, const struct plan_service *s)
{
    const struct yaml_node *links = links_of(s);

    for (size_t i = 0; links && i < links->len; i++) {
        const char *text = links->items[i]->kind == YAML_KIND_SCALAR ? links->items[i]->value : "";
        const char *colon = strchr(text, ':');
        if (!colon || !colon[1])
            continue;

        const char *name = arena_strndup(r->a, text, (size_t)(colon - text));
        const struct plan_service *of = plan_view_get(r->v, name);
        if (of && plan_has_name(of))
            add(r, PLAN_CALLED_LINK, of, colon + 1, links->items[i]->pos)->asker = s;
    }
}

static size_t count_of(const struct plan_service *s)
{
    const struct yaml_node *links = links_of(s);
    size_t n = 5 + (links ? links->len : 0); /* its own, two implied, container_name, hostname */

    for (size_t i = 0; i < s->s->network_count; i++)
        n += s->s->networks[i].alias_count;
    return n;
}

/* ---- records ---- */

/* The service whose label the word is. */
static const struct plan_service *labelled(const struct plan_view *v, const char *record)
{
    for (size_t i = 0; i < v->count; i++)
        if (plan_has_name(&v->services[i]) && strcmp(v->services[i].label, record) == 0)
            return &v->services[i];
    return NULL;
}

/* The alias already has a record of this name, for the same service or for another. */
static void meet(struct plan_alias *alias, const struct plan_alias *first)
{
    if (first->of == alias->of)
        alias->record = NULL;
    else if (plan_share_network(first->of, alias->of))
        alias->shared = first;
    else
        alias->taken = first->of;
}

static bool
has_record(const struct plan_alias *x, const char *record, const struct plan_service *of)
{
    return x->record && !x->taken && strcmp(x->record, record) == 0 && (!of || x->of == of);
}

static void give_record(struct plan_view *v, size_t at)
{
    struct plan_alias *alias = &v->aliases[at];
    const struct plan_service *owner = labelled(v, alias->record);

    if (owner) {
        alias->taken = owner == alias->of ? NULL : owner;
        alias->record = NULL;
        return;
    }
    for (size_t i = 0; i < at; i++)
        if (has_record(&v->aliases[i], alias->record, alias->of)) {
            alias->record = NULL;
            return;
        }
    for (size_t i = 0; i < at; i++)
        if (has_record(&v->aliases[i], alias->record, NULL)) {
            meet(alias, v->aliases[i].shared ? v->aliases[i].shared : &v->aliases[i]);
            break;
        }
    if (alias->taken)
        alias->record = NULL;
}

/* The names that are said first, so that none of them gives way to a link's. */
static void give_records(struct arena *a, struct plan_view *v)
{
    for (size_t i = 0; i < v->alias_count; i++) {
        struct plan_alias *alias = &v->aliases[i];
        if (alias->called == PLAN_CALLED_IMPLIED || !plan_has_name(alias->of))
            continue;
        alias->record = record_of(a, alias->text);
        alias->unfit = !alias->record;
        if (alias->record)
            give_record(v, i);
    }
}

void plan_view_aliases(struct arena *a, const struct compose_project *p, struct plan_view *v)
{
    struct reader r = {.a = a, .p = p, .v = v};
    size_t most = 0;

    for (size_t i = 0; i < v->count; i++)
        most += count_of(&v->services[i]);
    v->aliases = arena_array(a, struct plan_alias, most + 1);

    for (size_t i = 0; i < v->count; i++)
        add_names(&r, &v->services[i]);
    for (size_t i = 0; i < v->count; i++)
        add_links(&r, &v->services[i]);
    give_records(a, v);
}

/* ---- whom a word means ---- */

static bool knows(const struct plan_service *asker, const struct plan_alias *alias)
{
    if (alias->asker)
        return alias->asker == asker;
    if (!asker)
        return true;
    if (!alias->on)
        return plan_share_network(asker, alias->of);

    const struct plan_service *task = plan_task_of(asker);
    for (size_t i = 0; i < task->network_count; i++)
        if (task->networks[i] == alias->on)
            return true;
    return task == alias->of;
}

/* How near the name is to the asker, from 1; 0: it is not what he means. */
static unsigned nearness(const struct plan_service *asker, const struct plan_alias *alias)
{
    bool known = knows(asker, alias);

    if (alias->asker)
        return known ? 4 : 0;
    if (alias->called == PLAN_CALLED_SERVICE)
        return known && plan_has_name(alias->of) ? 3 : 1;
    return known ? 2 : 0;
}

const struct plan_alias *plan_named(
    const struct plan_view *v, const struct plan_service *asker, const char *word, size_t len)
{
    const struct plan_alias *best = NULL;
    unsigned best_near = 0;

    for (size_t i = 0; i < v->alias_count; i++) {
        const struct plan_alias *alias = &v->aliases[i];
        bool same = strncmp(alias->text, word, len) == 0 && !alias->text[len];
        unsigned near = same ? nearness(asker, alias) : 0;
        if (near > best_near) {
            best = alias;
            best_near = near;
        }
    }
    return best;
}

bool plan_name_is_parted(const struct plan_view *v, const struct plan_alias *name)
{
    if (name->taken)
        return true;
    for (size_t i = 0; i < v->alias_count; i++) {
        const struct plan_alias *other = &v->aliases[i];
        if (other->of != name->of && other->taken == name->of &&
            text_eq_nocase(other->text, name->text))
            return true;
    }
    return false;
}
