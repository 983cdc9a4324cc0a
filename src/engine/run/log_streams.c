/* Why a cursor a stream. CloudWatch shows lines late and out of order, each stream by itself: the
 * agent of one task sends at once, that of another after seconds, and one that had no network for a
 * while brings minutes at once, with the times at which they were written. By the newest line of
 * all streams the others' late ones would be behind the cursor, and lost.
 *
 * All streams are asked together, since asking each would be a call for every task. A look begins
 * as far before the newest line as costs few calls: an hour where little is written, seconds where
 * much is. A stream that shows a line in a look is whole if it was read up to the look's beginning
 * before. If it was not, there is a gap, and that one stream is read from where it stood. So the
 * length of an outage does not matter.
 *
 * What was handed on is known by its id, for as long as a look can show it again; no look begins
 * before what was forgotten. The newest line counts by the time at which CloudWatch got it, where
 * that is earlier: a task whose clock is ahead must not take the others' lines with it. */
#include "engine/run/log_streams.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

#include "data/object.h"

#include <string.h>

#define OVERLAP_MS  10000LL /* the least, and what is read twice of a stream that comes back */
#define WINDOW_MS   120000LL
#define WINDOW_MAX  3600000LL
#define STREAMS_MAX 20000 /* more tasks than that are forgotten, the silent ones first */

struct stream {
    char *group, *name;
    int64_t newest_ms; /* 0: nothing was read */
    int64_t gap_ms;    /* from here on something may be missing; 0 = nothing is */
    json_t *seen;      /* id → time */
};

struct log_streams {
    int64_t from_ms, look_ms, newest_ms;
    int64_t window_ms, forgotten_ms;
    json_t *index; /* name → place in the list */
    VEC(struct stream) list;
};

struct log_streams *log_streams_new(int64_t from_ms)
{
    struct log_streams *s = xcalloc(1, sizeof *s);

    s->from_ms = s->look_ms = from_ms;
    s->window_ms = WINDOW_MS;
    s->index = json_object();
    return s;
}

static void stream_done(struct stream *one)
{
    free(one->group);
    free(one->name);
    json_decref(one->seen);
}

void log_streams_free(struct log_streams *s)
{
    if (!s)
        return;

    vec_each(one, &s->list)
        stream_done(one);
    vec_free(&s->list);
    json_decref(s->index);
    free(s);
}

static char *key_of(const char *group, const char *name)
{
    return xasprintf("%s\n%s", group, name);
}

static struct stream *stream_of(struct log_streams *s, const char *group, const char *name)
{
    cleanup_free char *key = key_of(group, name);
    json_t *at = json_object_get(s->index, key);

    if (at)
        return &s->list.items[json_integer_value(at)];

    json_object_set_new(s->index, key, json_integer((json_int_t)s->list.len));
    vec_push(
        &s->list,
        (struct stream){.group = xstrdup(group), .name = xstrdup(name), .seen = json_object()});
    return vec_last(&s->list);
}

bool log_streams_take(
    struct log_streams *s,
    const char *group,
    const char *stream,
    const char *id,
    int64_t time_ms,
    int64_t ingested_ms)
{
    struct stream *one = stream_of(s, group, stream);

    if (json_object_get(one->seen, id))
        return false;

    /* Not while it is read from its gap on: then it stands before the look's beginning anyway. */
    if (one->newest_ms < s->look_ms && s->look_ms > s->from_ms && !one->gap_ms &&
        time_ms >= s->look_ms)
        one->gap_ms = MAX(one->newest_ms - OVERLAP_MS, s->from_ms);

    one->newest_ms = MAX(one->newest_ms, time_ms);
    s->newest_ms = MAX(s->newest_ms, ingested_ms && ingested_ms < time_ms ? ingested_ms : time_ms);
    json_object_set_new(one->seen, id, json_integer(time_ms));
    return true;
}

/* What the next look, or a reading of its gap, could show again is kept. */
static void forget(struct stream *one, int64_t forgotten_ms)
{
    int64_t before = MIN(forgotten_ms, one->newest_ms - OVERLAP_MS);
    const char *id;
    json_t *time;
    void *next;

    json_object_foreach_safe(one->seen, next, id, time) {
        if (json_integer_value(time) < before)
            json_object_del(one->seen, id);
    }
}

/* Of too many those go that were silent for as long as it takes. */
static void drop_silent(struct log_streams *s)
{
    if (s->list.len <= STREAMS_MAX)
        return;

    size_t kept = 0;

    json_object_clear(s->index);
    vec_each(one, &s->list) {
        if (one->newest_ms < s->look_ms) {
            stream_done(one);
            continue;
        }

        cleanup_free char *key = key_of(one->group, one->name);
        json_object_set_new(s->index, key, json_integer((json_int_t)kept));
        s->list.items[kept++] = *one;
    }
    s->list.len = kept;
}

int64_t log_streams_look(struct log_streams *s, bool cheap)
{
    s->window_ms = cheap ? MIN(s->window_ms * 2, WINDOW_MAX) : MAX(s->window_ms / 2, OVERLAP_MS);
    s->look_ms = MAX(s->from_ms, s->newest_ms - s->window_ms);
    s->look_ms = MAX(s->look_ms, s->forgotten_ms);

    /* The next one may begin twice as far back. */
    s->forgotten_ms = MAX(s->forgotten_ms, s->newest_ms - 2 * s->window_ms);
    vec_each(one, &s->list)
        forget(one, s->forgotten_ms);
    drop_silent(s);

    return s->look_ms;
}

bool log_streams_gap(struct log_streams *s, char **group, char **stream, int64_t *from_ms)
{
    vec_each(one, &s->list) {
        if (!one->gap_ms)
            continue;

        *group = xstrdup(one->group);
        *stream = xstrdup(one->name);
        *from_ms = one->gap_ms;
        one->gap_ms = 0;
        return true;
    }

    return false;
}
