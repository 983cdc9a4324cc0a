/* Verbs about the caller and the daemon itself: whoami, list, daemon-status, daemon-stop,
 * daemon-forget.
 *
 * whoami asks STS with what the caller's shell gives now, and with -v says what was tried on the
 * way, also when it failed: that is when somebody needs it. list and daemon-status ask nobody;
 * daemon-stop answers before it stops, so that the client can say how many jobs will go on. */
#include "daemon/jobs/job.h"
#include "daemon/jobs/stop.h"
#include "daemon/verb.h"
#include "daemon/verbs/scope.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"

#include <string.h>
#include <unistd.h>

#define LIST_DEFAULT 10
#define LIST_MAX     1000

struct listing {
    struct arena *arena;
    VEC(Defang__DeploymentInfo *) rows;
};

static bool add_row(void *arg, const struct store_deployment *row)
{
    struct listing *l = arg;

    vec_push(&l->rows, verb_deployment_info(l->arena, row));
    return true;
}

/* Of the caller's own project: one row, or an error that says what there is instead. */
static int list_newest(struct verb_call *v, const Defang__Caller *caller, struct error *err)
{
    struct store_deployment row = {0};
    int rc = scope_newest(v, caller, &row, err);

    if (rc == 0) {
        Defang__DeploymentInfo *only = verb_deployment_info(v->project.arena, &row);
        Defang__ListReply reply = DEFANG__LIST_REPLY__INIT;

        reply.deployments = &only;
        reply.n_deployments = 1;
        server_reply(v->call, &reply.base);
    }

    store_deployment_done(&row);

    return rc;
}

/* From the store alone, committed rows, newest first. */
static int verb_list(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ListRequest *r = (const Defang__ListRequest *)request;
    if (r->caller)
        return list_newest(v, r->caller, err);

    v->project.arena = arena_new();

    struct listing l = {.arena = v->project.arena};
    unsigned limit = LIST_DEFAULT;

    if (r->all)
        limit = LIST_MAX;
    else if (r->limit)
        limit = MIN(r->limit, (unsigned)LIST_MAX);

    struct store_filter f = {
        .project = text_empty(r->project) ? NULL : r->project,
        .stack = text_empty(r->stack) ? NULL : r->stack,
        .limit = limit};

    int rc = store_deployment_each(v->daemon->store, &f, add_row, &l, err);

    if (rc == 0) {
        Defang__ListReply reply = DEFANG__LIST_REPLY__INIT;

        reply.deployments = l.rows.items;
        reply.n_deployments = l.rows.len;
        server_reply(v->call, &reply.base);
    }

    vec_free(&l.rows);

    return rc;
}

/* Lines → texts in `arena`. */
static size_t split_lines(struct arena *arena, const char *text, char ***out)
{
    VEC(char *) lines = {0};

    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        char *copy = arena_alloc(arena, n + 1);

        memcpy(copy, p, n);
        copy[n] = '\0';
        vec_push(&lines, copy);
        p += n + (p[n] == '\n');
    }

    size_t count = lines.len;
    *out = arena_array(arena, char *, count + 1);
    for (size_t i = 0; i < count; i++)
        (*out)[i] = lines.items[i];
    vec_free(&lines);

    return count;
}

/* A failure with -v: what was tried goes along as notes. */
static void note_tried(struct verb_call *v)
{
    struct str text = STR_INIT;

    str_append(&text, aws_session_trace(v->session->aws));
    aws_session_warnings(v->session->aws, &text);

    char **lines;
    size_t n = split_lines(v->project.arena, str_get(&text), &lines);

    for (size_t i = 0; i < n; i++)
        compose_diagnose(
            &v->project.diagnostics, COMPOSE_NOTE, (struct yaml_pos){0}, NULL, "%s", lines[i]);

    str_done(&text);
}

