/* up, down, watch, cancel: commands that start, follow or end a deployment.
 *
 * Starting is a short call that answers with an id; what follows is a stream (follow.c) that may be
 * left and taken up again at any time. A canceled deployment is what `cancel` asked for, so for
 * this command it is success; one that had been made before the cancel came is none. */
#include "client/commands/plan.h"
#include "client/commands/up_watch.h"
#include "client/connect.h"
#include "client/follow.h"
#include "client/view/json_out.h"
#include "client/view/say.h"
#include "client/view/view.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define ADMIT_TIMEOUT_S 180 /* loading, credentials, config check */
#define FIND_TIMEOUT_S  120 /* STS is asked who this shell is */

/* protobuf has no text that is not there. */
static char *text(const char *s)
{
    return (char *)(s ? s : "");
}

/* What is asked for beside the command's own options. */
struct start {
    bool build_only, no_deps, watch, rollback;
    const char *release; /* with rollback; NULL: the one before */
    char **services;     /* none: all */
    size_t service_count;
};

static void fill_request(const struct client *c, const struct start *s, Defang__UpRequest *request)
{
    const struct options *o = &c->options;

    request->mode = text(o->mode);
    request->engine = text(o->engine ? o->engine : env_get_nonempty(c->env, "DEFANG_ENGINE"));
    request->force_build = o->build;
    request->yes = o->yes;
    request->yes_lose_data = o->yes_lose_data;
    request->allow_loss = (char **)o->allow_loss.items;
    request->n_allow_loss = o->allow_loss.len;
    request->adopt = o->adopt;
    request->no_rollback = o->no_rollback;
    request->no_snapshot = o->no_snapshot;
    request->no_cache = o->no_cache;
    request->build_args = (char **)o->build_args.items;
    request->n_build_args = o->build_args.len;
    request->build_only = s->build_only;
    request->services = s->services;
    request->n_services = s->service_count;
    request->no_deps = s->no_deps;
    request->watch = s->watch;
    request->rollback = s->rollback;
    request->release = text(s->release);
    request->refresh = o->refresh;
}

/* A file that does not load, or anything else that is refused, ends here with the reason: only
 * an admitted deployment has an id to follow. *reply is the caller's to free, NULL after an error.
 */
