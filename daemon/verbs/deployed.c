/* Before a job: whose is what is deployed by this name.
 *
 * Two folders may give their projects one name (`app`, `docker`). `up` from the second would remove
 * what the first has, and `down` all of it; so both compare origins (plan/origin.h) before there is
 * a job: `up` in consent.c, where the plan is at hand, `down` here. Who names the project with -p
 * means it by name, whatever folder it came from.
 *
 * `down` of what is not deployed is an error and names what is: the project may have another name
 * since it was deployed. It is none when this daemon has deployed or taken down that name before,
 * or when there is a kept volume to remove. */
#include "daemon/verbs/deployed.h"

#include "daemon/digests.h"
#include "daemon/verbs/renamed.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/account/facts.h"
#include "engine/account/volumes.h"
#include "engine/engine.h"
#include "plan/diag.h"
#include "plan/registries.h"

#include <errno.h>
#include <stdlib.h>

static int read_deployed(struct verb_call *v, struct engine_template *out, struct error *err)
{
    struct engine_context c = verb_context(v, NULL);

    *out = (struct engine_template){0};
    return v->engine->deployed(&c, out, err);
}

/* A repository of another account must admit this one: what that account types is said in full. */
static void note_foreign(struct verb_call *v, const struct plan_request *r)
{
    struct plan_diag diag = {.d = &v->project.diagnostics};
    cleanup_error struct error ignored =
        ERROR_INIT; /* who asks was known when the job was admitted */
    struct aws_identity identity = {0};
    struct plan_foreign *list;
    size_t count;

    if (aws_session_identity(v->session->aws, &identity, &ignored) < 0)
        return;

    const struct plan_facts here = {.account = identity.account, .partition = identity.partition};
    plan_foreign_repositories(v->project.arena, r->project, &here, &list, &count);
    for (size_t i = 0; i < count; i++)
        plan_note(
            &diag,
            list[i].pos,
            list[i].command,
            "service %s: its image is in ECR of account %s. Its tasks may pull it; that account "
            "must admit %s to the repository %s too, by a policy (it takes the place of the one "
            "there is)",
            list[i].service,
            list[i].ecr.account,
            here.account,
            list[i].ecr.repository);
    aws_identity_done(&identity);
}

void deployed_note_up(
    struct verb_call *v, const Defang__Caller *caller, const struct plan_request *r)
{
    note_foreign(v, r);
    if (!r->previous) {
        renamed_note(v, caller);
        return;
    }

    cleanup_free char *text = plan_check_origin(r, NULL, NULL) < 0 ? NULL : plan_origin_note(r);
    if (text)
        compose_diagnose(
            &v->project.diagnostics, COMPOSE_WARNING, (struct yaml_pos){0}, NULL, "%s", text);
}

int deployed_pin_images(struct verb_call *v, const Defang__Caller *caller, struct error *err)
{
    struct engine_template deployed;

    if (v->project.settings.resolve != PLAN_RESOLVE_DIGEST)
        return 0;

    int rc = read_deployed(v, &deployed, err);
    if (rc == 0)
        rc = digests_pin(
            v->daemon, caller, deployed.exists ? deployed.json : NULL, &v->project, err);
    engine_template_done(&deployed);
    return rc;
}

static int refuse_down(struct verb_call *v, const json_t *origin, struct error *err)
{
    cleanup_free char *there = plan_origin_text(origin, v->project.origin);
    cleanup_free char *here = plan_origin_text(v->project.origin, v->project.origin);

    int rc = error_raise(
        err,
        ERR_REFUSED,
        "%s/%s was deployed from %s, not from %s",
        v->project.name,
        v->project.settings.stack,
        there,
        here);
    error_hint(
        err,
        "if it is the one that is meant: `defangctl down -p %s`, or `defangctl down --adopt`",
        v->project.name);

    return rc;
}

static bool take_row(void *arg, const struct store_deployment *row)
{
    bool *known = arg;

    (void)row;
    *known = true;
    return false;
}

/* An `up` that was rolled back or a `down` that failed may have left what is beside the stack; and
 * taking down twice is fine. */
static int known_here(struct verb_call *v, const struct admitted *a, bool *known, struct error *err)
{
    struct store_filter f = {
        .project = a->row.project,
        .stack = a->row.stack,
        .account = a->row.account,
        .region = a->row.region,
        .limit = 1};

    return store_deployment_each(v->daemon->store, &f, take_row, known, err);
}

static int kept_volumes(struct verb_call *v, bool *left, struct error *err)
{
    const struct plan_kept_volume *volumes;
    struct engine_context c = verb_context(v, NULL);
    struct plan_facts *facts = NULL;
    size_t count = 0;

    int rc = flow_facts(&c, v->project.arena, &facts, err);
    c.facts = facts;
    if (rc == 0)
        rc = flow_volumes(&c, v->project.arena, &volumes, &count, err);
    *left = *left || count > 0;

    return rc;
}

/* The engine's template is what a first run of it has not written yet: what is listed in the
 * account is there as well. */
static int not_deployed(
    struct verb_call *v,
    const Defang__Caller *caller,
    const struct admitted *a,
    bool volumes,
    struct error *err)
{
    bool goes_on = false;
    int rc = known_here(v, a, &goes_on, err);
    if (rc == 0 && volumes)
        rc = kept_volumes(v, &goes_on, err);
    if (rc < 0)
        return rc;

    if (goes_on) {
        renamed_note(v, caller);
        return 0;
    }

    struct renamed renamed;
    renamed_find(v, caller, &renamed);
    if (renamed.listed && !renamed.itself)
        rc = renamed_refuse(v, a->row.account, &renamed, err);
    renamed_done(&renamed);

    return rc;
}

int deployed_admit_down(
    struct verb_call *v,
    const Defang__Caller *caller,
    const struct admitted *a,
    bool adopt,
    bool volumes,
    struct error *err)
{
    struct engine_template deployed;
    int rc = read_deployed(v, &deployed, err);
    const json_t *origin = plan_origin_of(deployed.json);
    bool by_name = !text_empty(caller->project_name);

    if (rc == 0 && !deployed.exists)
        rc = not_deployed(v, caller, a, volumes, err);
    else if (rc == 0 && !adopt && !by_name && !plan_origin_near(origin, v->project.origin))
        rc = refuse_down(v, origin, err);
    engine_template_done(&deployed);

    return rc;
}
