/* Verbs that start, end or unblock jobs: up, down, cd, cancel, resume. */
#include "daemon/engine_choice.h"
#include "daemon/job.h"
#include "daemon/verb.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>

struct admitted {
    struct store_deployment row; /* members borrowed from here and there; not dropped */
    struct aws_identity identity;
    char *id, *engine;
    bool env_credentials;
};

static void admitted_done(struct admitted *a)
{
    aws_identity_done(&a->identity);
    free(a->id);
    free(a->engine);
}

/* Who, where, and that it can be paid for: credentials and region resolved before anything is promised. */
static int admit(struct verb_call *v, const char *kind, struct admitted *a, struct error *err)
{
    const char *region = aws_session_region(v->session->aws);
    if (text_empty(region)) {
        error_raise(err, ERR_AUTH, "no AWS region is set for profile %s", aws_session_profile(v->session->aws));
        error_hint(err, "set AWS_REGION, pass --region, or add a region to the profile in ~/.aws/config");
        return -EACCES;
    }
    int rc = aws_session_identity(v->session->aws, &a->identity, err);
    struct aws_credentials credentials = {0};
    if (rc == 0)
        rc = aws_session_credentials(v->session->aws, &credentials, err);
    a->env_credentials = credentials.from_environment;
    aws_credentials_done(&credentials);
    if (rc < 0)
        return rc;
    a->id = job_id_new();
    a->engine = a->engine ? a->engine : xstrdup(ENGINE_DEFAULT);
    a->row = (struct store_deployment){
        .id = a->id, .kind = (char *)kind, .project = (char *)v->project.name, .stack = (char *)v->project.settings.stack, .account = a->identity.account,
        .region = (char *)region, .engine = a->engine, .profile = (char *)aws_session_profile(v->session->aws), .created_ms = clock_wall_ms(),
    };
    return 0;
}

/* Chosen before anything is promised, remembered with the promise. */
static int choose_engine(struct verb_call *v, const char *wanted, struct admitted *a, struct error *err)
{
    int rc = engine_choose(v, wanted, err);
    if (rc < 0)
        return rc;
    free(a->engine);
    a->engine = xstrdup(v->engine->name);
    a->row.engine = a->engine;
    return engine_remember(v->daemon, &a->row, v->engine->name, err);
}

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
    error_hint(err, "set %s with `defangctl config set NAME` (the value is asked for, or read from stdin):%s", missing == 1 ? "it" : "each", str_get(&command));
    return -EPERM;
}

static void reply_up(struct verb_call *v, struct job *job)
{
    Defang__UpReply reply = DEFANG__UP_REPLY__INIT;
    reply.deployment = job->row.id;
    reply.info = verb_deployment_info(v->project.arena, &job->row);
    verb_diagnostics(v->project.arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    server_reply(v->call, &reply.base);
}

static int verb_up(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__UpRequest *r = (const Defang__UpRequest *)request;
    struct admitted a = {0};
    struct job *job = NULL;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = project_load(v->daemon, r->caller, r->mode, &v->project, err);
    if (rc == 0)
        rc = admit(v, "up", &a, err);
    if (rc == 0)
        rc = check_configs(v, err);
    if (rc == 0)
        rc = choose_engine(v, r->engine, &a, err);
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

static int verb_down(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__DownRequest *r = (const Defang__DownRequest *)request;
    struct admitted a = {0};
    struct job *job = NULL;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = project_identify(v->daemon, r->caller, &v->project, err);
    if (rc == 0)
        rc = admit(v, "down", &a, err);
    if (rc == 0)
        rc = choose_engine(v, "", &a, err);
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

static int start_account_job(struct verb_call *v, const Defang__CdRequest *r, const char *kind, struct error *err)
{
    struct admitted a = {0};
    struct job *job = NULL;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = admit(v, kind, &a, err);
    if (rc == 0) {
        /* The account's jobs exclude each other: they share one name that no project can have. */
        a.row.project = (char *)"";
        a.row.stack = (char *)v->project.settings.cd_name;
        json_t *inputs = job_inputs_new(v->session, r->caller, &v->project, a.env_credentials);
        json_object_set_new(inputs, "force", json_boolean(r->force));
        rc = job_start(v->daemon, &a.row, inputs, v->session, &job, err);
    }
    if (rc == 0) {
        Defang__CdReply reply = DEFANG__CD_REPLY__INIT;
        reply.deployment = job->row.id;
        reply.info = verb_deployment_info(v->project.arena, &job->row);
        server_reply(v->call, &reply.base);
    }
    admitted_done(&a);
    return rc;
}

static int reply_cd_template(struct verb_call *v)
{
    struct plan_cd_settings s = {.cd_name = v->project.settings.cd_name, .prefix = v->project.settings.prefix, .retain_bucket = true, .pull_through = true};
    cleanup_graph struct graph *g = plan_cd(&s);
    cleanup_json json_t *template = graph_template(g);
    cleanup_free char *text = json_print(template, true, true);
    Defang__CdReply reply = DEFANG__CD_REPLY__INIT;
    reply.text.data = (uint8_t *)text;
    reply.text.len = strlen(text);
    server_reply(v->call, &reply.base);
    return 0;
}

static int verb_cd(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__CdRequest *r = (const Defang__CdRequest *)request;
    cleanup_env struct env *env = session_env_of(r->caller);
    v->project.arena = arena_new();
    int rc = plan_settings_resolve(v->project.arena, NULL, env, NULL, NULL, &v->project.settings, err);
    if (rc < 0)
        return rc;
    if (text_eq(r->action, "template"))
        return reply_cd_template(v);
    if (text_eq(r->action, "bootstrap") || text_eq(r->action, "teardown"))
        return start_account_job(v, r, r->action, err);
    return error_raise(err, ERR_USAGE, "unknown action \"%s\" of cd", r->action);
}

static int find_job(struct verb_call *v, const char *id, struct job **out, struct error *err)
{
    *out = text_empty(id) || text_eq(id, "latest") ? (v->daemon->jobs.len ? *vec_last(&v->daemon->jobs) : NULL) : job_find(v->daemon, id);
    if (*out && !(*out)->finished)
        return 0;
    if (text_empty(id) || text_eq(id, "latest"))
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

static int verb_resume(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ResumeRequest *r = (const Defang__ResumeRequest *)request;
    struct job *job = NULL;
    v->project.arena = arena_new();
    if (!r->caller)
        return error_raise(err, ERR_USAGE, "resume needs the caller's environment");
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = find_job(v, r->deployment, &job, err);
    if (rc < 0)
        return rc;
    Defang__ResumeReply reply = DEFANG__RESUME_REPLY__INIT;
    reply.info = verb_deployment_info(v->project.arena, &job->row);
    server_reply(v->call, &reply.base);
    return 0;
}

void verbs_deploy_register(struct daemon *d)
{
    verb_handle(d, RPC_UP, verb_up);
    verb_handle(d, RPC_DOWN, verb_down);
    verb_handle(d, RPC_CD, verb_cd);
    verb_handle(d, RPC_CANCEL, verb_cancel);
    verb_handle(d, RPC_RESUME, verb_resume);
}
