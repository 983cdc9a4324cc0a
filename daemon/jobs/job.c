/* The life of a job: admitted, run by a fiber, suspended and resumed, ended.
 *
 * A job is its row, its frozen inputs and a fiber. job_start() writes the row and flushes before it
 * answers: an acknowledged job survives a power cut. From then on nothing of the caller is needed;
 * the world that a kind runs in (session, project, engine) is opened from the inputs, by the same
 * code for a new job and for one that comes back.
 *
 * A fiber that is canceled ends in one of two ways. Somebody wanted the job canceled: it takes back
 * what it began and ends as CANCELED. Or the daemon goes down, or cannot write: it ends without a
 * terminal state, leaves the cloud's work alone, and the next life takes it up. `cancel_requested`
 * tells one from the other.
 *
 * Finished jobs are freed at the end of a turn (reap), never by their own fiber, which still stands
 * on its stack. */
#include "daemon/jobs/job.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/build/build.h"
#include "engine/context.h"
#include "engine/engines.h"
#include "engine/run/oneoff.h"

#include <errno.h>
#include <string.h>

struct job *job_find(struct daemon *d, const char *id)
{
    for (size_t i = 0; i < d->jobs.len; i++)
        if (text_eq(d->jobs.items[i]->row.id, id))
            return d->jobs.items[i];
    return NULL;
}

/* The session is only given back: others may hold it. */
static void job_free(struct job *j)
{
    session_unref(j->daemon, j->session);
    project_done(&j->project);
    engine_failure_done(&j->failure);
    store_deployment_done(&j->row);
    json_decref(j->inputs);
    json_decref(j->endpoints);
    vec_free(&j->kept);
    arena_free(j->arena);
    free(j);
}

/* A fiber that has not left its stack keeps its job. */
void job_free_finished(struct daemon *d)
{
    for (size_t i = 0; i < d->jobs.len;) {
        struct job *j = d->jobs.items[i];

        if (j->fiber || !j->finished) {
            i++;
            continue;
        }

        memmove(
            &d->jobs.items[i],
            &d->jobs.items[i + 1],
            (d->jobs.len - i - 1) * sizeof *d->jobs.items);
        d->jobs.len--;
        job_free(j);
    }
}

/* At the end of a turn, when the fiber is gone for good. */
static void reap(void *arg)
{
    struct daemon *d = arg;
    /* Without a state even its end may not have been stored: its session is needed again then. */
    if (!d->state_lost)
        job_free_finished(d);
}

static const struct {
    const char *kind;
    int (*run)(struct job *j, struct error *err);
} kinds[] = {
    {"up", job_run_up},
    {"down", job_run_down},
    {"bootstrap", job_run_bootstrap},
    {"teardown", job_run_teardown},
    {"refresh", job_run_refresh},
    {"cancel", job_run_cancel},
    {"preview", job_run_preview},
};

static struct env *frozen_env(const struct job *j)
{
    struct env *env = env_new();
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(j->inputs, "env"), name, value) {
        env_set(env, name, json_string_value(value));
    }

    return env;
}

/* What the engines see of the job. */
static struct engine_context context_of(struct job *j)
{
    return (struct engine_context){
        .engine = j->engine,
        .loop = j->daemon->loop,
        .aws = j->session->aws,
        .sink = &j->sink,
        .journal = &j->journal,
        .wait_for_credentials = job_wait_for_credentials,
        .wait_arg = j,
        .detaching = &j->daemon->suspending,
        .settings = &j->project.settings,
        .project = text_empty(j->row.project) ? NULL : j->row.project,
        .deployment = j->row.id,
        .model = j->project.model,
        .no_snapshot = json_bool_or(j->inputs, "no_snapshot", false),
    };
}

/* Session, project and engine, from the frozen inputs. A new job has its session already, and so
 * has one that comes back from a pause, keys included. */
static int open_world(struct job *j, struct error *err)
{
    if (!json_is_object(j->inputs))
        return error_raise(
            err, ERR_FAILED, "what was to be done is not readable in the daemon's state any more");

    const char *profile = json_str(j->inputs, "profile");
    const char *region = json_str(j->inputs, "region");
    const char *model = json_str(j->inputs, "model");
    const char *mode = json_str(j->inputs, "mode");
    const char *stack = json_str(j->inputs, "stack");
    bool interactive = json_bool_or(j->inputs, "interactive", false);
    cleanup_env struct env *env = frozen_env(j);
    int rc = 0;

    if (!j->session)
        rc = session_restore(j->daemon, env, profile, region, interactive, &j->session, err);
    if (rc == 0)
        rc = project_thaw(model, env, mode, stack, &j->project, err);
    if (rc < 0)
        return rc;

    j->engine = engine_get(j->row.engine);

    if (!j->engine)
        return error_raise(
            err,
            ERR_FAILED,
            "engine \"%s\" is not known to this defangd",
            j->row.engine ? j->row.engine : "");

    j->context = context_of(j);

    return 0;
}

