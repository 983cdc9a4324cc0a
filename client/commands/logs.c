/* logs: lines of the project's log groups, printed as they come. Without --follow the stream ends
 * by itself, and a daemon that sends nothing for five minutes has stalled; with it the user ends
 * it. A role may want an MFA code before the first line: then the stream is opened again with
 * it. */
#include "client/connect.h"
#include "client/mfa.h"
#include "client/signals.h"
#include "client/time_arg.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define STALL_S       300 /* without --follow: the daemon reads pages from AWS meanwhile */

/* Flushed a line at a time: whoever pipes a followed log into something wants it now. */
static void show(struct client *c, const Defang__LogLine *l)
{
    if (c->options.json) {
        json_out_message(stdout, &l->base);
        return;
    }

    char time[24];
    say_time(l->time_ms, time, sizeof time);

    cleanup_free char *text = say_clean(l->text);
    bool bad = l->error;

    printf(
        "%s%s%s %s%-12s%s %s%s%s\n",
        say_on(stdout, SAY_DIM),
        time,
        say_off(stdout),
        say_on(stdout, SAY_BOLD),
        l->service,
        say_off(stdout),
        bad ? say_on(stdout, SAY_BAD) : "",
        text,
        bad ? say_off(stdout) : "");
    fflush(stdout);
}

/* Ctrl-C ends a followed log the way users mean it: with the code of an interrupt, and no
 * message. */
static int read_all(struct client *c, struct rpc_client *rpc, uint64_t call, struct error *err)
{
    int signals = signals_open(false);
    for (;;) {
        struct rpc_wait wait = {
            .timeout_ms = c->options.follow ? -1 : STALL_S * 1000, .fds = &signals, .fd_count = 1};
        ProtobufCMessage *item = NULL;
        int rc = rpc_client_next(rpc, call, &wait, &item, err);
        if (rc == RPC_NEXT_ITEM) {
            show(c, (Defang__LogLine *)item);
            protobuf_c_message_free_unpacked(item, NULL);
        } else if (rc == RPC_NEXT_FD) {
            signals_take();
            return error_kind_exit(ERR_INTERRUPTED);
        } else if (rc == RPC_NEXT_TIMEOUT) {
            return error_raise(err, ERR_TIMEOUT, "no log line within %d s", STALL_S);
        } else {
            return rc;
        }
    }
}

/* --since and --until are read here, because "yesterday" and "10 minutes ago" are the time of
 * the asking shell. */
static int fill(struct client *c, Defang__LogsRequest *r, struct error *err)
{
    const struct options *o = &c->options;
    int64_t now = clock_wall_ms();

    if (o->follow && o->until)
        return error_raise(err, ERR_USAGE, "--follow and --until exclude each other");

    int rc = o->since ? time_arg_parse("--since", o->since, now, &r->since_ms, err) : 0;
    if (rc == 0 && o->until)
        rc = time_arg_parse("--until", o->until, now, &r->until_ms, err);
    r->services = c->arguments;
    r->n_services = c->argument_count;
    r->follow = o->follow;
    r->limit = o->limit >= 0 ? (uint32_t)o->limit : LIMIT_DEFAULT;
    r->limit_given = o->limit >= 0;
    r->deployment = (char *)(o->deployment ? o->deployment : "");
    r->filter = (char *)(o->filter ? o->filter : "");
    r->types = (char **)o->types.items;
    r->n_types = o->types.len;

    return rc;
}

/* One attempt: open, read to the end. */
static int stream(struct client *c, const Defang__LogsRequest *request, struct error *err)
{
    struct rpc_client *rpc = NULL;
    uint64_t call = 0;
    int rc = client_connect(c, &rpc, err);
    if (rc == 0)
        rc = rpc_client_open(rpc, RPC_LOGS, &request->base, &call, err);

    if (rc == 0) {
        rc = read_all(c, rpc, call, err);
        if (rc < 0)
            say_wire_diagnostics(c, rpc, err);
    }

    rpc_client_free(rpc);

    return rc;
}

/* Again only when a code was typed, and with the same request. */
int cmd_logs(struct client *c, struct error *err)
{
    Defang__LogsRequest request = DEFANG__LOGS_REQUEST__INIT;
    Defang__Caller caller = DEFANG__CALLER__INIT;
    int rc = fill(c, &request, err);
    if (rc < 0)
        return rc;

    rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    if (rc == 0)
        do
            rc = stream(c, &request, err);
        while (rc < 0 && mfa_code_given(RPC_LOGS, &request.base, err));

    caller_done(&caller);

    return rc;
}
