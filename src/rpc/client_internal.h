/* What the files of the client half share, bottom up: client_calls.c (the open calls and what came
 * for them), client_wire.c (bytes, and the one wait), client.c (what callers do), client_connect.c
 * (how a connection begins). Private to src/rpc. */
#pragma once

#include "base/vec.h"
#include "rpc/client.h"

struct client_item {
    Defang__Frame *frame; /* item, reply or ask */
    size_t bytes;
};

struct client_call {
    uint64_t id;
    const struct rpc_verb *verb;
    bool ended;
    Defang__Error *failure; /* the daemon's; the frame it came in is kept with it */
    Defang__Frame *failure_frame;
    VEC(struct client_item) items;
    size_t taken; /* of items */
};

struct rpc_client {
    int fd;
    struct frame_decoder in;
    struct str out;
    size_t sent; /* of out */
    uint64_t next_call;
    VEC(struct client_call *) calls;
    size_t pending_bytes; /* of items that nobody has taken yet */
    struct error broken;  /* why the connection is of no more use */
    Defang__Frame *hello; /* the daemon's */
    Defang__Frame *last_error;
    rpc_answer_fn *answer; /* NULL: asks are refused */
    void *answer_arg;
};

/* ---- client_calls.c ---- */
struct client_call *client_call_find(struct rpc_client *c, uint64_t id); /* NULL: not open */
void client_call_free(struct rpc_client *c, struct client_call *call);   /* stays in the list */
void client_call_drop(struct rpc_client *c, struct client_call *call);   /* out of it, and frees */

/* A frame of the connection went to its call; a negative errno breaks the connection. Takes the
 * frame. */
int client_dispatch(struct rpc_client *c, Defang__Frame *frame, size_t bytes, struct error *err);

/* ---- client_wire.c ---- */
int64_t client_deadline(int64_t timeout_ms); /* monotonic; < 0 is none: INT64_MAX */

/* Sends and receives what can be, then waits once. 0 = something happened, RPC_NEXT_FD,
 * RPC_NEXT_TIMEOUT, or a negative errno when the connection broke (also remembered). */
int client_step(
    struct rpc_client *c, const struct rpc_wait *wait, int64_t deadline_ms, struct error *err);

/* Queues; client_step() sends. `frame` is borrowed for the call. */
int client_send(struct rpc_client *c, const Defang__Frame *frame, struct error *err);
