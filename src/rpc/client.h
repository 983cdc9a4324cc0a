/* The client half: blocking calls over poll(), without libuv or OpenSSL. One thread, several calls
 * per connection.
 *
 * Every wait takes a struct rpc_wait: a deadline, and descriptors of the caller's (stdin, a
 * signalfd, a timerfd) that end the wait when they become readable. SIGPIPE never happens; EINTR is
 * retried (watch signals through a descriptor).
 *
 * Ownership: messages that come out are the caller's, freed with
 * protobuf_c_message_free_unpacked(m, NULL).
 */
#pragma once

#include "base/error.h"
#include "rpc/frame.h"
#include "rpc/verbs.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct rpc_client;

struct rpc_wait {
    int64_t timeout_ms; /* < 0 = none */
    const int *fds;     /* readable or hung up ends the wait */
    size_t fd_count;    /* at most LIMIT_RPC_WAIT_FDS */
};

/* Connects, checks that the other side runs as this user, says hello. Failing to connect is
 * ERR_UNREACHABLE with the errno as code: -ENOENT (no socket) and -ECONNREFUSED (nobody listens)
 * mean that no daemon runs. `build` names this program: "defangctl 0.1.0". */
int rpc_client_connect(
    const char *path,
    const char *build,
    int64_t timeout_ms,
    struct rpc_client **out,
    struct error *err);
/* The same on a connected socket, which it takes, also on failure. */
int rpc_client_adopt(
    int fd, const char *build, int64_t timeout_ms, struct rpc_client **out, struct error *err);
/* NULL ok; the daemon sees a hang-up: streams end, deployments go on. */
void rpc_client_free(struct rpc_client *c);
const char *rpc_client_daemon_build(const struct rpc_client *c);
/* What the daemon wants every command to say once; "" when nothing. */
const char *rpc_client_daemon_notice(const struct rpc_client *c);
/* That it is a service which ends with its user's last logout. */
bool rpc_client_daemon_ends_at_logout(const struct rpc_client *c);

/* One answer. 0 and *reply; a negative errno with err filled: the daemon's own error, -ETIMEDOUT,
 * -EINTR (a descriptor of `wait` became readable; kind INTERRUPTED), or a broken connection
 * (ERR_UNREACHABLE). After -ETIMEDOUT and -EINTR the call is canceled, the connection is still
 * good. */
int rpc_client_call(
    struct rpc_client *c,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    const struct rpc_wait *wait,
    ProtobufCMessage **reply,
    struct error *err);

/* What the daemon asks in an open call is answered by `fn` (Caller.interactive invites it), inside
 * of the rpc_client_call() or rpc_client_next() that waits for that call; the time that it takes
 * does not count against their deadline. fn fills `answer` with malloc'd parts, which are wiped and
 * freed once sent; its `ask` is set already. A negative errno with err filled (an interrupt)
 * cancels the call and is its outcome. Without fn the daemon is told that nobody can. */
typedef int
rpc_answer_fn(void *arg, const Defang__Ask *ask, Defang__Input *answer, struct error *err);
void rpc_client_on_ask(struct rpc_client *c, rpc_answer_fn *fn, void *arg);

/* Streams. After END or an error the call is gone; after FD and TIMEOUT it goes on. */
enum rpc_next {
    RPC_NEXT_END = 0,
    RPC_NEXT_ITEM = 1,
    RPC_NEXT_FD = 2, /* a descriptor of `wait` is readable */
    RPC_NEXT_TIMEOUT = 3,
};

int rpc_client_open(
    struct rpc_client *c,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    uint64_t *call,
    struct error *err);
int rpc_client_next(
    struct rpc_client *c,
    uint64_t call,
    const struct rpc_wait *wait,
    ProtobufCMessage **item,
    struct error *err);
/* Ends a call from this side at once; what still comes of it is dropped. */
void rpc_client_cancel(struct rpc_client *c, uint64_t call);

/* What came with the last error of the daemon: every mistake of a Compose file. Borrowed until the
 * next call on c. */
Defang__Diagnostic *const *rpc_client_diagnostics(const struct rpc_client *c, size_t *count);

/* What the daemon's last error asks consent for. Borrowed as the diagnostics are. */
Defang__Loss *const *rpc_client_losses(const struct rpc_client *c, size_t *count);
