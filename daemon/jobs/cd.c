/* `cd refresh`, `cd cancel` and `cd preview` of a project: what its engine does beside up and down.
 *
 * Each reads the account's facts, brings the CD stack up to date, and hands over to the engine. A
 * preview looks at everything that `plan` looks at, without a caller who waits for the answer. */
#include "daemon/jobs/job.h"
#include "daemon/preview/preview.h"
#include "engine/account/facts.h"
#include "engine/engine.h"

static int read_facts(struct job *j, struct error *err)
{
    int rc = flow_facts(&j->context, j->arena, (struct plan_facts **)&j->context.facts, err);
    return rc < 0 ? rc : job_update_cd(j, err);
}

/* What the result says of the engine's work. */
static int take(struct job *j, int rc, struct engine_outcome *outcome)
{
    j->nothing_changed = outcome->nothing_changed;
    j->resources_changed = outcome->resources_changed;
    engine_outcome_done(outcome);
    return rc;
}

int job_run_refresh(struct job *j, struct error *err)
{
    struct engine_outcome outcome = {0};
    int rc = read_facts(j, err);
    if (rc < 0)
        return rc;

    rc = j->engine->refresh(&j->context, &outcome, err);
    return take(j, rc, &outcome);
}

int job_run_cancel(struct job *j, struct error *err)
{
    struct engine_outcome outcome = {0};
    bool force = json_bool_or(j->inputs, "force", false);
    int rc = read_facts(j, err);
    if (rc < 0)
        return rc;

    rc = j->engine->release(&j->context, force, &outcome, err);

    return take(j, rc, &outcome);
}

/* `look` borrows the job's project and gives it back: preview_make() was written for a verb. */
int job_run_preview(struct job *j, struct error *err)
{
    struct preview p;

    /* What `plan` looks at, without a caller who waits for the answer. */
    struct verb_call look = {
        .daemon = j->daemon, .session = j->session, .project = j->project, .engine = j->engine};
    int rc = preview_make(&p, &look, false, err);

    j->project = look.project; /* its diagnostics have grown */
    j->context.facts = p.facts;
    j->context.builds = p.plan_builds;
    j->context.build_count = p.plan_build_count;
    if (rc == 0)
        rc = job_update_cd(j, err);
    if (rc == 0)
        rc = j->engine->preview(&j->context, p.graph, err);
    preview_done(&p);

    return rc;
}
