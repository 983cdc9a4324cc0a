/* Verbs about a project as it is: how its files are understood (`compose config`), what runs
 * (`ps`), its log lines, the deployments that are known.
 *
 * Each reads the caller's files and environment anew and changes nothing; what needs AWS asks
 * with the caller's session, in the fiber of the verb. */
#include "daemon/digests.h"
#include "daemon/engine_choice.h"
#include "daemon/verb.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/account/facts.h"
#include "engine/context.h"
#include "engine/run/logs.h"
#include "engine/run/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    if (rc == 0) {
        struct arena *arena = v->project.arena;
        Defang__PsReply reply = DEFANG__PS_REPLY__INIT;
        reply.project = verb_text(arena, v->project.name);
        reply.stack = verb_text(arena, v->project.settings.stack);
        reply.account = verb_text(arena, facts->account);
        reply.region = verb_text(arena, facts->region);
        reply.services = arena_array(arena, Defang__ServiceStatus *, status.len + 1);
        for (size_t i = 0; i < status.len; i++)
            reply.services[reply.n_services++] = status_message(arena, &status.services[i]);
        server_reply(v->call, &reply.base);
    }
    flow_status_done(&status);
    return rc;
}

static int send_log(void *arg, const struct engine_log *line)
{
    struct verb_call *v = arg;
    Defang__LogLine m = DEFANG__LOG_LINE__INIT;
    m.service = (char *)line->service;
    m.source = (char *)line->source;
    m.host = (char *)line->host;
    m.text = (char *)line->text;
    m.time_ms = line->time_ms;
    m.error = line->error;
    int rc = verb_item(v, &m.base);
    return rc == -EMSGSIZE ? 0 : rc;
}

static bool has_type(const Defang__LogsRequest *r, const char *type)
{
    for (size_t i = 0; i < r->n_types; i++)
        if (text_eq_nocase(r->types[i], type) || text_eq_nocase(r->types[i], "ALL"))
            return true;
    return false;
}

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
    struct store_filter f = {
        .project = v->project.name,
        .stack = v->project.settings.stack,
        .region = aws_session_region(v->session->aws),
        .limit = 1};
    int rc = store_deployment_each(v->daemon->store, &f, take_first, id, err);
    if (rc == 0 && !*id)
        rc = error_raise(
            err, ERR_NOT_FOUND, "no deployment of project %s is known here", v->project.name);
    return rc;
}

static char *build_service(void *arg, const char *task)
{
    struct verb_call *v = arg;
    struct aws_identity who = {0};
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *key = xasprintf("build-task/%s", task);
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
    return service;
}

static int verb_logs(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__LogsRequest *r = (const Defang__LogsRequest *)request;
    cleanup_free char *deployment = NULL;
    int rc = check_log_types(r, err);
    if (rc == 0)
        rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = project_identify(v->daemon, r->caller, &v->project, err);
    if (rc == 0)
        rc = resolve_deployment(v, r->deployment, &deployment, err);
    if (rc < 0)
        return rc;
    struct flow_log_query q = {
        .services = (const char *const *)r->services,
        .service_count = r->n_services,
        .since_ms = r->since_ms,
        .until_ms = r->until_ms,
        .limit = r->limit,
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
    rc = flow_logs(&c, &q, send_log, v, err);
    if (rc == 0)
        server_end(v->call);
    return rc;
}

static void list_names(const struct compose_project *p, const char *what, struct str *out)
{
    if (text_eq(what, "services"))
        for (size_t i = 0; i < p->service_count; i++)
            str_appendf(out, "%s\n", p->services[i].name);
    else if (text_eq(what, "volumes"))
        for (size_t i = 0; i < p->volume_count; i++)
            str_appendf(out, "%s\n", p->volumes[i].name);
    else if (text_eq(what, "networks"))
        for (size_t i = 0; i < p->network_count; i++)
            str_appendf(out, "%s\n", p->networks[i].name);
    else if (text_eq(what, "images"))
        for (size_t i = 0; i < p->service_count; i++)
            str_appendf(
                out,
                "%s%s%s\n",
                p->services[i].image ? p->services[i].image : p->name,
                p->services[i].image ? "" : "-",
                p->services[i].image ? "" : p->services[i].name);
}

static void list_variables(const struct compose_project *p, struct str *out)
{
    for (size_t i = 0; i < p->variable_count; i++)
        str_appendf(
            out,
            "%s=%s\n",
            p->variables[i].key,
            p->variables[i].value ? p->variables[i].value : "***");
}

/* Whether `name` stands in a list with commas. */
static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
        if (strncmp(p, name, n) == 0 && (!p[n] || p[n] == ','))
            return true;
    return false;
}

