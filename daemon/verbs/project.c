/* Verbs that look at what runs: ps and logs.
 *
 * ps reads the services of the project from ECS and the engine's outputs, now; nothing of it is
 * remembered. logs reads CloudWatch's groups of the project and sends a line an item, on and on
 * when it follows; which image a build stream belonged to is the one thing that only the machine
 * that built it knows. */
#include "daemon/engine_choice.h"
#include "daemon/past/kept.h"
#include "daemon/verb.h"
#include "daemon/verbs/renamed.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/account/facts.h"
#include "engine/context.h"
#include "engine/run/logs.h"
#include "engine/run/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Every text is there, if only as "": protobuf has no NULL. */
static Defang__ServiceStatus *
status_message(struct arena *arena, const struct flow_service_status *s)
{
    Defang__ServiceStatus *m = arena_make(arena, Defang__ServiceStatus);

    defang__service_status__init(m);
    m->name = verb_text(arena, s->name);
    m->kind = verb_text(arena, s->kind);
    m->deployment = verb_text(arena, s->deployment);
    m->state = verb_text(arena, s->state);
    m->endpoint = verb_text(arena, s->endpoint);
    m->health = verb_text(arena, s->health);
    m->image = verb_text(arena, s->image);
    m->reason = verb_text(arena, s->reason);
    m->desired = s->desired;
    m->running = s->running;
    m->pending = s->pending;

    return m;
}

static void
reply_ps(struct verb_call *v, const struct plan_facts *facts, const struct flow_status *status)
{
    struct arena *arena = v->project.arena;
    Defang__PsReply reply = DEFANG__PS_REPLY__INIT;

    reply.project = verb_text(arena, v->project.name);
    reply.stack = verb_text(arena, v->project.settings.stack);
    reply.account = verb_text(arena, facts->account);
    reply.region = verb_text(arena, facts->region);
    reply.services = arena_array(arena, Defang__ServiceStatus *, status->len + 1);
    for (size_t i = 0; i < status->len; i++)
        reply.services[reply.n_services++] = status_message(arena, &status->services[i]);
    server_reply(v->call, &reply.base);
}

/* Not deployed by this name; perhaps by an older one. */
static void hint_at_old_names(struct verb_call *v, const Defang__Caller *caller, struct error *err)
{
    struct renamed renamed;

    renamed_find(v, caller, &renamed);
    if (renamed.found) {
        cleanup_free char *hint = xasprintf("%s%s", str_get(&renamed.hint), err->hint);
        error_hint(err, "%s", hint);
    }

    renamed_done(&renamed);
}

static int verb_ps(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__PsRequest *r = (const Defang__PsRequest *)request;
    struct flow_status status = {0};
    struct plan_facts *facts = NULL;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = project_identify(v->daemon, r->caller, &v->project, err);
    if (rc < 0)
        return rc;

    struct engine_context c = verb_context(v, NULL);
    rc = flow_facts(&c, v->project.arena, &facts, err);
    c.facts = facts;
    if (rc == 0)
        rc = engine_choose(v, "", err);
    c.engine = v->engine;
    if (rc == 0)
        rc = flow_status(&c, &status, err);
    if (rc < 0 && err && err->kind == ERR_NOT_FOUND && err->hint)
        hint_at_old_names(v, r->caller, err);
    if (rc == 0)
        reply_ps(v, facts, &status);
    flow_status_done(&status);

    return rc;
}

struct sending {
    struct verb_call *v;
    bool any;
};

static int send_log(void *arg, const struct engine_log *line)
{
    struct sending *s = arg;
    struct verb_call *v = s->v;
    Defang__LogLine m = DEFANG__LOG_LINE__INIT;

    m.service = (char *)line->service;
    m.source = (char *)line->source;
    m.host = (char *)line->host;
    m.text = (char *)line->text;
    m.time_ms = line->time_ms;
    m.error = line->error;

    s->any = true;
    int rc = verb_item(v, &m.base);
    /* One line that is too long to be sent must not end the log. */
    return rc == -EMSGSIZE ? 0 : rc;
}

/* Types are words of people: in any case, ALL for each. */
static bool has_type(const Defang__LogsRequest *r, const char *type)
{
    for (size_t i = 0; i < r->n_types; i++)
        if (text_eq_nocase(r->types[i], type) || text_eq_nocase(r->types[i], "ALL"))
            return true;
    return false;
}

/* A type that is misspelled would be an empty log. */
static int check_log_types(const Defang__LogsRequest *r, struct error *err)
{
    static const char *const known[] = {"RUN", "BUILD", "ECS", "ALL", NULL};

    for (size_t i = 0; i < r->n_types; i++) {
        bool found = false;

        for (size_t k = 0; known[k]; k++)
            found |= text_eq_nocase(r->types[i], known[k]);
        if (found)
            continue;

        error_raise(err, ERR_USAGE, "unknown log type \"%s\"", r->types[i]);
        error_hint(err, "the types are RUN, BUILD, ECS and ALL");

        return -EINVAL;
    }

    return 0;
}

