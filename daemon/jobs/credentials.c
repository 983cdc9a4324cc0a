/* Jobs that wait for credentials, and who brings them.
 *
 * Keys run out while a deployment goes on, keys of a shell's environment do not outlive the daemon,
 * and a profile may be gone or mean somebody else after a restart. A job whose call failed for that
 * suspends here in the state BLOCKED_AUTH, with a note that says what to do and for whom, and goes
 * on when a terminal of the same user brings keys of the same account and principal: any command
 * does that by itself, since every resolved session is offered.
 *
 * A shell that merely asks something must not lend a job its rights, which may be fewer: keys of
 * another principal are taken only when somebody says so (`defangctl resume --as-me`), and those of
 * another account never. What was offered and not taken is said once.
 *
 * Offering asks STS who the keys are, so it suspends; a watch request, which has no fiber, gets one
 * of its own for it. */
#include "daemon/jobs/job.h"

#include "aws/freeze.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "engine/call.h"
#include "engine/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Nobody brings credentials for that long: the job ends, and what it did stays visible. */
#define BLOCKED_MAX_MS (24LL * 60 * 60 * 1000)
/* A call that was under way with the old keys fails after the fresh ones came: it is made again,
 * not waited with. */
#define FRESH_MS       30000
#define FRESH_PAUSE_MS 1000
#define QUIET_MS       5000 /* after a restart */
#define NOT_TAKEN_SAID 8u

/* After a restart the terminal that watches brings its keys by itself, as soon as it has found the
 * new daemon: nothing need be said of that. Once a life; -ETIMEDOUT when nobody came. */
static int wait_quietly(struct job *j)
{
    if (!j->resumed || j->asked_quietly)
        return -ETIMEDOUT;

    j->asked_quietly = j->waits = true;
    int rc = fiber_cond_wait(&j->credentials, QUIET_MS);
    j->waits = false;

    return rc == 0 && (j->daemon->suspending || j->daemon->stopping) ? -ECANCELED : rc;
}

/* Of an engine: 0 when the call may be made again, -ECANCELED, or -ETIMEDOUT when nobody came. */
int job_wait_for_credentials(void *arg, const struct error *cause)
{
    struct job *j = arg;

    if (fiber_must_unwind()) /* not while it takes back: that needs them too */
        return -ECANCELED;
    if (j->fresh_ms && loop_now_ms(j->daemon->loop) - j->fresh_ms < FRESH_MS)
        return fiber_sleep(FRESH_PAUSE_MS);

    int quiet = wait_quietly(j);
    if (quiet != -ETIMEDOUT)
        return quiet;

    log_info(
        "job",
        "blocked: deployment=%s cause=\"%s\"",
        j->row.id,
        cause && cause->message ? cause->message : "credentials needed");

    cleanup_free char *hint = xasprintf(
        "run `defangctl watch %s` (or any defangctl command) in a shell with valid credentials of "
        "%s%s, and %s",
        j->row.id,
        text_empty(j->row.principal) ? "account " : "",
        text_empty(j->row.principal) ? j->row.account : j->row.principal,
        j->cancel_requested ? "what was begun is taken back" : "the deployment goes on");

    engine_note(
        &j->context,
        ENGINE_SAY_WARNING,
        hint,
        "waiting for credentials: %s%s%s",
        cause && cause->message ? cause->message : "none are known to the daemon",
        cause && cause->hint ? ". " : "",
        cause && cause->hint ? cause->hint : "");
    /* What was refused is of no use to the next life either. */
    cleanup_error struct error ignored = ERROR_INIT;
    store_job_keys_put(j->daemon->store, j->row.id, NULL, 0, &ignored);
    job_state_set(j, DEFANG__DEPLOY_STATE__BLOCKED_AUTH, "waiting for fresh credentials");

    j->waits = true;
    int rc = fiber_cond_wait(&j->credentials, BLOCKED_MAX_MS);
    j->waits = false;
    if (rc == 0 && (j->daemon->suspending || j->daemon->stopping))
        return -ECANCELED; /* nobody brought any: it waits on in its next life */
    if (rc == 0)
        job_state_set(
            j,
            j->cancel_requested ? DEFANG__DEPLOY_STATE__CANCELING : DEFANG__DEPLOY_STATE__RUNNING,
            "fresh credentials arrived");

    return rc;
}

