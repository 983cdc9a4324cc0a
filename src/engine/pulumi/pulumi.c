/* Engine `pulumi`: its table, and the ways of a deployment. See pulumi.h. Pulumi knows no roll
 * back: what a failed run made stays, and the next run goes on from there.
 *
 * The state in the bucket is Pulumi's; what was deployed (deployed.json, the graph's template) and
 * its outputs are written beside it by the task when a run ended well. "Settled" needs that the
 * last verb was `up` and ended: after any other the state may have moved away from the graph. */
#include "engine/pulumi/pulumi.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/keep/keep.h"
#include "engine/pulumi/checkpoint.h"
#include "engine/pulumi/upkeep.h"
#include "engine/pulumi/verb.h"
#include "engine/stack/protect.h"
#include "engine/stack/service_role.h"
#include "engine/values/passwords.h"
#include "loop/fiber.h"

/* A failed apply keeps what it made; the counts are told either way. */
static int pulumi_apply(
    struct engine_context *c,
    const char *phase,
    const struct graph *g,
    struct engine_outcome *out,
    struct error *err)
{
    *out = (struct engine_outcome){0};
    struct pulumi_verb v;

    int rc = pulumi_verb_open(&v, c, phase, err);
    if (rc == 0)
        rc = pulumi_verb_need_cd(&v, err);
    if (rc == 0)
        rc = passwords_check(c, g, err);
    if (rc == 0) {
        service_roles_ensure(c, g);
        v.events.graph = g;
        v.events.rows = rows_from_graph(c, g);
        rows_keep_all(v.events.rows);
        rc = pulumi_verb_run(&v, "up", g, false, err);
    }

    out->resources_changed = v.events.changed;
    out->images_built = v.events.images_built;
    if (rc == 0)
        rc = pulumi_object(c, &v.place, "outputs.json", &out->outputs, err);
    pulumi_verb_done(&v);
    return rc;
}

static int pulumi_deployed(struct engine_context *c, struct engine_template *out, struct error *err)
{
    *out = (struct engine_template){0};
    struct pulumi_verb v;
    cleanup_json json_t *last = NULL;
    cleanup_free char *task = NULL;
    bool alive = false;

    int rc = pulumi_verb_open(&v, c, "look", err);
    if (rc == 0)
        rc = pulumi_refuse_other_engine(c, err);
    if (rc == 0)
        rc = pulumi_object(c, &v.place, "deployed.json", &out->json, err);
    if (rc == 0)
        rc = pulumi_object(c, &v.place, "run.json", &last, err);
    if (rc == 0)
        rc = pulumi_owner(c, &v.place, &task, &alive, err);
    if (rc == 0) {
        const char *status = json_str_or(last, "state", "none");
        if (task)
            status = alive ? "running" : "interrupted";

        out->exists = out->json != NULL;
        out->status = xstrdup(status);
        /* After any other verb the state may have moved away from the graph. */
        out->settled =
            out->exists && text_eq(out->status, "done") && text_eq(json_str(last, "verb"), "up");
    }

    pulumi_verb_done(&v);
    return rc;
}

static int pulumi_outputs(struct engine_context *c, json_t **out, struct error *err)
{
    struct pulumi_verb v;

    int rc = pulumi_verb_open(&v, c, "look", err);
    *out = NULL;
    if (rc == 0)
        rc = pulumi_object(c, &v.place, "outputs.json", out, err);
    pulumi_verb_done(&v);
    return rc;
}

static int pulumi_resources(struct engine_context *c, json_t **out, struct error *err)
{
    struct pulumi_verb v;
    cleanup_json json_t *checkpoint = NULL;

    int rc = pulumi_verb_open(&v, c, "look", err);
    if (rc == 0)
        rc = pulumi_object(c, &v.place, v.place.checkpoint, &checkpoint, err);
    *out = rc == 0 ? pulumi_physical_ids(checkpoint) : NULL;
    pulumi_verb_done(&v);
    return rc;
}

static int lift(
    struct pulumi_verb *v,
    const json_t *checkpoint,
    const json_t *deployed,
    bool force,
    struct error *err)
{
    cleanup_json json_t *ids = pulumi_physical_ids(checkpoint);
    return protect_lift_ids(v->c, ids, deployed, force, err);
}

/* Stores go first, each with its last snapshot: Pulumi finds them gone. */
static int retire(
    struct engine_context *c,
    const json_t *checkpoint,
    const json_t *deployed,
    bool force,
    struct error *err)
{
    cleanup_json json_t *ids = pulumi_physical_ids(checkpoint);
    struct keep_stores stores = {0};

    int rc = keep_list(c, deployed, ids, &stores, err);
    if (rc == 0)
        rc = keep_retire(c, &stores, force, err);
    if (rc == 0)
        rc = keep_before(c, deployed, NULL, ids, err);
    keep_stores_done(&stores);
    return rc;
}

