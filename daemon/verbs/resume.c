/* resume: the caller's credentials for a deployment that waits for some.
 *
 * Any command brings them by itself where they are the deployment's own: same account, same
 * principal. This verb is for saying so on purpose, and for the one case that must be said: another
 * principal of the same account takes over (--as-me). Then the deployment is theirs from here on.
 * Another account is refused whatever is said; nothing of it may ever be in two. */
#include "daemon/jobs/job.h"
#include "daemon/verb.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>

static bool waits(const struct job *j)
{
    return j->waits;
}

/* Ended and unknown are told apart, for scripts. */
static int not_running(struct verb_call *v, const char *id, struct error *err)
{
    struct store_deployment row = {0};
    int rc = store_deployment_get(v->daemon->store, id, &row, err);

    store_deployment_done(&row);
    if (rc < 0)
        return rc;

    rc = error_raise(err, ERR_REFUSED, "deployment %s has ended already", id);
    error_hint(err, "see `defangctl watch %s`", id);
    return rc;
}

/* This folder's project and stack, in whatever account: which that is, is the question. */
static int
find_latest(struct verb_call *v, const Defang__Caller *caller, struct job **out, struct error *err)
{
    struct daemon *d = v->daemon;
    int rc = project_identify(d, caller, &v->project, err);
    if (rc < 0)
        return rc;

    for (size_t i = d->jobs.len; i > 0 && !*out; i--) {
        struct job *j = d->jobs.items[i - 1];
        bool ours = text_eq(j->row.project, v->project.name) &&
                    text_eq(j->row.stack, v->project.settings.stack);

        if (ours && !j->finished && waits(j))
            *out = j;
    }

    if (*out)
        return 0;

    rc = error_raise(
        err,
        ERR_NOT_FOUND,
        "nothing of %s/%s waits for credentials",
        v->project.name,
        v->project.settings.stack);
    error_hint(err, "`defangctl ls` lists all deployments; an id names one of another project");
    return rc;
}

static int
find(struct verb_call *v, const Defang__ResumeRequest *r, struct job **out, struct error *err)
{
    if (text_empty(r->deployment) || text_eq(r->deployment, "latest"))
        return find_latest(v, r->caller, out, err);

    *out = job_find(v->daemon, r->deployment);
    if (*out && !(*out)->finished)
        return 0;
    return not_running(v, r->deployment, err);
}

/* Both are named, and in the second case the way. */
static int
check_claim(const struct job *j, const struct aws_identity *who, bool as_me, struct error *err)
{
    enum job_claim claim = job_claim_of(j, who);

    if (claim == JOB_OTHER_ACCOUNT)
        return error_raise(
            err,
            ERR_AUTH,
            "deployment %s is in account %s, and these credentials are of account %s (%s)",
            j->row.id,
            j->row.account,
            who->account,
            who->arn);

    if (claim == JOB_SAME || as_me)
        return 0;

    int rc = error_raise(
        err,
        ERR_AUTH,
        "deployment %s belongs to %s, and these credentials are of %s",
        j->row.id,
        j->row.principal,
        who->arn);
    error_hint(err, "`defangctl resume --as-me %s` goes on with these all the same", j->row.id);
    return rc;
}

/* The row first: the session must not sign for somebody whom a restart would not know. */
static int become(struct job *j, const struct aws_identity *who, struct error *err)
{
    cleanup_free char *principal = aws_principal_of(who->arn);
    struct store *store = j->daemon->store;

    if (text_eq(j->row.principal, principal))
        return 0;

    int rc = store_deployment_rebind(store, j->row.id, principal, err);
    if (rc == 0)
        rc = store_flush(store, err);
    if (rc < 0)
        return rc;

    engine_note(
        &j->context,
        ENGINE_SAY_NOTE,
        NULL,
        "goes on as %s instead of %s, as `defangctl resume --as-me` said",
        principal,
        text_empty(j->row.principal) ? "whoever began it" : j->row.principal);
    free(j->row.principal);
    j->row.principal = steal(principal);
    if (j->session)
        aws_session_bind(j->session->aws, j->row.account, j->row.principal);
    return 0;
}

/* Without a suspension: the job may end whenever there is one. */
static int hand_over(
    struct verb_call *v,
    const struct aws_identity *who,
    const struct aws_credentials *fresh,
    struct job **job,
    struct error *err)
{
    const Defang__ResumeRequest *r = (const Defang__ResumeRequest *)server_call_request(v->call);
    int rc = find(v, r, job, err);
    if (rc < 0 || !waits(*job))
        return rc;

    rc = check_claim(*job, who, r->as_me, err);
    if (rc == 0)
        rc = become(*job, who, err);
    return rc < 0 ? rc : job_take_credentials(*job, v->session, fresh, err);
}

static int verb_resume(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ResumeRequest *r = (const Defang__ResumeRequest *)request;
    struct aws_identity who = {0};
    struct aws_credentials fresh = {0};
    struct job *job = NULL;
    int rc = verb_session_open(v, r->caller, err);
    if (rc == 0)
        rc = aws_session_identity(v->session->aws, &who, err);
    if (rc == 0)
        rc = aws_session_credentials(v->session->aws, &fresh, err);
    if (rc == 0)
        rc = hand_over(v, &who, &fresh, &job, err);

    aws_credentials_done(&fresh);
    aws_identity_done(&who);
    if (rc < 0)
        return rc;

    if (!v->project.arena)
        v->project.arena = arena_new();

    Defang__ResumeReply reply = DEFANG__RESUME_REPLY__INIT;
    reply.info = verb_deployment_info(v->project.arena, &job->row);
    reply.resumed = waits(job); /* its fiber has not run yet */
    server_reply(v->call, &reply.base);
    return 0;
}

void verbs_resume_register(struct daemon *d)
{
    verb_handle(d, RPC_RESUME, verb_resume);
}
