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

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/build/build.h"
#include "engine/context.h"
#include "engine/engines.h"
#include "engine/run/oneoff.h"

#include <errno.h>
#include <string.h>

/* Nobody brings credentials for that long: the job ends, and what it did stays visible. */
#define BLOCKED_MAX_MS (24LL * 60 * 60 * 1000)
/* A call that was under way with the old keys fails after the fresh ones came: it is made again,
 * not waited with. */
#define FRESH_MS       30000
#define FRESH_PAUSE_MS 1000

char *job_id_new(void)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char id[13];
    for (int i = 0; i < 12; i++)
        id[i] = digits[clock_random_below(36)];
    id[12] = '\0';
    return xstrdup(id);
}

/* Inputs reach the disk: no key, and no proxy's password either. */
static bool holds_secret(const char *name, const char *value)
{
    bool url = text_ends(name, "_proxy") || text_ends(name, "_PROXY") || text_ends(name, "_URL");
    return env_name_is_secret(name) || (url && strchr(value, '@'));
}

json_t *job_inputs_new(
    const struct session *s,
    const Defang__Caller *caller,
    const struct project *p,
    bool has_env_credentials)
{
    json_t *env = json_object();
    struct env *selected = env_select_for_request(s->env);
    for (size_t i = 0; i < env_count(selected); i++)
        if (!holds_secret(env_name(selected, i), env_value(selected, i)))
            json_object_set_new(env, env_name(selected, i), json_string(env_value(selected, i)));
    env_free(selected);
    json_t *inputs = json_pack(
        "{s:o,s:s,s:s,s:s,s:b}",
        "env",
        env,
        "profile",
        caller->profile,
        "region",
        caller->region,
        "stack",
        p ? p->settings.stack : caller->stack,
        "env_credentials",
        has_env_credentials);
    if (p && p->model) {
        cleanup_str struct str text = STR_INIT;
        compose_print_yaml(p->model, &text);
        json_object_set_new(inputs, "model", json_string(str_get(&text)));
    }
    return inputs;
}

struct job *job_find(struct daemon *d, const char *id)
{
    vec_each(it, &d->jobs) if (text_eq((*it)->row.id, id)) return *it;
    return NULL;
}

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

static void reap(void *arg)
{
    struct daemon *d = arg;
    if (!d->state_lost) /* then even its end may not have been stored, and its session is needed
                           again */
        job_free_finished(d);
}

/* Fills what the environment's keys were to a job that lost them, or suspends until somebody brings
 * fresh ones. */
static int wait_for_credentials(void *arg, const struct error *cause)
{
    struct job *j = arg;
    if (fiber_is_canceled())
        return -ECANCELED;
    if (j->fresh_ms && loop_now_ms(j->daemon->loop) - j->fresh_ms < FRESH_MS)
        return fiber_sleep(FRESH_PAUSE_MS);
    log_info(
        "job",
        "blocked: deployment=%s cause=\"%s\"",
        j->row.id,
        cause && cause->message ? cause->message : "credentials needed");
    cleanup_free char *hint = xasprintf(
        "run any defangctl command for this project in a shell with valid credentials (for "
        "instance `defangctl watch %s`), "
        "and the deployment goes on",
        j->row.id);
    engine_note(
        &j->context,
        ENGINE_SAY_WARNING,
        hint,
        "waiting for credentials: %s",
        cause && cause->message ? cause->message : "none are known to the daemon");
    job_state_set(j, DEFANG__DEPLOY_STATE__BLOCKED_AUTH, "waiting for fresh credentials");
    int rc = fiber_cond_wait(&j->credentials, BLOCKED_MAX_MS);
    if (rc == 0)
        job_state_set(j, DEFANG__DEPLOY_STATE__RUNNING, "fresh credentials arrived");
    return rc;
}

static bool any_blocked(const struct daemon *d)
{
    vec_each(it, &d->jobs) if ((*it)->row.state == DEFANG__DEPLOY_STATE__BLOCKED_AUTH) return true;
    return false;
}

unsigned job_offer_credentials(struct daemon *d, struct session *session)
{
    if (!any_blocked(d))
        return 0;
    struct aws_identity who = {0};
    struct aws_credentials fresh = {0};
    cleanup_error struct error err = ERROR_INIT;
    unsigned count = 0;
    if (aws_session_identity(session->aws, &who, &err) == 0 &&
        aws_session_credentials(session->aws, &fresh, &err) == 0) {
        for (size_t i = 0; i < d->jobs.len; i++) {
            struct job *j = d->jobs.items[i];
            if (j->row.state != DEFANG__DEPLOY_STATE__BLOCKED_AUTH || !j->session)
                continue;
            if (!text_empty(j->row.account) && !text_eq(j->row.account, who.account))
                continue; /* another account's keys must never go on with this job */
            aws_session_replace_credentials(j->session->aws, &fresh);
            j->fresh_ms = loop_now_ms(d->loop);
            fiber_cond_broadcast(&j->credentials);
            count++;
        }
    }
    aws_credentials_done(&fresh);
    aws_identity_done(&who);
    return count;
}

