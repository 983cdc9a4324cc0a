/* The verbs beside up and destroy.
 *
 * preview: Pulumi says what an apply would do, as log lines. refresh: its state follows what is
 * really there. release: a lock is taken away when the task that held it is stopped, says ECS. With
 * `force` a task that lives is asked to end first, which lets Pulumi finish what is under way; and
 * a lock of no task, which may be a person's at a shell, goes too. */
#include "engine/pulumi/upkeep.h"

#include "base/mem.h"
#include "engine/pulumi/checkpoint.h"
#include "engine/pulumi/verb.h"
#include "engine/task/tasks.h"

#include <errno.h>
#include <string.h>

#define IDS_KEY "pulumi.ids-before"

static int need_state(struct pulumi_verb *v, struct error *err)
{
    cleanup_json json_t *checkpoint = NULL;

    int rc = pulumi_object(v->c, &v->place, v->place.checkpoint, &checkpoint, err);
    if (rc < 0 || checkpoint)
        return rc;

    error_raise(
        err,
        ERR_NOT_FOUND,
        "project %s, stack %s is not deployed in %s",
        v->c->project,
        v->c->settings->stack,
        aws_session_region(v->c->aws));
    error_hint(err, "`defangctl cd ls` lists what is");
    return -ENOENT;
}

/* For the verbs beside up and destroy. */
static int
open_other(struct pulumi_verb *v, struct engine_context *c, const char *verb, struct error *err)
{
    int rc = pulumi_verb_open(v, c, verb, err);
    if (rc == 0)
        rc = pulumi_refuse_other_engine(c, err);
    return rc < 0 ? rc : pulumi_verb_need_cd(v, err);
}

int pulumi_preview(struct engine_context *c, const struct graph *g, struct error *err)
{
    struct pulumi_verb v;

    int rc = open_other(&v, c, "preview", err);
    v.events.graph = g;
    if (rc == 0)
        rc = pulumi_verb_run(&v, "preview", g, false, err);
    pulumi_verb_done(&v);
    return rc;
}

int pulumi_refresh(struct engine_context *c, struct engine_outcome *out, struct error *err)
{
    struct pulumi_verb v;
    cleanup_json json_t *deployed = NULL;
    *out = (struct engine_outcome){0};
    int rc = open_other(&v, c, "refresh", err);
    if (rc == 0)
        rc = need_state(&v, err);
    if (rc == 0)
        rc = pulumi_object(c, &v.place, "deployed.json", &deployed, err);
    if (rc == 0) {
        v.events.rows = rows_from_template(c, deployed);
        rc = pulumi_verb_run(&v, "refresh", NULL, false, err);
    }

    out->resources_changed = v.events.changed;
    out->nothing_changed = rc == 0 && v.events.changed == 0;
    pulumi_verb_done(&v);
    return rc;
}

/* Those of before, kept for a later life of the job: by then the state may have lost them. */
static int ids_before(struct engine_context *c, json_t **ids, struct error *err)
{
    cleanup_free char *text = NULL;
    *ids = NULL;

    int rc = engine_journal_get(c, IDS_KEY, &text, err);
    if (rc == 0 && text)
        return json_parse(text, strlen(text), ids, err);
    if (rc == 0)
        rc = c->engine->resources(c, ids, err);
    if (rc < 0)
        return rc;

    text = json_print(*ids, false, true);
    rc = engine_journal_put(c, IDS_KEY, text, err);
    return rc < 0 ? rc : engine_journal_flush(c, err);
}

int pulumi_gone(struct engine_context *c, json_t **gone, struct error *err)
{
    cleanup_json json_t *before = NULL, *after = NULL;
    struct engine_outcome outcome = {0};
    const char *id;
    json_t *unused;

    *gone = NULL;
    int rc = ids_before(c, &before, err);
    if (rc == 0)
        rc = pulumi_refresh(c, &outcome, err);
    if (rc == 0)
        rc = c->engine->resources(c, &after, err);
    engine_outcome_done(&outcome);
    if (rc < 0)
        return rc;

    *gone = json_object();
    json_object_foreach(before, id, unused) {
        if (!json_object_get(after, id))
            json_object_set_new(*gone, id, json_true());
    }
    return 0;
}