/* A cancel that came too late is a success: what was asked for is there. */
static Defang__DeployState state_for(struct job *j, int rc, const struct error *err)
{
    if (rc == 0)
        return DEFANG__DEPLOY_STATE__SUCCEEDED;
    if (j->cancel_requested)
        return DEFANG__DEPLOY_STATE__CANCELED;

    return err->kind == ERR_ROLLED_BACK ? DEFANG__DEPLOY_STATE__ROLLED_BACK
                                        : DEFANG__DEPLOY_STATE__FAILED;
}

/* Canceled in an earlier life of the daemon: nothing new is begun, what still runs is taken back.
 */
static int finish_cancel(struct job *j, struct error *err)
{
    cleanup_json json_t *outputs = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (j->context.project) {
        flow_builds_stop(&j->context);
        if (j->engine->outputs(&j->context, &outputs, &ignored) == 0)
            flow_once_stop(&j->context, outputs);
        job_up_take_back(j);
        j->engine->cancel(&j->context, j->row.kind); /* phases of cd.c are named so */
    }

    return error_raise(err, ERR_CANCELED, "canceled");
}

/* A kind that is not in the table was admitted by a newer daemon: it fails, and says so. */
static int run_kind(struct job *j, struct error *err)
{
    if (j->resumed && j->cancel_requested)
        return finish_cancel(j, err);

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (text_eq(kinds[i].kind, j->row.kind))
            return kinds[i].run(j, err);

    return error_raise(
        err, ERR_FAILED, "a deployment of kind \"%s\" is not known to this defangd", j->row.kind);
}

/* The keys of the shell that started it were in memory only: nothing is tried without fresh ones.
 */
static int await_lost_keys(struct job *j, struct error *err)
{
    cleanup_error struct error cause = ERROR_INIT;

    error_raise(
        &cause,
        ERR_AUTH,
        "the daemon was restarted, and the keys of the shell that started this are not kept on "
        "disk");

    int rc = job_wait_for_credentials(j, &cause);
    if (rc < 0)
        error_raise_errno(
            err, rc == -ECANCELED ? ERR_CANCELED : ERR_AUTH, -rc, "no credentials came");

    return rc;
}

static int run_job(struct job *j, struct error *err)
{
    int rc = open_world(j, err);
    if (rc < 0)
        return rc;

    const char *why = "";
    if (j->paused)
        why = "resumed: the state can be written again";
    else if (j->resumed)
        why = "resumed after a restart of the daemon";

    if (j->row.state != DEFANG__DEPLOY_STATE__CANCELING)
        job_state_set(j, DEFANG__DEPLOY_STATE__RUNNING, why);

    bool lost_keys = j->resumed && !j->paused && json_bool_or(j->inputs, "env_credentials", false);
    if (lost_keys)
        rc = await_lost_keys(j, err);

    return rc < 0 ? rc : run_kind(j, err);
}

/* The result is there, and so is its reason when it is none. */
static void end(struct job *j, int rc, struct error *err)
{
    if (rc < 0 && j->cancel_requested) {
        error_done(err);
        error_raise(err, ERR_CANCELED, "canceled");
    } else if (rc < 0 && !error_is_set(err)) {
        error_raise_errno(
            err,
            rc == -ECANCELED ? ERR_CANCELED : ERR_FAILED,
            -rc,
            "%s",
            rc == -ECANCELED ? "canceled" : strerror(-rc));
    }

    job_finish(j, state_for(j, rc, err), err);
}

static void job_main(void *arg)
{
    struct job *j = arg;
    cleanup_error struct error err = ERROR_INIT;
    int rc = run_job(j, &err);

    /* The daemon goes down or cannot write: no terminal state, the next life takes it up again. */
    bool going_down = rc < 0 && j->daemon->stopping && !j->cancel_requested && fiber_is_canceled();

    if (j->daemon->state_lost || going_down)
        log_info("job", "suspended: deployment=%s", j->row.id);
    else
        end(j, rc, &err);

    fiber_detach(steal(j->fiber));
    loop_defer(j->daemon->loop, reap, j->daemon);
}

