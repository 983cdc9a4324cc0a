/* Engine `pulumi`: see pulumi.h. Pulumi knows no roll back: what a failed run made stays, and the
 * next run goes on from there. */
#include "engine/pulumi/pulumi.h"

#include "engine/cloudformation/cfn.h"
#include "engine/cloudformation/protect.h"
#include "engine/cloudformation/service_role.h"
#include "engine/values/passwords.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

struct run {
    struct engine_context *c;
    struct pulumi_place place;
    struct pulumi_bundle bundle;
    struct pulumi_events events;
    char *key; /* of the journal */
    bool unclean;
};

static void run_done(struct run *r)
{
    pulumi_place_done(&r->place);
    pulumi_bundle_done(&r->bundle);
    pulumi_events_done(&r->events);
    rows_free(r->events.rows);
    free(r->key);
}

static int run_open(struct run *r, struct engine_context *c, const char *phase, struct error *err)
{
    *r = (struct run){.c = c, .events = {.c = c}, .key = xasprintf("pulumi.%s", phase)};
    return pulumi_place_open(c, &r->place, err);
}

/* The same project and stack by the other engine: two owners of one set of names. */
static int refuse_other_engine(struct engine_context *c, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    struct cfn_stack stack = {0};
    int rc = cfn_stack_describe(c, name, &stack, err);
    bool there = rc == 0 && stack.exists && !text_eq(stack.status, "REVIEW_IN_PROGRESS");
    cfn_stack_done(&stack);
    if (!there)
        return rc;
    error_raise(
        err,
        ERR_REFUSED,
        "project %s is deployed by CloudFormation (stack %s), not by Pulumi",
        c->project,
        name);
    error_hint(
        err,
        "go on with --engine cloudformation, take it down first, or deploy it under another "
        "--stack");
    return -EPERM;
}

/* `cd cancel` takes the lock away and looks at nothing: the next run does. */
static int last_was_released(struct run *r, bool *released, struct error *err)
{
    cleanup_json json_t *last = NULL;
    int rc = pulumi_object(r->c, &r->place, "run.json", &last, err);
    *released = text_eq(json_str(last, "verb"), "cancel");
    return rc;
}

/* Another task that still works on the stack is not disturbed; one that ECS says is stopped leaves
 * the stack to us, unclean. */
static int claim(struct run *r, struct error *err)
{
    cleanup_free char *task = NULL;
    bool alive = false;
    int rc = pulumi_owner(r->c, &r->place, &task, &alive, err);
    if (rc == 0 && !task)
        rc = last_was_released(r, &r->unclean, err);
    if (rc < 0 || !task)
        return rc;
    if (alive) {
        error_raise(
            err,
            ERR_REFUSED,
            "another run of Pulumi works on project %s, stack %s: task %s",
            r->c->project,
            r->c->settings->stack,
            task);
        error_hint(err, "wait until it has ended, or stop that task in ECS");
        return -EPERM;
    }
    engine_note(
        r->c,
        ENGINE_SAY_NOTE,
        NULL,
        "an earlier run of Pulumi was killed: its lock is taken away, and what it left is looked "
        "at first");
    r->unclean = true;
    return pulumi_object_delete(r->c, &r->place, "owner", err);
}

/* A teardown knows the account's facts, but not its bucket. */
static int store_bundle(struct run *r, const struct graph *g, struct error *err)
{
    struct plan_facts facts = *r->c->facts;
    struct engine_context own = *r->c;
    facts.bucket = r->place.cd.bucket;
    own.facts = &facts;
    return pulumi_bundle_store(&own, g, &r->bundle, err);
}

/* Runs `verb`, or attaches to the task that an earlier life of the daemon started. */
static int
run_verb(struct run *r, const char *verb, const struct graph *g, bool unprotect, struct error *err)
{
    bool begun = false;
    cleanup_json json_t *checkpoint = NULL;
    int rc = pulumi_run_begun(r->c, r->key, &begun, err);
    if (rc == 0 && !begun &&
        !text_eq(verb, "preview")) /* which changes nothing and holds nothing */
        rc = claim(r, err);
    if (rc == 0 && !begun)
        rc = pulumi_passphrase_ensure(r->c, &r->place, err);
    if (rc == 0)
        rc = store_bundle(r, g, err);
    if (rc == 0)
        rc = pulumi_object(r->c, &r->place, r->place.checkpoint, &checkpoint, err);
    if (rc < 0)
        return rc;
    cleanup_free char *plugins = pulumi_plugins(checkpoint, r->c->build_count > 0);
    struct pulumi_order order = {
        .verb = verb,
        .key = r->key,
        .bundle = &r->bundle,
        .plugins = plugins,
        .unclean = r->unclean,
        .unprotect = unprotect};
    rc = pulumi_run(r->c, &r->place, &order, &r->events, err);
    if (rc < 0 && fiber_is_canceled() && !engine_detaching(r->c))
        pulumi_run_stop(r->c, &r->place, r->key);
    if (!engine_detaching(r->c))
        rows_finish(r->events.rows, rc == 0);
    return rc;
}

