/* The way of an event into the journal. The number is taken, the event is encoded with it, and both
 * are stored in the turn's transaction: nothing else in the daemon gives numbers, so a watcher
 * never sees a gap or a double. What does not fit is refused before it is stored: an event that no
 * watcher could be sent would stop them all. */
#include "daemon/bus.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include <errno.h>

int bus_emit(struct store *store, Defang__Event *e, struct error *err)
{
    e->sequence = store_event_next(store, e->deployment);
    if (!e->time_ms)
        e->time_ms = clock_wall_ms();

    size_t n = defang__event__get_packed_size(e);
    if (n > LIMIT_STORE_EVENT_BYTES)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EMSGSIZE,
            "an event of %zu bytes, more than the %zu that are allowed",
            n,
            LIMIT_STORE_EVENT_BYTES);

    cleanup_free uint8_t *bytes = xmalloc(n + 1);
    defang__event__pack(e, bytes);

    return store_event_append(store, e->deployment, e->sequence, bytes, n, err);
}

/* A row that never was active (skipped, waiting) has no times. The start is remembered under the
 * row's id: one that becomes active again counts from its first time. */
void bus_row_times(struct store *store, const char *deployment, Defang__Row *row, int64_t now_ms)
{
    cleanup_free char *key = xasprintf("since/%s", row->id);
    cleanup_free char *text = NULL;
    long long since_ms = 0;

    store_intent_get(store, deployment, key, &text, NULL);
    if (text && text_parse_int(text, 0, INT64_MAX, &since_ms) < 0)
        since_ms = 0;

    bool active = row->state == DEFANG__ROW_STATE__ROW_ACTIVE;
    if (active && !since_ms) {
        since_ms = now_ms;
        cleanup_free char *value = xasprintf("%lld", since_ms);
        /* Lost with its turn: then the event is lost too. */
        store_intent_put(store, deployment, key, value, NULL);
    }

    bool begun = active || row->state == DEFANG__ROW_STATE__ROW_DONE ||
                 row->state == DEFANG__ROW_STATE__ROW_FAILED ||
                 row->state == DEFANG__ROW_STATE__ROW_CANCELED;
    row->since_ms = begun ? since_ms : 0;
    row->elapsed_ms = begun && !active && since_ms ? MAX(now_ms - since_ms, (int64_t)0) : 0;
}
