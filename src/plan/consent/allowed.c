/* What was allowed to go: by the name of the service, of the volume, of the resource, or of the
 * resource's group on the board ("builds", "ingress"); by --allow-loss, or by x-defang-allow-loss
 * at the top of the file (a name or a list of names) or at a service (true).
 *
 * A name that allows nothing is no error, because a script that was right yesterday says the same
 * today, when the thing is gone. It is said: whoever mistyped it would find the loss refused, and
 * whoever believes that it was needed should know that nothing goes. */
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "plan/consent.h"
#include "plan/diag.h"
#include "plan/view/extensions.h"
#include <string.h>

#define FILE_KEY      "x-defang-allow-loss"
#define GROUP_SERVICE "service/"
#define SEPARATORS    ", \t"
#define NAMES_SHOWN   12 /* of those that could be meant */

/* Whether a name of the list, which may hold commas and blanks, means this loss. */
static bool list_means(const char *list, const struct plan_loss *loss)
{
    const char *const names[] = {loss->name, loss->logical_id, loss->group};

    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, SEPARATORS);
        for (size_t i = 0; n && i < ARRAY_LEN(names); i++)
            if (strlen(names[i]) == n && strncmp(names[i], p, n) == 0)
                return true;
        p += n + (p[n] != '\0');
    }
    return false;
}

static bool node_means(const struct yaml_node *n, const struct plan_loss *loss)
{
    if (!n)
        return false;
    if (n->kind == YAML_KIND_SCALAR)
        return list_means(n->value, loss);
    for (size_t i = 0; n->kind == YAML_KIND_SEQUENCE && i < n->len; i++)
        if (n->items[i]->kind == YAML_KIND_SCALAR && list_means(n->items[i]->value, loss))
            return true;
    return false;
}

static bool file_allows(const struct compose_project *p, const struct plan_loss *loss)
{
    const struct compose_service *s = p ? compose_service_get(p, loss->name) : NULL;
    const struct yaml_node *at_service = s ? yaml_get(s->extensions, FILE_KEY) : NULL;
    bool said =
        at_service && at_service->kind == YAML_KIND_SCALAR && text_eq(at_service->value, "true");

    return said || (p && node_means(yaml_get(p->extensions, FILE_KEY), loss));
}

static bool is_allowed(const struct plan_consent *c, const struct plan_loss *loss)
{
    if (c->all || (c->yes && loss->kind == PLAN_STOPS) || file_allows(c->project, loss))
        return true;
    for (size_t i = 0; i < c->count; i++)
        if (list_means(c->names[i], loss))
            return true;
    return false;
}

void plan_losses_unallowed(
    struct arena *a,
    const struct plan_losses *losses,
    const struct plan_consent *consent,
    struct plan_losses *out)
{
    *out = (struct plan_losses){.items = arena_array(a, struct plan_loss, losses->len + 1)};
    for (size_t i = 0; i < losses->len; i++)
        if (!is_allowed(consent, &losses->items[i]))
            out->items[out->len++] = losses->items[i];
}

/* ---- names that allow nothing ---- */

struct unused {
    struct arena *a;
    const struct plan_losses *losses;
    VEC(const char *) known; /* what could be meant, the losses first */
    struct plan_diag diag;
};

static void add_known(struct unused *u, const char *name)
{
    for (size_t i = 0; i < u->known.len; i++)
        if (text_eq(u->known.items[i], name))
            return;
    if (!text_empty(name))
        vec_push(&u->known, name);
}

static const char *without_service(const char *group)
{
    return text_starts(group, GROUP_SERVICE) ? group + strlen(GROUP_SERVICE) : group;
}

