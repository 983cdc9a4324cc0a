/* login: shows the address and the code, waits until the login is confirmed in a browser. The
 * daemon does the waiting at AWS and ends it when the code is not good any more; this only shows
 * what it says. Jobs that wait for credentials go on by themselves afterwards. */
#include "client/connect.h"
#include "client/signals.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>

/* A little longer than the longest time a code is good for: the daemon ends it. */
#define LOGIN_TIMEOUT_MS (65LL * 60 * 1000)

/* With --json each event as it came; else the address for people to open, and the outcome as
 * data. */
static void show(struct client *c, const Defang__LoginEvent *item)
{
    if (c->options.json) {
        json_out_message(stdout, &item->base);
        fflush(stdout);
        return;
    }

    char until[24];
    cleanup_free char *url = say_clean(item->url);
    cleanup_free char *whole = say_clean(item->url_complete);
    cleanup_free char *code = say_clean(item->user_code);

    say_time(item->expires_ms, until, sizeof until);

    if (item->done)
        printf("logged in to %s until %s (profile %s)\n", item->session, until, item->profile);
    else
        say("Open %s in a browser and enter the code\n\n    %s%s%s\n\nor open %s\nWaiting for the "
            "confirmation; Ctrl-C gives up.",
            url,
            say_on(stderr, SAY_BOLD),
            code,
            say_off(stderr),
            whole);
}

/* Two items come: where to go, and that it is done. Everything else is a failure of its own
 * kind. */
static int follow(struct client *c, struct rpc_client *rpc, uint64_t call, struct error *err)
{
    int signals = signals_open(false);
    struct rpc_wait wait = {.timeout_ms = LOGIN_TIMEOUT_MS, .fds = &signals, .fd_count = 1};
    bool done = false;

    for (;;) {
        ProtobufCMessage *item = NULL;
        int rc = rpc_client_next(rpc, call, &wait, &item, err);
        if (rc == RPC_NEXT_ITEM) {
            done = ((Defang__LoginEvent *)item)->done;
            show(c, (Defang__LoginEvent *)item);
            protobuf_c_message_free_unpacked(item, NULL);
        } else if (rc == RPC_NEXT_FD) {
            return error_raise_errno(err, ERR_INTERRUPTED, EINTR, "the login was given up");
        } else if (rc == RPC_NEXT_TIMEOUT) {
            return error_raise_errno(
                err, ERR_TIMEOUT, ETIMEDOUT, "the login was not confirmed in time");
        } else if (rc == RPC_NEXT_END && !done) {
            return error_raise(err, ERR_FAILED, "the daemon ended the login without a result");
        } else {
            return rc;
        }
    }
}

int cmd_login(struct client *c, struct error *err)
{
    Defang__LoginRequest request = DEFANG__LOGIN_REQUEST__INIT;
    Defang__Caller caller = DEFANG__CALLER__INIT;
    struct rpc_client *rpc = NULL;
    uint64_t call = 0;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    if (rc == 0)
        rc = client_connect(c, &rpc, err);
    if (rc == 0)
        rc = rpc_client_open(rpc, RPC_LOGIN, &request.base, &call, err);
    caller_done(&caller);
    if (rc == 0)
        rc = follow(c, rpc, call, err);
    rpc_client_free(rpc);

    return rc;
}