static bool any_blocked(const struct daemon *d)
{
    for (size_t i = 0; i < d->jobs.len; i++)
        if (d->jobs.items[i]->waits)
            return true;
    return false;
}

/* Another account's keys must never go on with a job; another principal's are not what it began
 * with. A job of an older daemon knows its account only. */
enum job_claim job_claim_of(const struct job *j, const struct aws_identity *who)
{
    cleanup_free char *principal = aws_principal_of(who->arn);

    if (!text_empty(j->row.account) && !text_eq(j->row.account, who->account))
        return JOB_OTHER_ACCOUNT;
    if (!text_empty(j->row.principal) && !text_eq(j->row.principal, principal))
        return JOB_OTHER_PRINCIPAL;
    return JOB_SAME;
}

/* Its session is its own from the start; one whose profile could not be opened has none yet, and
 * goes on in the world of the shell that helps it. */
int job_take_credentials(
    struct job *j,
    const struct session *from,
    const struct aws_credentials *fresh,
    struct error *err)
{
    int rc = 0;

    if (!j->session)
        rc = session_own(j->daemon, from, j->row.region, &j->session, err);
    if (rc < 0)
        return rc;

    aws_session_replace_credentials(j->session->aws, fresh);
    j->fresh_ms = loop_now_ms(j->daemon->loop);
    fiber_cond_broadcast(&j->credentials);
    return 0;
}

static bool said_already(const struct job *j, const char *principal)
{
    vec_each(one, &j->not_taken) {
        if (text_eq(*one, principal))
            return true;
    }

    return false;
}

/* In the job's story, where its owner looks; once for each, and for so many. */
static void say_not_taken(struct job *j, const struct aws_identity *who, enum job_claim claim)
{
    bool account = claim == JOB_OTHER_ACCOUNT;
    cleanup_free char *principal = aws_principal_of(who->arn);
    cleanup_free char *hint = xasprintf(
        "`defangctl resume --as-me %s` in that shell goes on with them all the same", j->row.id);

    if (j->not_taken.len >= NOT_TAKEN_SAID || said_already(j, principal))
        return;

    engine_note(
        &j->context,
        ENGINE_SAY_NOTE,
        account ? NULL : hint,
        "credentials of %s were offered and not taken: this deployment %s %s",
        principal,
        account ? "is in account" : "belongs to",
        account ? j->row.account : j->row.principal);
    vec_push(&j->not_taken, steal(principal));
}

/* The shell's session may still hold the very keys that the job was refused with: then whatever
 * gave them is asked again. Where nothing can (keys of the environment), they are offered as they
 * are: somebody may have made them valid again. */
static void renew_refused(struct daemon *d, struct session *session)
{
    struct aws_credentials theirs = {0};
    bool refused = false;

    if (aws_session_credentials(session->aws, &theirs, NULL) < 0)
        return;

    for (size_t i = 0; i < d->jobs.len; i++) {
        const struct job *j = d->jobs.items[i];
        bool asks = j->waits && j->session;

        refused =
            refused || (asks && text_eq(aws_session_key_id(j->session->aws), theirs.access_key_id));
    }

    if (refused)
        aws_session_renew(session->aws, theirs.access_key_id, NULL);
    aws_credentials_done(&theirs);
}

