/* The services that run once, within a deployment.
 *
 * Which of them run is decided once, from what is known of their last runs, and frozen in the
 * journal before the first one starts: a life after a restart must go on with the same stages,
 * although some have run meanwhile. From the choice the planner makes the stages, and each stage's
 * runs begin when what they need is there.
 *
 * Runs of one stage stand beside each other. One that fails stops no other half-way, since a
 * migration that is cut off is worse than one that ran for nothing; the first failure is reported
 * when all have ended. Where those who wait for it do not require it (`required: false`), a failure
 * is a warning. */
#include "daemon/jobs/once.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"
#include "engine/run/once_record.h"
#include "engine/run/oneoff.h"

#include <errno.h>
#include <string.h>

#define KEY_PENDING "once.pending"
#define ORDER       60

/* New content, or a last run that did not succeed. NULL with err when the records cannot be
 * read. */
static json_t *choose_now(struct once *o, struct error *err)
{
    size_t count = o->stages.once_count;
    cleanup_free struct flow_run *runs = xcalloc(count + 1, sizeof *runs);
    cleanup_free const char **names = xcalloc(count + 1, sizeof *names);

    for (size_t i = 0; i < count; i++)
        names[i] = o->stages.once[i].service;

    json_t *pending =
        flow_runs_read(&o->job->context, names, count, runs, err) < 0 ? NULL : json_array();
    for (size_t i = 0; i < count; i++) {
        if (pending && flow_run_why(&runs[i], o->stages.once[i].hash))
            json_array_append_new(pending, json_string(names[i]));
        flow_run_done(&runs[i]);
    }

    return pending;
}

/* The choice of an earlier life stands, whatever has run since. */
static int choose(struct once *o, json_t **pending, struct error *err)
{
    const struct engine_journal *journal = &o->job->journal;
    cleanup_free char *text = NULL;
    int rc = journal->get(journal->arg, KEY_PENDING, &text, err);
    if (rc < 0)
        return rc;
    if (text)
        return json_parse(text, strlen(text), pending, err);

    *pending = choose_now(o, err);
    if (!*pending)
        return error_is_set(err) ? error_kind_errno(err->kind) : -EIO;

    cleanup_free char *made = json_print(*pending, false, true);
    return journal->put(journal->arg, KEY_PENDING, made, err);
}

/* The stages are made twice: without the pending ones to know the candidates, and with them. */
int once_choose(
    struct once *o,
    struct job *j,
    struct plan_request *r,
    const struct graph *whole,
    struct error *err)
{
    *o = (struct once){.job = j};
    plan_stages(j->arena, r, whole, &o->stages);
    if (!o->stages.once_count)
        return 0;

    cleanup_json json_t *pending = NULL;
    int rc = choose(o, &pending, err);
    if (rc < 0)
        return rc;

    o->pending_count = json_array_size(pending);
    o->pending = arena_array(j->arena, const char *, o->pending_count + 1);
    for (size_t i = 0; i < o->pending_count; i++)
        o->pending[i] = arena_strdup(j->arena, json_string_value(json_array_get(pending, i)));
    r->pending = o->pending;
    r->pending_count = o->pending_count;
    plan_stages(j->arena, r, whole, &o->stages);

    return 0;
}

void once_say_skipped(struct once *o)
{
    for (size_t i = 0; i < o->stages.once_count; i++) {
        const struct plan_once *one = &o->stages.once[i];
        cleanup_free char *row = xasprintf("service/%s", one->service);

        if (!one->stage)
            job_step(
                o->job,
                row,
                ENGINE_SKIPPED,
                ORDER,
                "ran before, exit code 0: nothing of it is new");
    }
}

struct one {
    struct once *o;
    const struct plan_once *once;
    const json_t *outputs;
    struct engine_failure failure;
    struct error err;
    int rc;
};

/* The rows of those who wait for it. */
static void say_waiting(struct one *one, enum engine_row_state state, const char *text)
{
    for (size_t i = 0; i < one->once->before_count; i++) {
        cleanup_free char *row = xasprintf("service/%s", one->once->before[i]);
        job_step(one->o->job, row, state, ORDER, "%s %s", text, one->once->service);
    }
}

/* Its result is kept beside it; only a cancel ends the group. */
static int run_one(void *arg, struct error *err)
{
    struct one *one = arg;

    bool done = false;

    (void)err;
    /* After an earlier life ran it nobody waits any more. */
    if (flow_once_done(&one->o->job->context, one->once, &done, NULL) == 0 && !done)
        say_waiting(one, ENGINE_WAITING, "waits for");
    one->rc =
        flow_once_run(&one->o->job->context, one->once, one->outputs, &one->failure, &one->err);
    return one->rc == -ECANCELED ? one->rc : 0; /* another's failure stops nobody half-way */
}

/* Those who wait for it can do without. */
static bool forgive(struct one *one)
{
    if (one->rc == 0 || !one->once->optional || one->err.kind != ERR_CLOUD)
        return one->rc == 0;

    engine_note(
        &one->o->job->context,
        ENGINE_SAY_WARNING,
        one->err.hint,
        "%s; its dependants do not require it, so the deployment goes on",
        one->err.message);
    return true;
}

/* All have ended. The first failure that nobody forgives is the deployment's; its task's last
 * lines go with it. */
static int collect(struct once *o, struct one *all, size_t count, int rc, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        bool forgiven = forgive(&all[i]);

        if (!forgiven && !engine_detaching(&o->job->context))
            say_waiting(&all[i], ENGINE_CANCELED, "left as it was: it waited for");

        if (!forgiven && (rc == 0 || rc == -ECANCELED) && error_is_set(&all[i].err)) {
            rc = all[i].rc;
            error_done(err);
            error_move(err, &all[i].err);
            engine_failure_done(&o->job->failure);
            o->job->failure = all[i].failure;
            all[i].failure = (struct engine_failure){0};
        }

        engine_failure_done(&all[i].failure);
        error_done(&all[i].err);
    }

    return rc;
}

int once_run(struct once *o, unsigned stage, struct error *err)
{
    struct job *j = o->job;
    cleanup_json json_t *outputs = NULL;
    size_t count = 0;
    cleanup_free struct one *all = xcalloc(o->stages.once_count + 1, sizeof *all);

    for (size_t i = 0; i < o->stages.once_count; i++)
        if (o->stages.once[i].stage == stage)
            all[count++] = (struct one){.o = o, .once = &o->stages.once[i]};

    if (!count)
        return 0;

    int rc = j->engine->outputs(&j->context, &outputs, err);
    if (rc < 0)
        return rc;

    struct fiber_group *g = fiber_group_new(j->daemon->loop, 0);
    for (size_t i = 0; i < count; i++) {
        all[i].outputs = outputs;
        fiber_group_spawn(g, all[i].once->service, run_one, &all[i]);
    }

    rc = fiber_group_wait(g, err);
    fiber_group_free(g);

    return collect(o, all, count, rc, err);
}

int once_prune(struct once *o, struct error *err)
{
    cleanup_free const char **names = xcalloc(o->stages.once_count + 1, sizeof *names);

    for (size_t i = 0; i < o->stages.once_count; i++)
        names[i] = o->stages.once[i].service;
    return flow_runs_prune(&o->job->context, names, o->stages.once_count, err);
}
