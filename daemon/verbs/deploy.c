/* Verbs that start and end jobs: up, down, cancel.
 *
 * What can be refused is refused here, before there is a job: a file that does not load,
 * credentials that do not work, config that is missing, another engine, a project of the same name
 * that came from elsewhere, data that would be lost and that nobody allowed (consent.c), another
 * job of the same project. Only then the inputs are frozen and the row is written, and the answer
 * carries its id. From then on nothing of the caller is needed. */
#include "daemon/engine_choice.h"
#include "daemon/jobs/job.h"
#include "daemon/past/released.h"
#include "daemon/verb.h"
#include "daemon/verbs/admit.h"
#include "daemon/verbs/consent.h"
#include "daemon/verbs/deployed.h"
#include "daemon/verbs/develop.h"
#include "daemon/verbs/partial.h"
#include "daemon/verbs/scope.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/values/config.h"

#include <errno.h>
#include <string.h>

/* With the warnings of the files: the deployment goes on, and they should be read. */
static void reply_up(struct verb_call *v, struct job *job, Defang__UpReply reply)
{
    reply.deployment = job->row.id;
    reply.info = verb_deployment_info(v->project.arena, &job->row);
    verb_diagnostics(
        v->project.arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    server_reply(v->call, &reply.base);
}

static json_t *names(char **list, size_t count)
{
    json_t *names = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(list[i]));
    return names;
}

/* Passwords that stand in the files: from here on config has them, and the frozen model the name.
 */
static int keep_taken(struct verb_call *v, struct error *err)
{
    const struct compose_project *p = v->project.model;
    struct engine_context c = verb_context(v, NULL);
    int rc = 0;

    for (size_t i = 0; i < p->taken_count && rc == 0; i++) {
        cleanup_secret struct secret value = SECRET_INIT;
        bool set;

        secret_set(&value, p->taken[i].value);
        rc = flow_config_set(&c, p->taken[i].config, &value, false, &set, err);
        if (rc < 0)
            error_wrap(err, "keeping the password of service %s as config", p->taken[i].service);
    }

    return rc;
}

/* A name that is wrong builds nothing, and is said before anything is asked of AWS. */
static int
check_services(const struct compose_project *p, char **list, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct compose_service *s = compose_service_get(p, list[i]);

        if (!s)
            return error_raise(
                err, ERR_USAGE, "there is no service \"%s\" in this project", list[i]);
        if (!s->has_build)
            return error_raise(err, ERR_USAGE, "service %s has no build", list[i]);
    }
    return 0;
}

/* What is deployed again is the release's, its settings among it. */
static void add_released(json_t *inputs, const struct released *r)
{
    json_object_update(json_object_get(inputs, "env"), r->env);
    json_object_set(inputs, "released", json_object_get(r->record, "services"));
    json_object_set(inputs, "files", r->files);
    json_object_set_new(inputs, "rollback_of", json_integer(r->number));
}

/* Refusals in the order of what they cost: the files, who asks, the config, the engine, whose it
 * is and what would be lost. Then the promise. */
static int verb_up(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__UpRequest *r = (const Defang__UpRequest *)request;
    struct admitted a = {0};
    struct job *job = NULL;
    struct released released = {0};
    Defang__UpReply reply = DEFANG__UP_REPLY__INIT;
    bool part = !r->build_only && !r->rollback && (r->n_services || r->no_deps);
    int rc = verb_session(v, r->caller, err);
    if (rc == 0 && r->rollback)
        rc = released_open(v, r->caller, r->release, &released, err);
    else if (rc == 0)
        rc = project_load(v->daemon, r->caller, r->mode, true, &v->project, err);
    if (rc == 0)
        rc = build_args_take(v, r->build_args, r->n_build_args, err);
    if (rc == 0 && r->build_only)
        rc = check_services(v->project.model, r->services, r->n_services, err);
    if (rc == 0)
        rc = admit_job(v, r->build_only ? "build" : "up", &a, err);
    if (rc == 0 && part)
        rc = admit_engine(v, r->engine, &a, err);
    if (rc == 0 && part)
        rc = partial_choose(v, r->services, r->n_services, r->no_deps, err);
    if (rc == 0)
        rc = consent_config(v, r->build_only, err);
    if (rc == 0 && !part)
        rc = admit_engine(v, r->engine, &a, err);
    if (rc == 0 && r->watch)
        rc = develop_rules(v, &reply, err);
    if (rc == 0 && !r->build_only && !r->rollback)
        rc = deployed_pin_images(v, r->caller, err);
    if (rc == 0 && !r->build_only)
        rc = consent_up(v, r, err);
    if (rc == 0)
        rc = keep_taken(v, err);

    if (rc == 0) {
        json_t *inputs = job_inputs_new(v->session, r->caller, &v->project, a.env_credentials);

        json_object_set_new(inputs, "adopt", json_boolean(r->adopt));
        json_object_set_new(inputs, "mode", json_string(r->rollback ? released.mode : r->mode));
        if (r->rollback)
            add_released(inputs, &released);
        json_object_set_new(inputs, "force", json_boolean(r->force_build || r->no_cache));
        json_object_set_new(inputs, "no_cache", json_boolean(r->no_cache));
        json_object_set_new(
            inputs, "services", r->build_only ? names(r->services, r->n_services) : json_array());
        json_object_set_new(inputs, "only", names((char **)v->project.only, v->project.only_count));
        json_object_set_new(inputs, "allow_loss", names(r->allow_loss, r->n_allow_loss));
        json_object_set_new(inputs, "yes_lose_data", json_boolean(r->yes_lose_data));
        json_object_set_new(inputs, "no_rollback", json_boolean(r->no_rollback));
        json_object_set_new(inputs, "no_snapshot", json_boolean(r->no_snapshot));
        json_object_set_new(inputs, "refresh", json_boolean(r->refresh));
        rc = job_start(v->daemon, &a.row, inputs, v->session, &job, err);
    }

    if (rc == 0)
        reply_up(v, job, reply);
    released_done(&released);
    admitted_done(&a);

    return rc;
}

