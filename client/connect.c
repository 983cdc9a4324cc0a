/* To the daemon: connect, or start it and connect; and the call that most commands make.
 *
 * Whether a daemon runs is found out by connecting, never by a pid file. Nobody there (no socket,
 * or nobody who listens on it) starts one, unless --no-spawn says no; every other failure is told
 * as it is. What follows waits in small steps until the new daemon serves, within one deadline:
 * opening a large state after a crash takes a while.
 *
 * client_call() is one request with one answer: it can be interrupted at any moment, asks for an
 * MFA code when a role wants one and then calls again, and prints what the daemon found wrong with
 * the Compose files before the error itself goes up. */
#include "client/connect.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "client/consent.h"
#include "client/mfa.h"
#include "client/program.h"
#include "client/signals.h"
#include "client/spawn.h"
#include "client/unit.h"
#include "client/view/say.h"
#include "rpc/log_file.h"
#include "rpc/paths.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS    5000
#define SPAWN_MS      15000 /* opening a large state after a crash takes a while */
#define SPAWN_STEP_MS 50
#define RESPAWN_MS    1000

/* From the environment of this shell, as the daemon found it from its own. */
static int resolve(struct client *c, struct rpc_paths *paths, struct error *err)
{
    return rpc_paths_resolve(c->env, getuid(), NULL, paths, err);
}

/* Once a command, however often it connects: what the daemon has to say about itself. */
static void say_notice(const struct rpc_client *rpc)
{
    static bool said;

    const char *notice = rpc_client_daemon_notice(rpc);
    if (said || text_empty(notice))
        return;

    size_t line = strcspn(notice, "\n");
    cleanup_free char *first = xstrndup(notice, line), *text = say_clean(first);

    said = true;
    say("%swarning:%s %s", say_on(stderr, SAY_WARN), say_off(stderr), text);
    say_hint(notice[line] ? notice + line + 1 : NULL);
}

/* One attempt, within its own deadline. */
static int try_once(
    struct client *c, const struct rpc_paths *paths, struct rpc_client **out, struct error *err)
{
    int rc = rpc_client_connect(paths->socket, version_of_client, CONNECT_MS, out, err);
    if (rc < 0)
        return rc;

    rpc_client_on_ask(*out, program_answer, c);
    c->ends_at_logout = rpc_client_daemon_ends_at_logout(*out);
    say_notice(*out);
    return 0;
}

/* For looking only: whether one runs, without making it so. */
int client_connect_once(struct client *c, struct rpc_client **out, struct error *err)
{
    cleanup_rpc_paths struct rpc_paths paths = {0};
    int rc = resolve(c, &paths, err);

    return rc < 0 ? rc : try_once(c, &paths, out, err);
}

/* No socket, one that a daemon left behind, or one whose daemon died between our connection and its
 * hello: the failures that a start mends. One that only ends still holds the state, and what is
 * started beside it leaves at once. */
static bool nobody_there(int rc)
{
    return rc == -ENOENT || rc == -ECONNREFUSED || rc == -ECONNRESET;
}

/* It ended at once, and wrote why: nothing is to be waited for. */
static int could_not_start(const struct rpc_paths *paths, char *words, struct error *err)
{
    char *help = strchr(words, '\n');

    if (help)
        *help++ = '\0';

    int rc = error_raise(err, ERR_UNREACHABLE, "the daemon cannot start: %s", words);
    cleanup_str struct str hint = STR_INIT;
    for (char *line = help; line && line[0] == ' ';) {
        char *next = strchr(line, '\n');

        if (next)
            *next++ = '\0';
        str_appendf(&hint, "%s\n", line + strspn(line, " "));
        line = next;
    }

    str_appendf(&hint, "its log is %s/defangd.log", paths->state_folder);
    error_hint(err, "%s", str_get(&hint));

    return rc;
}

/* Tries until it serves. The one before it may still hold the state while it ends: then the new one
 * left at once, and is started again. */
static int start_and_wait(
    struct client *c, const struct rpc_paths *paths, struct rpc_client **out, struct error *err)
{
    log_file_rotate(paths->state_folder, -1);
    unit_say_failed(c);

