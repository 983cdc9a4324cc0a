/* ps, ls and whoami: commands that ask once and print. With --json each reply is printed as it
 * came, else as a table; what is no data (a reason, a warning) is said on standard error. */
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"
#include "client/view/table.h"
#include "client/view/view.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define CALL_TIMEOUT_S  120
#define SUMMARY_COLUMNS 60 /* more would wrap every row of the list */

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

/* True when --json has said all there is to say. */
static bool printed_as_json(struct client *c, ProtobufCMessage *reply)
{
    if (c->options.json)
        json_out_message(stdout, reply);
    return c->options.json;
}

/* A column that is empty looks like a mistake. */
static const char *or_dash(const char *s)
{
    return text_empty(s) ? "-" : s;
}

/* What ECS and the engine say now. Reasons stand below the table, where they have room. */
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

        say("%s/%s in %s, account %s", ps->project, ps->stack, ps->region, ps->account);
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

static void print_deployments(const Defang__ListReply *list)
{
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
    struct table *t = table_new(ARRAY_LEN(titles), titles);

    for (size_t i = 0; i < list->n_deployments; i++) {
        const Defang__DeploymentInfo *d = list->deployments[i];
        char started[24];
        cleanup_free char *summary = say_fit(d->summary, SUMMARY_COLUMNS);

        say_time(d->created_ms, started, sizeof started);
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
    }
    table_print(t);
}

/* Asks this machine only: what the daemon has done and is doing. `cd ls` asks AWS. */
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

    const Defang__ListReply *list = (const Defang__ListReply *)reply;
    if (!c->options.json)
        print_deployments(list);
    for (size_t i = 0; c->options.json && i < list->n_deployments; i++)
        json_out_message(stdout, &list->deployments[i]->base);
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

/* The identity is what STS said just now; with -v it also says what was tried to come to it. */
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