/* By name: the files may be gone, and the project must still be removable. */
static int verb_down(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__DownRequest *r = (const Defang__DownRequest *)request;
    struct admitted a = {0};
    struct job *job = NULL;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = project_identify(v->daemon, r->caller, &v->project, err);
    if (rc == 0) {
        /* What the files are warned of matters to what deploys them. */
        compose_diagnostics_done(&v->project.diagnostics);
        rc = admit_job(v, "down", &a, err);
    }

    if (rc == 0)
        rc = engine_choose(v, "", err);
    if (rc == 0)
        rc = deployed_admit_down(v, r->caller, &a, r->adopt, r->volumes, err);
    if (rc == 0)
        rc = admit_engine(v, "", &a, err);
    if (rc == 0)
        rc = consent_down(v, r, err);

    if (rc == 0) {
        json_t *inputs = job_inputs_new(v->session, r->caller, &v->project, a.env_credentials);

        json_object_set_new(inputs, "force", json_boolean(r->force));
        json_object_set_new(inputs, "volumes", json_boolean(r->volumes));
        json_object_set_new(inputs, "no_snapshot", json_boolean(r->no_snapshot));
        rc = job_start(v->daemon, &a.row, inputs, v->session, &job, err);
    }

    if (rc == 0) {
        Defang__DownReply reply = DEFANG__DOWN_REPLY__INIT;

        reply.deployment = job->row.id;
        reply.info = verb_deployment_info(v->project.arena, &job->row);
        verb_diagnostics(
            v->project.arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
        server_reply(v->call, &reply.base);
    }

    admitted_done(&a);

    return rc;
}

/* One that has ended is an error of its own, so that a script can tell it from a wrong id. */
static int find_job(struct verb_call *v, const char *id, struct job **out, struct error *err)
{
    *out = job_find(v->daemon, id);
    if (*out && !(*out)->finished)
        return 0;

    struct store_deployment row = {0};
    int rc = store_deployment_get(v->daemon->store, id, &row, err);

    if (rc == 0) {
        rc = error_raise(
            err,
            ERR_REFUSED,
            "deployment %s of %s has ended already (%s)",
            id,
            scope_name(v->project.arena, &row),
            store_state_name(row.state));
        error_hint(err, "see `defangctl watch %s`", id);
    }

    store_deployment_done(&row);

    return rc;
}

/* Without an id it is what runs of the caller's own project. With one, the caller's credentials are
 * taken along when there are any: a job that waits for some needs them to take back what it began.
 */
static int
which_job(struct verb_call *v, const Defang__CancelRequest *r, struct job **out, struct error *err)
{
    bool by_id = !text_empty(r->deployment) && !text_eq(r->deployment, "latest");
    cleanup_error struct error ignored = ERROR_INIT;

    if (!by_id && !r->any)
        return scope_running(v, r->caller, false, out, err);

    v->project.arena = arena_new();
    if (r->caller && r->caller->n_env > 0)
        verb_session(v, r->caller, &ignored);

    return by_id ? find_job(v, r->deployment, out, err)
                 : scope_running(v, r->caller, true, out, err);
}

static int verb_cancel(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__CancelRequest *r = (const Defang__CancelRequest *)request;
    struct job *job = NULL;
    int rc = which_job(v, r, &job, err);
    if (rc < 0)
        return rc;

    rc = job_cancel(job, err);
    if (rc < 0)
        return rc;

    Defang__CancelReply reply = DEFANG__CANCEL_REPLY__INIT;
    reply.info = verb_deployment_info(v->project.arena, &job->row);
    server_reply(v->call, &reply.base);

    return 0;
}

void verbs_deploy_register(struct daemon *d)
{
    verb_handle(d, RPC_UP, verb_up);
    verb_handle(d, RPC_DOWN, verb_down);
    verb_handle(d, RPC_CANCEL, verb_cancel);
}
