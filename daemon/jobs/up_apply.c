/* The applies of an `up`: each phase once, watched while it goes on, explained when it fails.
 *
 * Two marks stand in the journal for a phase. That it was begun is written before the engine is
 * called, and a phase that was begun is applied even when nothing differs any more: what an earlier
 * life executed must be followed to its end. That its step was left is written after it, and then
 * it is not applied again.
 *
 * While the engine works, ECS is looked at: the reason of a failure is in a task that stops, and
 * the stack that rolls back takes it away. What was found there becomes the error, because "service
 * api failed: exit code 1" says what to mend and the stack's own words do not. */
#include "daemon/jobs/up.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"
#include "engine/keep/keep.h"
#include "engine/run/observe.h"
#include "loop/fiber.h"

#define STEADY_WAIT_MS (15LL * 60 * 1000)

/* The mark that stands in the journal since before the engine was called. */
int up_phase_begun(struct up *u, const char *phase, bool *begun, struct error *err)
{
    cleanup_free char *key = xasprintf("apply.%s", phase);
    cleanup_free char *value = NULL;
    int rc = u->j->journal.get(u->j->journal.arg, key, &value, err);

    *begun = value != NULL;
    return rc;
}

int up_step_done(struct up *u, const char *step, bool *done, struct error *err)
{
    return store_step_done(u->j->daemon->store, u->j->row.id, step, done, err);
}

/* A store that goes, or may, is noted while it is there (keep/keep.h). */
static int stores_before(struct up *u, struct error *err)
{
    struct job *j = u->j;
    cleanup_json json_t *ids = NULL;

    if (!keep_any_goes(u->deployed.json, u->graph))
        return 0;

    int rc = j->engine->resources(&j->context, &ids, err);
    return rc < 0 ? rc : keep_before(&j->context, u->deployed.json, u->graph, ids, err);
}

/* Also after a change that was taken back, or canceled: what is there is protected again. */
static void stores_after(struct up *u)
{
    struct job *j = u->j;
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_json json_t *ids = NULL;

    if (!keep_is_noted(&j->context) || engine_detaching(&j->context))
        return;

    fiber_shield(true);
    if (j->engine->resources(&j->context, &ids, &ignored) == 0)
        keep_after(&j->context, ids);
    fiber_shield(false);
}

/* Mark, step, apply, step: whichever of them a crash cuts, the next life knows how far it came. */
int up_apply(struct up *u, const char *phase, struct error *err)
{
    struct job *j = u->j;
    struct store *store = j->daemon->store;
    struct engine_outcome outcome = {0};
    bool done = false;
    cleanup_free char *key = xasprintf("apply.%s", phase);
    int rc = up_step_done(u, phase, &done, err);
    if (rc < 0 || done)
        return rc;

    rc = store_step_enter(store, j->row.id, phase, err);
    if (rc == 0)
        rc = j->journal.put(j->journal.arg, key, "1", err);
    if (rc == 0)
        rc = stores_before(u, err);
    if (rc == 0)
        rc = j->engine->apply(&j->context, phase, u->graph, &outcome, err);
    stores_after(u);
    j->resources_changed += outcome.resources_changed;
    j->images_built += outcome.images_built;
    if (rc == 0)
        rc = store_step_leave(store, j->row.id, phase, err);
    engine_outcome_done(&outcome);

    return rc;
}

/* A stack that is still moving, or that nobody could read, differs. */
bool up_nothing_differs(struct up *u)
{
    if (!u->deployed.settled || !u->deployed.json)
        return false;

    struct graph_diff diff;
    graph_diff(u->deployed.json, u->graph, &diff);

    bool same = diff.len == 0;
    graph_diff_done(&diff);

    return same;
}

/* Failures of tasks say more than the stack that rolls back because of them. */
static void explain(struct up *u, struct error *err)
{
    const struct engine_failure *f = &u->j->failure;

    if (!f->service || !f->reason || err->kind == ERR_CANCELED)
        return;

    cleanup_error struct error told = ERROR_INIT;
    error_raise(
        &told, err->kind, "service %s failed: %s (%s)", f->service, f->reason, err->message);
    error_hint(
        &told,
        "see `defangctl logs %s --deployment %s`; then mend it and run `defangctl up` again",
        f->service,
        u->j->row.id);
    error_done(err);
    error_move(err, &told);
}

/* When the daemon goes down the services are not waited for: the next life does that. */
int up_apply_and_observe(struct up *u, const char *phase, struct error *err)
{
    struct job *j = u->j;
    struct flow_observer *observer = flow_observe_start(&j->context, u->graph);
    int rc = up_apply(u, phase, err);
    if (engine_detaching(&j->context)) {
        flow_observe_stop(observer, NULL);
        return rc;
    }

    struct engine_failure seen = {0};
    flow_observe_stop(observer, &seen);
    if (rc == 0)
        rc = flow_observe_steady(&j->context, u->graph, STEADY_WAIT_MS, &seen, err);

    if (rc < 0 && seen.service) {
        engine_failure_done(&j->failure);
        j->failure = seen;
        explain(u, err);
    } else {
        engine_failure_done(&seen);
    }

    return rc;
}

/* All phases that may be under way; the stages are numbered until one was never begun. */
void job_up_take_back(struct job *j)
{
    static const char *const phases[] = {"foundation", "room", "whole", "keep"};
    cleanup_error struct error ignored = ERROR_INIT;
    struct up u = {.j = j};

    for (size_t i = 0; i < ARRAY_LEN(phases); i++)
        j->engine->cancel(&j->context, phases[i]);

    bool begun = true;
    for (unsigned stage = 1; begun; stage++) {
        cleanup_free char *phase = xasprintf("stage-%u", stage);
        if (up_phase_begun(&u, phase, &begun, &ignored) < 0 || !begun)
            break;

        j->engine->cancel(&j->context, phase);
    }
}