/* Without a state there is nothing to destroy, unless a destroy of ours took it away already. */
static int destroy(struct pulumi_verb *v, bool force, struct engine_outcome *out, struct error *err)
{
    cleanup_json json_t *checkpoint = NULL, *deployed = NULL;
    bool begun = false;

    int rc = pulumi_run_begun(v->c, v->key, &begun, err);
    if (rc == 0)
        rc = pulumi_object(v->c, &v->place, v->place.checkpoint, &checkpoint, err);
    if (rc == 0 && !checkpoint && !begun) {
        out->nothing_changed = true;
        return 0;
    }

    if (rc == 0)
        rc = pulumi_object(v->c, &v->place, "deployed.json", &deployed, err);
    if (rc == 0 && !begun)
        rc = lift(v, checkpoint, deployed, force, err);
    if (rc == 0)
        rc = engine_no_return(v->c, err);
    if (rc == 0 && !begun)
        rc = retire(v->c, checkpoint, deployed, force, err);
    if (rc == 0) {
        v->events.rows = rows_from_template(v->c, deployed);
        rc = pulumi_verb_run(v, "destroy", NULL, force, err);
    }

    if (rc == 0)
        keep_after(v->c, NULL);
    out->resources_changed = v->events.changed;
    return rc < 0 ? rc : pulumi_passphrase_remove(v->c, &v->place, err);
}

static int
pulumi_destroy(struct engine_context *c, bool force, struct engine_outcome *out, struct error *err)
{
    *out = (struct engine_outcome){0};
    struct pulumi_verb v;

    int rc = pulumi_verb_open(&v, c, "destroy", err);
    if (rc == 0)
        rc = pulumi_refuse_other_engine(c, err);
    if (rc == 0 && !v.place.ready)
        out->nothing_changed = true;
    else if (rc == 0)
        rc = destroy(&v, force, out, err);
    pulumi_verb_done(&v);
    return rc;
}

/* The task's last word decides: it may have ended well before it was asked to stop. A task that
 * left no word never came so far as to change anything. */
static int end_of_run(struct pulumi_verb *v, struct engine_end *out, struct error *err)
{
    struct engine_context *c = v->c;
    cleanup_json json_t *last = NULL;
    cleanup_free char *key = xasprintf("%s.task", v->key), *task = NULL;

    int rc = engine_journal_get(c, key, &task, err);
    if (rc == 0)
        rc = pulumi_object(c, &v->place, "run.json", &last, err);
    if (rc < 0 || !task || !text_eq(json_str(last, "task"), task))
        return rc;

    bool well = text_eq(json_str(last, "state"), "done");
    out->back = well ? ENGINE_BACK_LATE : ENGINE_BACK_PARTLY;
    out->said = xasprintf(
        well ? "pulumi %s had ended well" : "pulumi %s was stopped half-way",
        json_str_or(last, "verb", "up"));
    if (!well)
        out->hint = xstrdup("`defangctl up` goes on from there, `defangctl down` removes it");
    return 0;
}

static void pulumi_cancel(struct engine_context *c, const char *phase, struct engine_end *out)
{
    struct pulumi_verb v = {0};
    cleanup_error struct error err = ERROR_INIT;
    bool begun = false;
    *out = (struct engine_end){0};

    cleanup_free char *key = xasprintf("pulumi.%s", phase);
    int rc = pulumi_run_begun(c, key, &begun, &err);
    if (rc == 0 && (!begun || engine_detaching(c)))
        return; /* nothing that AWS would have to be asked about */

    fiber_shield(true);
    if (rc == 0)
        rc = pulumi_verb_open(&v, c, phase, &err);
    if (rc == 0 && v.place.ready) {
        pulumi_run_stop(c, &v.place, v.key);
        rc = end_of_run(&v, out, &err);
    }
    fiber_shield(false);

    if (rc < 0) {
        out->back = ENGINE_BACK_UNKNOWN;
        out->said = xasprintf(
            "how pulumi ended is not known (%s)", err.message ? err.message : "no reason given");
        out->hint = xstrdup("`defangctl cd ls` tells its state");
    }
    pulumi_verb_done(&v);
}

int pulumi_has_run(struct engine_context *c, bool *has, struct error *err)
{
    struct pulumi_place place = {0};
    cleanup_json json_t *last = NULL;

    int rc = pulumi_place_open(c, &place, err);
    if (rc == 0)
        rc = pulumi_object(c, &place, "run.json", &last, err);
    *has = last != NULL;
    pulumi_place_done(&place);
    return rc;
}

const struct engine engine_pulumi = {
    .name = "pulumi",
    .builds_images = true,
    .deployed = pulumi_deployed,
    .apply = pulumi_apply,
    .destroy = pulumi_destroy,
    .cancel = pulumi_cancel,
    .outputs = pulumi_outputs,
    .resources = pulumi_resources,
    .preview = pulumi_preview,
    .gone = pulumi_gone,
    .forgets = true,
    .refresh = pulumi_refresh,
    .release = pulumi_release,
};