static int need_cd(const struct run *r, struct error *err)
{
    if (r->place.ready && r->place.cd.task_definition)
        return 0;
    error_raise(
        err, ERR_REFUSED, "the CD stack %s that runs Pulumi is not there", r->c->settings->cd_name);
    error_hint(err, "make it with `defangctl cd bootstrap`");
    return -EPERM;
}

static int pulumi_apply(
    struct engine_context *c,
    const char *phase,
    const struct graph *g,
    struct engine_outcome *out,
    struct error *err)
{
    *out = (struct engine_outcome){0};
    struct run r;
    int rc = run_open(&r, c, phase, err);
    if (rc == 0)
        rc = need_cd(&r, err);
    if (rc == 0)
        rc = passwords_check(c, g, err);
    if (rc == 0) {
        service_roles_ensure(c, g);
        r.events.graph = g;
        r.events.rows = rows_from_graph(c, g);
        rows_keep_all(r.events.rows);
        rc = run_verb(&r, "up", g, false, err);
    }
    out->resources_changed = r.events.changed;
    out->images_built = r.events.images_built;
    if (rc == 0)
        rc = pulumi_object(c, &r.place, "outputs.json", &out->outputs, err);
    run_done(&r);
    return rc;
}

static int pulumi_deployed(struct engine_context *c, struct engine_template *out, struct error *err)
{
    *out = (struct engine_template){0};
    struct run r;
    cleanup_json json_t *last = NULL;
    cleanup_free char *task = NULL;
    bool alive = false;
    int rc = run_open(&r, c, "look", err);
    if (rc == 0)
        rc = refuse_other_engine(c, err);
    if (rc == 0)
        rc = pulumi_object(c, &r.place, "deployed.json", &out->json, err);
    if (rc == 0)
        rc = pulumi_object(c, &r.place, "run.json", &last, err);
    if (rc == 0)
        rc = pulumi_owner(c, &r.place, &task, &alive, err);
    if (rc == 0) {
        out->exists = out->json != NULL;
        out->status = xstrdup(
            alive  ? "running"
            : task ? "interrupted"
                   : json_str_or(last, "state", "none"));
        /* After any other verb the state may have moved away from the graph. */
        out->settled =
            out->exists && text_eq(out->status, "done") && text_eq(json_str(last, "verb"), "up");
    }
    run_done(&r);
    return rc;
}

static int pulumi_outputs(struct engine_context *c, json_t **out, struct error *err)
{
    struct run r;
    int rc = run_open(&r, c, "look", err);
    *out = NULL;
    if (rc == 0)
        rc = pulumi_object(c, &r.place, "outputs.json", out, err);
    run_done(&r);
    return rc;
}

static int pulumi_resources(struct engine_context *c, json_t **out, struct error *err)
{
    struct run r;
    cleanup_json json_t *checkpoint = NULL;
    int rc = run_open(&r, c, "look", err);
    if (rc == 0)
        rc = pulumi_object(c, &r.place, r.place.checkpoint, &checkpoint, err);
    *out = rc == 0 ? pulumi_physical_ids(checkpoint) : NULL;
    run_done(&r);
    return rc;
}

static int
lift(struct run *r, const json_t *checkpoint, const json_t *deployed, bool force, struct error *err)
{
    cleanup_json json_t *ids = pulumi_physical_ids(checkpoint);
    return protect_lift_ids(r->c, ids, deployed, force, err);
}

static int destroy(struct run *r, bool force, struct engine_outcome *out, struct error *err)
{
    cleanup_json json_t *checkpoint = NULL, *deployed = NULL;
    bool begun = false;
    int rc = pulumi_run_begun(r->c, r->key, &begun, err);
    if (rc == 0)
        rc = pulumi_object(r->c, &r->place, r->place.checkpoint, &checkpoint, err);
    if (rc == 0 && !checkpoint && !begun) {
        out->nothing_changed = true;
        return 0;
    }
    if (rc == 0)
        rc = pulumi_object(r->c, &r->place, "deployed.json", &deployed, err);
    if (rc == 0 && !begun)
        rc = lift(r, checkpoint, deployed, force, err);
    if (rc == 0) {
        r->events.rows = rows_from_template(r->c, deployed);
        rc = run_verb(r, "destroy", NULL, force, err);
    }
    out->resources_changed = r->events.changed;
    return rc < 0 ? rc : pulumi_passphrase_remove(r->c, &r->place, err);
}

static int
pulumi_destroy(struct engine_context *c, bool force, struct engine_outcome *out, struct error *err)
{
    *out = (struct engine_outcome){0};
    struct run r;
    int rc = run_open(&r, c, "destroy", err);
    if (rc == 0)
        rc = refuse_other_engine(c, err);
    if (rc == 0 && !r.place.ready)
        out->nothing_changed = true;
    else if (rc == 0)
        rc = destroy(&r, force, out, err);
    run_done(&r);
    return rc;
}

static void pulumi_cancel(struct engine_context *c, const char *phase)
{
    struct run r;
    cleanup_error struct error ignored = ERROR_INIT;
    if (run_open(&r, c, phase, &ignored) == 0 && r.place.ready)
        pulumi_run_stop(c, &r.place, r.key);
    run_done(&r);
}