/* The row is copied: it may come from a walk over the store. */
static struct job *job_new(
    struct daemon *d,
    const struct store_deployment *row,
    json_t *inputs,
    struct session *session,
    bool resumed)
{
    struct job *j = xcalloc(1, sizeof *j);

    *j = (struct job){
        .daemon = d,
        .inputs = inputs,
        .session = session ? session_ref(session) : NULL,
        .arena = arena_new(),
        .resumed = resumed};
    j->row = (struct store_deployment){
        .id = xstrdup(row->id),
        .kind = xstrdup(row->kind),
        .project = xstrdup_null(row->project),
        .stack = xstrdup_null(row->stack),
        .account = xstrdup_null(row->account),
        .region = xstrdup_null(row->region),
        .engine = xstrdup_null(row->engine),
        .profile = xstrdup_null(row->profile),
        .state = row->state,
        .created_ms = row->created_ms,
    };
    job_events_init(j);
    vec_push(&d->jobs, j);

    return j;
}

int job_start(
    struct daemon *d,
    const struct store_deployment *row,
    json_t *inputs,
    struct session *session,
    struct job **out,
    struct error *err)
{
    cleanup_free char *frozen = json_print(inputs, false, true);
    struct store_deployment stored = *row;

    stored.inputs = frozen;
    stored.inputs_len = strlen(frozen);
    stored.state = DEFANG__DEPLOY_STATE__QUEUED;

    int rc = store_deployment_insert(d->store, &stored, err);
    if (rc == 0)
        rc = store_flush(d->store, err); /* an acknowledged job survives power loss */

    if (rc < 0) {
        json_decref(inputs);
        return rc;
    }

    struct job *j = job_new(d, &stored, inputs, session, false);
    j->fiber = fiber_spawn(d->loop, j->row.id, job_main, j);
    *out = j;

    return 0;
}

/* A job of before a pause hands its session over, with keys that are in memory only. */
static bool resume_one(void *arg, const struct store_deployment *row)
{
    struct daemon *d = arg;
    cleanup_error struct error err = ERROR_INIT;
    json_t *inputs = NULL;

    if (json_parse(row->inputs ? row->inputs : "", row->inputs_len, &inputs, &err) < 0) {
        log_error("job", "inputs cannot be read: deployment=%s error=\"%s\"", row->id, err.message);
        inputs = NULL; /* open_world() fails it */
    }

    struct job *before = job_find(d, row->id);
    struct job *j = job_new(d, row, inputs, before ? before->session : NULL, true);

    j->paused = before && before->session;
    j->cancel_requested =
        row->state == DEFANG__DEPLOY_STATE__CANCELING || (before && before->cancel_requested);

    return true;
}

/* Jobs are made while the rows are walked and started when all are there. Those of before a pause
 * have handed over what they had, and go. */
int job_resume_all(struct daemon *d, struct error *err)
{
    struct store_filter unfinished = {.unfinished_only = true};
    size_t before = d->jobs.len;

    for (size_t i = 0; i < before; i++)
        d->jobs.items[i]->finished = true; /* of before a pause: the row tells what is left to do */

    int rc = store_deployment_each(d->store, &unfinished, resume_one, d, err);
    for (size_t i = before; i < d->jobs.len; i++) {
        struct job *j = d->jobs.items[i];

        log_info(
            "job",
            "resuming: deployment=%s kind=%s project=%s",
            j->row.id,
            j->row.kind,
            j->row.project ? j->row.project : "-");
        j->fiber = fiber_spawn(d->loop, j->row.id, job_main, j);
    }

    job_free_finished(d);

    return rc;
}

void job_cancel(struct job *j)
{
    if (j->cancel_requested || j->finished)
        return;

    j->cancel_requested = true;
    job_state_set(j, DEFANG__DEPLOY_STATE__CANCELING, "canceling");
    if (j->fiber)
        fiber_cancel(j->fiber);
}

void job_suspend_all(struct daemon *d)
{
    for (size_t i = 0; i < d->jobs.len; i++)
        if (d->jobs.items[i]->fiber)
            fiber_cancel(d->jobs.items[i]->fiber);
}

bool job_fibers_left(const struct daemon *d)
{
    for (size_t i = 0; i < d->jobs.len; i++)
        if (d->jobs.items[i]->fiber)
            return true;
    return false;
}
