/* Verbs that start and end jobs: up, down, cancel.
 *
 * What can be refused is refused here, before there is a job: a file that does not load,
 * credentials that do not work, config that is missing, another engine, another job of the same
 * project. Only then the inputs are frozen and the row is written, and the answer carries its id.
 * From then on nothing of the caller is needed. */
#include "daemon/jobs/job.h"
#include "daemon/verb.h"
#include "daemon/verbs/admit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"
#include "engine/values/config.h"

#include <errno.h>
#include <string.h>

static bool is_set(const struct flow_config *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(list[i].name, name))
            return true;
    return false;
}

/* Config that is missing would show minutes later as tasks that cannot start. */
static int check_configs(struct verb_call *v, struct error *err)
{
    const char **names = NULL;
    size_t wanted = 0, count = 0, missing = 0;
    struct flow_config *list = NULL;

    compose_config_names(v->project.model, &names, &wanted);
    if (wanted == 0)
        return 0;

    struct engine_context c = verb_context(v, NULL);
    int rc = flow_config_list(&c, &list, &count, err);
    if (rc < 0)
        return rc;

    cleanup_str struct str text = STR_INIT, command = STR_INIT;
    for (size_t i = 0; i < wanted; i++) {
        if (plan_config_name_reserved(names[i]) || is_set(list, count, names[i]))
            continue;

        str_appendf(&text, "%s%s", missing ? ", " : "", names[i]);
        str_appendf(&command, " %s", names[i]);
        missing++;
    }

    flow_config_list_done(list, count);
    if (missing == 0)
        return 0;

    error_raise(err, ERR_REFUSED, "missing config: %s", str_get(&text));
    error_hint(
        err,
        "set %s with `defangctl config set NAME` (the value is asked for, or read from stdin):%s",
        missing == 1 ? "it" : "each",
        str_get(&command));

    return -EPERM;
}

/* With the warnings of the files: the deployment goes on, and they should be read. */
static void reply_up(struct verb_call *v, struct job *job)
{
    Defang__UpReply reply = DEFANG__UP_REPLY__INIT;

    reply.deployment = job->row.id;
    reply.info = verb_deployment_info(v->project.arena, &job->row);
    verb_diagnostics(
        v->project.arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    server_reply(v->call, &reply.base);
}

/* Refusals in the order of what they cost: the files, who asks, the config, the engine. Then the
 * promise. */
static int verb_up(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__UpRequest *r = (const Defang__UpRequest *)request;
    struct admitted a = {0};
    struct job *job = NULL;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = project_load(v->daemon, r->caller, r->mode, &v->project, err);
    if (rc == 0)
        rc = admit_job(v, "up", &a, err);
    if (rc == 0)
        rc = check_configs(v, err);
    if (rc == 0)
        rc = admit_engine(v, r->engine, &a, err);

    if (rc == 0) {
        json_t *inputs = job_inputs_new(v->session, r->caller, &v->project, a.env_credentials);

        json_object_set_new(inputs, "mode", json_string(r->mode));
        json_object_set_new(inputs, "force", json_boolean(r->force_build));
        rc = job_start(v->daemon, &a.row, inputs, v->session, &job, err);
    }

    if (rc == 0)
        reply_up(v, job);
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
    if (rc == 0)
        rc = admit_job(v, "down", &a, err);
    if (rc == 0)
        rc = admit_engine(v, "", &a, err);

    if (rc == 0) {
        json_t *inputs = job_inputs_new(v->session, r->caller, &v->project, a.env_credentials);

        json_object_set_new(inputs, "force", json_boolean(r->force));
        json_object_set_new(inputs, "volumes", json_boolean(r->volumes));
        rc = job_start(v->daemon, &a.row, inputs, v->session, &job, err);
    }

    if (rc == 0) {
        Defang__DownReply reply = DEFANG__DOWN_REPLY__INIT;

        reply.deployment = job->row.id;
        reply.info = verb_deployment_info(v->project.arena, &job->row);
        server_reply(v->call, &reply.base);
    }

    admitted_done(&a);

    return rc;
}

/* Without an id the newest that runs. One that has ended is an error of its own, so that a
 * script can tell it from a wrong id. */
static int find_job(struct verb_call *v, const char *id, struct job **out, struct error *err)
{
    struct daemon *d = v->daemon;
    bool latest = text_empty(id) || text_eq(id, "latest");

    if (!latest)
        *out = job_find(d, id);
    else
        *out = d->jobs.len ? *vec_last(&d->jobs) : NULL;

    if (*out && !(*out)->finished)
        return 0;
    if (latest)
        return error_raise(err, ERR_NOT_FOUND, "nothing is running");

    struct store_deployment row = {0};
    int rc = store_deployment_get(v->daemon->store, id, &row, err);

    if (rc == 0) {
        rc = error_raise(err, ERR_REFUSED, "deployment %s has ended already", id);
        error_hint(err, "see `defangctl watch %s`", id);
    }

    store_deployment_done(&row);

    return rc;
}

static int verb_cancel(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__CancelRequest *r = (const Defang__CancelRequest *)request;
    struct job *job = NULL;

    v->project.arena = arena_new();

    if (r->caller && r->caller->n_env > 0) {
        /* A job that waits for credentials needs them to take back what it began. */
        cleanup_error struct error ignored = ERROR_INIT;
        verb_session(v, r->caller, &ignored);
    }

    int rc = find_job(v, r->deployment, &job, err);
    if (rc < 0)
        return rc;

    job_cancel(job);

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
