/* ps, ls and whoami: commands that ask once and print. With --json each reply is printed as it
 * came, else as a table; what is no data (a reason, a warning) is said on standard error. */
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"
#include "client/view/table.h"
#include "client/view/view.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "rpc/paths.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CALL_TIMEOUT_S 120

/* Fills the caller into the request's field, calls, prints the reply with --json. *reply is NULL
 * then. */
static int
ask(struct client *c,
    enum rpc_verb_id verb,
    ProtobufCMessage *request,
    Defang__Caller **field,
    ProtobufCMessage **reply,
    struct error *err)
{
    Defang__Caller caller;
    int rc = caller_fill(c, &caller, err);
    *field = &caller;
    if (rc == 0)
        rc = client_call(c, verb, request, CALL_TIMEOUT_S, reply, err);
    caller_done(&caller);
    *field = NULL;
    return rc;
}

static bool printed_as_json(struct client *c, ProtobufCMessage *reply)
{
    if (c->options.json)
        json_out_message(stdout, reply);
    return c->options.json;
}

static const char *or_dash(const char *s)
{
    return text_empty(s) ? "-" : s;
}

int cmd_ps(struct client *c, struct error *err)
{
    Defang__PsRequest request = DEFANG__PS_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = ask(c, RPC_PS, &request.base, &request.caller, &reply, err);
    if (rc < 0)
        return rc;
    Defang__PsReply *ps = (Defang__PsReply *)reply;
    if (!printed_as_json(c, reply)) {
        static const char *const titles[] = {
            "SERVICE", "STATE", "RUNNING", "HEALTH", "ENDPOINT", "DEPLOYMENT", "IMAGE"};
        struct table *t = table_new(ARRAY_LEN(titles), titles);
        for (size_t i = 0; i < ps->n_services; i++) {
            const Defang__ServiceStatus *s = ps->services[i];
            bool over = text_eq(s->kind, "once") &&
                        s->desired == 0; /* it has run, nothing of it is wanted */
            cleanup_free char *running =
                over ? xstrdup("-") : xasprintf("%u/%u", s->running, s->desired);
            table_row(
                t,
                (const char *const[]){
                    s->name,
                    or_dash(s->state),
                    running,
                    or_dash(s->health),
                    or_dash(s->endpoint),
                    or_dash(s->deployment),
                    or_dash(s->image)});
        }
        table_print(t);
        for (size_t i = 0; i < ps->n_services; i++)
            if (!text_empty(ps->services[i]->reason))
                say("%s: %s", ps->services[i]->name, ps->services[i]->reason);
    }
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

int cmd_ls(struct client *c, struct error *err)
{
    Defang__ListRequest request = DEFANG__LIST_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    request.project = (char *)(c->options.project_name ? c->options.project_name : "");
    request.stack = (char *)(c->options.stack ? c->options.stack : "");
    request.limit = c->options.limit > 0 ? (uint32_t)c->options.limit : 0;
    request.all = c->options.all;
    int rc = client_call(c, RPC_LIST, &request.base, CALL_TIMEOUT_S, &reply, err);
    if (rc < 0)
        return rc;
    Defang__ListReply *list = (Defang__ListReply *)reply;
    static const char *const titles[] = {
        "DEPLOYMENT",
        "KIND",
        "PROJECT",
        "STACK",
        "ACCOUNT",
        "REGION",
        "STARTED",
        "STATE",
        "SUMMARY"};
    struct table *t = c->options.json ? NULL : table_new(ARRAY_LEN(titles), titles);
    for (size_t i = 0; i < list->n_deployments; i++) {
        const Defang__DeploymentInfo *d = list->deployments[i];
        char started[24];
        say_time(d->created_ms, started, sizeof started);
        cleanup_free char *summary = say_fit(d->summary, 60);
        if (t)
            table_row(
                t,
                (const char *const[]){
                    d->id,
                    d->kind,
                    or_dash(d->project),
                    d->stack,
                    d->account,
                    d->region,
                    started,
                    view_state_name(d->state),
                    summary});
        else
            json_out_message(stdout, &d->base);
    }
    if (t)
        table_print(t);
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

int cmd_whoami(struct client *c, struct error *err)
{
    Defang__WhoamiRequest request = DEFANG__WHOAMI_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    request.verbose = c->options.verbose;
    int rc = ask(c, RPC_WHOAMI, &request.base, &request.caller, &reply, err);
    if (rc < 0)
        return rc;
    Defang__WhoamiReply *who = (Defang__WhoamiReply *)reply;
    if (!printed_as_json(c, reply)) {
        printf(
            "account      %s\narn          %s\nregion       %s%s%s%s\nprofile      %s\ncredentials "
            " %s (access key …%s)\n",
            who->account,
            who->arn,
            or_dash(who->region),
            text_empty(who->region_source) ? "" : " (",
            who->region_source,
            text_empty(who->region_source) ? "" : ")",
            who->profile,
            who->credentials_source,
            who->access_key_tail);
        if (!text_empty(who->endpoint))
            printf("endpoint     %s\n", who->endpoint);
        for (size_t i = 0; i < who->n_tried; i++)
            printf("%s%s\n", i ? "             " : "tried        ", who->tried[i]);
        for (size_t i = 0; i < who->n_notes; i++)
            say("warning: %s", who->notes[i]);
    }
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

int cmd_compose_config(struct client *c, struct error *err)
{
    const struct options *o = &c->options;
    Defang__ComposeConfigRequest request = DEFANG__COMPOSE_CONFIG_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    if (o->format && !text_eq(o->format, "yaml") && !text_eq(o->format, "json"))
        return error_raise(err, ERR_USAGE, "--format takes yaml or json, not \"%s\"", o->format);
    request.format = (char *)(o->json ? "json" : o->format ? o->format : "yaml");
    request.list = (char *)(o->services        ? "services"
                            : o->images        ? "images"
                            : o->volumes       ? "volumes"
                            : o->networks      ? "networks"
                            : o->show_profiles ? "profiles"
                            : o->environment   ? "environment"
                                               : "");
    request.hash = (char *)(o->hash ? o->hash : "");
    request.no_interpolate = o->no_interpolate;
    request.resolve_image_digests = o->resolve_image_digests;
    if (o->no_interpolate && o->resolve_image_digests)
        return error_raise(
            err,
            ERR_USAGE,
            "--resolve-image-digests needs the images as they are filled in: leave "
            "--no-interpolate out");
    int rc = ask(c, RPC_COMPOSE_CONFIG, &request.base, &request.caller, &reply, err);
    if (rc < 0)
        return rc;
    Defang__ComposeConfigReply *config = (Defang__ComposeConfigReply *)reply;
    say_diagnostics(c, config->diagnostics, config->n_diagnostics);
    if (config->text.len > 0)
        fwrite(config->text.data, 1, config->text.len, stdout);
    if (config->text.len > 0 && config->text.data[config->text.len - 1] != '\n')
        putchar('\n');
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

static int daemon_path(struct client *c, struct error *err)
{
    cleanup_rpc_paths struct rpc_paths paths = {0};
    int rc = rpc_paths_resolve(c->env, getuid(), NULL, &paths, err);
    if (rc < 0)
        return rc;
    if (c->options.json) {
        fputs("{\"socket\":", stdout);
        json_out_text(stdout, paths.socket);
        fputs(",\"state_folder\":", stdout);
        json_out_text(stdout, paths.state_folder);
        fputs("}\n", stdout);
    } else {
        printf("socket  %s\nstate   %s\n", paths.socket, paths.state_folder);
    }
    return 0;
}

static int daemon_status(struct client *c, struct error *err)
{
    Defang__DaemonStatusRequest request = DEFANG__DAEMON_STATUS_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = client_call(c, RPC_DAEMON_STATUS, &request.base, 30, &reply, err);
    if (rc < 0)
        return rc;
    Defang__DaemonStatusReply *s = (Defang__DaemonStatusReply *)reply;
    if (!printed_as_json(c, reply)) {
        char started[24];
        say_time(s->started_ms, started, sizeof started);
        printf(
            "%s, pid %u, since %s%s\nsocket       %s\nstate        %s (%.1f MiB)\nconnections  "
            "%u\njobs         %u\n",
            s->build,
            s->pid,
            started,
            s->under_systemd ? ", under systemd" : "",
            s->socket,
            s->state_folder,
            (double)s->database_bytes / (1 << 20),
            s->connections,
            s->jobs_active);
        for (size_t i = 0; i < s->n_jobs; i++)
            printf(
                "  %s  %s %s %s  %s\n",
                s->jobs[i]->id,
                s->jobs[i]->kind,
                s->jobs[i]->project,
                s->jobs[i]->stack,
                view_state_name(s->jobs[i]->state));
    }
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

/* Stopping what does not run is fine; starting it for that would be absurd. */
static int daemon_stop(struct client *c, struct error *err)
{
    Defang__DaemonStopRequest request = DEFANG__DAEMON_STOP_REQUEST__INIT;
    struct rpc_client *rpc = NULL;
    ProtobufCMessage *reply = NULL;
    struct rpc_wait wait = {.timeout_ms = 30000};
    cleanup_error struct error local = ERROR_INIT;
    if (client_connect_once(c, &rpc, &local) < 0) {
        say("the daemon does not run");
        return 0;
    }
    int rc = rpc_client_call(rpc, RPC_DAEMON_STOP, &request.base, &wait, &reply, err);
    if (rc == 0) {
        uint32_t jobs = ((Defang__DaemonStopReply *)reply)->jobs_active;
        if (jobs > 0)
            say("%u job%s will go on when the daemon is started again (any defangctl command "
                "starts it)",
                jobs,
                jobs == 1 ? "" : "s");
        protobuf_c_message_free_unpacked(reply, NULL);
        /* Stopped means: it no longer answers. */
        for (int i = 0; i < 400; i++) {
            struct rpc_client *again = NULL;
            cleanup_error struct error gone = ERROR_INIT;
            if (client_connect_once(c, &again, &gone) < 0)
                break;
            rpc_client_free(again);
            usleep(50000);
        }
    }
    rpc_client_free(rpc);
    return rc;
}

int cmd_daemon(struct client *c, struct error *err)
{
    if (text_ends(c->command, "path"))
        return daemon_path(c, err);
    return text_ends(c->command, "stop") ? daemon_stop(c, err) : daemon_status(c, err);
}

int cmd_version(struct client *c, struct error *err)
{
    struct rpc_client *rpc = NULL;
    cleanup_error struct error ignored = ERROR_INIT; /* a version is printed without a daemon too */
    const char *daemon = "";
    if (client_connect_once(c, &rpc, &ignored) == 0)
        daemon = rpc_client_daemon_build(rpc);
    if (c->options.json) {
        fputs("{\"client\":", stdout);
        json_out_text(stdout, version_of_client);
        fputs(",\"daemon\":", stdout);
        json_out_text(stdout, daemon);
        fputs("}\n", stdout);
    } else {
        printf("%s\n%s\n", version_of_client, *daemon ? daemon : "defangd does not run");
    }
    rpc_client_free(rpc);
    return 0;
}
