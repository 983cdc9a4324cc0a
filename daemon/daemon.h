/* The daemon: one struct that ties loop, store, transport, RPC server, sessions and jobs together.
 *
 * Everything runs on the loop thread, and whatever changes here changes between two suspensions of
 * a fiber: no lock is needed, but after a call that suspends, what was read before may be old.
 * main.c makes and frees it; who gets a pointer borrows it for the daemon's life. */
#pragma once

#include "base/env.h"
#include "base/error.h"
#include "base/vec.h"
#include "daemon/service/names_watch.h"
#include "daemon/service/notify.h"
#include "loop/fiber.h"
#include "loop/http.h"
#include "loop/loop.h"
#include "rpc/server.h"
#include "store/store.h"

struct job;
struct profile_cache;
struct session;

struct daemon {
    struct loop *loop;
    struct store *store;
    struct http *http;
    struct server *server;
    struct watch_hub *watchers;
    struct notify notify;
    const char *state_folder, *socket;
    int64_t started_ms; /* wall clock */
    bool under_systemd;
    bool activated;            /* at systemd's socket: whoever connects starts us again */
    bool state_lost;           /* the store cannot write: jobs pause (pause.h) */
    bool state_gone;           /* somebody removed it: the daemon ends */
    struct names_watch *names; /* of the state folder (service/names_watch.h) */
    bool stopping;             /* no new work is taken; jobs stay resumable */
    bool left_behind;          /* the end did not wait for all fibers (stop.c) */
    bool suspending;           /* either of them: a canceled fiber leaves the cloud's work alone */
    VEC(struct session *) sessions;
    struct profile_cache *profiles; /* what all of them share: files of the AWS CLI, parsed */
    VEC(struct job *) jobs;         /* unfinished ones of this process */
    bool bootstrap_held; /* one job at a time prepares an account; the others wait for it */
    struct fiber_cond bootstrap_free;
    unsigned verbs_active; /* verb fibers that still run */

    /* The end has begun: it is bounded from outside the loop too. NULL in tests. */
    void (*on_stopping)(void);

    /* A caller's session was resolved: whoever waits for credentials may take them. Set before the
     * first call is served; main.c gives it to the jobs. */
    void (*on_credentials)(struct daemon *d, struct session *session);
};
