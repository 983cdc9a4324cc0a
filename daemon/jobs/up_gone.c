/* What somebody deleted from outside, behind the engine's back: found before an `up` is planned,
 * and made anew by it.
 *
 *   each `up`         services and cluster (ECS is asked), log groups (one list)
 *   `up --refresh`    everything that the engine can read, which takes minutes
 *
 * A log group is made again under its name, before anything needs it. Everything else is taken out
 * of the stack first, with what refers to it, and the plan follows (up_make_room); an engine whose
 * state has forgotten it already simply makes it. What held data, or has an address that others may
 * hold, comes back empty or elsewhere: that is refused until it is allowed by name, like any loss.
 *
 * What --refresh found stands in the journal: a later life works with the same list. */
#include "daemon/jobs/up.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/account/holdings.h"
#include "engine/context.h"
#include "engine/engine.h"
#include "engine/run/gone.h"
#include "engine/stack/log_groups.h"
#include "plan/consent.h"

#include <stdint.h>
#include <string.h>

#define FOUND_KEY "gone.found"
#define ROW       "refresh"
#define ROW_ORDER 2

static bool is_group(const json_t *deployed, const char *id)
{
    const json_t *resource = json_object_get(json_object_get(deployed, "Resources"), id);
    return text_eq(json_str(resource, "Type"), "AWS::Logs::LogGroup");
}

/* ---- what the engine finds ---- */

static int keep_found(struct engine_context *c, const json_t *gone, struct error *err)
{
    cleanup_free char *text = json_print(gone, false, true);

    int rc = engine_journal_put(c, FOUND_KEY, text, err);
    return rc < 0 ? rc : engine_journal_flush(c, err);
}

static int look_at_all(struct engine_context *c, json_t **gone, struct error *err)
{
    cleanup_free char *text = NULL;

    int rc = engine_journal_get(c, FOUND_KEY, &text, err);
    if (rc == 0 && text)
        return json_parse(text, strlen(text), gone, err);

    engine_row(
        c,
        ENGINE_ROW_STEP,
        ROW,
        ENGINE_ACTIVE,
        ROW_ORDER,
        "usually 1-5 min",
        "looking for what was deleted from outside");
    if (rc == 0)
        rc = c->engine->gone(c, gone, err);
    if (rc == 0)
        rc = keep_found(c, *gone, err);

    if (!engine_detaching(c))
        engine_row(
            c,
            ENGINE_ROW_STEP,
            ROW,
            engine_state_of(rc),
            ROW_ORDER,
            NULL,
            rc == 0 ? "looked at what is there" : "not looked at");
    return rc;
}

static void note_gone(struct up *u, const char *id, const json_t *resource)
{
    const char *type = json_str_or(resource, "Type", "?");

    engine_note(
        &u->j->context,
        ENGINE_SAY_WARNING,
        NULL,
        "%s (%s) was deleted from outside: it is made anew",
        id,
        type);
}

/* Of what is deployed; log groups go their own way, and what ECS told is known. */
static void merge(struct up *u, const json_t *found)
{
    const char *id;
    json_t *unused;

    json_object_foreach((json_t *)(uintptr_t)found, id, unused) {
        const json_t *resource =
            json_object_get(json_object_get(u->deployed.json, "Resources"), id);

        if (!resource || is_group(u->deployed.json, id) || json_object_get(u->gone, id))
            continue;
        if (!u->gone)
            u->gone = json_object();
        json_object_set_new(u->gone, id, json_true());
        note_gone(u, id, resource);
    }
}

/* The refresh moved the engine's state, and what is deployed is read again. */
static int read_again(struct up *u, struct error *err)
{
    engine_template_done(&u->deployed);
    return u->j->engine->deployed(&u->j->context, &u->deployed, err);
}

static int find_all(struct up *u, struct error *err)
{
    struct job *j = u->j;
    cleanup_json json_t *found = NULL;

    if (!u->deployed.exists || !json_bool_or(j->inputs, "refresh", false))
        return 0;

    int rc = look_at_all(&j->context, &found, err);
    if (rc == 0 && j->engine->forgets)
        rc = read_again(u, err);
    if (rc == 0)
        merge(u, found);
    return rc;
}

int up_find_gone(struct up *u, struct error *err)
{
    struct job *j = u->j;
    int rc = 0;

    if (u->deployed.settled)
        rc = flow_services_gone(&j->context, u->deployed.json, &u->gone, err);
    if (rc == 0 && u->deployed.exists)
        rc = lost_groups_find(&j->context, u->deployed.json, &u->lost_groups, err);
    return rc < 0 ? rc : find_all(u, err);
}

/* ---- whether it may be made anew ---- */

int up_consent_gone(struct up *u, const struct plan_consent *consent, struct error *err)
{
    struct plan_losses losses, left;
    struct arena *a = u->j->arena;

    if (!u->gone)
        return 0;

    cleanup_json json_t *closure = plan_gone_closure(u->deployed.json, u->gone);
    plan_losses_of_gone(a, u->deployed.json, u->gone, closure, &losses);
    plan_losses_unallowed(a, &losses, consent, &left);
    flow_holdings(&u->j->context, a, &left);
    int rc = plan_losses_refuse(&left, "up --refresh", err);
    if (rc < 0)
        return rc;

    json_decref(u->gone);
    u->gone = u->j->engine->forgets && json_bool_or(u->j->inputs, "refresh", false)
                  ? NULL
                  : json_incref(closure);
    return 0;
}

/* ---- log groups ---- */

int up_make_groups(struct up *u, struct error *err)
{
    struct engine_context *c = &u->j->context;
    const char *id;
    json_t *name;

    if (!u->lost_groups)
        return 0;

    int rc = lost_groups_make(c, u->deployed.json, u->lost_groups, err);
    if (rc < 0)
        return rc;

    json_object_foreach(u->lost_groups, id, name) {
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            NULL,
            "log group %s was deleted from outside: it is there again, and empty",
            json_string_value(name));
    }
    return 0;
}
