/* How a canceled job ends: as the cloud stands, never as it was meant.
 *
 *   phases that were begun ─▶ the engine takes back what still runs, and says how each stands
 *     └─▶ too late: what was asked for is there ─▶ SUCCEEDED
 *         taken back, or never begun, or something earlier stays ─▶ CANCELED, and it is said
 *         neither ─▶ FAILED, with the command that helps
 *
 * The same for a job that was canceled in this life of the daemon and for one of an earlier life:
 * the engine asks AWS each time. Shielded, because the fiber is canceled; so it also waits for
 * credentials, and without them nothing is claimed. */
#include "daemon/jobs/job.h"
#include "daemon/jobs/up.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/build/build.h"
#include "engine/run/oneoff.h"

/* The worst word of all phases, and what is to be said of them. */
struct verdict {
    bool failed, late, partly, back;
    struct str stays, said; /* phases that stay; the engine's words on the last one */
    char *hint;
};

static void verdict_done(struct verdict *v)
{
    str_done(&v->stays);
    str_done(&v->said);
    free(v->hint);
}

static void weigh(struct verdict *v, const char *phase, bool last, const struct engine_end *end)
{
    bool earlier = end->back == ENGINE_BACK_LATE && !last;

    v->failed = v->failed || end->back == ENGINE_BACK_FAILED || end->back == ENGINE_BACK_UNKNOWN;
    v->partly = v->partly || end->back == ENGINE_BACK_PARTLY;
    v->back = v->back || end->back == ENGINE_BACK_DONE;
    v->late = v->late || (end->back == ENGINE_BACK_LATE && last);
    if (earlier)
        str_appendf(&v->stays, "%s%s", v->stays.len ? ", " : "", phase);

    if (end->said && !earlier)
        str_appendf(&v->said, "%s%s", v->said.len ? "; " : "", end->said);
    if (end->hint && !v->hint)
        v->hint = xstrdup(end->hint);
}

/* A step that was left ended well: the engine need not be asked. */
static void ask_phase(struct job *j, const char *phase, bool last, struct verdict *v)
{
    cleanup_error struct error ignored = ERROR_INIT;
    struct engine_end end = {0};
    bool done = false;

    store_step_done(j->daemon->store, j->row.id, phase, &done, &ignored);
    if (done && !last)
        end.back = ENGINE_BACK_LATE;
    else
        j->engine->cancel(&j->context, phase, &end);

    weigh(v, phase, last, &end);
    engine_end_done(&end);
}

/* It comes after the whole, so that its being taken back is not the deployment's: what is left to
 * do then stands in the journal (JOB_REST). Asked first, since the stack must be at rest before the
 * whole can be looked at. */
static void ask_keep(struct job *j, struct verdict *v)
{
    cleanup_error struct error ignored = ERROR_INIT;
    struct verdict own = {0};

    ask_phase(j, "keep", false, &own);
    if (own.stays.len) /* it was through: then nothing is left to do */
        j->journal.put(j->journal.arg, JOB_REST, NULL, &ignored);
    if (own.failed) {
        v->failed = true;
        str_appendf(&v->said, "%s%s", v->said.len ? "; " : "", str_get(&own.said));
        if (!v->hint)
            v->hint = steal(own.hint);
    }
    verdict_done(&own);
}

/* In their order; the stages are numbered until one was never begun. */
static void ask_phases(struct job *j, struct verdict *v)
{
    cleanup_error struct error ignored = ERROR_INIT;
    struct up u = {.j = j};
    bool begun = true;

    ask_phase(j, "foundation", false, v);
    ask_phase(j, "room", false, v);
    for (unsigned stage = 1; begun; stage++) {
        cleanup_free char *phase = xasprintf("stage-%u", stage);
        if (up_phase_begun(&u, phase, &begun, &ignored) < 0 || !begun)
            break;

        ask_phase(j, phase, false, v);
    }

    ask_keep(j, v);
    ask_phase(j, "whole", true, v);
}

/* What an earlier life left running beside the engine. */
static void stop_tasks(struct job *j)
{
    cleanup_json json_t *outputs = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (!j->resumed || !j->context.project)
        return;

    flow_builds_stop(&j->context);
    if (j->engine->outputs(&j->context, &outputs, &ignored) == 0)
        flow_once_stop(&j->context, outputs);
}

/* The addresses of what runs, as after any success. */
static void read_endpoints(struct job *j)
{
    struct engine_template deployed = {0};
    cleanup_json json_t *outputs = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (j->engine->deployed(&j->context, &deployed, &ignored) == 0 &&
        j->engine->outputs(&j->context, &outputs, &ignored) == 0)
        job_endpoints(j, json_at(deployed.json, "Metadata.Defang.services"), outputs);
    engine_template_done(&deployed);
}

static int too_late(struct job *j, const struct verdict *v, struct error *err)
{
    cleanup_free char *rest = NULL;
    cleanup_error struct error ignored = ERROR_INIT;
    const char *said = str_get(&v->said);

    j->journal.get(j->journal.arg, JOB_REST, &rest, &ignored);
    if (rest) {
        error_raise_errno(
            err,
            ERR_CANCELED,
            ECANCELED,
            "canceled, but the services run as this deployment says already (%s); not done: %s",
            said,
            rest);
        error_hint(err, "`defangctl up` does the rest");
        return -ECANCELED;
    }

    engine_note(
        &j->context,
        ENGINE_SAY_WARNING,
        NULL,
        "canceled too late: %s, so deployment %s runs",
        said,
        j->row.id);
    j->canceled_late = true;
    read_endpoints(j);
    return 0;
}

static int judge(struct job *j, const struct verdict *v, struct error *err)
{
    const char *said = str_get(&v->said), *stays = str_get(&v->stays);
    const char *hint = v->hint;

    if (v->failed) {
        error_raise(err, ERR_CLOUD, "canceled, but not taken back: %s", said);
        if (hint)
            error_hint(err, "%s", hint);
        return error_kind_errno(ERR_CLOUD);
    }

    if (v->late)
        return too_late(j, v, err);

    if (v->partly)
        error_raise(err, ERR_CANCELED, "canceled: %s, and what it made stays", said);
    else if (v->stays.len)
        error_raise(
            err,
            ERR_CANCELED,
            "canceled: what %s made stays%s%s",
            stays,
            v->back ? "; " : "",
            v->back ? said : "");
    else if (v->back)
        error_raise(err, ERR_CANCELED, "canceled and taken back: %s", said);
    else
        error_raise(
            err,
            ERR_CANCELED,
            text_eq(j->row.kind, "up") ? "canceled before anything was deployed" : "canceled");

    if (v->stays.len && !hint)
        hint = "`defangctl up` goes on from there, `defangctl down` removes it";
    if (hint)
        error_hint(err, "%s", hint);
    return -ECANCELED;
}

int job_settle_canceled(struct job *j, struct error *err)
{
    struct verdict v = {0};

    fiber_shield(true);
    stop_tasks(j);
    if (text_eq(j->row.kind, "up") || text_eq(j->row.kind, "build"))
        ask_phases(j, &v);
    else if (j->context.project)
        ask_phase(j, j->row.kind, false, &v); /* phases of cd.c are named so */
    int rc = judge(j, &v, err);
    fiber_shield(false);

    verdict_done(&v);
    return rc;
}