/* Services and volumes of the files, then what is deployed and planned: its groups, its ids. */
static void find_known(
    struct unused *u,
    const struct compose_project *p,
    const json_t *deployed,
    const struct graph *g)
{
    const char *id;
    json_t *resource;

    for (size_t i = 0; i < u->losses->len; i++)
        add_known(u, u->losses->items[i].name);
    for (size_t i = 0; p && i < p->service_count; i++)
        add_known(u, p->services[i].name);
    for (size_t i = 0; p && i < p->volume_count; i++)
        add_known(u, p->volumes[i].name);

    json_object_foreach(json_object_get(deployed, "Resources"), id, resource)
        add_known(u, without_service(json_str(resource, "Metadata.Group")));
    for (size_t i = 0; g && i < g->len; i++)
        add_known(u, without_service(g->resources[i].group));

    json_object_foreach(json_object_get(deployed, "Resources"), id, resource)
        add_known(u, id);
    for (size_t i = 0; g && i < g->len; i++)
        add_known(u, g->resources[i].logical_id);
}

static bool is_known(const struct unused *u, const char *name)
{
    for (size_t i = 0; i < u->known.len; i++)
        if (text_eq(u->known.items[i], name) || text_eq(u->known.items[i], without_service(name)))
            return true;
    return false;
}

static bool means_any(const struct unused *u, const char *name)
{
    for (size_t i = 0; i < u->losses->len; i++)
        if (list_means(name, &u->losses->items[i]))
            return true;
    return false;
}

/* What would go, or what there is. */
static const char *what_there_is(struct unused *u)
{
    cleanup_str struct str text = STR_INIT;
    size_t shown = MIN(u->losses->len ? u->losses->len : u->known.len, (size_t)NAMES_SHOWN);

    for (size_t i = 0; i < shown; i++)
        str_appendf(&text, "%s%s", i ? ", " : "", u->known.items[i]);
    return arena_printf(
        u->a,
        "%s: %s",
        u->losses->len ? "what would be lost or moved"
                       : "names are those of services, volumes and resources",
        str_get(&text));
}

static const char *what_was_meant(struct unused *u, const char *name)
{
    vec_push(&u->known, NULL);
    const char *near = text_nearest(name, u->known.items);
    u->known.len--;

    return near ? arena_printf(u->a, "did you mean %s?", near) : what_there_is(u);
}

static void
note_name(struct unused *u, const char *where, const char *name, bool often, struct yaml_pos pos)
{
    if (means_any(u, name))
        return;
    if (!is_known(u, name))
        plan_warn(
            &u->diag,
            pos,
            what_was_meant(u, name),
            "%s %s allows nothing: nothing of this project has that name",
            where,
            name);
    else if (!often)
        plan_note(
            &u->diag,
            pos,
            u->losses->len ? what_there_is(u) : NULL,
            "%s %s is not needed: nothing of it would be lost or moved",
            where,
            name);
}

/* One entry, which may be a list. What stands in a file is there for good: that it is not needed
 * today is nothing to say. */
static void
note_list(struct unused *u, const char *where, const char *list, bool often, struct yaml_pos pos)
{
    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, SEPARATORS);
        if (n)
            note_name(u, where, arena_strndup(u->a, p, n), often, pos);
        p += n + (p[n] != '\0');
    }
}

static void note_node(struct unused *u, const struct yaml_node *n)
{
    if (n && n->kind == YAML_KIND_SCALAR)
        note_list(u, FILE_KEY, n->value, true, n->pos);
    for (size_t i = 0; n && n->kind == YAML_KIND_SEQUENCE && i < n->len; i++)
        if (n->items[i]->kind == YAML_KIND_SCALAR)
            note_list(u, FILE_KEY, n->items[i]->value, true, n->items[i]->pos);
}

void plan_losses_note_unused(
    struct arena *a,
    const struct plan_consent *consent,
    const struct plan_losses *losses,
    const json_t *deployed,
    const struct graph *g,
    struct compose_diagnostics *d)
{
    struct unused u = {.a = a, .losses = losses, .diag = {.d = d}};
    const struct compose_project *p = consent->project;

    find_known(&u, p, deployed, g);
    for (size_t i = 0; i < consent->count; i++)
        note_list(&u, "--allow-loss", consent->names[i], consent->more, (struct yaml_pos){0});
    if (p)
        note_node(&u, yaml_get(p->extensions, FILE_KEY));
    vec_free(&u.known);
}
