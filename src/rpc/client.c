/* Calls: open one, take what comes of it, end it.
 *
 * rpc_client_next() first looks into the call's queue and only then at the socket, so that what has
 * arrived is handed out in its order, whatever else happens on the connection. rpc_client_call() is
 * the same for verbs with one answer: it opens, waits for the reply, and forgets the call.
 *
 * A wait that ends without an answer (a deadline, a descriptor of the caller's) cancels the call
 * and leaves the connection good; a stream goes on instead, since its reader only looked up. */
#include "rpc/client.h"

#include "base/limits.h"
#include "base/mem.h"
#include "rpc/client_internal.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct client_call *client_call_find(struct rpc_client *c, uint64_t id)
{
    vec_each(p, &c->calls)
    {
        if ((*p)->id == id)
            return *p;
    }
    return NULL;
}

static void call_free(struct rpc_client *c, struct client_call *call)
{
    for (size_t i = call->taken; i < call->items.len; i++) {
        c->pending_bytes -= call->items.items[i].bytes;
        defang__frame__free_unpacked(call->items.items[i].frame, NULL);
    }
    vec_free(&call->items);
    if (call->failure_frame)
        defang__frame__free_unpacked(call->failure_frame, NULL);
    free(call);
}

void client_call_drop(struct rpc_client *c, struct client_call *call)
{
    for (size_t i = 0; i < c->calls.len; i++) {
        if (c->calls.items[i] != call)
            continue;
        c->calls.items[i] = *vec_last(&c->calls);
        c->calls.len--;
        call_free(c, call);
        return;
    }
}

void rpc_client_free(struct rpc_client *c)
{
    if (!c)
        return;
    vec_each(p, &c->calls) call_free(c, *p);
    vec_free(&c->calls);
    if (c->hello)
        defang__frame__free_unpacked(c->hello, NULL);
    if (c->last_error)
        defang__frame__free_unpacked(c->last_error, NULL);
    error_done(&c->broken);
    str_wipe(&c->out);
    frame_decoder_done(&c->in);
    close(c->fd);
    free(c);
}

const char *rpc_client_daemon_build(const struct rpc_client *c)
{
    return c->hello->hello->build;
}

/* An error about the connection itself: keeps the daemon's words. */
static int connection_error(struct rpc_client *c, Defang__Frame *frame)
{
    int rc = frame_error_to(frame->error, &c->broken);
    defang__frame__free_unpacked(frame, NULL);
    return rc;
}

static int out_of_place(Defang__Frame *frame, struct error *err)
{
    int rc = error_raise_errno(
        err,
        ERR_UNREACHABLE,
        EPROTO,
        "the daemon sent a frame (%d) that has no place here",
        (int)frame->body_case);
    defang__frame__free_unpacked(frame, NULL);
    return rc;
}

static int call_item(
    struct rpc_client *c,
    struct client_call *call,
    Defang__Frame *frame,
    size_t bytes,
    struct error *err)
{
    if (c->pending_bytes + bytes > LIMIT_RPC_CLIENT_PENDING_BYTES) {
        defang__frame__free_unpacked(frame, NULL);
        return error_raise_errno(
            err,
            ERR_FAILED,
            EOVERFLOW,
            "more than %zu bytes of a stream wait to be read",
            LIMIT_RPC_CLIENT_PENDING_BYTES);
    }
    if (call->taken == call->items.len)
        call->taken = call->items.len = 0;
    c->pending_bytes += bytes;
    vec_push(&call->items, (struct client_item){frame, bytes});
    return 0;
}

int client_dispatch(struct rpc_client *c, Defang__Frame *frame, size_t bytes, struct error *err)
{
    if (frame->call_id == RPC_CALL_CONNECTION) {
        if (frame->body_case == DEFANG__FRAME__BODY_ERROR)
            return connection_error(c, frame);
        if (frame->body_case != DEFANG__FRAME__BODY_HELLO || c->hello)
            return out_of_place(frame, err);
        c->hello = frame;
        return 0;
    }
    if (!c->hello || frame->call_id >= c->next_call)
        return out_of_place(frame, err);
    struct client_call *call = client_call_find(c, frame->call_id);
    if (!call || call->ended) { /* canceled here while it was on its way */
        defang__frame__free_unpacked(frame, NULL);
        return 0;
    }
    switch (frame->body_case) {
    case DEFANG__FRAME__BODY_REPLY:
        call->ended = true;
        return call_item(c, call, frame, bytes, err);
    case DEFANG__FRAME__BODY_ITEM:
        return call_item(c, call, frame, bytes, err);
    case DEFANG__FRAME__BODY_END:
        call->ended = true;
        defang__frame__free_unpacked(frame, NULL);
        return 0;
    case DEFANG__FRAME__BODY_ERROR:
        call->ended = true;
        call->failure = frame->error;
        call->failure_frame = frame;
        return 0;
    default:
        return out_of_place(frame, err);
    }
}

