/* `build`: the first half of an `up`. The account is made ready, contexts are packed and sent, and
 * what ECR has not is built; nothing runs from it yet. */
#include "daemon/jobs/up.h"

/* The place to build comes with the project's stack. Where there is no stack yet, one is made of
 * that place alone; one that stands is not changed. */
static int make_place(struct up *u, struct error *err)
{
    bool begun = false, ready = false;
    int rc = up_phase_begun(u, "foundation", &begun, err);
    if (rc == 0 && !begun)
        rc = images_place_ready(&u->images, &ready, err);
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
