/* Watching one deployment to its end, through whatever happens to the connection.
 *
 * The stream is read in short ticks, so that times on the board move, signals are seen and a
 * deadline holds. The number of the last event seen is all that is remembered: when the daemon goes
 * away (it is restarted, updated, killed), the stream is opened again after that number, and
 * nothing is shown twice or left out. A daemon that does not come back within half an hour ends the
 * watching, never the deployment.
 *
 * A stream may end without the deployment's last word: then the daemon went down, and it counts as
 * lost. Leaving is never canceling: Ctrl-C and --wait-timeout say how to come back, and the exit
 * code tells them from every outcome of the deployment.
 *
 * A job that begins to wait for credentials gets ours offered once more, because they may be fresh
 * by now, and a role that wants an MFA code can ask for it here, where somebody sits. */
#include "client/follow.h"
#include "client/unit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/program.h"
#include "client/signals.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS         250
#define LOST_MAX_MS     (30LL * 60 * 1000) /* a daemon that does not come back */
#define LOST_STEP_MS    500
#define OFFER_TIMEOUT_S 60
#define CRASHES_MAX     10 /* within CRASHES_MS: the next start would end the same way */
#define CRASHES_MS      60000

struct follow {
    struct client *client;
    const char *deployment;
    const Defang__DeploymentInfo *info; /* NULL: not known; borrowed */
    struct view *view;
    uint64_t after;
    bool follow, ended, interrupted, timed_out;
    bool offer;   /* the job has just begun to wait for credentials */
    bool opened;  /* the stream was there once: the deployment is known */
    bool crashed; /* the daemon went away without a word: nobody else may start it */
    Defang__DeployState state;
    uint32_t error_kind;
    int64_t deadline_ms; /* of --wait-timeout; INT64_MAX */
    int signals;
};

/* An event that was seen before the connection was lost is known by its number. */
static void take(struct follow *f, const Defang__Event *e)
{
    if (e->sequence <= f->after)
        return; /* seen before the connection was lost */

    f->after = e->sequence;

    if (e->kind == DEFANG__EVENT_KIND__EVENT_STATE) {
        f->offer = e->state == DEFANG__DEPLOY_STATE__BLOCKED_AUTH;
        f->state = e->state;
    }

    if (e->kind == DEFANG__EVENT_KIND__EVENT_RESULT && e->result)
        f->error_kind = e->result->error_kind;
    f->view->event(f->view, e);
}

/* True when the user leaves. */
static bool on_signal(struct follow *f)
{
    for (int s; (s = signals_take()) != 0;) {
        if (s == SIGWINCH) {
            if (f->view->resize)
                f->view->resize(f->view);
        } else {
            f->interrupted = true;
        }
    }

    return f->interrupted;
}

/* The job waits for credentials. Ours were good once: they are offered again, and a role of theirs
 * that wants an MFA code asks for it here. What comes of it is told by the job's own events. */
static void offer_credentials(struct follow *f)
{
    Defang__WhoamiRequest request = DEFANG__WHOAMI_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;
    cleanup_error struct error err = ERROR_INIT;

    f->offer = false;
    f->client->asked = false;

    int rc = caller_fill(f->client, &caller, &err);
    request.caller = &caller;
    if (rc == 0)
        rc = client_call(f->client, RPC_WHOAMI, &request.base, OFFER_TIMEOUT_S, &reply, &err);
    if (rc == 0)
        protobuf_c_message_free_unpacked(reply, NULL);
    else if (err.kind == ERR_INTERRUPTED)
        f->interrupted = true;

    caller_done(&caller);

    /* What was asked stands below the picture: the next one begins under it. */
    if (f->client->asked && f->view->resize)
        f->view->resize(f->view);
}

/* Nothing came for a tick, so it still waits: only then somebody is asked, and only on a terminal,
 * wherever the output goes. */
static void on_tick(struct follow *f)
{
    if (f->view->tick)
        f->view->tick(f->view);
    if (f->offer && f->follow && program_has_terminal())
        offer_credentials(f);
}

