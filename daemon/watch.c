/* The `watch` verb: a cursor over what is committed.
 *
 * A watcher holds nothing but the number of the last event that went out. It is fed from the store
 * while its connection has room, stops when there is none, and goes on when the connection says so
 * or when something was committed. So a slow terminal costs nothing, a stopped one loses nothing,
 * and who comes back says after which number.
 *
 * It ends after the last event of an ended deployment: the tip is read before the events, so that
 * an end that is committed in between is seen at the next look, and no event before it is left out.
 * Events that were trimmed are said as an error, not left out in silence.
 *
 * There is no fiber here, because there are as many watchers as open terminals. */
#include "daemon/watch.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/fault_point.h"
#include <errno.h>
#include <string.h>

#define BATCH_EVENTS 256

/* Out of the list, and gone; its call is the caller's to end. */
static void watch_free(struct watch *w)
{
    if (w->prev)
        w->prev->next = w->next;
    else
        w->hub->first = w->next;

    if (w->next)
        w->next->prev = w->prev;
    free(w->deployment);
    free(w);
}

/* The watcher goes first: nothing may feed it once its call has ended. */
static void watch_fail(struct watch *w, struct error *why)
{
    struct server_call *call = w->call;

    watch_free(w);
    server_error(call, why, NULL, 0);
    error_done(why);
}

/* Written unchanged, as it was stored. False stops the reading: the room is used up. */
static bool send_event(void *arg, uint64_t sequence, const void *data, size_t n)
{
    struct watch *w = arg;

    server_item_raw(w->call, data, n);
    w->sent = sequence;
    FAULT_POINT("publish.sent", "");
    return server_call_can_write(w->call);
}

/* Sends what there is while there is room. May end and free the watcher. */
static void watch_feed(struct watch *w)
{
    struct error why = ERROR_INIT;
    uint64_t last = 0, before;
    bool ended = false;

    if (store_event_tip(w->hub->store, w->deployment, &last, &ended, &why) < 0) {
        watch_fail(w, &why);
        return;
    }

    do {
        before = w->sent;
        if (!server_call_can_write(w->call))
            return; /* the writable callback comes back here */

        if (store_event_read(
                w->hub->store,
                w->deployment,
                w->sent,
                BATCH_EVENTS,
                LIMIT_RPC_OUTPUT_HIGH_BYTES,
                send_event,
                w,
                &why) < 0) {
            watch_fail(w, &why);
            return;
        }
    } while (w->sent > before);

    if (ended && w->sent < last) {
        error_raise(
            &why,
            ERR_NOT_FOUND,
            "the events of deployment %s are not kept any more (%d days)",
            w->deployment,
            LIMIT_STORE_EVENT_DAYS);
        watch_fail(w, &why);
    } else if (ended || !w->follow) {
        struct server_call *call = w->call;

        watch_free(w);
        server_end(call);
    }
}

static void on_writable(void *arg, struct server_call *call)
{
    watch_feed(arg);
}

/* The client left, or the daemon stops; in the second case this tells it to come back. */
static void on_cancel(void *arg, struct server_call *call)
{
    struct error why = ERROR_INIT;

    error_raise(&why, ERR_UNREACHABLE, "the daemon is stopping");
    watch_fail(arg, &why);
}

static void on_commit(void *arg, const char *deployment)
{
    struct watch_hub *hub = arg;
    for (struct watch *w = hub->first, *next; w; w = next) {
        next = w->next; /* feeding ends only the watcher itself */
        if (strcmp(w->deployment, deployment) == 0)
            watch_feed(w);
    }
}

static bool take_id(void *arg, const struct store_deployment *d)
{
    char **id = arg;

    *id = xstrdup(d->id);
    return false;
}

/* An id must be known. Which is the newest of somebody's project takes a project, an account and a
 * region: that is the list's to say (ListRequest.caller), and here only `any` has no id. */
static int
resolve(struct watch_hub *hub, const Defang__WatchRequest *r, char **id, struct error *err)
{
    *id = NULL;

    if (r->deployment[0] && strcmp(r->deployment, "latest") != 0) {
        uint64_t last;
        bool ended;
        int rc = store_event_tip(hub->store, r->deployment, &last, &ended, err);
        if (rc == 0)
            *id = xstrdup(r->deployment);
        return rc;
    }

    if (!r->any)
        return error_raise(err, ERR_USAGE, "the request names no deployment to watch");

    struct store_filter f = {.limit = 1};
    int rc = store_deployment_each(hub->store, &f, take_id, id, err);
    if (rc < 0 || *id)
        return rc;

    error_raise(err, ERR_NOT_FOUND, "there is no deployment yet");
    error_hint(err, "`defangctl up` starts one; `defangctl ls` lists all.");

    return -ENOENT;
}

/* A shell that watches may bring what a blocked job waits for: it is told before the first event
 * is sent. */
static void on_watch(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    struct watch_hub *hub = arg;
    const Defang__WatchRequest *r = (const Defang__WatchRequest *)request;
    struct error why = ERROR_INIT;
    char *id;

    if (resolve(hub, r, &id, &why) < 0) {
        server_error(call, &why, NULL, 0);
        error_done(&why);
        return;
    }

    if (hub->on_caller && r->caller)
        hub->on_caller(hub->on_caller_arg, r->caller);

    struct watch *w = xcalloc(1, sizeof *w);
    *w = (struct watch){
        .hub = hub,
        .call = call,
        .deployment = id,
        .sent = r->after_sequence,
        .follow = r->follow,
        .next = hub->first};
    if (w->next)
        w->next->prev = w;
    hub->first = w;
    server_call_on_cancel(call, on_cancel, w);
    server_call_on_writable(call, on_writable, w);
    watch_feed(w);
}

struct watch_hub *watch_hub_new(struct store *store, struct server *server)
{
    struct watch_hub *hub = xcalloc(1, sizeof *hub);

    hub->store = store;
    store_subscribe(store, on_commit, hub);
    server_handle(server, RPC_WATCH, on_watch, hub);
    return hub;
}

void watch_hub_free(struct watch_hub *hub)
{
    if (!hub)
        return;

    store_unsubscribe(hub->store, on_commit, hub);
    while (hub->first)
        on_cancel(hub->first, hub->first->call);
    free(hub);
}

void watch_hub_on_caller(
    struct watch_hub *hub, void (*fn)(void *arg, const Defang__Caller *caller), void *arg)
{
    hub->on_caller = fn;
    hub->on_caller_arg = arg;
}