    long long since = daemon_log_length(paths);
    int rc = daemon_spawn(c, paths, err);
    int64_t spawned = clock_mono_ms();
    int64_t deadline = spawned + SPAWN_MS;

    while (rc == 0 && clock_mono_ms() < deadline) {
        cleanup_error struct error again = ERROR_INIT;

        usleep(SPAWN_STEP_MS * 1000);

        int tried = try_once(c, paths, out, &again);
        if (tried == 0)
            return 0;

        if (!nobody_there(tried)) {
            error_move(err, &again);
            return tried;
        }

        cleanup_free char *words = daemon_last_words(paths, since);
        if (words)
            return could_not_start(paths, words, err);

        if (clock_mono_ms() - spawned > RESPAWN_MS) {
            rc = daemon_spawn(c, paths, err);
            spawned = clock_mono_ms();
        }
    }

    if (rc < 0)
        return rc;

    rc = error_raise(
        err, ERR_UNREACHABLE, "the daemon did not come up within %d s", SPAWN_MS / 1000);
    error_hint(
        err,
        "its log is %s/defangd.log; `defangd` in another terminal shows why",
        paths->state_folder);

    return rc;
}

/* Whoever says --no-spawn has a service manager for it, and is told what to ask of that. */
int client_connect(struct client *c, struct rpc_client **out, struct error *err)
{
    cleanup_rpc_paths struct rpc_paths paths = {0};
    int rc = resolve(c, &paths, err);
    if (rc < 0)
        return rc;

    cleanup_error struct error first = ERROR_INIT;
    rc = try_once(c, &paths, out, &first);
    if (rc == 0)
        return 0;
    if (nobody_there(rc) && !c->options.no_spawn)
        return start_and_wait(c, &paths, out, err);

    error_move(err, &first);
    if (nobody_there(rc))
        error_hint(err, "start it: `systemctl --user start defangd`, or leave out --no-spawn");
    else if (rc == -ETIMEDOUT)
        unit_hint(c, err);

    return rc;
}

/* What was asked for may have been begun in the moment before the answer: to ask again could begin
 * it twice, and to say that it failed could be untrue. */
static void outcome_unknown(const struct rpc_verb *verb, struct error *err)
{
    bool job = verb->id == RPC_UP || verb->id == RPC_DOWN || verb->id == RPC_CD;
    cleanup_error struct error lost = ERROR_INIT;

    error_move(&lost, err);
    error_raise(
        err,
        ERR_TIMEOUT,
        "the daemon went away before it answered: whether \"%s\" was done is not known (%s)",
        verb->name,
        lost.message);
    error_hint(
        err,
        job ? "`defangctl ls` tells; what was begun goes on, and `defangctl watch` follows it"
            : "look at what there is now before you try again");
}

/* A second call is made only when somebody answered: the request has grown by a code or by names
 * that may be lost, nothing else has changed. */
int client_call(
    struct client *c,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    int timeout_s,
    ProtobufCMessage **reply,
    struct error *err)
{
    struct rpc_client *rpc = NULL;
    int signals = signals_open(false);
    int rc = client_connect(c, &rpc, err);

    if (rc == 0) {
        struct rpc_wait wait = {
            .timeout_ms = (int64_t)timeout_s * 1000, .fds = &signals, .fd_count = 1};
        cleanup_error struct error first = ERROR_INIT;

        rc = rpc_client_call(rpc, verb, request, &wait, reply, &first);

        if (rc < 0 && mfa_code_given(verb, request, &first)) {
            c->asked = true;
            rc = rpc_client_call(rpc, verb, request, &wait, reply, &first);
        }
        if (rc < 0 && consent_given(c, rpc, verb, request, &first))
            rc = rpc_client_call(rpc, verb, request, &wait, reply, &first);

        if (rc < 0) {
            bool lost = first.kind == ERR_UNREACHABLE;

            error_move(err, &first);
            if (lost && (rpc_verb_get(verb)->flags & RPC_MUTATING))
                outcome_unknown(rpc_verb_get(verb), err);
            else
                say_wire_diagnostics(c, rpc, err);
        }
    }

    rpc_client_free(rpc);

    return rc;
}
