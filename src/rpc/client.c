/* Calls: open one, take what comes of it, end it.
 *
 * rpc_client_next() first looks into the call's queue and only then at the socket, so that what has
 * arrived is handed out in its order, whatever else happens on the connection. rpc_client_call() is
 * the same for verbs with one answer: it opens, waits for the reply, and forgets the call.
 *
 * A wait that ends without an answer (a deadline, a descriptor of the caller's) cancels the call
 * and leaves the connection good; a stream goes on instead, since its reader only looked up.
 *
 * What the daemon asks on the way stands in the same queue and is answered in its turn, before what
 * came after it. A person may take minutes for it: that time is added to the deadline. */
#include "rpc/client.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "rpc/client_internal.h"
#include <errno.h>
#include <unistd.h>

/* Also a half-built one: no hello, nothing sent. */
void rpc_client_free(struct rpc_client *c)
{
    if (!c)
        return;

    vec_each(p, &c->calls) {
        client_call_free(c, *p);
    }

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

const char *rpc_client_daemon_notice(const struct rpc_client *c)
{
    return c->hello->hello->notice;
}

bool rpc_client_daemon_ends_at_logout(const struct rpc_client *c)
{
    return c->hello->hello->ends_at_logout;
}

/* Bounded before it is allocated; the frame around it is checked by client_send(). */
static int check_size(const struct rpc_verb *verb, size_t n, struct error *err)
{
    if (n <= LIMIT_RPC_REQUEST_BYTES)
        return 0;
    return error_raise_errno(
        err,
        ERR_REFUSED,
        EMSGSIZE,
        "the request `%s` has %zu bytes, the daemon takes %zu",
        verb->name,
        n,
        LIMIT_RPC_REQUEST_BYTES);
}

/* The packed request is wiped when it is in the output: the caller's environment may hold keys. */
static int send_request(
    struct rpc_client *c,
    const struct rpc_verb *verb,
    const ProtobufCMessage *request,
    struct error *err)
{
    size_t n = protobuf_c_message_get_packed_size(request);
    int rc = check_size(verb, n, err);
    if (rc < 0)
        return rc;

    uint8_t *bytes = xmalloc(n + 1);
    protobuf_c_message_pack(request, bytes);

    Defang__Request wire = DEFANG__REQUEST__INIT;
    wire.verb = (char *)(uintptr_t)verb->name;
    wire.payload = (ProtobufCBinaryData){.len = n, .data = bytes};

    Defang__Frame frame = DEFANG__FRAME__INIT;
    frame.call_id = c->next_call;
    frame.body_case = DEFANG__FRAME__BODY_REQUEST;
    frame.request = &wire;
    rc = client_send(c, &frame, err);
    secret_wipe(bytes, n);
    free(bytes);

    return rc;
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

    int rc = send_request(c, verb, request, err);
    if (rc < 0)
        return rc;

    struct client_call *call = xcalloc(1, sizeof *call);
    call->id = *call_id = c->next_call++;
    call->verb = verb;
    vec_push(&c->calls, call);

    return 0;
}

/* The message is decoded only now, by the verb of its call: the queue holds frames. */
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

/* The end, or the daemon's error; its diagnostics stay readable until the next one comes. */
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

void rpc_client_on_ask(struct rpc_client *c, rpc_answer_fn *fn, void *arg)
{
    c->answer = fn;
    c->answer_arg = arg;
}

/* One that this build does not know has no answer, and the daemon must not wait for one. */
static int no_answer(Defang__Input *answer)
{
    answer->what_case = DEFANG__INPUT__WHAT_FAILED;
    answer->failed = xstrdup("this defangctl cannot do what the daemon asks");
    return 0;
}

/* What the answer holds may be keys: wiped in the message, as in the output (client_wire.c). */
static int
call_answer(struct rpc_client *c, struct client_call *call, int64_t *deadline_ms, struct error *err)
{
    int64_t begun_ms = clock_mono_ms();
    struct client_item taken = call->items.items[call->taken++];
    const Defang__Ask *ask = taken.frame->ask;
    Defang__Input *answer = xcalloc(1, sizeof *answer);

    defang__input__init(answer);
    answer->ask = ask->id;
    c->pending_bytes -= taken.bytes;

    bool known = c->answer && ask->what_case != DEFANG__ASK__WHAT__NOT_SET;
    int rc = known ? c->answer(c->answer_arg, ask, answer, err) : no_answer(answer);

    Defang__Frame frame = DEFANG__FRAME__INIT;
    frame.call_id = call->id;
    frame.body_case = DEFANG__FRAME__BODY_INPUT;
    frame.input = answer;
    if (rc == 0)
        rc = client_send(c, &frame, err);

    rpc_message_wipe(&answer->base);
    defang__input__free_unpacked(answer, NULL);
    defang__frame__free_unpacked(taken.frame, NULL);

    if (*deadline_ms != INT64_MAX)
        *deadline_ms += clock_mono_ms() - begun_ms;
    if (rc < 0)
        rpc_client_cancel(c, call->id);
    return rc;
}

/* The daemon's word that stands first in the queue: an ask is answered, the rest is the caller's.
 */
static bool ask_is_next(const struct client_call *call)
{
    return call->items.items[call->taken].frame->body_case == DEFANG__FRAME__BODY_ASK;
}

/* Whatever one step brings is looked at before the next wait. */
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

        if (call->taken < call->items.len && ask_is_next(call)) {
            int rc = call_answer(c, call, &deadline_ms, err);
            if (rc < 0)
                return rc;
            continue;
        }

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

/* Nothing is waited for: what the daemon still sends for it is dropped by its id. */
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

Defang__Loss *const *rpc_client_losses(const struct rpc_client *c, size_t *count)
{
    const Defang__Error *e = c->last_error ? c->last_error->error : NULL;

    *count = e ? e->n_losses : 0;
    return e ? e->losses : NULL;
}
