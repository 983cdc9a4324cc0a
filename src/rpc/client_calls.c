/* The open calls of a connection, and what came for each.
 *
 * Frames of several calls arrive mixed on one socket, and a caller waits for one of them at a time:
 * so each call has a queue, where its items stay until somebody takes them. What all queues hold
 * together is bounded (LIMIT_RPC_CLIENT_PENDING_BYTES): a stream that nobody reads breaks the
 * connection instead of filling the memory.
 *
 * A call leaves the list when its end was taken or when it was canceled here. Frames that come for
 * it later are dropped in silence: they were on their way. A frame for a call that was never
 * opened, or a second hello, is a mistake of the other side, and the connection is of no more use.
 */
#include "rpc/client_internal.h"

#include "base/limits.h"
#include "base/mem.h"
#include <errno.h>

struct client_call *client_call_find(struct rpc_client *c, uint64_t id)
{
    vec_each(p, &c->calls) {
        if ((*p)->id == id)
            return *p;
    }

    return NULL;
}

/* What nobody took is not pending any more. */
void client_call_free(struct rpc_client *c, struct client_call *call)
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
        client_call_free(c, call);
        return;
    }
}

/* An error about the connection itself: keeps the daemon's words. */
static int connection_error(struct rpc_client *c, Defang__Frame *frame)
{
    int rc = frame_error_to(frame->error, &c->broken);

    defang__frame__free_unpacked(frame, NULL);
    return rc;
}

/* Whatever it means, it was not meant for this protocol. */
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

/* The bound is over all calls of the connection, since they share the memory. */
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

/* By the call id: 0 is the connection itself, others are calls of ours. */
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
    case DEFANG__FRAME__BODY_ASK: /* answered in its turn, by whoever waits for the call */
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
