/* CloudWatch Logs of a project: a deployment's lines by query and by following.
 *
 *   groups (run, builds, ecs) ─ FilterLogEvents, page by page ─▶ lines ─ sort by time ─▶ fn
 *
 * The three groups are read one after the other and sorted together, so that a query is held whole;
 * where only the newest lines are wanted the older ones are dropped on the way. Following repeats
 * the query from a little before the newest line; what each stream has had, and what of it may be
 * missing, is known to log_streams.c.
 *
 * Stream names: "<service>/<service>_<deployment>/<task>" (shared/reference/defang.md 4.7); builds:
 * "image/kaniko/<task>"; the ecs group holds events, not lines of services. */
#include "engine/run/logs.h"

#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/run/log_streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_WINDOW_MS (60LL * 60 * 1000)
#define PAGE_EVENTS       1000
#define CHEAP_PAGES       3   /* a look that took so many may go further back */
#define PAGES_MAX         500 /* one may be empty: CloudWatch looks through so much for each */

#define KEEP_SLACK 4096 /* lines held beyond a limit before the older ones are dropped */

struct line {
    struct engine_log log;
    char *service, *host, *text, *id;
};

struct reader {
    struct engine_context *c;
    const struct flow_log_query *q;
    VEC(struct line) lines;
    size_t keep;                 /* the newest so many are wanted; 0 = all */
    size_t enough;               /* the oldest so many are wanted; 0 = all */
    struct log_streams *streams; /* while following */
    unsigned pages;              /* read in this look */
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

/* A build's stream names no deployment; it is asked by its service then. */
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

/* For the colour only; nothing depends on it. */
static bool looks_like_error(const char *text)
{
    return strcasestr(text, "error:") != NULL;
}

/* Lines of one millisecond stay in the order of their ids, so that a query answers the same
 * twice. */
static int by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->log.time_ms != y->log.time_ms)
        return x->log.time_ms < y->log.time_ms ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* Only the newest lines are wanted and there are many more: the older ones need not be held. */
static void drop_older(struct reader *r)
{
    if (!r->keep || r->lines.len < r->keep + KEEP_SLACK)
        return;

    qsort(r->lines.items, r->lines.len, sizeof *r->lines.items, by_time);
    size_t drop = r->lines.len - r->keep;

    for (size_t i = 0; i < drop; i++)
        line_done(&r->lines.items[i]);
    memmove(r->lines.items, r->lines.items + drop, r->keep * sizeof *r->lines.items);
    r->lines.len = r->keep;
}

/* False when it was handed on before. */
static bool is_new(struct reader *r, const char *source, const json_t *event)
{
    return !r->streams || log_streams_take(
                              r->streams,
                              source,
                              json_str_or(event, "logStreamName", ""),
                              json_str_or(event, "eventId", ""),
                              json_int_or(event, "timestamp", 0),
                              json_int_or(event, "ingestionTime", 0));
}

/* Whose line it is; false when its stream is none that we know. */
static bool name_line(
    struct reader *r,
    const char *source,
    const char *stream,
    char **service,
    char **deployment,
    char **task)
{
    if (text_eq(source, "ecs")) {
        *service = xstrdup("ecs");
        *deployment = xstrdup("");
        *task = xstrdup("");
        return true;
    }

    if (!parse_stream(stream, service, deployment, task))
        return false;

    if (text_eq(source, "build")) {
        const struct flow_log_query *q = r->q;
        char *known = q->build_service ? q->build_service(q->build_service_arg, *task) : NULL;
        free(*service);
        *service = known ? known : xstrdup("build");
    }

    return true;
}

static void take_event(struct reader *r, const char *source, const json_t *event)
{
    cleanup_free char *service = NULL, *deployment = NULL, *task = NULL;
    const char *id = json_str_or(event, "eventId", "");
    const char *stream = json_str_or(event, "logStreamName", "");
    const char *text = json_str_or(event, "message", "");
    int64_t time_ms = json_int_or(event, "timestamp", 0);

    if (!name_line(r, source, stream, &service, &deployment, &task))
        return;
    if (!text_eq(source, "ecs") && !wanted(r->q, service, deployment))
        return;
    if (!is_new(r, source, event))
        return;

    struct line line = {
        .service = steal(service), .host = steal(task), .text = xstrdup(text), .id = xstrdup(id)};
    line.log = (struct engine_log){
        .service = line.service,
        .source = source,
        .host = line.host,
        .text = line.text,
        .time_ms = time_ms,
        .error = looks_like_error(text)};
    vec_push(&r->lines, line);
    drop_older(r);
}

