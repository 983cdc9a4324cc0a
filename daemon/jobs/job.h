/* A job: one deployment, teardown or account change, run by a fiber from its frozen inputs. The
 * same code runs a new job and one that comes back after a restart: each step asks AWS or the
 * journal what is done already.
 *
 *   QUEUED → RUNNING ⇄ BLOCKED_AUTH, RUNNING → CANCELING, all → SUCCEEDED | FAILED | ROLLED_BACK |
 * CANCELED
 *
 * Inputs (JSON, sealed in the store, erased at the terminal state): {"model": canonical YAML,
 * "env": {variables without keys}, "profile", "region", "mode", "stack", "engine", "origin",
 * "adopt", "force", "refresh": bool, "no_rollback": bool, "env_credentials": bool}. Keys from an
 * environment are kept beside them, sealed too (job_keep_keys): after a restart such a job goes on
 * while they live, and waits in BLOCKED_AUTH until a terminal of the same user brings others. */
#pragma once

#include "daemon/daemon.h"
#include "daemon/project.h"
#include "daemon/session.h"
#include "engine/context.h"
#include "engine/engine.h"

struct job {
    struct daemon *daemon;
    struct store_deployment row;
    json_t *inputs;
    struct session *session;
    struct project project;
    struct engine_context context;
    struct engine_sink sink;
    struct engine_journal journal;
    const struct engine *engine;
    struct arena *arena; /* facts and other things of the job's life */
    struct fiber *fiber;
    struct fiber_cond credentials; /* fresh ones are in the session */
    VEC(char *) not_taken;         /* principals whose keys were offered in vain, as was said */
    bool waits;                    /* for credentials: whoever brings some is heard */
    bool asked_quietly;            /* once after a restart, before anything is said */
    int64_t fresh_ms;              /* since then (monotonic); 0 = never */
    bool cancel_requested, resumed, finished;
    bool canceled_late; /* what was asked for is there all the same */
    bool
        paused; /* comes back from a pause in the same process: it has its session, keys included */

    /* For the result. */
    struct engine_failure failure;
    unsigned images_built, uploads, resources_changed;
    bool nothing_changed;
    const char *last_build_task; /* in arena */
    json_t *release;             /* what the account's history gets; NULL: nothing */
    json_t *endpoints;           /* array of {service, url, public} */
    VEC(const char *) kept;      /* in arena */
};

/* Admits: writes the row (refuses when one runs for the same project+stack) and starts the fiber.
 * `row` is copied, `inputs` is stolen, `session` is referenced. The id is in (*out)->row.id. */
int job_start(
    struct daemon *d,
    const struct store_deployment *row,
    json_t *inputs,
    struct session *session,
    struct job **out,
    struct error *err);
/* All unfinished ones of the store, at start-up and after a pause (pause.h). */
int job_resume_all(struct daemon *d, struct error *err);
struct job *job_find(struct daemon *d, const char *id); /* NULL when not running here */

/* Asks it to take back what it began, for ever: no restart forgets it. It ends as AWS says it
 * stands: CANCELED, or SUCCEEDED when that came too late. ERR_REFUSED for what nobody can take back
 * (a removal that has begun). Nothing for one that has ended or is canceled already. */
int job_cancel(struct job *j, struct error *err);

/* At the daemon's end: stops every fiber without a terminal state, so that the next life resumes
 * them. */
void job_suspend_all(struct daemon *d);

/* Whether a job's fiber still has to unwind. */
bool job_fibers_left(const struct daemon *d);

void job_free_finished(struct daemon *d);

/* ---- inputs.c ---- */
char *job_id_new(void); /* 12 base-36 characters; malloc'd */

/* `p` may be NULL. The kinds add what is their own. */
json_t *job_inputs_new(
    const struct session *s,
    const Defang__Caller *caller,
    const struct project *p,
    bool has_env_credentials);
/* The environment and the folder of those inputs, for env_free(). */
struct env *job_inputs_env(const json_t *inputs);

/* ---- credentials.c ---- */
/* Whose a job is, seen from somebody who brings credentials. */
enum job_claim { JOB_SAME, JOB_OTHER_PRINCIPAL, JOB_OTHER_ACCOUNT };

enum job_claim job_claim_of(const struct job *j, const struct aws_identity *who);

