/* What a change does to what runs and to what is kept: one classification for `plan`, `up` and
 * `down` (docs/CONSENT.md). Pure; texts are static or in the arena that is given. */
#pragma once

#include "base/str.h"
#include "compose/compose.h"
#include "plan/graph/graph.h"
#include "plan/request.h"

/* From the least to the worst. */
enum plan_effect_kind {
    PLAN_HARMLESS,
    PLAN_STOPS, /* something does not answer for a while, or for good because it was removed */
    PLAN_MOVES, /* a public address that others may hold changes or goes */
    PLAN_LOSES, /* data is gone, or what runs begins with none */
};

/* "harmless", "stops", "moves", "loses" */
const char *plan_effect_name(enum plan_effect_kind kind);

struct plan_effect {
    enum plan_effect_kind kind;
    const char *text; /* for people: what happens; NULL where there is nothing to say */
    bool stays;       /* what was in it is left in the account on purpose, and costs */
};

/* Of one change of g over the deployed template (either may be NULL). Of the request settings and
 * no_snapshot are read. A type that is not in the table counts as holding data. */
void plan_effect_of(
    const struct plan_request *r,
    const struct graph_change *c,
    const json_t *deployed,
    const struct graph *g,
    struct plan_effect *out);

/* Of the going of one of the type, whatever its policies. */
enum plan_effect_kind plan_effect_of_going(const char *type);

/* Whether the table knows the type: all that the planner makes must be there. */
bool plan_effect_knows(const char *type);

/* One thing that is lost or moved. */
struct plan_loss {
    const char *name; /* what --allow-loss takes: the service's, the volume's, or the resource's */
    const char *logical_id, *type, *group;
    enum plan_effect_kind kind; /* PLAN_LOSES or PLAN_MOVES; of `down` also PLAN_STOPS: it goes,
                                   and a copy of what it held is kept */
    const char *what;           /* "the Postgres database of service db" */
    const char *text;           /* what becomes of it */
    const char *because;        /* "POSTGRES_DB: app → shop"; "" */
    const char *keep;           /* how to keep what it holds; "" */
    const char *holds;          /* "20 GiB, made 2026-11-22", where AWS tells; "" */
    struct yaml_pos pos;        /* of the key that asks for it; line 0: the files do not name it */
};

struct plan_losses {
    struct plan_loss *items;
    size_t len;
};

/* All that the graph loses or moves of r->previous, sorted by name and id. */
void plan_losses_find(
    struct arena *a, const struct plan_request *r, const struct graph *g, struct plan_losses *out);

/* `gone` and all that refers to it: what has to be taken out of what is deployed, and made anew. An
 * object of logical ids, each true; new. */
json_t *plan_gone_closure(const json_t *deployed, const json_t *gone);

/* What that loses or moves. Of `gone` itself it is lost already: that what runs begins with an
 * empty one is for somebody to want. */
void plan_losses_of_gone(
    struct arena *a,
    const json_t *deployed,
    const json_t *gone,
    const json_t *closure,
    struct plan_losses *out);

/* What a teardown of the deployed template takes: stores, files of sites, and the volumes that are
 * to go with it. `no_snapshot`: stores leave no last snapshot, whatever the template says. */
void plan_losses_of_down(
    struct arena *a,
    const json_t *deployed,
    bool no_snapshot,
    const struct plan_kept_volume *volumes,
    size_t count,
    struct plan_losses *out);

/* What was said beforehand: --allow-loss, x-defang-allow-loss, --yes-lose-data, --yes. */
struct plan_consent {
    const char *const *names; /* each may be a list with commas */
    size_t count;
    const struct compose_project *project; /* NULL: no file was read */
    bool all;                              /* losses and all */
    bool yes;                              /* what goes and leaves a copy; no loss */
    bool more; /* losses may yet be found: that a name is not needed cannot be said */
};

/* Those that nobody allowed, in *out; in the arena. */
void plan_losses_unallowed(
    struct arena *a,
    const struct plan_losses *losses,
    const struct plan_consent *consent,
    struct plan_losses *out);

/* Names that were allowed and that mean none of `losses`, each as a warning (nothing has that name)
 * or a note (nothing of it would go), with what could be meant. deployed, g: what there is besides;
 * either may be NULL. */
void plan_losses_note_unused(
    struct arena *a,
    const struct plan_consent *consent,
    const struct plan_losses *losses,
    const json_t *deployed,
    const struct graph *g,
    struct compose_diagnostics *d);

/* "db,LoadBalancer", as --allow-loss takes it. */
void plan_losses_names(const struct plan_losses *l, struct str *out);

/* ERR_REFUSED when there are any: each named in the message, and in the hint with its position,
 * what becomes of it and how to keep it; 0 when not. `command`: "up" or "down", to which the
 * option that allows them is to be added; NULL: who asked knows it better. */
int plan_losses_refuse(const struct plan_losses *l, const char *command, struct error *err);

/* ---- resources that cannot be replaced beside themselves (clash.c) ---- */

/* A resource with a name of its own cannot be made while the old one of that name stands, and one
 * that somebody deleted (a key of `gone`; may be NULL) not while the stack takes it for there. The
 * graph that makes room: what is deployed without those and without what refers to them; NULL when
 * nothing is in the way. `names` gets the services whose things are taken away first, in the
 * arena. */
struct graph *plan_make_room(
    struct arena *a,
    const json_t *deployed,
    const struct graph *g,
    const json_t *gone,
    const char **names);

/* The deployed template as it is without the resources that are keys of `gone`, whose services then
 * count as not deployed. New. */
json_t *plan_without(const json_t *deployed, const json_t *gone);

/* A deployed template as a graph, without the resources whose logical ids are keys of `without`
 * (NULL: with all). To be freed. */
struct graph *plan_graph_of(const json_t *deployed, const json_t *without);