struct span {
    int64_t from_ms, to_ms; /* to 0: open */
    const char *stream;     /* of this one alone; NULL: of all */
};

/* A group that is not there has no lines: *reply stays NULL. */
static int read_page(
    struct reader *r,
    const char *group,
    struct span span,
    const char *next,
    json_t **reply,
    struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    json_t *end = span.to_ms ? json_of(span.to_ms) : NULL;
    json_t *only = span.stream ? json_pack("[s]", span.stream) : NULL;
    /* A person's text may be no UTF-8; it is left out then. */
    json_t *pattern = text_empty(r->q->filter) ? NULL : json_string(r->q->filter);
    json_t *in = object(
        key("logGroupName", group),
        key("logStreamNames", only),
        key("startTime", span.from_ms),
        key("endTime", end),
        key("filterPattern", pattern),
        key("nextToken", next),
        key("limit", PAGE_EVENTS));

    int rc = engine_call(r->c, &aws_logs_FilterLogEvents, in, reply, &local);
    if (rc == 0 || aws_error_is_not_found(&local))
        return 0;

    error_move(err, &local);
    return error_wrap(err, "reading the log group %s", group);
}

/* By what its lines are named after; the table is in the order in which they are read. */
static const struct {
    const char *source, *which;
} groups[] = {{"run", "logs"}, {"build", "builds"}, {"ecs", "ecs"}};

static const char *group_of(const char *source)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (text_eq(groups[i].source, source))
            return groups[i].which;
    return "";
}

static int read_group(struct reader *r, const char *source, struct span span, struct error *err)
{
    cleanup_free char *group = plan_log_group(r->c->settings, r->c->project, group_of(source));
    cleanup_free char *next = NULL;
    size_t before = r->lines.len;

    for (int page = 0; page < PAGES_MAX; page++) {
        cleanup_json json_t *reply = NULL;

        int rc = read_page(r, group, span, next, &reply, err);
        if (rc < 0 || !reply)
            return rc;

        size_t i;
        json_t *event;

        json_array_foreach(json_object_get(reply, "events"), i, event) {
            take_event(r, source, event);
        }

        r->pages++;
        free(next);
        next = xstrdup_null(json_str(reply, "nextToken"));
        bool enough = r->enough && r->lines.len - before >= r->enough; /* pages come by time */
        if (text_empty(next) || enough)
            return 0;
    }

    error_raise(
        err, ERR_REFUSED, "the log group %s has more in that time than can be read at once", group);
    error_hint(err, "ask for less: --since and --until a shorter time apart, or --filter PATTERN");
    return -EPERM;
}

static int read_all(struct reader *r, struct span span, struct error *err)
{
    const bool read[ARRAY_LEN(groups)] = {r->q->run, r->q->build, r->q->ecs};
    int rc = 0;

    r->pages = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(groups); i++)
        if (read[i])
            rc = read_group(r, groups[i].source, span, err);
    return rc;
}

static void sort(struct reader *r)
{
    if (r->lines.len)
        qsort(r->lines.items, r->lines.len, sizeof *r->lines.items, by_time);
}

/* With --since the first lines are kept, without it the last ones. */
static void cut(struct reader *r, bool first_lines, unsigned limit)
{
    size_t n = r->lines.len;
    if (!limit || n <= limit)
        return;

    sort(r);
    size_t drop = n - limit, from = first_lines ? limit : 0;
    for (size_t i = from; i < from + drop; i++)
        line_done(&r->lines.items[i]);
    if (!first_lines)
        memmove(r->lines.items, r->lines.items + drop, limit * sizeof *r->lines.items);
    r->lines.len = limit;
}

/* The same line of the same task; the two come from one log, and in the kept one secrets are
 * masked. */