static int
run_up(struct client *c, const struct start *s, ProtobufCMessage **reply, struct error *err)
{
    Defang__Caller caller;
    Defang__UpRequest request = DEFANG__UP_REQUEST__INIT;
    int rc = caller_fill(c, &caller, err);

    *reply = NULL;
    caller.services = s->services; /* borrowed */
    caller.n_services = s->service_count;
    request.caller = &caller;
    fill_request(c, s, &request);
    if (rc == 0)
        rc = client_call(c, RPC_UP, &request.base, ADMIT_TIMEOUT_S, reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__UpReply *up = (Defang__UpReply *)*reply;
    say_diagnostics(c, up->diagnostics, up->n_diagnostics);
    return follow_started(c, up->deployment, up->info, err);
}

static int run_and_forget(struct client *c, const struct start *s, struct error *err)
{
    ProtobufCMessage *reply;
    int rc = run_up(c, s, &reply, err);

    if (reply)
        protobuf_c_message_free_unpacked(reply, NULL);
    return rc;
}

static int deploy_again(struct client *c, char **services, size_t count, struct error *err)
{
    const struct start s = {.no_deps = true, .services = services, .service_count = count};

    return run_and_forget(c, &s, err);
}

int cmd_up(struct client *c, struct error *err)
{
    const struct start s = {
        .no_deps = c->options.no_deps,
        .watch = c->options.watch,
        .services = c->arguments,
        .service_count = c->argument_count};
    ProtobufCMessage *reply;

    if (s.watch && c->options.detach)
        return error_raise(err, ERR_USAGE, "--watch and --detach exclude each other");

    int rc = run_up(c, &s, &reply, err);
    if (rc == 0 && s.watch) {
        Defang__UpReply *up = (Defang__UpReply *)reply;
        rc = up_watch(c, up->watches, up->n_watches, deploy_again, err);
    }
    if (reply)
        protobuf_c_message_free_unpacked(reply, NULL);
    return rc;
}

/* Also `push`: what is built is pushed. Docker's --push and --pull are what happens in any case:
 * bases come from their registries. */
int cmd_build(struct client *c, struct error *err)
{
    const struct start s = {
        .build_only = true, .services = c->arguments, .service_count = c->argument_count};

    return run_and_forget(c, &s, err);
}

/* A new deployment of what a release was: it is followed, canceled and kept as any other. */
int cmd_rollback(struct client *c, struct error *err)
{
    const char *release = c->argument_count ? c->arguments[0] : NULL;
    const struct start s = {.rollback = true, .release = release};

    if (c->argument_count > 1)
        return error_raise(err, ERR_USAGE, "one release can be named: `defangctl rollback 3`");
    if (c->options.plan)
        return plan_show(c, true, release, err);
    return run_and_forget(c, &s, err);
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
    request.adopt = c->options.adopt;
    request.no_snapshot = c->options.no_snapshot;

    int rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    if (rc == 0)
        rc = client_call(c, RPC_DOWN, &request.base, ADMIT_TIMEOUT_S, &reply, err);
    caller_done(&caller);

    if (rc == 0) {
        Defang__DownReply *down = (Defang__DownReply *)reply;

        say_diagnostics(c, down->diagnostics, down->n_diagnostics);
        rc = follow_started(c, down->deployment, down->info, err);
        protobuf_c_message_free_unpacked(reply, NULL);
    }

    return rc;
}

/* The one row that the daemon chose, or the one with that id among many. */
static Defang__DeploymentInfo *pick(const Defang__ListReply *list, const char *id)
{
    for (size_t i = 0; i < list->n_deployments; i++)
        if (!id || text_eq(list->deployments[i]->id, id))
            return list->deployments[i];

    return NULL;
}

/* The row of a deployment, for the header. Without an id the daemon says which is the newest of
 * this folder's project, or with --any of all. NULL when there is none. */
static Defang__ListReply *
find_info(struct client *c, const char *id, Defang__DeploymentInfo **info, struct error *err)
{
    Defang__ListRequest request = DEFANG__LIST_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;
    bool ours = !id && !c->options.any;
    int rc = ours ? caller_fill(c, &caller, err) : 0;

    request.caller = ours ? &caller : NULL;
    request.all = id != NULL;
    request.limit = 1;
    *info = NULL;
    if (rc == 0)
        rc = client_call(c, RPC_LIST, &request.base, FIND_TIMEOUT_S, &reply, err);
    if (ours)
        caller_done(&caller);
    if (rc < 0)
        return NULL;

    Defang__ListReply *list = (Defang__ListReply *)reply;
    *info = pick(list, id);
    if (*info)
        return list;

    error_raise(
        err,
        ERR_NOT_FOUND,
        id ? "deployment %s is not known here" : "no deployment is known here yet",
        id);
    error_hint(err, "`defangctl ls` lists the deployments");
    protobuf_c_message_free_unpacked(reply, NULL);

    return NULL;
}

/* NULL: none is named. "latest" is the word for that. */
static int named(struct client *c, const char **id, struct error *err)
{
    *id = c->argument_count ? c->arguments[0] : NULL;
    if (c->argument_count > 1)
        return error_raise(err, ERR_USAGE, "one deployment can be named at a time");
    if (text_empty(*id) || text_eq(*id, "latest"))
        *id = NULL;
    if (*id && c->options.any)
        return error_raise(err, ERR_USAGE, "--any and a deployment's id exclude each other");

    return 0;
}

/* --from counts from 1, as events do; a watcher says what it has seen already. */
int cmd_watch(struct client *c, struct error *err)
{
    const char *id = NULL;
    int rc = named(c, &id, err);
    if (rc < 0)
        return rc;

    Defang__DeploymentInfo *info;
    Defang__ListReply *list = find_info(c, id, &info, err);
    if (!list)
        return -1;

    uint64_t after = c->options.from > 0 ? (uint64_t)c->options.from - 1 : 0;
    rc = follow_deployment(c, info->id, info, after, true, err);
    protobuf_c_message_free_unpacked(&list->base, NULL);

    return rc;
}

/* One that waits for nothing is not an error: somebody else was faster. */
int cmd_resume(struct client *c, struct error *err)
{
    Defang__Caller caller;
    Defang__ResumeRequest request = DEFANG__RESUME_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    request.deployment = text(c->argument_count ? c->arguments[0] : "latest");
    request.as_me = c->options.as_me;
    if (rc == 0)
        rc = client_call(c, RPC_RESUME, &request.base, ADMIT_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__ResumeReply *resume = (Defang__ResumeReply *)reply;
    if (!resume->resumed)
        say("%s waits for no credentials", resume->info->id);
    rc = follow_started(c, resume->info->id, resume->info, err);
    protobuf_c_message_free_unpacked(reply, NULL);

    return rc;
}

/* Credentials go along: a job that waits for some needs them to take back what it began. */
int cmd_cancel(struct client *c, struct error *err)
{
    Defang__Caller caller;
    Defang__CancelRequest request = DEFANG__CANCEL_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    const char *id = NULL;
    int rc = named(c, &id, err);
    if (rc < 0)
        return rc;

    rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.deployment = text(id);
    request.any = c->options.any;
    if (rc == 0)
        rc = client_call(c, RPC_CANCEL, &request.base, 60, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__CancelReply *cancel = (Defang__CancelReply *)reply;
    cleanup_free char *name = view_name(cancel->info);
    say("canceling %s of %s", cancel->info->id, name);

    if (!c->options.detach) {
        rc = follow_deployment(c, cancel->info->id, cancel->info, 0, true, err);

        /* Asked for and done is success for this command; too late is a refusal of AWS's. */
        if (rc == 0)
            rc = error_kind_exit(ERR_REFUSED);
        else if (rc == error_kind_exit(ERR_CANCELED))
            rc = 0;
    }

    protobuf_c_message_free_unpacked(reply, NULL);

    return rc;
}