/* Whoever asks with `force` has been told which task it is. It gives the stack back by itself where
 * it can. */
static int end_task(struct pulumi_verb *v, const char *task, struct error *err)
{
    bool over = false;

    engine_row(
        v->c,
        ENGINE_ROW_STEP,
        PULUMI_ROW,
        ENGINE_ACTIVE,
        PULUMI_ROW_ORDER,
        "up to 3 min",
        "task %s is asked to end what is under way",
        task_id(task));
    int rc = pulumi_task_stop(v->c, &v->place, task, &over, err);
    if (rc == 0 && !over) {
        rc = error_raise(err, ERR_TIMEOUT, "task %s was told to end and has not yet", task);
        error_hint(err, "ECS kills it; `defangctl cd cancel` then takes its lock away");
    }
    if (rc == 0)
        engine_note(
            v->c, ENGINE_SAY_NOTE, NULL, "task %s was ended: what it made stays", task_id(task));
    return rc;
}

static int
who_holds(struct pulumi_verb *v, char **task, bool *alive, char **lock, struct error *err)
{
    int rc = pulumi_owner(v->c, &v->place, task, alive, err);
    return rc < 0 ? rc : pulumi_lock(v->c, &v->place, lock, err);
}

/* Who holds the stack is no task that lives: only then is the lock taken away. A lock without a
 * task of ours may be a person's at a shell. */
static int may_release(struct pulumi_verb *v, bool force, bool *held, struct error *err)
{
    cleanup_free char *task = NULL, *lock = NULL;
    bool alive = false;

    int rc = who_holds(v, &task, &alive, &lock, err);
    if (rc == 0 && alive && force) {
        rc = end_task(v, task, err);
        free(task);
        free(lock);
        task = lock = NULL;
        if (rc == 0)
            rc = who_holds(v, &task, &alive, &lock, err);
    }
    *held = task || lock;
    if (rc < 0 || !*held)
        return rc;
    if (alive) {
        error_raise(
            err,
            ERR_REFUSED,
            "task %s still works on project %s, stack %s: its lock is not taken away",
            task,
            v->c->project,
            v->c->settings->stack);
        error_hint(
            err,
            "`defangctl cancel` ends a deployment of this daemon; `defangctl cd cancel --force` "
            "ends "
            "another one's task, as soon as Pulumi has ended what is under way");
        return -EPERM;
    }

    if (!task && !force) {
        error_raise(
            err,
            ERR_REFUSED,
            "the lock of project %s, stack %s is of no task of the CD stack: %s",
            v->c->project,
            v->c->settings->stack,
            lock);
        error_hint(
            err,
            "when nobody runs Pulumi on it by hand, `defangctl cd cancel --force` takes it away");
        return -EPERM;
    }

    if (task)
        engine_note(
            v->c,
            ENGINE_SAY_NOTE,
            NULL,
            "task %s is stopped, says ECS: its lock is taken away",
            task);
    return 0;
}

int pulumi_release(
    struct engine_context *c, bool force, struct engine_outcome *out, struct error *err)
{
    struct pulumi_verb v;
    bool begun = false, held = true;
    *out = (struct engine_outcome){0};
    int rc = open_other(&v, c, "cancel", err);
    if (rc == 0)
        rc = need_state(&v, err);
    if (rc == 0)
        rc = pulumi_run_begun(c, v.key, &begun, err);
    if (rc == 0 && !begun)
        rc = may_release(&v, force, &held, err);
    if (rc == 0 && held)
        rc = pulumi_verb_run(&v, "cancel", NULL, false, err);
    else if (rc == 0)
        engine_row(
            c,
            ENGINE_ROW_STEP,
            PULUMI_ROW,
            ENGINE_SKIPPED,
            PULUMI_ROW_ORDER,
            NULL,
            "nothing holds the stack");
    out->nothing_changed = rc == 0 && !held;
    pulumi_verb_done(&v);
    return rc;
}
