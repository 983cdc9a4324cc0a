/* Frames to bytes and back: a length of four bytes, then one defang.Frame.
 *
 * The reader's buffer grows with what has really arrived, never with what a length announces: four
 * bytes of a hostile client must not cost a megabyte. A length above the cap is an error at once,
 * before its bytes are waited for. The buffer is given back when it is empty and large; where it
 * has to grow, the old one is wiped, since a request's environment may hold keys.
 *
 * Errors travel as messages of their own, with the diagnostics of a Compose file. An error must
 * reach the other side whatever its size: when all of it does not fit, diagnostics are left out by
 * halves, and at last the text itself is replaced by a line that says so.
 *
 * Nothing here reads or writes a socket: both halves and the fuzzers use it as it is. */
#include "rpc/frame.h"

#include "base/mem.h"
#include "base/secret.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES_MIN  ((size_t)4096)
#define BUFFER_BYTES_IDLE ((size_t)65536) /* a larger buffer is given back once it is empty */

void frame_decoder_init(struct frame_decoder *d, size_t max_bytes)
{
    *d = (struct frame_decoder){.max_bytes = max_bytes};
}

void frame_decoder_done(struct frame_decoder *d)
{
    free(d->data);
    frame_decoder_init(d, d->max_bytes);
}

/* Unread bytes move to the front: cheaper than growing, and done only when there is no room
 * left. */
static void compact(struct frame_decoder *d)
{
    if (d->start == 0)
        return;

    if (d->end > d->start)
        memmove(d->data, d->data + d->start, d->end - d->start);
    d->end -= d->start;
    d->start = 0;
}

void *frame_decoder_space(struct frame_decoder *d, size_t *n)
{
    if (d->end == d->start && d->cap > BUFFER_BYTES_IDLE) {
        free(d->data);
        d->data = NULL;
        d->start = d->end = d->cap = 0;
    }

    if (d->end == d->cap || d->end == d->start)
        compact(d);

    if (d->end == d->cap) {
        /* Doubling what has really arrived: an announced length alone costs nothing. */
        size_t cap = MAX(d->cap * 2, BUFFER_BYTES_MIN);
        uint8_t *data = xmalloc(cap); /* not realloc: it would leave a copy of what may be a key */

        if (d->data) {
            memcpy(data, d->data, d->end);
            secret_wipe(d->data, d->end);
            free(d->data);
        }

        d->data = data;
        d->cap = cap;
    }

    *n = d->cap - d->end;
    return d->data + d->end;
}

void frame_decoder_filled(struct frame_decoder *d, size_t n)
{
    d->end += MIN(n, d->cap - d->end);
}

/* Big-endian, as everything on a network. */
static size_t read_length(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static void write_length(uint8_t *p, size_t n)
{
    p[0] = (uint8_t)(n >> 24);
    p[1] = (uint8_t)(n >> 16);
    p[2] = (uint8_t)(n >> 8);
    p[3] = (uint8_t)n;
}

/* The length is judged before its bytes are there. */
int frame_decoder_next(
    struct frame_decoder *d, const uint8_t **message, size_t *n, struct error *err)
{
    size_t have = frame_decoder_pending(d);
    if (have < FRAME_HEADER_BYTES)
        return 0;

    size_t length = read_length(d->data + d->start);
    if (length > d->max_bytes)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EMSGSIZE,
            "a message of %zu bytes, more than the %zu that are allowed",
            length,
            d->max_bytes);

    if (have - FRAME_HEADER_BYTES < length)
        return 0;

    *message = d->data + d->start + FRAME_HEADER_BYTES;
    *n = length;
    d->start += FRAME_HEADER_BYTES + length;

    return 1;
}

/* In one piece: a frame that is appended in part would spoil all that follow. */
int frame_encode(struct str *out, const Defang__Frame *frame, size_t max_bytes, struct error *err)
{
    size_t n = defang__frame__get_packed_size(frame);
    if (n > max_bytes)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EMSGSIZE,
            "a message of %zu bytes, more than the %zu that are allowed",
            n,
            max_bytes);

    cleanup_free uint8_t *bytes = xmalloc(FRAME_HEADER_BYTES + n);
    write_length(bytes, n);
    defang__frame__pack(frame, bytes + FRAME_HEADER_BYTES);
    str_append_bytes(out, bytes, FRAME_HEADER_BYTES + n);

    return 0;
}

int frame_encode_bytes(
    struct str *out,
    uint64_t call_id,
    Defang__Frame__BodyCase body,
    const void *bytes,
    size_t n,
    size_t max_bytes,
    struct error *err)
{
    Defang__Frame frame = DEFANG__FRAME__INIT;

    frame.call_id = call_id;
    frame.body_case = body;

