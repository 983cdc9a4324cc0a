/* Frames: a 4-byte big-endian length, then one defang.Frame message. Shared by both halves; no I/O
 * here.
 *
 * A decoder owns one buffer, which grows with what has arrived (never with what a length announces)
 * up to its cap, and shrinks when idle. Bytes go in through
 * frame_decoder_space()/frame_decoder_filled(), frames come out of frame_decoder_next() until it
 * says 0: several may wait in one read. */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include "proto/defang.pb-c.h"
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER_BYTES 4
#define RPC_PROTOCOL_MIN   1
#define RPC_PROTOCOL_MAX   1
#define RPC_CALL_CONNECTION                                                                        \
    0 /* call_id of frames about the connection: hello, and errors that end it */

struct frame_decoder {
    uint8_t *data;
    size_t start, end, cap; /* unread bytes are [start, end) */
    size_t max_bytes;       /* of one message */
};

void frame_decoder_init(struct frame_decoder *d, size_t max_bytes);
void frame_decoder_done(struct frame_decoder *d);
/* Room for at least one byte; *n is how much. Valid until the next call on d. */
void *frame_decoder_space(struct frame_decoder *d, size_t *n);
void frame_decoder_filled(struct frame_decoder *d, size_t n);
/* 1 and the message's bytes (valid until the next call on d); 0 = more is needed; -EMSGSIZE =
 * longer than the cap (err filled; the connection is of no more use). */
int frame_decoder_next(
    struct frame_decoder *d, const uint8_t **message, size_t *n, struct error *err);

static inline size_t frame_decoder_pending(const struct frame_decoder *d)
{
    return d->end - d->start;
}

/* Appends one frame. -EMSGSIZE (err filled, nothing appended) when the message is longer than
 * max_bytes. */
int frame_encode(struct str *out, const Defang__Frame *frame, size_t max_bytes, struct error *err);
/* The same for a frame whose body is bytes that are encoded already (item or reply), copied once
 * and unchanged. */
int frame_encode_bytes(
    struct str *out,
    uint64_t call_id,
    Defang__Frame__BodyCase body,
    const void *bytes,
    size_t n,
    size_t max_bytes,
    struct error *err);
/* The whole message must decode and have a body. NULL with err filled otherwise. Freed with
 * defang__frame__free_unpacked(f, NULL). */
Defang__Frame *frame_decode(const uint8_t *message, size_t n, struct error *err);

/* struct error and its diagnostics to the wire and back. */
struct rpc_diagnostic {
    unsigned severity; /* 0 error, 1 warning, 2 note */
    const char *file;  /* NULL = no position */
    unsigned line, column;
    const char *message, *hint;
};

/* What an error asks consent for; all borrowed. */
struct rpc_losses {
    Defang__Loss **items;
    size_t len;
};

/* `losses` may be NULL. */
int frame_encode_error(
    struct str *out,
    uint64_t call_id,
    const struct error *error,
    const struct rpc_diagnostic *diagnostics,
    size_t count,
    const struct rpc_losses *losses,
    size_t max_bytes);
/* Fills err; returns its code (negative), never 0. */
int frame_error_to(const Defang__Error *wire, struct error *err);
