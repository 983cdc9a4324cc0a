/* Open calls and what is sent for them.
 *
 * A call lives from its request (server_request.c) until its handler ends it, once, by a reply, an
 * end or an error; also when nobody listens any more, since a handler may hold it. `conn` is NULL
 * then, and everything that is sent goes nowhere.
 *
 * Handlers and callbacks end calls, their own and, through what they free, others: a list of calls
 * is walked by ids, never by pointers. Streams of one connection take turns in writing: who was
 * served goes to the end.
 *
 * Requests are wiped before they are freed: the caller's environment may hold keys. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "rpc/server_internal.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Out of its connection's list, which gets a turn: what was sent goes out then. */
static void call_free(struct server_call *call)
{
    struct server *s = call->server;

    if (call->conn) {
        struct server_conn *c = call->conn;

        for (size_t i = 0; i < c->calls.len; i++) {
            if (c->calls.items[i] != call)
                continue;

            /* Order is kept: it decides whose turn it is to write. */
            memmove(
                &c->calls.items[i],
                &c->calls.items[i + 1],
                (c->calls.len - i - 1) * sizeof *c->calls.items);
            c->calls.len--;
            break;
        }

        conn_schedule(c);
    }

    rpc_message_wipe(call->request);
    protobuf_c_message_free_unpacked(call->request, NULL);
    free(call);
    server_unref(s);
}

const struct rpc_verb *server_call_verb(const struct server_call *call)
{
    return call->verb;
}

const ProtobufCMessage *server_call_request(const struct server_call *call)
{
    return call->request;
}

void server_call_on_cancel(
    struct server_call *call, void (*fn)(void *arg, struct server_call *call), void *arg)
{
    call->on_cancel = fn;
    call->on_cancel_arg = arg;
}

void server_call_on_writable(
    struct server_call *call, void (*fn)(void *arg, struct server_call *call), void *arg)
{
    call->on_writable = fn;
    call->on_writable_arg = arg;
}

void server_call_on_input(
    struct server_call *call,
    void (*fn)(void *arg, struct server_call *call, Defang__Input *input),
    void *arg)
{
    call->on_input = fn;
    call->on_input_arg = arg;
}

void server_input_free(Defang__Input *input)
{
    if (!input)
        return;

    rpc_message_wipe(&input->base);
    defang__input__free_unpacked(input, NULL);
}

/* An input that nobody waits for any more was on its way when its ask ended. */
void call_tell_input(struct server_call *call, Defang__Input *input)
{
    if (call->on_input)
        call->on_input(call->on_input_arg, call, input);
    else
        server_input_free(input);
}

/* Nobody will read what is sent: not an error, only useless. */
bool server_call_is_gone(const struct server_call *call)
{
    return !call->conn || call->canceled || call->conn->closing || call->conn->closed;
}

bool server_call_can_write(struct server_call *call)
{
    return !server_call_is_gone(call) && conn_has_room(call->conn);
}

void call_tell_cancel(struct server_call *call)
{
    if (call->cancel_told)
        return;

    call->cancel_told = true;

    /* First whoever waits for an answer: the other may end the call. */
    void (*on_cancel)(void *arg, struct server_call *call) = call->on_cancel;
    void *arg = call->on_cancel_arg;

    if (call->on_input)
        call->on_input(call->on_input_arg, call, NULL);
    if (on_cancel)
        on_cancel(arg, call);
}

/* First all of them lose the connection, then they are told: who is told may end others. */
void calls_orphan(struct server_conn *c)
{
    __typeof__(c->calls) calls = c->calls;

    memset(&c->calls, 0, sizeof c->calls);

    vec_each(call, &calls) {
        (*call)->conn = NULL;
    }

    vec_each(call, &calls) {
        call_tell_cancel(*call);
    }

    vec_free(&calls);
}

struct server_call *call_find(struct server_conn *c, uint64_t id)
{
    vec_each(call, &c->calls) {
        if ((*call)->id == id)
            return *call;
    }

    return NULL;
}

struct call_ids {
    uint64_t *items;
    size_t len, cap;
};

/* Callbacks end calls: a list is walked by ids, not by pointers. */
static struct call_ids call_ids(struct server_conn *c)
{
    struct call_ids ids = {0};

    vec_each(call, &c->calls) {
        vec_push(&ids, (*call)->id);
    }

    return ids;
}

/* Streams have no end of their own: each says its last word now. */
void calls_tell_shutdown(struct server_conn *c)
{
    struct call_ids ids = call_ids(c);

    vec_each(id, &ids) {
        struct server_call *call = call_find(c, *id);
        if (call && (call->verb->flags & RPC_STREAMING))
            call_tell_cancel(call);
    }

    vec_free(&ids);
}

