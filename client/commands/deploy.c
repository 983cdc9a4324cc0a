/* up, down, watch, cancel: commands that start, follow or end a deployment.
 *
 * Starting is a short call that answers with an id; what follows is a stream (follow.c) that may be
 * left and taken up again at any time. A canceled deployment is what `cancel` asked for, so for
 * this command it is success. */
#include "client/connect.h"
#include "client/follow.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define ADMIT_TIMEOUT_S 180 /* loading, credentials, config check */

/* protobuf has no text that is not there. */
static char *text(const char *s)
{
    return (char *)(s ? s : "");
}

static bool is_given(const char *id)
{
    return !text_empty(id);
}

/* A file that does not load, or anything else that is refused, ends here with the reason: only
 * an admitted deployment has an id to follow. */
int cmd_up(struct client *c, struct error *err)
{
    Defang__Caller caller;
    Defang__UpRequest request = DEFANG__UP_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    request.mode = text(c->options.mode);
    request.engine =
        text(c->options.engine ? c->options.engine : env_get_nonempty(c->env, "DEFANG_ENGINE"));
    request.force_build = c->options.build;
    request.yes = c->options.yes;
    request.yes_lose_data = c->options.yes_lose_data;
    request.allow_loss = (char **)c->options.allow_loss.items;
    request.n_allow_loss = c->options.allow_loss.len;
    request.no_snapshot = c->options.no_snapshot;
    if (rc == 0)
        rc = client_call(c, RPC_UP, &request.base, ADMIT_TIMEOUT_S, &reply, err);
    caller_done(&caller);

    if (rc == 0) {
        Defang__UpReply *up = (Defang__UpReply *)reply;

        say_diagnostics(c, up->diagnostics, up->n_diagnostics);
        rc = follow_started(c, up->deployment, up->info, err);
        protobuf_c_message_free_unpacked(reply, NULL);
    }

    return rc;
}

/* --volumes removes data for good: it is asked for by name, and the daemon says what it kept
 * otherwise. */
int cmd_down(struct client *c, struct error *err)
{
    Defang__Caller caller;
    Defang__DownRequest request = DEFANG__DOWN_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;

    request.force = c->options.force;
    request.volumes = c->options.volumes;
    request.yes = c->options.yes;
    request.yes_lose_data = c->options.yes_lose_data;
    request.allow_loss = (char **)c->options.allow_loss.items;
    request.n_allow_loss = c->options.allow_loss.len;
    request.no_snapshot = c->options.no_snapshot;

    int rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    if (rc == 0)
        rc = client_call(c, RPC_DOWN, &request.base, ADMIT_TIMEOUT_S, &reply, err);
    caller_done(&caller);

    if (rc == 0) {
        Defang__DownReply *down = (Defang__DownReply *)reply;

        rc = follow_started(c, down->deployment, down->info, err);
        protobuf_c_message_free_unpacked(reply, NULL);
    }

    return rc;
}

/* The row of a deployment, for the header; "latest" becomes its id. NULL when it is not known (the
 * daemon says so then). */
static Defang__ListReply *
find_info(struct client *c, const char *id, Defang__DeploymentInfo **info, struct error *err)
{
    Defang__ListRequest request = DEFANG__LIST_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    bool latest = !is_given(id) || text_eq(id, "latest");

    request.project = text(latest ? c->options.project_name : NULL);
    request.stack = text(latest ? c->options.stack : NULL);
    request.all = !latest;
    request.limit = 1;
    *info = NULL;
    if (client_call(c, RPC_LIST, &request.base, 30, &reply, err) < 0)
        return NULL;

    Defang__ListReply *list = (Defang__ListReply *)reply;
    for (size_t i = 0; i < list->n_deployments && !*info; i++)
        if (latest || text_eq(list->deployments[i]->id, id))
            *info = list->deployments[i];

    if (!*info) {
        error_raise(
            err,
            ERR_NOT_FOUND,
            latest ? "no deployment is known here yet" : "deployment %s is not known here",
            id);
        error_hint(err, "`defangctl ls` lists the deployments");
        protobuf_c_message_free_unpacked(reply, NULL);
        return NULL;
    }

    return list;
}

/* --from counts from 1, as events do; a watcher says what it has seen already. */
int cmd_watch(struct client *c, struct error *err)
{
    if (c->argument_count > 1)
        return error_raise(err, ERR_USAGE, "one deployment can be watched at a time");

    Defang__DeploymentInfo *info;
    Defang__ListReply *list =
        find_info(c, c->argument_count ? c->arguments[0] : "latest", &info, err);

    if (!list)
        return -1;

    uint64_t after = c->options.from > 0 ? (uint64_t)c->options.from - 1 : 0;
    int rc = follow_deployment(c, info->id, info, after, true, err);

    protobuf_c_message_free_unpacked(&list->base, NULL);

    return rc;
}

/* Credentials go along: a job that waits for some needs them to take back what it began. */
int cmd_cancel(struct client *c, struct error *err)
{
    Defang__Caller caller;
    Defang__CancelRequest request = DEFANG__CANCEL_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    request.deployment = text(c->argument_count ? c->arguments[0] : "latest");
    if (rc == 0)
        rc = client_call(c, RPC_CANCEL, &request.base, 60, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__CancelReply *cancel = (Defang__CancelReply *)reply;
    say("canceling %s", cancel->info->id);

    if (!c->options.detach) {
        rc = follow_deployment(c, cancel->info->id, cancel->info, 0, true, err);

        /* Asked for and done is success for this command. */
        rc = rc == error_kind_exit(ERR_CANCELED) ? 0 : rc;
    }

    protobuf_c_message_free_unpacked(reply, NULL);

    return rc;
}
