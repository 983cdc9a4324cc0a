/* What a client sends: hello, requests, inputs of open calls, cancels.
 *
 * A request is checked by the verb table before its handler sees anything: known, decodable, not
 * while the daemon stops, not more calls than a connection may have. What is wrong with a request
 * is answered in its call, and the connection goes on.
 *
 * What a client sends out of order (no hello, a call id again, a frame that only a daemon sends)
 * ends its connection with a last word: what it means after that nobody knows. Call ids only grow,
 * so that an answer that is on its way can never be taken for another call's. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "rpc/server_internal.h"
#include <errno.h>
#include <unistd.h>

/* A mistake of this client's: the connection is of no more use. */
static void violation(struct server_conn *c, const char *what)
{
    struct error why = ERROR_INIT;

    error_raise(&why, ERR_USAGE, "the client broke the protocol: %s", what);
    conn_fail(c, &why);
    error_done(&why);
}

/* The connection ends, and its last word says which side to renew. */
static void refuse_protocol(struct server_conn *c, const Defang__Hello *theirs)
{
    struct error why = ERROR_INIT;

    error_raise(
        &why,
        ERR_REFUSED,
        "%s speaks protocol %u to %u, the daemon (%s, pid %d) %d to %d",
        theirs->build[0] ? theirs->build : "the client",
        theirs->protocol_min,
        theirs->protocol_max,
        c->server->build,
        (int)getpid(),
        RPC_PROTOCOL_MIN,
        RPC_PROTOCOL_MAX);
    error_hint(
        &why,
        "End the older one: `systemctl --user restart defangd` or kill %d; jobs go on in the "
        "new daemon.",
        (int)getpid());
    conn_fail(c, &why);
    error_done(&why);
}

/* The deadline for it ends here: from now on a connection may be silent. */
static void greet(struct server_conn *c, const Defang__Hello *theirs)
{
    bool ranges_meet =
        theirs->protocol_min <= RPC_PROTOCOL_MAX && theirs->protocol_max >= RPC_PROTOCOL_MIN;

    if (!ranges_meet) {
        refuse_protocol(c, theirs);
        return;
    }

    Defang__Hello hello = DEFANG__HELLO__INIT;
    hello.protocol_min = RPC_PROTOCOL_MIN;
    hello.protocol_max = RPC_PROTOCOL_MAX;
    hello.build = c->server->build;
    hello.pid = (uint32_t)getpid();
    hello.ends_at_logout = c->server->ends_at_logout;

    const char *notice = c->server->notice ? c->server->notice(c->server->notice_arg) : NULL;
    if (notice)
        hello.notice = (char *)(uintptr_t)notice;

    Defang__Frame frame = DEFANG__FRAME__INIT;
    frame.call_id = RPC_CALL_CONNECTION;
    frame.body_case = DEFANG__FRAME__BODY_HELLO;
    frame.hello = &hello;
    frame_encode(&c->out, &frame, LIMIT_RPC_REPLY_BYTES, NULL);
    c->greeted = true;
    loop_timer_stop(c->deadline);
    c->deadline = NULL;
}

/* The decoded request; NULL when it may not be handled, and err says why. */
static ProtobufCMessage *request_check(
    struct server_conn *c,
    const Defang__Request *wire,
    const struct rpc_verb **verb,
    struct error *err)
{
    struct server *s = c->server;

    *verb = rpc_verb_find(wire->verb);

    if (!*verb || !s->handlers[(*verb)->id].fn) {
        error_raise(
            err, ERR_USAGE, "the daemon (%s) does not know the request `%s`", s->build, wire->verb);
        error_hint(err, "Daemon and defangctl are of different versions: restart the daemon.");
        return NULL;
    }

    if (s->stopping && ((*verb)->flags & (RPC_MUTATING | RPC_STREAMING))) {
        error_raise(err, ERR_UNREACHABLE, "the daemon is stopping");
        return NULL;
    }

    if (c->calls.len >= LIMIT_RPC_CALLS) {
        error_raise(err, ERR_REFUSED, "this connection has %d calls open already", LIMIT_RPC_CALLS);
        return NULL;
    }

    return rpc_verb_decode(*verb, wire->payload.data, wire->payload.len, err);
}

/* The id counts as used also when the request is refused. */
static void request_handle(struct server_conn *c, uint64_t id, const Defang__Request *wire)
{
    struct error why = ERROR_INIT;
    const struct rpc_verb *verb;
    ProtobufCMessage *request = request_check(c, wire, &verb, &why);

    c->last_call = id;

    if (!request) {
        frame_encode_error(&c->out, id, &why, NULL, 0, NULL, LIMIT_RPC_REPLY_BYTES);
        error_done(&why);
        return;
    }

    struct server_call *call = xcalloc(1, sizeof *call);
    call->server = c->server;
    server_ref(c->server);
    call->conn = c;
    call->id = id;
    call->verb = verb;
    call->request = request;
    vec_push(&c->calls, call);

    const struct server_handler *h = &c->server->handlers[verb->id];
    h->fn(h->arg, call, request);
}

static void cancel_handle(struct server_conn *c, uint64_t id)
{
    struct server_call *call = call_find(c, id);
    if (!call)
        return; /* it ended while the cancel was on its way */

    call->canceled = true;
    call_tell_cancel(call);
}

/* Of a call that has ended, or that was canceled: it was on its way. */
static void input_handle(struct server_conn *c, uint64_t id, Defang__Input *input)
{
    struct server_call *call = call_find(c, id);

    if (call && !call->canceled)
        call_tell_input(call, input);
    else
        server_input_free(input);
}

/* Whoever takes a body out of the frame frees it. */
static Defang__Input *input_take(Defang__Frame *frame)
{
    frame->body_case = DEFANG__FRAME__BODY__NOT_SET;
    return steal(frame->input);
}

void call_dispatch(struct server_conn *c, Defang__Frame *frame)
{
    if (frame->body_case == DEFANG__FRAME__BODY_HELLO && frame->call_id == RPC_CALL_CONNECTION &&
        !c->greeted)
        greet(c, frame->hello);
    else if (!c->greeted)
        violation(c, "it did not say hello first");
    else if (frame->body_case == DEFANG__FRAME__BODY_CANCEL)
        cancel_handle(c, frame->call_id);
    else if (frame->body_case == DEFANG__FRAME__BODY_INPUT && frame->call_id > c->last_call)
        violation(c, "input for a call that it never opened");
    else if (frame->body_case == DEFANG__FRAME__BODY_INPUT)
        input_handle(c, frame->call_id, input_take(frame));
    else if (frame->body_case != DEFANG__FRAME__BODY_REQUEST)
        violation(c, "a frame that only a daemon sends");
    else if (frame->call_id <= c->last_call)
        violation(c, "a call id was used again");
    else
        request_handle(c, frame->call_id, frame->request);

    bool may_hold_keys =
        frame->body_case == DEFANG__FRAME__BODY_REQUEST && frame->request->payload.data;
    if (may_hold_keys)
        secret_wipe(frame->request->payload.data, frame->request->payload.len);
    defang__frame__free_unpacked(frame, NULL);
}