/* One stream after the other, as long as there is room. */
void calls_tell_writable(struct server_conn *c)
{
    struct call_ids ids = call_ids(c);

    vec_each(id, &ids) {
        struct server_call *call = c->closed ? NULL : call_find(c, *id);
        if (!call || !call->on_writable || call->canceled)
            continue;
        if (!conn_has_room(c))
            break;

        /* Served last next time, so that one busy stream does not starve the others of its
         * connection. */
        size_t at = 0;
        while (c->calls.items[at] != call)
            at++;
        memmove(
            &c->calls.items[at],
            &c->calls.items[at + 1],
            (c->calls.len - at - 1) * sizeof *c->calls.items);
        c->calls.items[c->calls.len - 1] = call;
        call->on_writable(call->on_writable_arg, call);
    }

    vec_free(&ids);
}

/* ---- what is sent ---- */

/* Queued; the turn writes it. */
static int send_bytes(
    struct server_call *call,
    Defang__Frame__BodyCase body,
    const void *bytes,
    size_t n,
    struct error *err)
{
    if (server_call_is_gone(call))
        return 0;

    int rc =
        frame_encode_bytes(&call->conn->out, call->id, body, bytes, n, LIMIT_RPC_REPLY_BYTES, err);
    conn_schedule(call->conn);
    return rc;
}

static int send_message(
    struct server_call *call,
    Defang__Frame__BodyCase body,
    const ProtobufCMessage *message,
    struct error *err)
{
    if (server_call_is_gone(call))
        return 0;

    size_t n = protobuf_c_message_get_packed_size(message);
    if (n > LIMIT_RPC_REPLY_BYTES)
        return error_raise_errno(
            err,
            ERR_REFUSED,
            EMSGSIZE,
            "the answer has %zu bytes, more than the %zu that are allowed",
            n,
            LIMIT_RPC_REPLY_BYTES);

    cleanup_free uint8_t *bytes = xmalloc(n + 1);
    protobuf_c_message_pack(message, bytes);

    return send_bytes(call, body, bytes, n, err);
}

int server_item(struct server_call *call, const ProtobufCMessage *item)
{
    return send_message(call, DEFANG__FRAME__BODY_ITEM, item, NULL);
}

int server_item_raw(struct server_call *call, const void *bytes, size_t n)
{
    return send_bytes(call, DEFANG__FRAME__BODY_ITEM, bytes, n, NULL);
}

int server_ask(struct server_call *call, Defang__Ask *ask)
{
    if (server_call_is_gone(call))
        return 0;

    Defang__Frame frame = DEFANG__FRAME__INIT;

    frame.call_id = call->id;
    frame.body_case = DEFANG__FRAME__BODY_ASK;
    frame.ask = ask;

    int rc = frame_encode(&call->conn->out, &frame, LIMIT_RPC_REPLY_BYTES, NULL);
    conn_schedule(call->conn);
    return rc;
}

/* An answer that is too large becomes an error in its place: the client is told in any case. */
void server_reply(struct server_call *call, const ProtobufCMessage *reply)
{
    struct error why = ERROR_INIT;

    if (send_message(call, DEFANG__FRAME__BODY_REPLY, reply, &why) < 0) {
        server_error(call, &why, NULL, 0);
        error_done(&why);
        return;
    }

    call_free(call);
}

void server_end(struct server_call *call)
{
    if (!server_call_is_gone(call)) {
        Defang__End end = DEFANG__END__INIT;
        Defang__Frame frame = DEFANG__FRAME__INIT;

        frame.call_id = call->id;
        frame.body_case = DEFANG__FRAME__BODY_END;
        frame.end = &end;
        frame_encode(&call->conn->out, &frame, LIMIT_RPC_REPLY_BYTES, NULL);
    }

    call_free(call);
}

/* It always fits (frame_encode_error shortens it). */
void server_error_losses(
    struct server_call *call,
    const struct error *error,
    const struct rpc_diagnostic *diagnostics,
    size_t count,
    const struct rpc_losses *losses)
{
    if (!server_call_is_gone(call))
        frame_encode_error(
            &call->conn->out, call->id, error, diagnostics, count, losses, LIMIT_RPC_REPLY_BYTES);
    call_free(call);
}

void server_error(
    struct server_call *call,
    const struct error *error,
    const struct rpc_diagnostic *diagnostics,
    size_t count)
{
    server_error_losses(call, error, diagnostics, count, NULL);
}