static bool is_there(const struct reader *r, size_t n, const struct engine_log *kept)
{
    for (size_t i = 0; i < n; i++) {
        const struct engine_log *l = &r->lines.items[i].log;
        bool of_it = l->time_ms == kept->time_ms && text_eq(l->host, kept->host);
        if (of_it && (text_eq(l->text, kept->text) || strstr(kept->text, "*** (")))
            return true;
    }

    return false;
}

static void add_kept(struct reader *r)
{
    size_t n = r->lines.len;

    for (size_t i = 0; i < r->q->kept_count; i++) {
        const struct engine_log *k = &r->q->kept[i];
        if (is_there(r, n, k))
            continue;

        struct line line = {
            .service = xstrdup(k->service),
            .host = xstrdup(k->host),
            .text = xstrdup(k->text),
            .id = xasprintf("~%08zu", i)}; /* after those of the groups, in their order */
        line.log = *k;
        line.log.service = line.service;
        line.log.host = line.host;
        line.log.text = line.text;
        vec_push(&r->lines, line);
    }
}

static int
hand_over(struct reader *r, int (*fn)(void *arg, const struct engine_log *line), void *arg)
{
    int rc = 0;

    sort(r);
    vec_each(line, &r->lines) {
        if (rc == 0)
            rc = fn(arg, &line->log);
        line_done(line);
    }

    vec_clear(&r->lines);
    return rc;
}

/* Of streams that are new, or come back after a silence, what they had before the look. */
static int read_gaps(struct reader *r, struct error *err)
{
    char *source, *stream;
    int64_t from_ms;
    int rc = 0;

    while (rc == 0 && log_streams_gap(r->streams, &source, &stream, &from_ms)) {
        rc = read_group(r, source, (struct span){.from_ms = from_ms, .stream = stream}, err);
        free(source);
        free(stream);
    }

    return rc;
}

/* Until the fiber is canceled, or whoever reads is gone. */
static int follow(
    struct reader *r,
    int (*fn)(void *arg, const struct engine_log *line),
    void *arg,
    struct error *err)
{
    struct engine_pace pace = {0};
    r->keep = 0;
    for (;;) {
        int64_t from_ms = log_streams_look(r->streams, r->pages <= CHEAP_PAGES);

        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");

        int rc = read_all(r, (struct span){.from_ms = from_ms}, err);
        if (rc == 0)
            rc = read_gaps(r, err);
        if (rc < 0)
            return rc;
        if (r->lines.len)
            engine_pace_news(&pace);
        rc = hand_over(r, fn, arg);
        if (rc < 0)
            return rc;
    }
}

int flow_logs(
    struct engine_context *c,
    const struct flow_log_query *q,
    int (*fn)(void *arg, const struct engine_log *line),
    void *arg,
    struct error *err)
{
    struct reader r = {.c = c, .q = q};
    struct span span = {.from_ms = q->since_ms, .to_ms = q->until_ms};

    if (!span.from_ms && !span.to_ms && q->window_from_ms)
        span =
            (struct span){.from_ms = q->window_from_ms, .to_ms = q->follow ? 0 : q->window_to_ms};
    if (!span.from_ms)
        span.from_ms = (q->until_ms ? q->until_ms : clock_wall_ms()) - DEFAULT_WINDOW_MS;

    if (q->follow)
        r.streams = log_streams_new(span.from_ms);

    /* Following from a time on is all lines from then on: a limit would leave a gap. */
    unsigned limit = q->follow && q->since_ms ? 0 : q->limit;
    r.keep = q->since_ms ? 0 : limit;
    r.enough = q->since_ms ? limit : 0;

    int rc = read_all(&r, span, err);
    if (rc == 0) {
        cut(&r, q->since_ms != 0, limit);
        add_kept(&r);
        if (q->limit_all)
            cut(&r, q->since_ms != 0, limit);
        rc = hand_over(&r, fn, arg);
    }

    if (rc == 0 && q->follow)
        rc = follow(&r, fn, arg, err);

    vec_each(line, &r.lines)
        line_done(line);
    vec_free(&r.lines);
    log_streams_free(r.streams);
    return rc;
}