int flow_engine_find(struct engine_context *c, const struct engine **out, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    struct cfn_stack stack = {0};
    struct run r = {0};
    cleanup_json json_t *last = NULL;
    *out = NULL;
    int rc = cfn_stack_describe(c, name, &stack, err);
    if (rc == 0 && stack.exists)
        *out = &engine_cloudformation;
    if (rc == 0 && !*out)
        rc = run_open(&r, c, "look", err);
    if (rc == 0 && !*out)
        rc = pulumi_object(c, &r.place, "run.json", &last, err);
    if (last)
        *out = &engine_pulumi;
    cfn_stack_done(&stack);
    run_done(&r);
    return rc;
}

static int need_state(struct run *r, struct error *err)
{
    cleanup_json json_t *checkpoint = NULL;
    int rc = pulumi_object(r->c, &r->place, r->place.checkpoint, &checkpoint, err);
    if (rc < 0 || checkpoint)
        return rc;
    error_raise(
        err,
        ERR_NOT_FOUND,
        "project %s, stack %s is not deployed in %s",
        r->c->project,
        r->c->settings->stack,
        aws_session_region(r->c->aws));
    error_hint(err, "`defangctl cd ls` lists what is");
    return -ENOENT;
}

/* For the verbs beside up and destroy. */
static int open_other(struct run *r, struct engine_context *c, const char *verb, struct error *err)
{
    int rc = run_open(r, c, verb, err);
    if (rc == 0)
        rc = refuse_other_engine(c, err);
    return rc < 0 ? rc : need_cd(r, err);
}

static int pulumi_preview(struct engine_context *c, const struct graph *g, struct error *err)
{
    struct run r;
    int rc = open_other(&r, c, "preview", err);
    r.events.graph = g;
    if (rc == 0)
        rc = run_verb(&r, "preview", g, false, err);
    run_done(&r);
    return rc;
}

static int pulumi_refresh(struct engine_context *c, struct engine_outcome *out, struct error *err)
{
    struct run r;
    cleanup_json json_t *deployed = NULL;
    *out = (struct engine_outcome){0};
    int rc = open_other(&r, c, "refresh", err);
    if (rc == 0)
        rc = need_state(&r, err);
    if (rc == 0)
        rc = pulumi_object(c, &r.place, "deployed.json", &deployed, err);
    if (rc == 0) {
        r.events.rows = rows_from_template(c, deployed);
        rc = run_verb(&r, "refresh", NULL, false, err);
    }
    out->resources_changed = r.events.changed;
    out->nothing_changed = rc == 0 && r.events.changed == 0;
    run_done(&r);
    return rc;
}

/* Who holds the stack is no task that lives: only then is the lock taken away. A lock without a
 * task of ours may be a person's at a shell. */
static int may_release(struct run *r, bool force, bool *held, struct error *err)
{
    cleanup_free char *task = NULL, *lock = NULL;
    bool alive = false;
    int rc = pulumi_owner(r->c, &r->place, &task, &alive, err);
    if (rc == 0)
        rc = pulumi_lock(r->c, &r->place, &lock, err);
    *held = task || lock;
    if (rc < 0 || !*held)
        return rc;
    if (alive) {
        error_raise(
            err,
            ERR_REFUSED,
            "task %s still works on project %s, stack %s: its lock is not taken away",
            task,
            r->c->project,
            r->c->settings->stack);
        error_hint(
            err,
            "`defangctl cancel` ends a deployment of this daemon; another one's task can be "
            "stopped in ECS");
        return -EPERM;
    }
    if (!task && !force) {
        error_raise(
            err,
            ERR_REFUSED,
            "the lock of project %s, stack %s is of no task of the CD stack: %s",
            r->c->project,
            r->c->settings->stack,
            lock);
        error_hint(
            err,
            "when nobody runs Pulumi on it by hand, `defangctl cd cancel --force` takes it away");
        return -EPERM;
    }
    if (task)
        engine_note(
            r->c,
            ENGINE_SAY_NOTE,
            NULL,
            "task %s is stopped, says ECS: its lock is taken away",
            task);
    return 0;
}

static int
pulumi_release(struct engine_context *c, bool force, struct engine_outcome *out, struct error *err)
{
    struct run r;
    bool begun = false, held = true;
    *out = (struct engine_outcome){0};
    int rc = open_other(&r, c, "cancel", err);
    if (rc == 0)
        rc = need_state(&r, err);
    if (rc == 0)
        rc = pulumi_run_begun(c, r.key, &begun, err);
    if (rc == 0 && !begun)
        rc = may_release(&r, force, &held, err);
    if (rc == 0 && held)
        rc = run_verb(&r, "cancel", NULL, false, err);
    else if (rc == 0)
        engine_row(
            c, ENGINE_ROW_STEP, "pulumi", ENGINE_SKIPPED, 28, NULL, "nothing holds the stack");
    out->nothing_changed = rc == 0 && !held;
    run_done(&r);
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
    .refresh = pulumi_refresh,
    .release = pulumi_release,
};
