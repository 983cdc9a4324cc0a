/* `cd refresh`, `cd cancel` and `cd preview` of a project, and `build`: what is done beside up and
 * down.
 *
 * Each reads the account's facts, brings the CD stack up to date, and hands over to the engine. A
 * preview looks at everything that `plan` looks at, without a caller who waits for the answer. */
#include "daemon/jobs/job.h"
#include "daemon/jobs/up.h"
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

/* ---- build: the first half of an up; nothing runs from the images yet ---- */

/* A builder that stands and is to be given other secrets or log-ins: an `up` brings it. */
static int refuse_old_builder(struct up *u, struct error *err)
{
    if (plan_builder_is_current(u->j->arena, &u->request))
        return 0;

    int rc = error_raise(
        err,
        ERR_REFUSED,
        "the builder of %s was deployed with other secrets or log-ins than these files and this "
        "config have",
        u->j->context.project);
    error_hint(err, "`defangctl up` brings the new one, and builds");
    return rc;
}

/* The place to build comes with the project's stack. Where there is no stack yet, one is made of
 * that place alone; one that stands is not changed. */
static int make_place(struct up *u, struct error *err)
{
    bool begun = false, ready = false;
    int rc = up_phase_begun(u, "foundation", &begun, err);
    if (rc == 0 && !begun)
        rc = images_place_ready(&u->images, &ready, err);
    if (rc == 0 && ready && !begun)
        rc = refuse_old_builder(u, err);
    if (rc == 0)
        rc = up_put_for_builds(u, err);
    if (rc < 0 || ready)
        return rc;

    if (u->deployed.exists && !begun) {
        rc = error_raise(
            err, ERR_REFUSED, "the stack of %s has no place to build yet", u->j->context.project);
        error_hint(err, "`defangctl up` makes it, and builds");
        return rc;
    }

    rc = up_make_graph(u, true, 0, err);
    if (rc < 0)
        return rc;

    struct graph *whole = u->graph;
    u->graph = plan_build_place(whole, u->request.project);
    rc = up_apply(u, "foundation", err);
    graph_free(u->graph);
    u->graph = whole;
    return rc;
}

static int run_build(struct up *u, struct error *err)
{
    if (u->j->engine->builds_images) {
        int rc = error_raise(
            err, ERR_REFUSED, "engine %s builds images as it deploys", u->j->engine->name);
        error_hint(err, "`defangctl up` builds and deploys");
        return rc;
    }

    int rc = up_prepare_account(u, err);
    if (rc == 0)
        rc = up_read_deployed(u, err);
    if (rc == 0)
        rc = up_make_groups(u, err); /* builds write into one */
    if (rc == 0)
        rc = up_read_configs(u, err);
    if (rc == 0)
        rc = images_prepare(&u->images, u->j, &u->request, err);
    if (rc == 0 && images_missing(&u->images))
        rc = make_place(u, err);
    if (rc == 0 && images_missing(&u->images))
        rc = images_build(&u->images, &u->j->failure, err);
    u->j->nothing_changed = rc == 0 && u->j->images_built == 0;

    return rc;
}

/* `build`: images are made and pushed, nothing runs from them yet. An `up` finds them. */
int job_run_build(struct job *j, struct error *err)
{
    struct up u;

    up_begin(&u, j);
    int rc = run_build(&u, err);
    up_end(&u);

    return rc;
}
