/* One verb on the stack.
 *
 *   begun by an earlier life? ─ no ─▶ claim ─▶ passphrase ─┐
 *      └─ yes ─────────────────────────────────────────────┴─▶ bundle ─▶ task, to its end
 *
 * Claiming keeps two runs apart before Pulumi's own lock does, and in people's words: a task that
 * lives is not disturbed; one that ECS says is stopped leaves the stack to us, "unclean", so that
 * the task looks at what is really there first. A preview changes nothing and claims nothing. */
#include "engine/pulumi/verb.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/pulumi/checkpoint.h"
#include "engine/stack/stack.h"
#include "loop/fiber.h"

#include <errno.h>

void pulumi_verb_done(struct pulumi_verb *v)
{
    pulumi_place_done(&v->place);
    pulumi_bundle_done(&v->bundle);
    pulumi_events_done(&v->events);
    free(v->key);
}

int pulumi_verb_open(
    struct pulumi_verb *v, struct engine_context *c, const char *phase, struct error *err)
{
    *v = (struct pulumi_verb){.c = c, .events = {.c = c}, .key = xasprintf("pulumi.%s", phase)};
    return pulumi_place_open(c, &v->place, err);
}

/* The same project and stack by the other engine: two owners of one set of names. */
int pulumi_refuse_other_engine(struct engine_context *c, struct error *err)
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
static int last_was_released(struct pulumi_verb *v, bool *released, struct error *err)
{
    cleanup_json json_t *last = NULL;

    int rc = pulumi_object(v->c, &v->place, "run.json", &last, err);
    *released = text_eq(json_str(last, "verb"), "cancel");
    return rc;
}

/* Another task that still works on the stack is not disturbed; one that ECS says is stopped leaves
 * the stack to us, unclean. */
static int claim(struct pulumi_verb *v, struct error *err)
{
    cleanup_free char *task = NULL;
    bool alive = false;

    int rc = pulumi_owner(v->c, &v->place, &task, &alive, err);
    if (rc == 0 && !task)
        rc = last_was_released(v, &v->unclean, err);
    if (rc < 0 || !task)
        return rc;
    if (alive) {
        error_raise(
            err,
            ERR_REFUSED,
            "another run of Pulumi works on project %s, stack %s: task %s",
            v->c->project,
            v->c->settings->stack,
            task);
        error_hint(
            err,
            "wait until it has ended, or end it: `defangctl cd cancel --force` (Pulumi ends what "
            "is "
            "under way first)");
        return -EPERM;
    }

    engine_note(
        v->c,
        ENGINE_SAY_NOTE,
        NULL,
        "an earlier run of Pulumi was killed: its lock is taken away, and what it left is looked "
        "at first");
    v->unclean = true;
    return pulumi_object_delete(v->c, &v->place, "owner", err);
}

/* A teardown knows the account's facts, but not its bucket. */
static int store_bundle(struct pulumi_verb *v, const struct graph *g, struct error *err)
{
    struct plan_facts facts = *v->c->facts;
    struct engine_context own = *v->c;
    facts.bucket = v->place.cd.bucket;
    own.facts = &facts;
    return pulumi_bundle_store(&own, g, &v->bundle, err);
}

int pulumi_verb_run(
    struct pulumi_verb *v,
    const char *verb,
    const struct graph *g,
    bool unprotect,
    struct error *err)
{
    bool begun = false;
    cleanup_json json_t *checkpoint = NULL;

    int rc = pulumi_run_begun(v->c, v->key, &begun, err);
    if (rc == 0 && !begun && !text_eq(verb, "preview"))
        rc = claim(v, err);
    if (rc == 0 && !begun)
        rc = pulumi_passphrase_ensure(v->c, &v->place, err);
    if (rc == 0)
        rc = store_bundle(v, g, err);
    if (rc == 0)
        rc = pulumi_object(v->c, &v->place, v->place.checkpoint, &checkpoint, err);
    if (rc < 0)
        return rc;

    cleanup_free char *plugins = pulumi_plugins(checkpoint, v->c->build_count > 0);
    struct pulumi_order order = {
        .verb = verb,
        .key = v->key,
        .bundle = &v->bundle,
        .plugins = plugins,
        .unclean = v->unclean,
        .unprotect = unprotect};
    rc = pulumi_run(v->c, &v->place, &order, &v->events, err);
    if (rc < 0 && fiber_is_canceled() && !engine_detaching(v->c))
        pulumi_run_stop(v->c, &v->place, v->key);
    if (!engine_detaching(v->c))
        rows_finish(v->events.rows, rc == 0);
    return rc;
}

int pulumi_verb_need_cd(const struct pulumi_verb *v, struct error *err)
{
    if (v->place.ready && v->place.cd.task_definition)
        return 0;

    error_raise(
        err, ERR_REFUSED, "the CD stack %s that runs Pulumi is not there", v->c->settings->cd_name);
    error_hint(err, "make it with `defangctl cd bootstrap`");
    return -EPERM;
}