/* 0 = the stream ended, -EPIPE-like = connection lost, others as they are. */
static int read_stream(struct follow *f, struct rpc_client *rpc, uint64_t call, struct error *err)
{
    while (!f->interrupted) {
        int64_t left = f->deadline_ms - clock_mono_ms();
        if (left <= 0) {
            f->timed_out = true;
            return 0;
        }

        struct rpc_wait wait = {
            .timeout_ms = MIN(left, (int64_t)TICK_MS), .fds = &f->signals, .fd_count = 1};
        ProtobufCMessage *item = NULL;
        int rc = rpc_client_next(rpc, call, &wait, &item, err);

        switch (rc) {
        case RPC_NEXT_ITEM:
            take(f, (Defang__Event *)item);
            protobuf_c_message_free_unpacked(item, NULL);
            break;
        case RPC_NEXT_TIMEOUT:
            on_tick(f);
            break;
        case RPC_NEXT_FD:
            on_signal(f);
            break;
        case RPC_NEXT_END:
            f->ended = true;
            return 0;
        default:
            return rc;
        }
    }

    return 0;
}

/* The one kind of failure that waiting mends. */
static bool is_lost(const struct error *err)
{
    return err->kind == ERR_UNREACHABLE;
}

/* `start`: when none runs, it is started. The first connection may do that, and the one after a
 * daemon that went away without a word, since nobody else may be there to do it. One that said
 * goodbye (stopped, updated) is waited for: it was meant. */
static int stream_once(struct follow *f, bool start, struct error *err)
{
    struct rpc_client *rpc = NULL;
    Defang__WatchRequest request = DEFANG__WATCH_REQUEST__INIT;
    Defang__Caller caller;
    uint64_t call = 0;
    int rc = caller_fill(f->client, &caller, err);
    if (rc == 0)
        rc = start ? client_connect(f->client, &rpc, err)
                   : client_connect_once(f->client, &rpc, err);

    request.deployment = (char *)f->deployment;
    request.after_sequence = f->after;
    request.follow = f->follow;
    request.caller = &caller; /* fresh credentials, should the job wait for some */
    if (rc == 0)
        rc = rpc_client_open(rpc, RPC_WATCH, &request.base, &call, err);
    if (rc == 0) {
        f->opened = true;
        rc = read_stream(f, rpc, call, err);
    }
    f->crashed = rpc && rc < 0 && is_lost(err);
    rpc_client_free(rpc);
    caller_done(&caller);

    return rc;
}

/* In steps that a signal ends at once. */
static bool wait_a_little(struct follow *f)
{
    struct pollfd fd = {.fd = f->signals, .events = POLLIN};

    poll(&fd, 1, LOST_STEP_MS);
    f->timed_out = clock_mono_ms() > f->deadline_ms;
    return on_signal(f) || f->timed_out;
}

static int never_came_back(struct follow *f, struct error *err)
{
    return error_raise(
        err,
        ERR_UNREACHABLE,
        "the daemon did not come back within 30 minutes; `defangctl watch %s` goes on "
        "where this ended",
        f->deployment);
}

/* One that dies whenever it goes on with this deployment is not started for ever. */
static int keeps_crashing(struct follow *f, struct error *err)
{
    int rc = error_raise(
        err,
        ERR_UNREACHABLE,
        "the daemon crashed %d times within a minute; %s stays as AWS has it",
        CRASHES_MAX,
        f->deployment);
    error_hint(
        err,
        "defangd.log in the folder that `defangctl daemon path` prints says why; `defangctl watch "
        "%s` tries again",
        f->deployment);
    return rc;
}

/* Said when it is lost, and again after it had been back for a while. */
static void say_lost(struct follow *f)
{
    bool starts = f->crashed && !f->client->options.no_spawn;

    f->view->say(
        f->view,
        starts ? "the daemon went away; it is started again, and goes on where it was"
               : "the daemon went away; waiting for it to come back (any defangctl command starts "
                 "it)");
}

