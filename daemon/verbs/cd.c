/* `cd`: the account's CD stack, and what is deployed with it.
 *
 * The actions stand in a table; the client sends the word that the user typed. Some answer at once
 * (template, ls, outputs), some start a job: of the account (bootstrap, teardown) or of a project
 * (refresh, cancel, preview). The account's jobs exclude each other by a row of their own, with the
 * CD stack's name in the place of the project's stack and no project: a name that no project can
 * have. */
#include "daemon/engine_choice.h"
#include "daemon/regions.h"
#include "daemon/verbs/admit.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"

#include <errno.h>
#include <string.h>

static void reply_job(struct verb_call *v, struct job *job)
{
    Defang__CdReply reply = DEFANG__CD_REPLY__INIT;

    reply.deployment = job->row.id;
    reply.info = verb_deployment_info(v->project.arena, &job->row);
    server_reply(v->call, &reply.base);
}

/* No project is read, so none has to lie in the caller's folder. */
static int start_account_job(
    struct verb_call *v, const Defang__CdRequest *r, const char *kind, struct error *err)
{
    struct admitted a = {0};
    struct job *job = NULL;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = admit_job(v, kind, &a, err);

    if (rc == 0) {
        /* The account's jobs exclude each other: they share one name that no project can have. */
        a.row.project = (char *)"";
        a.row.stack = (char *)v->project.settings.cd_name;

        json_t *inputs = job_inputs_new(v->session, r->caller, &v->project, a.env_credentials);
        json_object_set_new(inputs, "force", json_boolean(r->force));
        rc = job_start(v->daemon, &a.row, inputs, v->session, &job, err);
    }

    if (rc == 0)
        reply_job(v, job);
    admitted_done(&a);

    return rc;
}

static int reply_json(struct verb_call *v, const json_t *value)
{
    cleanup_free char *text = json_print(value, true, true);
    Defang__CdReply reply = DEFANG__CD_REPLY__INIT;

    reply.text.data = (uint8_t *)text;
    reply.text.len = strlen(text);
    server_reply(v->call, &reply.base);

    return 0;
}

/* What `cd bootstrap` would make, for people who want to read or to deploy it themselves. */
static int reply_cd_template(struct verb_call *v)
{
    struct plan_cd_settings s = {
        .cd_name = v->project.settings.cd_name,
        .prefix = v->project.settings.prefix,
        .retain_bucket = true,
        .pull_through = true};

    cleanup_graph struct graph *g = plan_cd(&s);
    cleanup_json json_t *template = graph_template(g);

    return reply_json(v, template);
}

/* Of a project that is named by -p or lies here; its files are read only where they are needed. */
static int
open_project(struct verb_call *v, const Defang__CdRequest *r, bool files, struct error *err)
{
    arena_free(v->project.arena); /* of the account's settings */
    v->project.arena = NULL;

    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = files ? project_load(v->daemon, r->caller, r->mode, false, &v->project, err)
                   : project_identify(v->daemon, r->caller, &v->project, err);

    return rc;
}

/* With the engine that the project has: these actions are about its state. */
static int start_project_job(
    struct verb_call *v, const Defang__CdRequest *r, const char *kind, struct error *err)
{
    struct admitted a = {0};
    struct job *job = NULL;
    int rc = admit_job(v, kind, &a, err);

    if (rc == 0) {
        free(a.engine);
        a.engine = xstrdup(v->engine->name);
        a.row.engine = a.engine;

        json_t *inputs = job_inputs_new(v->session, r->caller, &v->project, a.env_credentials);
        json_object_set_new(inputs, "mode", json_string(r->mode));
        json_object_set_new(inputs, "force", json_boolean(r->force));
        rc = job_start(v->daemon, &a.row, inputs, v->session, &job, err);
    }

    if (rc == 0)
        reply_job(v, job);
    admitted_done(&a);

    return rc;
}

static int cd_bootstrap(struct verb_call *v, const Defang__CdRequest *r, struct error *err)
{
    return start_account_job(v, r, r->action, err);
}

static int cd_template(struct verb_call *v, const Defang__CdRequest *r, struct error *err)
{
    (void)r, (void)err;
    return reply_cd_template(v);
}

static int cd_ls(struct verb_call *v, const Defang__CdRequest *r, struct error *err)
{
    Defang__CdReply reply = DEFANG__CD_REPLY__INIT;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = regions_list(v, r->caller, r->all_regions, &reply, err);
    if (rc == 0)
        server_reply(v->call, &reply.base);
    return rc;
}

static int cd_outputs(struct verb_call *v, const Defang__CdRequest *r, struct error *err)
{
    cleanup_json json_t *outputs = NULL;
    int rc = open_project(v, r, false, err);
    if (rc == 0)
        rc = engine_choose(v, "", err);
    if (rc < 0)
        return rc;

    struct engine_context c = verb_context(v, NULL);
    rc = v->engine->outputs(&c, &outputs, err);

    if (rc == 0 && !outputs) {
        error_raise(
            err,
            ERR_NOT_FOUND,
            "project %s, stack %s is not deployed in %s",
            v->project.name,
            v->project.settings.stack,
            aws_session_region(v->session->aws));
        error_hint(err, "`defangctl cd ls` lists what is");
        return -ENOENT;
    }

    return rc < 0 ? rc : reply_json(v, outputs);
}

static int cd_upkeep(struct verb_call *v, const Defang__CdRequest *r, struct error *err)
{
    int rc = open_project(v, r, false, err);
    if (rc == 0)
        rc = engine_choose(v, "", err);
    return rc < 0 ? rc : start_project_job(v, r, r->action, err);
}

/* An engine without a preview of its own says its name only; the client asks for a plan then. */
static int cd_preview(struct verb_call *v, const Defang__CdRequest *r, struct error *err)
{
    int rc = open_project(v, r, true, err);
    if (rc == 0)
        rc = engine_choose(v, r->engine, err);
    if (rc < 0)
        return rc;
    if (v->engine->preview)
        return start_project_job(v, r, r->action, err);

    Defang__CdReply reply = DEFANG__CD_REPLY__INIT;
    reply.engine = verb_text(v->project.arena, v->engine->name);
    server_reply(v->call, &reply.base);

    return 0;
}

/* Settings first: even the account's actions have a CD stack's name and a prefix. */
static int verb_cd(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    static const struct {
        const char *action;
        int (*run)(struct verb_call *v, const Defang__CdRequest *r, struct error *err);
    } actions[] = {
        {"template", cd_template},
        {"bootstrap", cd_bootstrap},
        {"teardown", cd_bootstrap},
        {"ls", cd_ls},
        {"outputs", cd_outputs},
        {"refresh", cd_upkeep},
        {"cancel", cd_upkeep},
        {"preview", cd_preview},
    };

    const Defang__CdRequest *r = (const Defang__CdRequest *)request;
    cleanup_env struct env *env = session_env_of(r->caller);

    v->project.arena = arena_new();

    int rc =
        plan_settings_resolve(v->project.arena, NULL, env, NULL, NULL, &v->project.settings, err);
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(actions); i++)
        if (text_eq(actions[i].action, r->action))
            return actions[i].run(v, r, err);

    return rc < 0 ? rc : error_raise(err, ERR_USAGE, "unknown action \"%s\" of cd", r->action);
}

void verbs_cd_register(struct daemon *d)
{
    verb_handle(d, RPC_CD, verb_cd);
}