static void reply_whoami(
    struct verb_call *v,
    const struct aws_identity *who,
    const struct aws_credentials *credentials,
    bool verbose)
{
    struct arena *arena = v->project.arena;
    const struct aws_session *aws = v->session->aws;
    cleanup_free char *endpoint = NULL;
    cleanup_str struct str warnings = STR_INIT;

    aws_session_sts_endpoint(v->session->aws, &endpoint, NULL);
    aws_session_warnings(v->session->aws, &warnings);

    /* The last four characters: enough to tell keys apart. */
    size_t len = strlen(credentials->access_key_id);
    const char *tail = credentials->access_key_id + (len > 4 ? len - 4 : 0);
    Defang__WhoamiReply reply = DEFANG__WHOAMI_REPLY__INIT;

    reply.account = verb_text(arena, who->account);
    reply.arn = verb_text(arena, who->arn);
    reply.user_id = verb_text(arena, who->user_id);
    reply.region = verb_text(arena, aws_session_region(aws));
    reply.region_source = verb_text(arena, aws_session_region_source(aws));
    reply.profile = verb_text(arena, aws_session_profile(aws));
    reply.credentials_source = verb_text(arena, credentials->source);
    reply.endpoint = verb_text(arena, endpoint);
    reply.access_key_tail = verb_text(arena, tail);
    reply.expires_ms = credentials->expires_wall_ms;
    reply.n_notes = split_lines(arena, str_get(&warnings), &reply.notes);
    if (verbose)
        reply.n_tried = split_lines(arena, aws_session_trace(aws), &reply.tried);
    server_reply(v->call, &reply.base);
}

static int verb_whoami(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__WhoamiRequest *r = (const Defang__WhoamiRequest *)request;
    struct aws_identity who = {0};
    struct aws_credentials credentials = {0};
    int rc = verb_session(v, r->caller, err);
    if (rc < 0)
        return rc;

    v->project.arena = arena_new();
    rc = aws_session_credentials(v->session->aws, &credentials, err);
    if (rc == 0)
        rc = aws_session_identity(v->session->aws, &who, err);
    if (rc == 0)
        reply_whoami(v, &who, &credentials, r->verbose);
    else if (r->verbose)
        note_tried(v);

    aws_credentials_done(&credentials);
    aws_identity_done(&who);

    return rc;
}

static unsigned active_jobs(const struct daemon *d)
{
    unsigned n = 0;

    for (size_t i = 0; i < d->jobs.len; i++)
        n += !d->jobs.items[i]->finished;
    return n;
}

/* What is kept of credentials, on the disk and for the next request. Jobs hold what they sign with
 * in memory; after a restart they wait for other keys. */
static int verb_forget(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    Defang__DaemonForgetReply reply = DEFANG__DAEMON_FORGET_REPLY__INIT;
    int rc = store_seal_forget(v->daemon->store, err);

    if (rc == 0)
        rc = store_flush(v->daemon->store, err);
    if (rc < 0)
        return rc;

    reply.jobs_active = active_jobs(v->daemon);
    server_reply(v->call, &reply.base);
    return 0;
}

/* Asks nobody and changes nothing: health checks may call it as often as they like. */
static int verb_status(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    struct daemon *d = v->daemon;

    v->project.arena = arena_new();

    struct arena *arena = v->project.arena;
    Defang__DaemonStatusReply reply = DEFANG__DAEMON_STATUS_REPLY__INIT;

    reply.build = (char *)version_of_daemon;
    reply.pid = (uint32_t)getpid();
    reply.started_ms = d->started_ms;
    reply.socket = verb_text(arena, d->socket);
    reply.state_folder = verb_text(arena, d->state_folder);
    reply.connections = server_connections(d->server);
    reply.jobs_active = active_jobs(d);
    reply.database_bytes = store_bytes(d->store);
    reply.under_systemd = d->under_systemd;
    reply.jobs = arena_array(arena, Defang__DeploymentInfo *, d->jobs.len + 1);

    for (size_t i = 0; i < d->jobs.len; i++) {
        const struct job *j = d->jobs.items[i];
        if (!j->finished)
            reply.jobs[reply.n_jobs++] = verb_deployment_info(arena, &j->row);
    }

    server_reply(v->call, &reply.base);

    return 0;
}

static int verb_stop(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    Defang__DaemonStopReply reply = DEFANG__DAEMON_STOP_REPLY__INIT;

    reply.jobs_active = active_jobs(v->daemon);
    reply.comes_back = v->daemon->activated;
    server_reply(v->call, &reply.base);
    daemon_stop(v->daemon);
    return 0;
}

void verbs_daemon_register(struct daemon *d)
{
    verb_handle(d, RPC_LIST, verb_list);
    verb_handle(d, RPC_WHOAMI, verb_whoami);
    verb_handle(d, RPC_DAEMON_STATUS, verb_status);
    verb_handle(d, RPC_DAEMON_STOP, verb_stop);
    verb_handle(d, RPC_DAEMON_FORGET, verb_forget);
}
