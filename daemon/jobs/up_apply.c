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
#include "engine/engine.h"
#include "engine/keep/keep.h"
#include "engine/run/observe.h"
#include "loop/fiber.h"
#include "plan/registries.h"
#include "plan/report/cost.h"

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

    const struct compose_service *s = compose_service_get(u->request.project, f->service);
    const char *log_in = plan_registry_hint(u->j->arena, s ? s->image : NULL, f->reason);
    cleanup_error struct error told = ERROR_INIT;
    error_raise(
        &told, err->kind, "service %s failed: %s (%s)", f->service, f->reason, err->message);
    error_hint(
        &told,
        "see `defangctl logs %s --deployment %s`; then mend it and run `defangctl up` again",
        f->service,
        u->j->row.id);
    if (log_in)
        error_hint(&told, "%s", log_in);
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

/* What comes after the last apply: a cancel in between leaves it undone, and says so. */
int up_rest_is(struct up *u, const char *rest, struct error *err)
{
    const struct engine_journal *journal = &u->j->journal;

    return journal->put(journal->arg, JOB_REST, rest, err);
}

int up_note_rest(struct up *u, unsigned stage, struct error *err)
{
    struct plan_static *sites;
    size_t count;
    cleanup_str struct str rest = STR_INIT;

    for (size_t i = 0; i < u->once.stages.once_count; i++)
        if (u->once.stages.once[i].stage == stage)
            str_appendf(&rest, "%srun %s", rest.len ? ", " : "", u->once.stages.once[i].service);

    plan_static_sites(u->j->arena, u->request.project, &sites, &count);
    for (size_t i = 0; i < count; i++)
        str_appendf(&rest, "%sfiles of %s", rest.len ? ", " : "", sites[i].service);
    if (u->held)
        str_appendf(&rest, "%s%s", rest.len ? ", " : "", UP_REST_KEEP);

    return up_rest_is(u, rest.len ? str_get(&rest) : NULL, err);
}

/* ---- what a failure leaves ----
 *
 * A roll back of a first deployment does not take everything: the foundation stays, and with it a
 * load balancer and a gateway that somebody pays for. What is said comes from the stack's own list
 * of resources, asked when it has come to rest, priced as `plan` prices (report/cost.h). A project
 * whose services run is none of this: what it costs is known from `plan`. */

/* By what is in them, or by their use. */
static bool costs_by_content(const char *type)
{
    static const char *const types[] = {
        "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::EFS::FileSystem"};

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (text_eq(types[i], type))
            return true;
    return false;
}

/* A service that stands serves somebody: then the project was deployed before. */
static bool serves(const json_t *template, const json_t *there)
{
    const char *id;
    json_t *physical;

    json_object_foreach((json_t *)there, id, physical) {
        const json_t *resource = json_object_get(json_object_get(template, "Resources"), id);
        if (text_eq(json_str(resource, "Type"), "AWS::ECS::Service"))
            return true;
    }

    return false;
}

/* "load balancer (USD 16.43), NAT gateway (USD 32.85)"; the sum is returned. */
static double list_costs(const struct cost *cost, const json_t *there, struct str *list)
{
    double sum = 0;

    for (size_t i = 0; i < cost->len; i++) {
        const struct cost_line *l = &cost->lines[i];

        if (costs_by_content(l->type) || !json_object_get(there, l->logical_id))
            continue;
        sum += l->month;
        str_appendf(list, "%s%s (USD %.2f)", list->len ? ", " : "", l->what, l->month);
    }

    return sum;
}

static void say(struct up *u, const json_t *template, const json_t *there)
{
    cleanup_cost struct cost cost = {0};
    cleanup_str struct str list = STR_INIT;
    struct engine_context *c = &u->j->context;

    cost_of(template, c->facts->region, &cost);
    double sum = list_costs(&cost, there, &list);
    size_t n = json_object_size(there);

    if (sum > 0)
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            "`defangctl up` goes on from there; `defangctl down` removes it",
            "%zu resources of %s stay, and cost about USD %.2f a month: %s",
            n,
            c->project,
            sum,
            str_get(&list));
    else if (n > 0)
        engine_note(
            c,
            ENGINE_SAY_NOTE,
            "`defangctl up` goes on from there; `defangctl down` removes it",
            "%zu resources of %s stay; none of them costs by being there",
            n,
            c->project);
    else
        engine_note(
            c, ENGINE_SAY_NOTE, NULL, "nothing of %s that costs was left behind", c->project);
}

void up_say_left(struct up *u)
{
    struct engine_context *c = &u->j->context;
    cleanup_json json_t *there = NULL, *template = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (!u->graph || !c->facts || engine_detaching(c))
        return;

    fiber_shield(true);
    int rc = c->engine->resources(c, &there, &ignored);
    fiber_shield(false);
    if (rc < 0)
        return;

    template = graph_template(u->graph);
    if (c->keep_failed || !serves(template, there))
        say(u, template, there);
}
