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
#include "engine/call.h"
#include "engine/context.h"
#include "engine/engines.h"
#include "engine/release/release.h"
#include "loop/fault_point.h"

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
    if (j->session)
        aws_session_on_fresh(j->session->aws, NULL, j);
    session_unref(j->daemon, j->session);
    project_done(&j->project);
    engine_failure_done(&j->failure);
    store_deployment_done(&j->row);
    json_decref(j->inputs);
    json_decref(j->endpoints);
    json_decref(j->release);
    vec_each(one, &j->not_taken)
        free(*one);
    vec_free(&j->not_taken);
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
    {"build", job_run_build},
    {"down", job_run_down},
    {"bootstrap", job_run_bootstrap},
    {"teardown", job_run_teardown},
    {"refresh", job_run_refresh},
    {"cancel", job_run_cancel},
    {"preview", job_run_preview},
};

/* What the engines see of the job. */
static struct engine_context context_of(struct job *j)
{
    return (struct engine_context){
        .engine = j->engine,
        .loop = j->daemon->loop,
        .aws = j->session ? j->session->aws : NULL,
        .sink = &j->sink,
        .journal = &j->journal,
        .wait_for_credentials = job_wait_for_credentials,
        .wait_arg = j,
        .detaching = &j->daemon->suspending,
        .keep_failed = json_bool_or(j->inputs, "no_rollback", false),
        .settings = &j->project.settings,
        .project = text_empty(j->row.project) ? NULL : j->row.project,
        .deployment = j->row.id,
        .model = j->project.model,
        .no_snapshot = json_bool_or(j->inputs, "no_snapshot", false),
    };
}

/* What a job began with is what it ends with: account and principal are held by the session, the
 * region is the row's, whatever the profile says now. */
static void bind_session(struct job *j)
{
    aws_session_bind(j->session->aws, j->row.account, j->row.principal);
    j->context.aws = j->session->aws;
}

/* From the frozen inputs; *restored when it was. The profile may be gone meanwhile, or the files
 * unreadable: that is no failure of the job, which waits for a shell that has the keys. */
static int open_session(struct job *j, bool *restored, struct error *err)
{
    cleanup_env struct env *env = job_inputs_env(j->inputs);
    const char *profile = json_str(j->inputs, "profile");
    bool interactive = json_bool_or(j->inputs, "interactive", false);

    while (!j->session) {
        cleanup_error struct error cause = ERROR_INIT;
        int rc = session_restore(
            j->daemon, env, profile, j->row.region, interactive, &j->session, &cause);

        *restored = rc == 0;
        if (rc < 0)
            rc = job_wait_for_credentials(j, &cause);
        if (rc < 0)
            return error_raise_errno(
                err, rc == -ECANCELED ? ERR_CANCELED : ERR_AUTH, -rc, "no credentials came");
    }

    bind_session(j);
    return 0;
}

/* Project and engine, from the frozen inputs. A new job has its session already, and so has one
 * that comes back from a pause, keys included. */
