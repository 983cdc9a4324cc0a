/* CloudWatch Logs: a deployment's lines by query, by following, and the tail of one stream.
 * Stream names: "<service>/<service>_<deployment>/<task>" (shared/reference/defang.md 4.7). */
#include "engine/flow.h"

#include "aws/operations.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "loop/fiber.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_WINDOW_MS (60LL * 60 * 1000)
#define PAGE_EVENTS       1000
#define PAGES_MAX         200
/* CloudWatch shows lines late and out of order: following reads again a little of what it had and drops what it knows. */
#define OVERLAP_MS        10000
#define SEEN_MAX          20000

int flow_log_tail(struct engine_context *c, const char *group, const char *stream, unsigned lines, char **text, struct error *err)
{
    *text = NULL;
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    int rc = engine_call(c, &aws_logs_GetLogEvents, json_pack("{s:s,s:s,s:i,s:b}", "logGroupName", group, "logStreamName", stream, "limit",
                                                              (int)lines, "startFromHead", 0), &reply, &local);
    if (rc < 0 && aws_error_is_not_found(&local))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return rc;
    }
    cleanup_str struct str out = STR_INIT;
    size_t i;
    json_t *event;
    json_array_foreach(json_object_get(reply, "events"), i, event)
        str_appendf(&out, "%s%s", out.len ? "\n" : "", json_str_or(event, "message", ""));
    if (out.len)
        *text = str_take(&out);
    return 0;
}

struct line { struct engine_log log; char *service, *host, *text, *id; };

struct reader {
    struct engine_context *c;
    const struct flow_log_query *q;
    VEC(struct line) lines;
    VEC(char *) seen;   /* event ids, sorted not: bounded by SEEN_MAX, only while following */
};

static void line_done(struct line *l)
{
    free(l->service);
    free(l->host);
    free(l->text);
    free(l->id);
}

/* Splits "<service>/<service>_<deployment>/<task>" and, for builds, "image/kaniko/<task>". */
static bool parse_stream(const char *stream, char **service, char **deployment, char **task)
{
    const char *a = strchr(stream, '/');
    const char *b = a ? strchr(a + 1, '/') : NULL;
    if (!b)
        return false;
    const char *underscore = memrchr(a + 1, '_', (size_t)(b - a - 1));
    *service = xstrndup(stream, (size_t)(a - stream));
    *deployment = underscore ? xstrndup(underscore + 1, (size_t)(b - underscore - 1)) : xstrdup("");
    *task = xstrdup(b + 1);
    return true;
}

static bool wanted(const struct flow_log_query *q, const char *service, const char *deployment)
{
    if (q->deployment && !text_empty(deployment) && !text_eq(q->deployment, deployment))
        return false;
    if (q->service_count == 0)
        return true;
    for (size_t i = 0; i < q->service_count; i++)
        if (text_eq(q->services[i], service))
            return true;
    return false;
}

static bool looks_like_error(const char *text)
{
    return strcasestr(text, "error:") != NULL;
}

static bool known(struct reader *r, const char *id)
{
    vec_each(seen, &r->seen)
        if (text_eq(*seen, id))
            return true;
    return false;
}

static void remember(struct reader *r, const char *id)
{
    if (r->seen.len >= SEEN_MAX) {
        size_t drop = SEEN_MAX / 2;
        for (size_t i = 0; i < drop; i++)
            free(r->seen.items[i]);
        memmove(r->seen.items, r->seen.items + drop, (r->seen.len - drop) * sizeof *r->seen.items);
        r->seen.len -= drop;
    }
    vec_push(&r->seen, xstrdup(id));
}

static void take_event(struct reader *r, const char *source, const json_t *event)
{
    cleanup_free char *service = NULL, *deployment = NULL, *task = NULL;
    const char *id = json_str_or(event, "eventId", "");
    if (r->q->follow && known(r, id))
        return;
    if (text_eq(source, "ecs"))
        service = xstrdup("ecs"), deployment = xstrdup(""), task = xstrdup("");
    else if (!parse_stream(json_str_or(event, "logStreamName", ""), &service, &deployment, &task))
        return;
    if (text_eq(source, "build")) {
        free(service);
        char *known_service = r->q->build_service ? r->q->build_service(r->q->build_service_arg, task) : NULL;
        service = known_service ? known_service : xstrdup("build");
    }
    if (!text_eq(source, "ecs") && !wanted(r->q, service, deployment))
        return;
    const char *text = json_str_or(event, "message", "");
    struct line line = {.service = steal(service), .host = steal(task), .text = xstrdup(text), .id = xstrdup(id)};
    line.log = (struct engine_log){.service = line.service, .source = source, .host = line.host, .text = line.text,
                                   .time_ms = json_int_or(event, "timestamp", 0), .error = looks_like_error(text)};
    vec_push(&r->lines, line);
    if (r->q->follow)
        remember(r, id);
}