/* A job that waits goes on with `fresh`, which are of `from`. The caller has judged whose they are.
 */
int job_take_credentials(
    struct job *j,
    const struct session *from,
    const struct aws_credentials *fresh,
    struct error *err);

/* Gives fresh credentials to jobs that wait for them in that account, of that principal; suspends
 * (asks who they are). Returns how many went on. */
unsigned job_offer_credentials(struct daemon *d, struct session *session);

/* The same from a watch request, in a fiber of its own. */
void job_offer_caller(struct daemon *d, const Defang__Caller *caller);

/* wait_for_credentials of an engine's context, with the job as its argument: suspends until
 * somebody brings fresh ones. 0, -ECANCELED, or -ETIMEDOUT after a day. */
int job_wait_for_credentials(void *arg, const struct error *cause);

/* From now on what its session signs with is kept in the store, sealed, until the job ends. */
void job_keep_keys(struct job *j);

/* After a restart, before the first call: keys of an environment are those that were kept, while
 * they live, or fresh ones are waited for; those of a profile must be the principal's that the job
 * began with. 0, -ECANCELED, or ERR_AUTH when nobody came. */
int job_await_lost_keys(struct job *j, struct error *err);
int job_confirm_principal(struct job *j, struct error *err);

/* ---- the kinds: up.c, down.c, account.c, cd.c ---- */
int job_run_up(struct job *j, struct error *err);
int job_run_build(struct job *j, struct error *err);
int job_run_down(struct job *j, struct error *err);
int job_run_bootstrap(struct job *j, struct error *err);
int job_run_teardown(struct job *j, struct error *err);
int job_run_refresh(struct job *j, struct error *err);
int job_run_cancel(struct job *j, struct error *err);
int job_run_preview(struct job *j, struct error *err);

/* ---- canceled.c ---- */
/* A canceled job whose work has unwound, or was done by an earlier life: takes back what is left of
 * it and reads from the cloud how it stands. 0: it was too late, what was asked for is there; else
 * ERR_CANCELED, or ERR_CLOUD when it could not be taken back. */
int job_settle_canceled(struct job *j, struct error *err);

/* Whether the deployment goes beyond its last apply: what is still to do then (a journal key; the
 * text names it for people). */
#define JOB_REST "up.rest"

/* Part of a project's job whose engine runs in the CD stack. */
int job_update_cd(struct job *j, struct error *err);

/* ---- events.c: the sink and the journal of a job, and its own events ---- */
void job_events_init(struct job *j);

void job_emit(struct job *j, Defang__Event *e); /* fills deployment and time */
void job_state_set(struct job *j, Defang__DeployState state, const char *message);
void job_step(
    struct job *j,
    const char *row,
    enum engine_row_state state,
    unsigned order,
    const char *fmt,
    ...) __attribute__((format(printf, 5, 6)));

/* ---- result.c ---- */
/* Notes the endpoints for the result: `services` as the planner left them in the template's
 * Metadata (Defang.services), filled from the engine's outputs. Either may be NULL. */
void job_endpoints(struct job *j, const json_t *services, const json_t *outputs);

/* A line for lists: the reason, or what was done; malloc'd. */
char *job_summary(struct job *j, Defang__DeployState state, const struct error *error);

/* Result event, then the terminal state: the last two of every deployment. */
/* Adds the last snapshots of stores to what was kept. Suspends, also when the job is canceled. */
void job_say_snapshots(struct job *j);
void job_finish(struct job *j, Defang__DeployState state, const struct error *error);

/* ---- release.c ---- */
/* j->release with its result into the account's history; nothing without one. What cannot be
 * written is a warning. Suspends; shielded from cancel. */
void release_end(struct job *j, const char *state, const char *summary, const struct error *why);

/* ---- evidence.c: what a failure left, kept with the deployment and in the account ---- */

/* The sink's function: stores one item, in the turn in which it was seen. */
void evidence_take(void *arg, const struct engine_evidence *e);

/* A resource that failed is an item too. `row_id` as the sink has it ("service/web"). */
void evidence_resource(struct job *j, const char *row_id, const struct engine_resource *r);

/* At the end of a deployment that failed: all of it as one object in the account's bucket, with the
 * reason. That it cannot be put there is a warning. Suspends; shielded from cancel. */
void evidence_publish(struct job *j, const char *state, const struct error *why);