/* "latest" = the newest deployment of the project that this daemon knows. */
static bool take_first(void *arg, const struct store_deployment *row)
{
    char **id = arg;

    *id = xstrdup(row->id);
    return false;
}

static int resolve_deployment(struct verb_call *v, const char *given, char **id, struct error *err)
{
    *id = NULL;
    if (text_empty(given))
        return 0;

    if (!text_eq(given, "latest")) {
        *id = xstrdup(given);
        return 0;
    }

    struct aws_identity who = {0};
    int rc = aws_session_identity(v->session->aws, &who, err);
    struct store_filter f = {
        .project = v->project.name,
        .stack = v->project.settings.stack,
        .account = who.account,
        .region = aws_session_region(v->session->aws),
        .limit = 1};

    if (rc == 0)
        rc = store_deployment_each(v->daemon->store, &f, take_first, id, err);
    if (rc == 0 && !*id)
        rc = error_raise(
            err,
            ERR_NOT_FOUND,
            "no deployment of %s/%s in %s of account %s is known here",
            f.project,
            f.stack,
            f.region,
            f.account);
    aws_identity_done(&who);

    return rc;
}

/* Whose image a build task made, as the deployment's own machine remembers it; else nobody knows.
 */
static char *build_service(void *arg, const char *task)
{
    struct verb_call *v = arg;
    struct aws_identity who = {0};
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *key = xasprintf(STORE_BUILD_TASK "%s", task);
    char *service = NULL;

    if (aws_session_identity(v->session->aws, &who, &ignored) == 0)
        store_project_get(
            v->daemon->store,
            who.account,
            aws_session_region(v->session->aws),
            v->project.name,
            v->project.settings.stack,
            key,
            &service,
            &ignored);

    aws_identity_done(&who);
    if (service)
        service[strcspn(service, "\t")] = '\0'; /* when follows */

    return service;
}

/* An id that nobody knows is no empty log. */
static int
refuse_unknown(struct verb_call *v, const char *deployment, struct kept *k, struct error *err)
{
    if (error_is_set(&k->why)) {
        int rc = error_kind_errno(k->why.kind);
        error_move(err, &k->why);
        return rc;
    }

    error_raise(
        err,
        ERR_NOT_FOUND,
        "nothing is known of deployment %s of project %s (stack %s): no line of the last hour, and "
        "nothing kept of a failure",
        deployment,
        v->project.name,
        v->project.settings.stack);
    error_hint(err, "`defangctl ls` lists those of this machine; --since goes further back");
    return -ENOENT;
}

/* RUN is what people mean when they name no type; of a deployment that failed all that is kept. */
static int read_logs(
    struct verb_call *v,
    const Defang__LogsRequest *r,
    const char *deployment,
    struct kept *k,
    struct error *err)
{
    struct sending sending = {.v = v};
    struct flow_log_query q = {
        .services = (const char *const *)r->services,
        .service_count = r->n_services,
        .since_ms = r->since_ms,
        .until_ms = r->until_ms,
        .limit = r->limit,
        .limit_all = r->limit_given,
        .deployment = deployment,
        .filter = r->filter,
        .run = r->n_types == 0 || has_type(r, "RUN"),
        .build = has_type(r, "BUILD"),
        .ecs = has_type(r, "ECS"),
        .follow = r->follow,
        .build_service = build_service,
        .build_service_arg = v,
    };
    struct engine_context c = verb_context(v, NULL);

    int rc = deployment ? kept_find(v, deployment, r->n_types == 0, &q, k, err) : 0;
    if (rc == 0)
        rc = flow_logs(&c, &q, send_log, &sending, err);

    return rc == 0 && deployment && !sending.any && !k->known
               ? refuse_unknown(v, deployment, k, err)
               : rc;
}

static int verb_logs(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__LogsRequest *r = (const Defang__LogsRequest *)request;
    cleanup_arena struct arena *arena = arena_new();
    cleanup_free char *deployment = NULL;
    struct kept kept = {0};
    Defang__Caller caller = DEFANG__CALLER__INIT;
    int rc = check_log_types(r, err);

    if (r->caller)
        caller = *r->caller; /* its own texts, which the request keeps */
    kept_place(v, arena, r->deployment, &caller);
    if (rc == 0)
        rc = verb_session(v, &caller, err);
    if (rc == 0)
        rc = project_identify(v->daemon, &caller, &v->project, err);
    if (rc == 0)
        rc = resolve_deployment(v, r->deployment, &deployment, err);
    if (rc == 0)
        rc = read_logs(v, r, deployment, &kept, err);
    if (rc == 0)
        server_end(v->call);
    kept_done(&kept);

    return rc;
}

void verbs_project_register(struct daemon *d)
{
    verb_handle(d, RPC_PS, verb_ps);
    verb_handle(d, RPC_LOGS, verb_logs);
}
