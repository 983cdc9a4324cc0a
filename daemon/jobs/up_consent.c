/* What an `up` asks itself before it changes anything: what is deployed, and whether it may be
 * changed so; and the step that makes room.
 *
 * The verb has asked the same at admission (daemon/verbs/consent.c), where somebody could answer.
 * Here it is asked again of what is deployed now: between the two another machine may have
 * deployed, and a job that comes back after a restart trusts nothing that it did not read.
 *
 * Room is made for what cannot stand beside its predecessor: a phase of its own takes the
 * predecessor away, and the plan follows. When the plan fails then, what is rolled back to is the
 * state without it, and that is said. */
#include "daemon/jobs/domains.h"
#include "daemon/jobs/up.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/account/holdings.h"
#include "engine/context.h"
#include "engine/engine.h"
#include "plan/consent.h"

#include <string.h>

#define PHASE_ROOM "room"

/* ---- what is deployed ---- */

/* A service of which something was left out by a roll back may run as anything: without its note of
 * the last deployment it counts as changed, and is made anew. */
static void forget(json_t *deployed, const json_t *again)
{
    json_t *notes = json_at(deployed, "Metadata.Defang.services"), *id;
    size_t i;

    json_array_foreach(again, i, id) {
        const json_t *resource =
            json_object_get(json_object_get(deployed, "Resources"), json_string_value(id));
        const char *group = json_str_or(resource, "Metadata.Group", "");

        if (text_starts(group, "service/"))
            json_object_del(notes, group + strlen("service/"));
    }
}

/* What is deployed now, and what the next graph is compared with. */
int up_read_deployed(struct up *u, struct error *err)
{
    struct job *j = u->j;
    cleanup_json json_t *again = NULL;
    int rc = j->engine->mend ? j->engine->mend(&j->context, &again, err) : 0;
    if (rc == 0)
        rc = j->engine->deployed(&j->context, &u->deployed, err);
    if (rc < 0)
        return rc;

    forget(u->deployed.json, again);
    rc = up_find_gone(u, err);
    if (rc < 0)
        return rc;

    u->request.previous = u->deployed.exists ? u->deployed.json : NULL;
    u->before = json_incref(u->deployed.json);
    domains_say(j, &u->request);

    return plan_check_origin(&u->request, NULL, err);
}

/* ---- consent ---- */

/* What was said when it was admitted. */
static void read_consent(struct up *u, struct plan_consent *out)
{
    const json_t *list = json_object_get(u->j->inputs, "allow_loss");
    size_t count = json_array_size(list);
    const char **names = arena_array(u->j->arena, const char *, count + 1);

    for (size_t i = 0; i < count; i++)
        names[i] = json_string_value(json_array_get(list, i));
    *out = (struct plan_consent){
        .names = names,
        .count = count,
        .project = u->request.project,
        .all = json_bool_or(u->j->inputs, "yes_lose_data", false)};
}

/* What is removed from the stack and left in the account. */
static void note_kept(struct up *u, const struct plan_request *r, const struct graph *g)
{
    struct job *j = u->j;
    struct graph_diff d;

    graph_diff(r->previous, g, &d);
    for (size_t i = 0; i < d.len; i++) {
        const struct graph_change *c = &d.changes[i];
        struct plan_effect e;

        plan_effect_of(r, c, r->previous, g, &e);
        if (e.stays && c->action == GRAPH_REMOVE)
            vec_push(
                &j->kept, arena_printf(j->arena, "%s (%s): %s", c->logical_id, c->type, e.text));
    }
    graph_diff_done(&d);
}

/* What was allowed is said once more, where the deployment is told. */
static void note_losses(struct up *u, const struct plan_losses *l)
{
    for (size_t i = 0; i < l->len; i++)
        engine_note(
            &u->j->context, ENGINE_SAY_WARNING, NULL, "%s: %s", l->items[i].what, l->items[i].text);
}

int up_consent(struct up *u, struct error *err)
{
    struct plan_request r = u->request;
    struct plan_losses losses, left;
    struct plan_consent *consent = arena_make(u->j->arena, struct plan_consent);
    cleanup_graph struct graph *g = NULL;

    read_consent(u, consent);
    u->j->context.consent = consent;
    if (!r.previous)
        return 0;

    int rc = up_consent_gone(u, consent, err);
    if (rc < 0)
        return rc;

    r.foundation = false;
    r.stage = 0;
    plan_images_pretend(u->j->arena, r.project, &r.images, &r.image_count);
    rc = plan_make(&r, &g, NULL, err);
    if (rc == 0)
        rc = plan_check_previous(&r, g, err);
    if (rc < 0)
        return error_wrap(err, "planning %s", u->j->context.project);

    plan_losses_find(u->j->arena, &r, g, &losses);
    plan_losses_unallowed(u->j->arena, &losses, consent, &left);
    note_kept(u, &r, g);
    flow_holdings(&u->j->context, u->j->arena, &left);
    if (left.len == 0)
        note_losses(u, &losses);
    return plan_losses_refuse(&left, "up", err);
}

/* ---- room ---- */

/* The graph of the phase stands in for the whole while it is applied. */
static int apply_room(struct up *u, struct graph *room, struct error *err)
{
    struct graph *whole = u->graph;

    u->graph = room;
    int rc = up_apply(u, PHASE_ROOM, err);
    if (rc == 0)
        up_now_deployed(u);
    u->graph = whole;
    return rc;
}

int up_make_room(struct up *u, bool *changed, struct error *err)
{
    const char *names = "";
    bool done = false, begun = false;
    int rc = up_step_done(u, PHASE_ROOM, &done, err);
    if (rc == 0)
        rc = up_phase_begun(u, PHASE_ROOM, &begun, err);
    if (rc < 0 || done) {
        *changed = *changed || done;
        return rc;
    }

    cleanup_graph struct graph *room =
        plan_make_room(u->j->arena, u->request.previous, u->graph, u->gone, &names);
    /* Begun by an earlier life, it is followed to its end, even when nothing is in the way now. */
    if (!room && begun)
        room = plan_graph_of(u->request.previous, NULL);
    if (!room)
        return 0;

    if (*names && u->gone)
        engine_note(
            &u->j->context,
            ENGINE_SAY_WARNING,
            NULL,
            "deleted from outside, and made anew: %s",
            names);
    else if (*names)
        engine_note(
            &u->j->context,
            ENGINE_SAY_WARNING,
            NULL,
            "what runs of %s is taken away first: its name must be free before the new one is made",
            names);
    *changed = true;
    return apply_room(u, room, err);
}