int rpc_client_open(
    struct rpc_client *c,
    enum rpc_verb_id id,
    const ProtobufCMessage *request,
    uint64_t *call_id,
    struct error *err)
{
    const struct rpc_verb *verb = rpc_verb_get(id);
    if (request->descriptor != verb->request)
        return error_raise_errno(
            err, ERR_FAILED, EINVAL, "a request of the wrong type for `%s`", verb->name);
    size_t n = protobuf_c_message_get_packed_size(request);
    if (n > LIMIT_RPC_REQUEST_BYTES) /* bounded before it is allocated; the frame around it is
                                        checked by client_send */
        return error_raise_errno(
            err,
            ERR_REFUSED,
            EMSGSIZE,
            "the request `%s` has %zu bytes, the daemon takes %zu",
            verb->name,
            n,
            LIMIT_RPC_REQUEST_BYTES);
    struct str payload = {.max = LIMIT_RPC_REQUEST_BYTES + 1};
    uint8_t *bytes = xmalloc(n + 1);
    protobuf_c_message_pack(request, bytes);
    Defang__Request wire = DEFANG__REQUEST__INIT;
    wire.verb = (char *)(uintptr_t)verb->name;
    wire.payload = (ProtobufCBinaryData){.len = n, .data = bytes};
    Defang__Frame frame = DEFANG__FRAME__INIT;
    frame.call_id = c->next_call;
    frame.body_case = DEFANG__FRAME__BODY_REQUEST;
    frame.request = &wire;
    int rc = client_send(c, &frame, err);
    payload.data = (char *)bytes; /* wiped: the caller's environment may hold keys */
    payload.len = payload.cap = n + 1;
    str_wipe(&payload);
    if (rc < 0)
        return rc;
    struct client_call *call = xcalloc(1, sizeof *call);
    call->id = *call_id = c->next_call++;
    call->verb = verb;
    vec_push(&c->calls, call);
    return 0;
}

static int call_take(
    struct rpc_client *c, struct client_call *call, ProtobufCMessage **item, struct error *err)
{
    struct client_item taken = call->items.items[call->taken++];
    c->pending_bytes -= taken.bytes;
    const ProtobufCBinaryData *bytes = taken.frame->body_case == DEFANG__FRAME__BODY_REPLY
                                           ? &taken.frame->reply
                                           : &taken.frame->item;
    *item = protobuf_c_message_unpack(call->verb->answer, NULL, bytes->len, bytes->data);
    defang__frame__free_unpacked(taken.frame, NULL);
    if (*item)
        return RPC_NEXT_ITEM;
    int rc = error_raise_errno(
        err,
        ERR_FAILED,
        EBADMSG,
        "the daemon's answer to `%s` cannot be decoded",
        call->verb->name);
    client_call_drop(c, call);
    return rc;
}

static int call_finish(struct rpc_client *c, struct client_call *call, struct error *err)
{
    int rc = RPC_NEXT_END;
    if (call->failure) {
        rc = frame_error_to(call->failure, err);
        if (c->last_error)
            defang__frame__free_unpacked(c->last_error, NULL);
        c->last_error = steal(call->failure_frame);
    }
    client_call_drop(c, call);
    return rc;
}

int rpc_client_next(
    struct rpc_client *c,
    uint64_t id,
    const struct rpc_wait *wait,
    ProtobufCMessage **item,
    struct error *err)
{
    int64_t deadline_ms = client_deadline(wait ? wait->timeout_ms : -1);
    for (;;) {
        struct client_call *call = client_call_find(c, id);
        if (!call)
            return error_raise_errno(
                err, ERR_FAILED, EINVAL, "call %llu is not open", (unsigned long long)id);
        if (call->taken < call->items.len)
            return call_take(c, call, item, err);
        if (call->ended)
            return call_finish(c, call, err);
        int rc = client_step(c, wait, deadline_ms, err);
        if (rc < 0)
            client_call_drop(c, call);
        if (rc == RPC_NEXT_FD && call->taken < call->items.len)
            continue; /* the step brought both: the item first, the descriptor stays readable */
        if (rc != 0)
            return rc;
    }
}

int rpc_client_call(
    struct rpc_client *c,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    const struct rpc_wait *wait,
    ProtobufCMessage **reply,
    struct error *err)
{
    uint64_t id;
    int rc = rpc_client_open(c, verb, request, &id, err);
    if (rc < 0)
        return rc;
    rc = rpc_client_next(c, id, wait, reply, err);
    if (rc == RPC_NEXT_ITEM) {
        struct client_call *call = client_call_find(c, id);
        if (call)
            client_call_drop(c, call);
        return 0;
    }
    if (rc < 0)
        return rc;
    if (rc == RPC_NEXT_END)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EPROTO,
            "the daemon ended `%s` without an answer",
            rpc_verb_get(verb)->name);
    rpc_client_cancel(c, id);
    if (rc == RPC_NEXT_FD)
        return error_raise_errno(
            err, ERR_INTERRUPTED, EINTR, "interrupted while waiting for the daemon");
    return error_raise_errno(
        err,
        ERR_TIMEOUT,
        ETIMEDOUT,
        "the daemon did not answer `%s` in time",
        rpc_verb_get(verb)->name);
}

void rpc_client_cancel(struct rpc_client *c, uint64_t id)
{
    struct client_call *call = client_call_find(c, id);
    if (!call)
        return;
    bool ended = call->ended;
    client_call_drop(c, call);
    if (ended)
        return;
    Defang__Cancel cancel = DEFANG__CANCEL__INIT;
    Defang__Frame frame = DEFANG__FRAME__INIT;
    frame.call_id = id;
    frame.body_case = DEFANG__FRAME__BODY_CANCEL;
    frame.cancel = &cancel;
    client_send(c, &frame, NULL); /* a broken connection ends the call as well */
}

Defang__Diagnostic *const *rpc_client_diagnostics(const struct rpc_client *c, size_t *count)
{
    const Defang__Error *e = c->last_error ? c->last_error->error : NULL;
    *count = e ? e->n_diagnostics : 0;
    return e ? e->diagnostics : NULL;
}