static int read_group(struct reader *r, const char *which, const char *source, int64_t from_ms, int64_t to_ms, struct error *err)
{
    cleanup_free char *group = plan_log_group(r->c->settings, r->c->project, which);
    cleanup_free char *next = NULL;
    for (int page = 0; page < PAGES_MAX; page++) {
        json_t *in = json_pack("{s:s,s:I,s:i}", "logGroupName", group, "startTime", (json_int_t)from_ms, "limit", PAGE_EVENTS);
        if (to_ms)
            json_object_set_new(in, "endTime", json_integer(to_ms));
        if (!text_empty(r->q->filter))
            json_object_set_new(in, "filterPattern", json_string(r->q->filter));
        if (next)
            json_object_set_new(in, "nextToken", json_string(next));
        cleanup_json json_t *reply = NULL;
        cleanup_error struct error local = ERROR_INIT;
        int rc = engine_call(r->c, &aws_logs_FilterLogEvents, in, &reply, &local);
        if (rc < 0 && aws_error_is_not_found(&local))
            return 0; /* a group that is not there has no lines */
        if (rc < 0) {
            error_move(err, &local);
            return error_wrap(err, "reading the log group %s", group);
        }
        size_t i;
        json_t *event;
        json_array_foreach(json_object_get(reply, "events"), i, event)
            take_event(r, source, event);
        free(next);
        next = xstrdup_null(json_str(reply, "nextToken"));
        if (text_empty(next))
            break;
    }
    return 0;
}

static int read_all(struct reader *r, int64_t from_ms, int64_t to_ms, struct error *err)
{
    int rc = 0;
    if (r->q->run)
        rc = read_group(r, "logs", "run", from_ms, to_ms, err);
    if (rc == 0 && r->q->build)
        rc = read_group(r, "builds", "build", from_ms, to_ms, err);
    if (rc == 0 && r->q->ecs)
        rc = read_group(r, "ecs", "ecs", from_ms, to_ms, err);
    return rc;
}

static int by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    return x->log.time_ms < y->log.time_ms ? -1 : x->log.time_ms > y->log.time_ms ? 1 : strcmp(x->id, y->id);
}

/* With --since the first lines are kept, without it the last ones. */
static int hand_over(struct reader *r, bool first_lines, unsigned limit, int (*fn)(void *arg, const struct engine_log *line), void *arg)
{
    int rc = 0;
    if (r->lines.len)
        qsort(r->lines.items, r->lines.len, sizeof *r->lines.items, by_time);
    size_t n = r->lines.len, begin = 0, end = n;
    if (limit && n > limit) {
        begin = first_lines ? 0 : n - limit;
        end = first_lines ? limit : n;
    }
    for (size_t i = 0; i < n; i++) {
        if (rc == 0 && i >= begin && i < end)
            rc = fn(arg, &r->lines.items[i].log);
        line_done(&r->lines.items[i]);
    }
    vec_clear(&r->lines);
    return rc;
}

static int follow(struct reader *r, int64_t from_ms, int (*fn)(void *arg, const struct engine_log *line), void *arg, struct error *err)
{
    struct engine_pace pace = {0};
    for (;;) {
        int64_t asked_ms = clock_wall_ms();
        int rc = read_all(r, from_ms, 0, err);
        if (rc < 0)
            return rc;
        if (r->lines.len)
            engine_pace_news(&pace);
        rc = hand_over(r, true, 0, fn, arg);
        if (rc < 0)
            return rc;
        from_ms = MAX(from_ms, asked_ms - OVERLAP_MS);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

int flow_logs(struct engine_context *c, const struct flow_log_query *q, int (*fn)(void *arg, const struct engine_log *line), void *arg, struct error *err)
{
    struct reader r = {.c = c, .q = q};
    int64_t from_ms = q->since_ms ? q->since_ms : clock_wall_ms() - DEFAULT_WINDOW_MS;
    int rc = read_all(&r, from_ms, q->until_ms, err);
    if (rc == 0)
        rc = hand_over(&r, q->since_ms != 0, q->limit, fn, arg);
    if (rc == 0 && q->follow)
        rc = follow(&r, MAX(from_ms, clock_wall_ms() - OVERLAP_MS), fn, arg, err);
    vec_each(line, &r.lines)
        line_done(line);
    vec_free(&r.lines);
    vec_each(seen, &r.seen)
        free(*seen);
    vec_free(&r.seen);
    return rc;
}