unsigned job_offer_credentials(struct daemon *d, struct session *session)
{
    struct aws_identity who = {0};
    struct aws_credentials fresh = {0};
    cleanup_error struct error err = ERROR_INIT;
    unsigned count = 0;

    /* Asking who they are costs a call to STS: only when somebody waits. */
    if (!any_blocked(d))
        return 0;

    renew_refused(d, session);

    int rc = aws_session_identity(session->aws, &who, &err);
    if (rc == 0)
        rc = aws_session_credentials(session->aws, &fresh, &err);

    for (size_t i = 0; rc == 0 && i < d->jobs.len; i++) {
        struct job *j = d->jobs.items[i];
        enum job_claim claim = job_claim_of(j, &who);

        if (!j->waits)
            continue;
        if (claim != JOB_SAME)
            say_not_taken(j, &who, claim);
        if (claim == JOB_SAME && job_take_credentials(j, session, &fresh, NULL) == 0)
            count++;
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

/* A shell that only watches brings its credentials too. Without usable ones it still watches. */
void job_offer_caller(struct daemon *d, const Defang__Caller *caller)
{
    struct session *session = NULL;
    cleanup_error struct error ignored = ERROR_INIT; /* who has none still watches */

    if (!any_blocked(d) || session_get(d, caller, &session, &ignored) < 0)
        return;

    struct offer *o = xmalloc(sizeof *o);
    *o = (struct offer){.d = d, .session = session};
    d->verbs_active++;
    fiber_detach(fiber_spawn(d->loop, "offer", offer_main, o));
}

/* ---- after a restart ---- */

/* Which outlive the daemon, sealed, for as long as the job: what no file of the user gives again.
 * Static keys of a profile stand in a file; a machine's are asked for again. */
static bool is_worth_keeping(const struct aws_credentials *c)
{
    bool of_a_file = c->origin == AWS_ORIGIN_FILE && !secret_is_set(&c->session_token);

    return !of_a_file && c->origin != AWS_ORIGIN_MACHINE;
}

/* Whenever its session has others. What cannot be written costs a question after a restart, no
 * more. */
static void keep_keys(void *arg, const struct aws_credentials *c)
{
    struct job *j = arg;
    cleanup_error struct error ignored = ERROR_INIT;

    if (j->finished)
        return;
    char *text = is_worth_keeping(c) ? aws_credentials_freeze(c) : NULL;

    store_job_keys_put(j->daemon->store, j->row.id, text, c->expires_wall_ms, &ignored);
    if (text)
        secret_wipe(text, strlen(text));
    free(text);
}

void job_keep_keys(struct job *j)
{
    aws_session_on_fresh(j->session->aws, keep_keys, j);
}

/* They were this job's before, so they are its account's and principal's. */
static bool restore_keys(struct job *j)
{
    cleanup_secret struct secret text = SECRET_INIT;
    cleanup_error struct error ignored = ERROR_INIT;
    struct aws_credentials kept;

    if (store_job_keys_get(j->daemon->store, j->row.id, &text, &ignored) < 0 ||
        !secret_is_set(&text) || aws_credentials_thaw(secret_get(&text), &kept) < 0)
        return false;

    aws_session_restore_credentials(j->session->aws, &kept);
    aws_credentials_done(&kept);
    log_info("job", "credentials unsealed: deployment=%s", j->row.id);
    return true;
}

/* The keys of the shell that started it go on while they live; without them nothing is tried. */
int job_await_lost_keys(struct job *j, struct error *err)
{
    if (restore_keys(j))
        return 0;

    cleanup_error struct error cause = ERROR_INIT;

    error_raise(
        &cause,
        ERR_AUTH,
        "the daemon was restarted, and the keys of the shell that started this have expired or "
        "cannot be unsealed");

    int rc = job_wait_for_credentials(j, &cause);
    if (rc < 0)
        error_raise_errno(
            err, rc == -ECANCELED ? ERR_CANCELED : ERR_AUTH, -rc, "no credentials came");

    return rc;
}

/* Before the first call after a restart: whose keys the profile gives now. The session asks STS
 * before they serve; here a job waits when they are another's, or when there are none. */
int job_confirm_principal(struct job *j, struct error *err)
{
    struct engine_patience patience = {0};
    bool restored = false;

    for (;;) {
        cleanup_error struct error local = ERROR_INIT;
        struct aws_credentials found = {0};
        int rc = aws_session_credentials(j->session->aws, &found, &local);

        aws_credentials_done(&found);
        if (engine_again(&j->context, &patience, rc, &local))
            continue;
        /* Another's are refused with both named; else what it had before serves while it lives. */
        if (rc < 0 && rc != -EPERM && rc != -ECANCELED && !restored) {
            restored = true;
            if (restore_keys(j))
                continue;
        }
        /* Whatever ails the source (a service that is not there, a proxy): nothing was begun. */
        if (rc < 0 && job_wait_for_credentials(j, &local) == 0)
            continue;
        if (rc < 0)
            error_move(err, &local);
        return rc;
    }
}
