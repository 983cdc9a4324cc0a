/* The server half, on libuv: listens, checks who calls, decodes, and hands calls to handlers by the
 * verb table.
 *
 * A call is given to its verb's handler once and lives until the handler ends it, exactly once, by
 * server_reply(), server_error() or (streaming verbs) server_end(), at any later time: also after
 * the client canceled or hung up, when these send nothing. Handlers and the callbacks below run at
 * the end of a turn of the loop, never inside another server_ function, never suspended: a handler
 * that waits spawns a fiber.
 *
 * Output is queued per connection and written at the end of the turn. A streaming handler writes
 * while server_call_can_write() and goes on when its writable callback comes: a client that does
 * not read costs LIMIT_RPC_OUTPUT_HIGH_BYTES and no more. While the queue is over that mark,
 * requests of the connection are not read either. */
#pragma once

#include "base/error.h"
#include "loop/loop.h"
#include "rpc/frame.h"
#include "rpc/verbs.h"
#include <stdbool.h>
#include <sys/types.h>

struct server;
struct server_call;

struct server_options {
    const char *path;  /* of the socket; borrowed for the call */
    bool make_folder;  /* make its folder 0700 and check that it is ours */
    int listen_fd;     /* a listening socket of systemd, taken also on failure; < 0 = bind `path` */
    uid_t uid;         /* the only user that is served */
    const char *build; /* "defangd 0.1.0"; for hello */
    int64_t rebind_check_ms;  /* how often the socket file is looked at; 0 = 5000 */
    int64_t frame_ms;         /* for the rest of a frame that has begun; 0 = LIMIT_RPC_FRAME_MS */
    unsigned max_connections; /* as many as there are descriptors for; 0 = LIMIT_RPC_CONNECTIONS */
};

/* -EADDRINUSE (kind REFUSED) when a living daemon answers at the path; a stale socket file is
 * replaced. Serving starts with the loop. SIGPIPE is ignored from here on, for the whole process.
 */
int server_new(
    struct loop *loop,
    const struct server_options *options,
    struct server **out,
    struct error *err);
/* `request` is of the verb's request type, decoded and checked, and lives as long as the call. A
 * verb without handler answers an error. */
void server_handle(
    struct server *s,
    enum rpc_verb_id verb,
    void (*fn)(void *arg, struct server_call *call, const ProtobufCMessage *request),
    void *arg);
/* Graceful: stops accepting, removes the socket file (not systemd's), refuses mutating requests,
 * tells every streaming call through its cancel callback (its last words are still sent), waits for
 * open calls and their output at most drain_ms; then closes all and calls done(arg) at the end of a
 * turn. */
void server_shutdown(struct server *s, int64_t drain_ms, void (*done)(void *arg), void *arg);
/* NULL ok; any time. Open calls are canceled and stay valid until their handlers end them. */
void server_free(struct server *s);
unsigned server_connections(const struct server *s);

/* fn(arg) is asked at each hello for a line that every command shows; NULL = none. Borrowed until
 * the next call of fn. */
void server_on_hello(struct server *s, const char *(*fn)(void *arg), void *arg);

/* What each hello says of the daemon: that it ends with its user's last logout. */
void server_ends_at_logout(struct server *s, bool ends);

/* ---- calls ---- */
const struct rpc_verb *server_call_verb(const struct server_call *call);
const ProtobufCMessage *server_call_request(const struct server_call *call);
/* fn(arg) when the client canceled, hung up, or the server shuts down; at most once; it may end
 * this call, no other. server_call_is_gone() tells whether anybody still listens. */
void server_call_on_cancel(
    struct server_call *call, void (*fn)(void *arg, struct server_call *call), void *arg);
/* fn(arg) whenever there is room again after server_call_can_write() said no. */
void server_call_on_writable(
    struct server_call *call, void (*fn)(void *arg, struct server_call *call), void *arg);
/* fn(arg, call, input) for each input frame of the call, which fn then owns (server_input_free()
 * wipes it: it may hold keys); and once with NULL when no more can come, because the client
 * canceled, hung up, or the server shuts down; told so, fn must not end the call. Without fn
 * inputs are dropped. NULL takes it back. */
void server_call_on_input(
    struct server_call *call,
    void (*fn)(void *arg, struct server_call *call, Defang__Input *input),
    void *arg);
void server_input_free(Defang__Input *input); /* NULL ok */
bool server_call_is_gone(const struct server_call *call);
bool server_call_can_write(struct server_call *call); /* false also when gone */

void server_reply(
    struct server_call *call,
    const ProtobufCMessage *reply); /* ends the call; too large an answer becomes an error */
/* 0 or -EMSGSIZE (nothing sent, the stream goes on). Dropped silently when the client is gone. */
int server_item(struct server_call *call, const ProtobufCMessage *item);
int server_item_raw(
    struct server_call *call, const void *bytes, size_t n); /* encoded already; sent unchanged */
/* Asks the client something while the call stays open; it answers by an input with the ask's id.
 * 0 or -EMSGSIZE (nothing sent). Dropped silently when the client is gone. */
int server_ask(struct server_call *call, Defang__Ask *ask);
void server_end(struct server_call *call); /* ends the call */
void server_error(
    struct server_call *call,
    const struct error *error,
    const struct rpc_diagnostic *diagnostics,
    size_t count); /* ends the call */
void server_error_losses(
    struct server_call *call,
    const struct error *error,
    const struct rpc_diagnostic *diagnostics,
    size_t count,
    const struct rpc_losses *losses); /* may be NULL; ends the call */