struct offer {
    struct daemon *d;
    struct session *session;
};

static void offer_main(void *arg)
{
    struct offer *o = arg;
    job_offer_credentials(o->d, o->session);
    session_unref(o->d, o->session);
    o->d->verbs_active--;
    free(o);
}

void job_offer_caller(struct daemon *d, const Defang__Caller *caller)
{
    struct session *session = NULL;
    cleanup_error struct error ignored =
        ERROR_INIT; /* a watcher without usable credentials still watches */
    if (!any_blocked(d) || session_get(d, caller, &session, &ignored) < 0)
        return;
    struct offer *o = xmalloc(sizeof *o);
    *o = (struct offer){.d = d, .session = session};
    d->verbs_active++;
    fiber_detach(fiber_spawn(d->loop, "offer", offer_main, o));
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

static int open_world(struct job *j, struct error *err)
{
    if (!json_is_object(j->inputs))
        return error_raise(
            err, ERR_FAILED, "what was to be done is not readable in the daemon's state any more");
    cleanup_env struct env *env = env_new();
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(j->inputs, "env"), name, value)
        env_set(env, name, json_string_value(value));
    int rc = 0;
    if (!j->session)
        rc = session_restore(
            j->daemon,
            env,
            json_str(j->inputs, "profile"),
            json_str(j->inputs, "region"),
            &j->session,
            err);
    if (rc == 0)
        rc = project_thaw(
            json_str(j->inputs, "model"),
            env,
            json_str(j->inputs, "mode"),
            json_str(j->inputs, "stack"),
            &j->project,
            err);
    if (rc < 0)
        return rc;
    j->engine = engine_get(j->row.engine);
    if (!j->engine)
        return error_raise(
            err,
            ERR_FAILED,
            "engine \"%s\" is not known to this defangd",
            j->row.engine ? j->row.engine : "");
    j->context = (struct engine_context){
        .engine = j->engine,
        .loop = j->daemon->loop,
        .aws = j->session->aws,
        .sink = &j->sink,
        .journal = &j->journal,
        .wait_for_credentials = wait_for_credentials,
        .wait_arg = j,
        .detaching = &j->daemon->suspending,
        .settings = &j->project.settings,
        .project = text_empty(j->row.project) ? NULL : j->row.project,
        .deployment = j->row.id,
        .model = j->project.model,
    };
    return 0;
}

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

static void job_main(void *arg)
{
    struct job *j = arg;
    cleanup_error struct error err = ERROR_INIT;
    int rc = open_world(j, &err);
    if (rc == 0 && j->row.state != DEFANG__DEPLOY_STATE__CANCELING)
        job_state_set(
            j,
            DEFANG__DEPLOY_STATE__RUNNING,
            j->paused    ? "resumed: the state can be written again"
            : j->resumed ? "resumed after a restart of the daemon"
                         : "");
    if (rc == 0 && j->resumed && !j->paused && json_bool_or(j->inputs, "env_credentials", false)) {
        cleanup_error struct error cause = ERROR_INIT;
        error_raise(
            &cause,
            ERR_AUTH,
            "the daemon was restarted, and the keys of the shell that started this are not kept on "
            "disk");
        rc = wait_for_credentials(j, &cause);
        if (rc < 0)
            error_raise_errno(
                &err, rc == -ECANCELED ? ERR_CANCELED : ERR_AUTH, -rc, "no credentials came");
    }
    if (rc == 0)
        rc = run_kind(j, &err);
    if (j->daemon->state_lost ||
        (rc < 0 && j->daemon->stopping && !j->cancel_requested && fiber_is_canceled())) {
        /* The daemon goes down or cannot write: no terminal state, the next life takes the job up
         * again. */
        log_info("job", "suspended: deployment=%s", j->row.id);
    } else {
        if (rc < 0 && !error_is_set(&err))
            error_raise_errno(
                &err,
                rc == -ECANCELED ? ERR_CANCELED : ERR_FAILED,
                -rc,
                "%s",
                rc == -ECANCELED ? "canceled" : strerror(-rc));
        if (rc < 0 && j->cancel_requested) {
            error_done(&err);
            error_raise(&err, ERR_CANCELED, "canceled");
        }
        job_finish(j, state_for(j, rc, &err), &err);
    }
    fiber_detach(steal(j->fiber));
    loop_defer(j->daemon->loop, reap, j->daemon);
}

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
    vec_each(it, &d->jobs) if ((*it)->fiber) fiber_cancel((*it)->fiber);
}

bool job_fibers_left(const struct daemon *d)
{
    for (size_t i = 0; i < d->jobs.len; i++)
        if (d->jobs.items[i]->fiber)
            return true;
    return false;
}
