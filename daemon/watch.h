/* The `watch` verb. A watcher is a cursor {deployment, last sequence sent} over the committed
 * events of the store: it is fed while its connection has room and when something was committed,
 * and holds nothing else. It ends after the last event of an ended deployment, or, without
 * `follow`, after the last one that there is. No fiber.
 *
 * `deployment` is an id; with `any` it may be "latest" (also ""): the newest of all. */
#pragma once

#include "rpc/server.h"
#include "store/store.h"

/* One terminal: a cursor. */
struct watch {
    struct watch *prev, *next;
    struct watch_hub *hub;
    struct server_call *call;
    char *deployment;
    uint64_t sent; /* the last sequence that went out */
    bool follow;
};

struct watch_hub {
    struct store *store;
    struct watch *first; /* all that watch now */
    void (*on_caller)(void *arg, const Defang__Caller *caller);
    void *on_caller_arg;
};

/* Registers the verb and subscribes to the store. Free it after the server and before the store. */
struct watch_hub *watch_hub_new(struct store *store, struct server *server);

/* NULL ok; watchers that are left are told that the daemon stops. */
void watch_hub_free(struct watch_hub *hub);

/* fn(arg, caller) for each watch request that carries a caller: its shell may bring what a blocked
 * job waits for. `caller` lives for the call of fn only. */
void watch_hub_on_caller(
    struct watch_hub *hub, void (*fn)(void *arg, const Defang__Caller *caller), void *arg);
