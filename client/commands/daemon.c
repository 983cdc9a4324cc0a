/* daemon status, stop, path, and version: about the daemon itself.
 *
 * Only `daemon status` starts one that does not run. `stop` returns when nobody holds the state any
 * more, so that whatever is typed next meets a daemon of the version that is installed now; one
 * that cannot be asked is ended by a signal (owner.h). `version` prints ours in any case. */
#include "client/connect.h"
#include "client/owner.h"
#include "client/unit.h"
#include "client/view/json_out.h"
#include "client/view/say.h"
#include "client/view/view.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "rpc/paths.h"

#include <stdio.h>
#include <unistd.h>

#define ANSWER_MS 10000
#define GONE_MS   20000 /* longer than the daemon's own bound */

/* True when --json has said all there is to say. */
static bool printed_as_json(struct client *c, ProtobufCMessage *reply)
{
    if (c->options.json)
        json_out_message(stdout, reply);
    return c->options.json;
}

/* Asks nobody: where they would be, whether a daemon runs or not. */
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

/* Starts one that does not run, as every call does; --no-spawn only looks. */
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

        if (c->ends_at_logout)
            printf("logout       %s\n", unit_linger_text);

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

/* What answers is asked; it says how many jobs will go on. */
static int ask_to_stop(struct client *c, struct rpc_client *rpc, struct error *err)
{
    Defang__DaemonStopRequest request = DEFANG__DAEMON_STOP_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    struct rpc_wait wait = {.timeout_ms = ANSWER_MS};
    int rc = rpc_client_call(rpc, RPC_DAEMON_STOP, &request.base, &wait, &reply, err);
    if (rc < 0)
        return rc;

    const Defang__DaemonStopReply *said = (const Defang__DaemonStopReply *)reply;
    uint32_t jobs = said->jobs_active;

    if (jobs > 0)
        say("%u job%s will go on when the daemon is started again (any defangctl command starts "
            "it)",
            jobs,
            jobs == 1 ? "" : "s");
    if (said->comes_back)
        say("systemd starts it again when it is needed; `systemctl --user stop defangd.socket` "
            "keeps it from that");
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

/* It runs, and could not be asked: `why` tells what came back instead of an answer. */
static int
end_by_signal(const struct rpc_paths *paths, pid_t pid, const struct error *why, struct error *err)
{
    if (owner_is_stopped(pid))
        say("the daemon (pid %ld) was stopped by a signal and cannot answer: it is ended by "
            "another",
            (long)pid);
    else
        say("the daemon (pid %ld) cannot be asked (%s): it is ended by a signal",
            (long)pid,
            why->message ? why->message : "it does not answer");

    int rc = owner_end(paths, pid, err);
    if (rc == 0)
        say("it has ended; jobs that it had go on when the daemon is started again");
    return rc;
}

/* Somebody holds the state who is not known as a daemon of this user's. */
static int holder_unknown(const struct rpc_paths *paths, struct error *why, struct error *err)
{
    error_move(err, why);
    error_hint(
        err,
        "%s/lock is held by a process that is no defangd of yours: `fuser -v %s/lock` names it",
        paths->state_folder,
        paths->state_folder);
    return err->code;
}

/* Stopping what does not run is fine; starting it for that would be absurd. Stopped means: it holds
 * the state no more. Whether it runs the lock tells, so that one which cannot answer (stopped by a
 * signal, without a free connection, of another protocol, its socket removed) is not taken for
 * none. */
static int daemon_stop(struct client *c, struct error *err)
{
    cleanup_rpc_paths struct rpc_paths paths = {0};
    struct rpc_client *rpc = NULL;
    cleanup_error struct error why = ERROR_INIT;
    int rc = rpc_paths_resolve(c->env, getuid(), NULL, &paths, err);
    if (rc < 0)
        return rc;

    pid_t pid = owner_find(&paths);
    if (pid == 0) { /* to ask at systemd's socket would start one */
        say("the daemon does not run");
        return 0;
    }

    rc = client_connect_once(c, &rpc, &why);
    if (rc == 0)
        rc = ask_to_stop(c, rpc, &why);
    rpc_client_free(rpc);

    if (pid < 0)
        return rc == 0 ? 0 : holder_unknown(&paths, &why, err);
    if (rc == 0 && owner_wait(&paths, pid, GONE_MS))
        return 0;
    return end_by_signal(&paths, pid, &why, err);
}

/* Sealed credentials are of jobs that are under way: a daemon that does not run has jobs too, so it
 * is started for it. */
static int daemon_forget(struct client *c, struct error *err)
{
    Defang__DaemonForgetRequest request = DEFANG__DAEMON_FORGET_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = client_call(c, RPC_DAEMON_FORGET, &request.base, 30, &reply, err);
    if (rc < 0)
        return rc;

    uint32_t jobs = ((Defang__DaemonForgetReply *)reply)->jobs_active;

    say("the credentials that were kept on the disk are wiped");
    if (jobs > 0)
        say("%u job%s go%s on with what is in memory; after a restart of the daemon fresh "
            "credentials are waited for",
            jobs,
            jobs == 1 ? "" : "s",
            jobs == 1 ? "es" : "");
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

/* Four rows of the table, told apart by their last word. */
int cmd_daemon(struct client *c, struct error *err)
{
    if (text_ends(c->command, "path"))
        return daemon_path(c, err);
    if (text_ends(c->command, "forget"))
        return daemon_forget(c, err);
    return text_ends(c->command, "stop") ? daemon_stop(c, err) : daemon_status(c, err);
}

/* Both versions; a daemon that does not run is not started for it. */
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