    ProtobufCBinaryData data = {
        .len = n, .data = (uint8_t *)(uintptr_t)bytes}; /* protobuf-c has no const */
    if (body == DEFANG__FRAME__BODY_REPLY)
        frame.reply = data;
    else
        frame.item = data;

    return frame_encode(out, &frame, max_bytes, err);
}

/* A body of a newer protocol decodes too, as one that is not set: it is refused like rubbish. */
Defang__Frame *frame_decode(const uint8_t *message, size_t n, struct error *err)
{
    Defang__Frame *frame = defang__frame__unpack(NULL, n, message);
    if (!frame) {
        error_raise_errno(
            err,
            ERR_FAILED,
            EBADMSG,
            "a message of %zu bytes that is not a frame of this protocol",
            n);
        return NULL;
    }

    if (frame->body_case == DEFANG__FRAME__BODY__NOT_SET) {
        error_raise_errno(
            err, ERR_FAILED, EBADMSG, "a frame without a body that this version knows");
        defang__frame__free_unpacked(frame, NULL);
        return NULL;
    }

    return frame;
}

static char *text_out(const char *s)
{
    return (char *)(uintptr_t)(s ? s : "");
}

/* Borrowed texts: packing copies them. */
static void diagnostic_out(Defang__Diagnostic *to, const struct rpc_diagnostic *from)
{
    defang__diagnostic__init(to);
    to->severity = from->severity;
    to->file = text_out(from->file);
    to->line = from->line;
    to->column = from->column;
    to->message = text_out(from->message);
    to->hint = text_out(from->hint);
}

/* -EMSGSIZE when it does not fit as it is. */
static int encode_error(struct str *out, uint64_t call_id, Defang__Error *wire, size_t max_bytes)
{
    Defang__Frame frame = DEFANG__FRAME__INIT;

    frame.call_id = call_id;
    frame.body_case = DEFANG__FRAME__BODY_ERROR;
    frame.error = wire;
    return frame_encode(out, &frame, max_bytes, NULL);
}

int frame_encode_error(
    struct str *out,
    uint64_t call_id,
    const struct error *error,
    const struct rpc_diagnostic *diagnostics,
    size_t count,
    const struct rpc_losses *losses,
    size_t max_bytes)
{
    Defang__Error wire = DEFANG__ERROR__INIT;

    wire.kind = (uint32_t)(error->kind == ERR_NONE ? ERR_FAILED : error->kind);
    wire.message = text_out(error->message);
    wire.hint = text_out(error->hint);
    wire.file = text_out(error->file);
    wire.line = error->line;
    wire.column = error->column;
    wire.aws_code = text_out(error->aws_code);
    wire.request_id = text_out(error->request_id);
    wire.mfa_serial = text_out(error->mfa_serial);

    Defang__Diagnostic *items = xcalloc(count, sizeof *items);
    Defang__Diagnostic **pointers = xcalloc(count, sizeof *pointers);

    for (size_t i = 0; i < count; i++) {
        diagnostic_out(&items[i], &diagnostics[i]);
        pointers[i] = &items[i];
    }

    wire.diagnostics = pointers;
    wire.n_diagnostics = count;
    wire.losses = losses ? losses->items : NULL;
    wire.n_losses = losses ? losses->len : 0;

    int rc = encode_error(out, call_id, &wire, max_bytes);
    while (rc < 0 && wire.n_diagnostics > 0) { /* the first mistakes are worth more than none */
        wire.n_diagnostics /= 2;
        rc = encode_error(out, call_id, &wire, max_bytes);
    }

    if (rc < 0) {
        wire.n_losses = 0;
        wire.message = text_out("the error's own text is too long to be sent");
        wire.hint = wire.file = text_out("");
        rc = encode_error(out, call_id, &wire, max_bytes);
    }

    free(items);
    free(pointers);

    return rc;
}

/* A kind that this build does not know is a failure; an error without a text still is one. */
int frame_error_to(const Defang__Error *wire, struct error *err)
{
    enum error_kind kind = (enum error_kind)wire->kind;
    int code = error_kind_errno(kind);

    if (kind == ERR_NONE || code == 0) {
        kind = ERR_FAILED;
        code = error_kind_errno(ERR_FAILED);
    }

    error_raise_errno(
        err, kind, code, "%s", wire->message[0] ? wire->message : "the daemon gave no reason");
    if (wire->hint[0])
        error_hint(err, "%s", wire->hint);
    if (wire->file[0])
        error_at(err, wire->file, wire->line, wire->column);

    if (wire->aws_code[0] || wire->request_id[0])
        error_aws(
            err,
            wire->aws_code[0] ? wire->aws_code : NULL,
            wire->request_id[0] ? wire->request_id : NULL,
            0);

    if (wire->mfa_serial[0])
        error_mfa(err, wire->mfa_serial);

    return code;
}
