/* What the files of the server half share, bottom up: server_wire.c (bytes and memory),
 * server_call.c (open calls), server_request.c (what clients ask), server_conn.c (a connection's
 * turns), server_listen.c (the socket file), server.c (life). Private to src/rpc.
 *
 * Callbacks of libuv only note what happened and schedule the connection's turn (by loop_defer),
 * which does everything else for it: reads frames, calls handlers, tells writable streams, writes,
 * closes. */
#pragma once

#include "base/vec.h"
#include "rpc/server.h"

struct server_handler {
    void (*fn)(void *arg, struct server_call *call, const ProtobufCMessage *request);
    void *arg;
};

struct server_listener {
    uv_pipe_t pipe;
    struct server *server;
};

struct server {
    struct loop *loop;
    char *path, *build;
    uid_t uid;
    bool make_folder;
    unsigned max_connections;
    int64_t frame_ms;
    bool activated; /* the socket is systemd's */
    bool ends_at_logout;
    dev_t socket_dev;
    ino_t socket_ino;
    struct server_listener *listener;
    struct loop_timer *rebind_timer;
    struct server_handler handlers[RPC_VERB_COUNT];
    VEC(struct server_conn *) conns;
    unsigned refs; /* the owner, listeners, connections, calls */
    bool stopping, freed, done_scheduled;
    struct loop_timer *drain_timer;
    void (*done)(void *arg);
    void *done_arg;
    const char *(*notice)(void *arg); /* server_on_hello() */
    void *notice_arg;
    void (*on_turn)(struct server *s); /* server.c's, after each turn of a connection */
};

struct server_conn {
    uv_pipe_t pipe;
    struct server *server;
    unsigned refs;           /* the open handle, a scheduled turn */
    void (*turn)(void *arg); /* server_conn.c's */
    bool turn_scheduled;
    bool reading, hung_up, closed;
    bool closing; /* after what is queued was sent */
    bool greeted;
    bool half;      /* a part of a frame has come: the deadline is for its rest */
    bool throttled; /* the output passed the high mark and has not come down to the low one */
    bool resume;    /* streams are told at the next turn that there is room */
    struct loop_timer *deadline; /* for hello, for a frame's rest, for a last word to be read */
    struct frame_decoder in;
    struct str out;
    uv_write_t write;
    char *writing; /* NULL = no write under way */
    size_t writing_bytes;
    uint64_t last_call;
    VEC(struct server_call *) calls;
};

struct server_call {
    struct server *server;
    struct server_conn *conn; /* NULL when the client is gone */
    uint64_t id;
    const struct rpc_verb *verb;
    ProtobufCMessage *request;
    bool canceled; /* by the client: nothing more is sent */
    bool cancel_told;
    void (*on_cancel)(void *arg, struct server_call *call);
    void *on_cancel_arg;
    void (*on_writable)(void *arg, struct server_call *call);
    void *on_writable_arg;
    void (*on_input)(void *arg, struct server_call *call, Defang__Input *input);
    void *on_input_arg;
};

/* ---- server_wire.c ---- */
void server_ref(struct server *s);
void server_unref(struct server *s);
void conn_unref(struct server_conn *c);

void conn_schedule(struct server_conn *c);       /* its turn, once, at the end of the loop's */
size_t conn_queued(const struct server_conn *c); /* bytes that are not written yet */
bool conn_has_room(struct server_conn *c);       /* for streams; throttles when there is none */

void conn_input_start(struct server_conn *c);
void conn_input_stop(struct server_conn *c);
void conn_output_write(struct server_conn *c);
void conn_deadline_set(struct server_conn *c, int64_t ms);      /* it counts as hung up then */
void conn_fail(struct server_conn *c, const struct error *why); /* a last word, then close */

/* ---- server_call.c ---- */
struct server_call *call_find(struct server_conn *c, uint64_t id);    /* NULL: it has ended */
void call_tell_cancel(struct server_call *call);                      /* at most once */
void call_tell_input(struct server_call *call, Defang__Input *input); /* takes it */
void calls_tell_writable(struct server_conn *c);
void calls_tell_shutdown(struct server_conn *c);
void calls_orphan(struct server_conn *c); /* the connection goes; its calls stay until they end */

/* ---- server_request.c ---- */
void call_dispatch(struct server_conn *c, Defang__Frame *frame); /* takes the frame */

/* ---- server_conn.c ---- */
void conn_accept(struct server *s, uv_stream_t *listener);
void conn_drop(struct server_conn *c); /* at once; its calls are canceled */

/* ---- server_listen.c ---- */
int server_listen_open(struct server *s, struct error *err);
int server_listen_adopt(struct server *s, int fd, struct error *err);
void server_listen_close(struct server *s);

/* A timer's: binds anew when the socket file is not ours any more. */
void server_listen_check(void *arg);