static int check_listed(const struct compose_project *p, const char *list, struct error *err)
{
    cleanup_free char *copy = xstrdup(list);
    char *rest = copy;
    for (char *name; (name = strsep(&rest, ","));)
        if (!compose_service_get(p, name))
            return error_raise(err, ERR_USAGE, "there is no service \"%s\" in this project", name);
    return 0;
}

/* "NAME HASH" a line; of the services named, with commas between, or of all for "*". */
static int
list_hashes(const struct compose_project *p, const char *wanted, struct str *out, struct error *err)
{
    bool all = text_eq(wanted, "*");
    int rc = all ? 0 : check_listed(p, wanted, err);
    for (size_t i = 0; rc == 0 && i < p->service_count; i++) {
        if (!all && !is_listed(wanted, p->services[i].name))
            continue;
        cleanup_str struct str text = STR_INIT;
        uint8_t sum[SHA256_BYTES];
        compose_show_hashed(&p->services[i], &text);
        digest_sha256(str_get(&text), text.len, sum);
        cleanup_free char *hex = digest_hex(sum, sizeof sum);
        str_appendf(out, "%s %s\n", p->services[i].name, hex);
    }
    return rc;
}

static void list_profiles(const struct compose_project *p, struct str *out)
{
    for (size_t i = 0; i < p->profile_count; i++)
        str_appendf(out, "%s\n", p->profiles[i]);
}

static int
verb_compose_config(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ComposeConfigRequest *r = (const Defang__ComposeConfigRequest *)request;
    int rc = project_read(v->daemon, r->caller, r->no_interpolate, &v->project, err);
    if (rc < 0)
        return rc;
    if (!r->no_interpolate)
        compose_drop_unused(v->project.model);
    if (r->resolve_image_digests)
        rc = digests_resolve(v->daemon, r->caller, &v->project, err);
    if (rc < 0)
        return rc;
    cleanup_str struct str text = STR_INIT;
    if (!text_empty(r->hash))
        rc = list_hashes(v->project.model, r->hash, &text, err);
    else if (text_eq(r->list, "profiles"))
        list_profiles(v->project.model, &text);
    else if (text_eq(r->list, "environment"))
        list_variables(v->project.model, &text);
    else if (!text_empty(r->list))
        list_names(v->project.model, r->list, &text);
    else if (text_eq(r->format, "json"))
        compose_show_json(v->project.model, &text);
    else
        compose_show_yaml(v->project.model, &text);
    if (rc < 0)
        return rc;
    Defang__ComposeConfigReply reply = DEFANG__COMPOSE_CONFIG_REPLY__INIT;
    reply.text.data = (uint8_t *)(text.data ? text.data : (char *)"");
    reply.text.len = text.len;
    verb_diagnostics(
        v->project.arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    server_reply(v->call, &reply.base);
    return 0;
}

void verbs_project_register(struct daemon *d)
{
    verb_handle(d, RPC_PS, verb_ps);
    verb_handle(d, RPC_LOGS, verb_logs);
    verb_handle(d, RPC_COMPOSE_CONFIG, verb_compose_config);
}