static int open_world(struct job *j, struct error *err)
{
    if (!json_is_object(j->inputs))
        return error_raise(
            err, ERR_FAILED, "what was to be done is not readable in the daemon's state any more");

    const char *model = json_str(j->inputs, "model");
    const char *mode = json_str(j->inputs, "mode");
    const char *stack = json_str(j->inputs, "stack");
    cleanup_env struct env *env = job_inputs_env(j->inputs);
    int rc = project_thaw(model, env, mode, stack, &j->project, err);

    j->project.origin = json_incref(json_object_get(j->inputs, "origin"));
    if (rc < 0)
        return rc;

    j->project.released = json_incref(json_object_get(j->inputs, "released"));
    if (j->project.model)
        release_files_give(j->project.model, json_object_get(j->inputs, "files"));

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

/* A cancel that came too late is a success: what was asked for is there. One that could not be
 * carried out is a failure, whatever was asked for. */
static Defang__DeployState state_for(struct job *j, int rc, const struct error *err)
{
    if (rc == 0)
        return DEFANG__DEPLOY_STATE__SUCCEEDED;
    if (j->cancel_requested && err->kind == ERR_CANCELED)
        return DEFANG__DEPLOY_STATE__CANCELED;

    return err->kind == ERR_ROLLED_BACK ? DEFANG__DEPLOY_STATE__ROLLED_BACK
                                        : DEFANG__DEPLOY_STATE__FAILED;
}

/* A kind that is not in the table was admitted by a newer daemon: it fails, and says so. Of one
 * that was canceled in an earlier life nothing is begun: end() settles it. */
static int run_kind(struct job *j, struct error *err)
{
    if (j->cancel_requested)
        return error_raise(err, ERR_CANCELED, "canceled");

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (text_eq(kinds[i].kind, j->row.kind))
            return kinds[i].run(j, err);

    return error_raise(
        err, ERR_FAILED, "a deployment of kind \"%s\" is not known to this defangd", j->row.kind);
}

static int run_job(struct job *j, struct error *err)
{
    bool restored = false;
    int rc = open_world(j, err);
    if (rc < 0)
        return rc;

    const char *why = "";
    if (j->paused)
        why = "resumed: the state can be written again";
    else if (j->resumed)
        why = "resumed after a restart of the daemon";

    /* Again, since what was written may have been lost with a full disk. */
    if (j->cancel_requested)
        rc = store_deployment_cancel(j->daemon->store, j->row.id, err);
    if (rc < 0)
        return rc;

    if (j->cancel_requested)
        job_state_set(j, DEFANG__DEPLOY_STATE__CANCELING, why);
    else
        job_state_set(j, DEFANG__DEPLOY_STATE__RUNNING, why);

    rc = open_session(j, &restored, err);
    if (rc < 0)
        return rc;
    job_keep_keys(j);

    if (restored && json_bool_or(j->inputs, "env_credentials", false))
        rc = job_await_lost_keys(j, err);
    else if (restored)
        rc = job_confirm_principal(j, err);

    return rc < 0 ? rc : run_kind(j, err);
}

/* The result is there, and so is its reason when it is none. */
static void end(struct job *j, int rc, struct error *err)
{
    if (rc < 0 && !error_is_set(err)) {
        error_raise_errno(
            err,
            rc == -ECANCELED ? ERR_CANCELED : ERR_FAILED,
            -rc,
            "%s",
            rc == -ECANCELED ? "canceled" : strerror(-rc));
    }

    Defang__DeployState state = state_for(j, rc, err);
    if (rc < 0)
        evidence_publish(j, store_state_name((int)state), err);

    cleanup_free char *summary = job_summary(j, state, err);
    release_end(j, store_state_name((int)state), summary, err);
    job_finish(j, state, err);
}

static void job_main(void *arg)
{
    struct job *j = arg;
    cleanup_error struct error err = ERROR_INIT;
    int rc = run_job(j, &err);

    if (rc < 0 && j->cancel_requested && j->engine && !j->daemon->suspending) {
        error_done(&err);
        rc = job_settle_canceled(j, &err);
    }

    /* The daemon goes down or cannot write: no terminal state, the next life takes it up again. It
     * takes back too what nobody could take back now. */
    bool going_down = rc < 0 && j->daemon->stopping && fiber_is_canceled();

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
        .principal = xstrdup_null(row->principal),
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

    struct session *own = NULL;
    int rc = session_own(d, session, row->region, &own, err);
    if (rc == 0)
        rc = store_deployment_insert(d->store, &stored, err);
    if (rc == 0)
        rc = store_flush(d->store, err); /* an acknowledged job survives power loss */

    if (rc < 0) {
        session_unref(d, own);
        json_decref(inputs);
        return rc;
    }

    FAULT_POINT("admit.stored", row->kind);

    /* What changes in a shell's session later must not reach a job that goes on. */
    struct job *j = job_new(d, &stored, inputs, own, false);
    session_unref(d, own);
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
    j->cancel_requested = row->canceled_ms || row->state == DEFANG__DEPLOY_STATE__CANCELING ||
                          (before && before->cancel_requested);

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

static int refuse_cancel(const struct job *j, struct error *err)
{
    static const struct {
        const char *kind, *why;
    } reasons[] = {
        {"down", "its removal has begun, and AWS cannot stop one"},
        {"teardown", "the removal of the CD stack has begun, and AWS cannot stop one"},
        {"bootstrap", "the account's CD stack is being made; it is kept for the next deployment"},
        {"cancel", "it takes something back itself"},
    };
    const char *why = "it has gone too far";

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (text_eq(reasons[i].kind, j->row.kind))
            why = reasons[i].why;

    error_raise_errno(
        err,
        ERR_REFUSED,
        EPERM,
        "deployment %s (%s%s%s) cannot be taken back: %s",
        j->row.id,
        j->row.kind,
        text_empty(j->row.project) ? "" : " of ",
        j->row.project ? j->row.project : "",
        why);
    error_hint(err, "it goes on to its end: `defangctl watch %s`", j->row.id);
    return -EPERM;
}

/* The column first: it stays when a later state overwrites CANCELING. */
int job_cancel(struct job *j, struct error *err)
{
    cleanup_free char *no_return = NULL;

    if (j->cancel_requested || j->finished)
        return 0;

    int rc = store_intent_get(j->daemon->store, j->row.id, ENGINE_NO_RETURN, &no_return, err);
    if (rc == 0 && no_return)
        return refuse_cancel(j, err);
    if (rc == 0)
        rc = store_deployment_cancel(j->daemon->store, j->row.id, err);
    if (rc < 0)
        return rc;

    j->cancel_requested = true;
    job_state_set(j, DEFANG__DEPLOY_STATE__CANCELING, "canceling");
    if (j->fiber)
        fiber_cancel(j->fiber);
    return 0;
}

void job_suspend_all(struct daemon *d)
{
    for (size_t i = 0; i < d->jobs.len; i++) {
        if (d->jobs.items[i]->fiber)
            fiber_cancel(d->jobs.items[i]->fiber);
        fiber_cond_broadcast(&d->jobs.items[i]->credentials); /* a shielded one waits on */
    }
}

bool job_fibers_left(const struct daemon *d)
{
    for (size_t i = 0; i < d->jobs.len; i++)
        if (d->jobs.items[i]->fiber)
            return true;
    return false;
}
