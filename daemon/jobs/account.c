/* Jobs of the account: its CD stack is made, renewed or taken down.
 *
 * One job at a time prepares an account: two first deployments at the same moment would both create
 * the CD stack, and one of them would fail for no reason that a person could see. The others wait
 * for the lock, an hour at most.
 *
 * A project's job whose engine runs in the CD stack renews it first when it is older
 * (job_update_cd), but never makes one: without it there is nothing of that engine to change. */
#include "daemon/account_lock.h"
#include "daemon/jobs/job.h"

#include "base/mem.h"
#include "engine/account/bootstrap.h"
#include "engine/account/teardown.h"
#include "engine/stack/cd.h"

#define LOCK_WAIT_MS (60LL * 60 * 1000)

/* A condition, not a flag that is polled: whoever waits is woken, and looks again. */
int account_lock(struct daemon *d)
{
    while (d->bootstrap_held) {
        int rc = fiber_cond_wait(&d->bootstrap_free, LOCK_WAIT_MS);
        if (rc < 0)
            return rc;
    }

    d->bootstrap_held = true;
    return 0;
}

void account_unlock(struct daemon *d)
{
    d->bootstrap_held = false;
    fiber_cond_broadcast(&d->bootstrap_free);
}

/* Also a step of a project's job, where --force is about the project: it makes the CD stack anew
 * only in a job of the account. */
int job_run_bootstrap(struct job *j, struct error *err)
{
    struct flow_cd cd = {0};
    bool account = !j->context.project; /* --force of a project's job means something else */
    int rc = account_lock(j->daemon);
    if (rc < 0)
        return error_raise(err, ERR_CANCELED, "canceled while another job prepared the account");

    rc = flow_cd_ensure(&j->context, account && json_bool_or(j->inputs, "force", false), &cd, err);
    account_unlock(j->daemon);
    if (account) {
        j->resources_changed = cd.changed;
        j->nothing_changed = rc == 0 && cd.changed == 0;
    }
    flow_cd_done(&cd);

    return rc;
}

/* An engine that runs in the CD stack's task speaks to a script of its own version, which may be an
 * older one there. Where there is no CD stack, none is made. */
int job_update_cd(struct job *j, struct error *err)
{
    struct flow_cd cd = {0};
    bool exists = false;
    int rc = j->engine->builds_images ? flow_cd_describe(&j->context, &cd, &exists, err) : 0;

    flow_cd_done(&cd);
    return rc == 0 && exists ? job_run_bootstrap(j, err) : rc;
}

int job_run_teardown(struct job *j, struct error *err)
{
    cleanup_free char *bucket = NULL;
    int rc = account_lock(j->daemon);
    if (rc < 0)
        return error_raise(err, ERR_CANCELED, "canceled while another job prepared the account");

    rc = flow_cd_teardown(
        &j->context, json_bool_or(j->inputs, "force", false), &j->resources_changed, &bucket, err);
    account_unlock(j->daemon);
    j->nothing_changed = rc == 0 && j->resources_changed == 0;
    if (bucket)
        vec_push(
            &j->kept,
            arena_printf(
                j->arena,
                "bucket %s with the uploaded code (empty and delete it yourself when nothing needs "
                "it)",
                bucket));

    return rc;
}