static int run(struct follow *f, struct error *err)
{
    int64_t lost_since = 0, crashes_since = 0;
    int crashes = 0;
    for (bool first = true;; first = false) {
        cleanup_error struct error local = ERROR_INIT;
        uint64_t before = f->after;
        bool start = first || f->crashed;

        f->crashed = false; /* one try for each time that it goes */
        int rc = stream_once(f, start, &local);
        bool over = f->ended && (!f->follow || view_state_is_terminal(f->state));
        if (rc == 0 && (over || f->interrupted || f->timed_out))
            return 0;

        /* Something else than a lost connection; or there never was one. */
        bool hopeless = !is_lost(&local) || !f->opened;
        if (rc < 0 && hopeless) {
            error_move(err, &local);
            return rc;
        }

        /* Lost, or ended without the last word: the daemon went down. */
        f->ended = false;

        if (f->crashed && clock_mono_ms() - crashes_since > CRASHES_MS) {
            crashes_since = clock_mono_ms();
            crashes = 0;
        }
        if (f->crashed && ++crashes >= CRASHES_MAX)
            return keeps_crashing(f, err);

        if (rc < 0 && start && !first && !f->crashed)
            f->view->say(f->view, local.message); /* why it could not be started */
        if (f->after > before || lost_since == 0 || f->crashed) {
            say_lost(f);
            lost_since = clock_mono_ms();
        }

        if (clock_mono_ms() - lost_since > LOST_MAX_MS)
            return never_came_back(f, err);
        if (wait_a_little(f))
            return 0;
    }
}

/* How to come back stands in the last line, where it is found. */
static void say_detached(struct follow *f)
{
    const char *kind = f->info ? f->info->kind : NULL;
    cleanup_free char *name = f->info ? view_name(f->info) : xstrdup(f->deployment);
    cleanup_free char *back = view_ways_back(f->deployment, kind);
    cleanup_free char *text = xasprintf(
        "%s: %s of %s goes on. Watch: %s",
        f->timed_out ? "Wait timeout" : "Detached",
        view_what_goes_on(kind),
        name,
        back);
    f->view->say(f->view, text);
    if (f->client->ends_at_logout)
        f->view->say(f->view, unit_linger_text);
}

/* The outcome of the deployment, or why this program left before it had one. */
static int exit_code(const struct follow *f)
{
    if (f->timed_out)
        return error_kind_exit(ERR_TIMEOUT);
    if (f->interrupted)
        return error_kind_exit(ERR_INTERRUPTED);

    switch (f->state) {
    case DEFANG__DEPLOY_STATE__SUCCEEDED:
        return 0;
    case DEFANG__DEPLOY_STATE__ROLLED_BACK:
        return error_kind_exit(ERR_ROLLED_BACK);
    case DEFANG__DEPLOY_STATE__CANCELED:
        return error_kind_exit(ERR_CANCELED);
    case DEFANG__DEPLOY_STATE__FAILED:
        return f->error_kind ? error_kind_exit((enum error_kind)f->error_kind)
                             : error_kind_exit(ERR_FAILED);
    default:
        return 0; /* --from without following, not ended yet */
    }
}

/* The view is finished in any case: it may have to leave the terminal as people expect it. */
int follow_deployment(
    struct client *c,
    const char *deployment,
    const Defang__DeploymentInfo *info,
    uint64_t after,
    bool follow,
    struct error *err)
{
    struct follow f = {
        .client = c,
        .deployment = deployment,
        .info = info,
        .after = after,
        .follow = follow,
        .deadline_ms = INT64_MAX,
        .signals = signals_open(true),
        .state = info ? info->state : DEFANG__DEPLOY_STATE__DEPLOY_UNKNOWN};

    if (c->options.wait_timeout_s >= 0)
        f.deadline_ms = clock_mono_ms() + c->options.wait_timeout_s * 1000;
    f.view = view_new(c, info);

    int rc = run(&f, err);
    if (rc == 0 && (f.interrupted || f.timed_out))
        say_detached(&f);
    f.view->finish(f.view);
    f.view->free(f.view);

    return rc < 0 ? rc : exit_code(&f);
}

/* --detach prints the id alone on standard output, for scripts to keep. */
int follow_started(
    struct client *c, const char *deployment, const Defang__DeploymentInfo *info, struct error *err)
{
    if (!c->options.detach)
        return follow_deployment(c, deployment, info, 0, true, err);

    if (c->options.json)
        json_out_message(stdout, &info->base);
    else
        printf("%s\n", deployment);

    cleanup_free char *name = view_name(info);
    cleanup_free char *back = view_ways_back(deployment, info->kind);
    char *what = xstrdup(view_what_goes_on(info->kind));
    *what = (char)toupper((unsigned char)*what);
    say("%s of %s goes on. Watch: %s", what, name, back);
    free(what);
    if (c->ends_at_logout)
        say("%s", unit_linger_text);
    return 0;
}
