/* Log queries: which lines, how many, and each once.
 *
 * Shown: the limit keeps the first or the last lines; following loses and repeats nothing, whatever
 * the order in which CloudWatch shows them; a group that is not there has no lines. */
#include "engine/run/logs.h"
#include "engine/task/log_tail.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <errno.h>
#include <string.h>

#define NOW FAKE_CLOCK_START_MS

static struct cloud cl;
static struct flow_log_query q;
static unsigned taken, stop_after;

static int take(void *arg, const struct engine_log *line)
{
    cl.sink.log(&cl, line);
    return stop_after && ++taken >= stop_after ? -EPIPE : 0;
}

static void setup(void)
{
    cloud_init(&cl);
    q = (struct flow_log_query){.run = true};
    taken = stop_after = 0;
}

static void finish(void)
{
    cloud_done(&cl);
}

static void logs(struct cloud *c)
{
    error_done(&c->err);
    c->rc = flow_logs(&c->c, &q, take, NULL, &c->err);
}

static char *event(const char *stream, int id, int64_t at_ms, const char *text)
{
    return xasprintf(
        "{\"logStreamName\":\"%s\",\"eventId\":\"%d\",\"timestamp\":%lld,\"message\":\"%s\"}",
        stream,
        id,
        (long long)at_ms,
        text);
}

/* n lines of web, one a second, the last one now. */
static char *lines(int first, int n)
{
    struct str out = STR_INIT;
    str_append(&out, "{\"events\":[");
    for (int i = 0; i < n; i++) {
        cleanup_free char *text = xasprintf("line %d.", first + i);
        cleanup_free char *e =
            event("web/web_k3j2h4g5f6d7/t1", first + i, NOW - (int64_t)(n - 1 - i) * 1000, text);
        str_appendf(&out, "%s%s", i ? "," : "", e);
    }
    str_append(&out, "]}");
    return str_take(&out);
}

START_TEST(services_and_deployments_are_told_apart)
{
    static const char *const api[] = {"api"};
    setup();
    cleanup_free char *a = event("web/web_k3j2h4g5f6d7/t1", 1, NOW, "one"),
                      *b = event("api/api_k3j2h4g5f6d7/t2", 2, NOW + 1, "two"),
                      *c = event("api/api_000000000000/t3", 3, NOW + 2, "three"),
                      *d = event("nonsense", 4, NOW, "four");
    cleanup_free char *all = xasprintf("{\"events\":[%s,%s,%s,%s]}", c, b, a, d);
    cloud_reply(&cl, "FilterLogEvents", all);
    cloud_run(&cl, logs);
    ck_assert_uint_eq(cl.said.len, 3);
    ck_assert_str_eq(cl.said.items[0], "log web: one"); /* by time */
    q.services = api;
    q.service_count = 1;
    q.deployment = "k3j2h4g5f6d7";
    cloud_run(&cl, logs);
    ck_assert_uint_eq(cl.said.len, 4);
    ck_assert_str_eq(cl.said.items[3], "log api: two");
    ck_assert(
        cloud_body_has(&cl, "FilterLogEvents", 0, "\"logGroupName\":\"/Defang/shop/beta/logs\""));
    finish();
}
END_TEST

START_TEST(a_limit_keeps_the_last_lines_or_with_since_the_first)
{
    setup();
    cleanup_free char *text = lines(1, 50);
    cloud_reply(&cl, "FilterLogEvents", text);
    q.limit = 2;
    cloud_run(&cl, logs);
    ck_assert_uint_eq(cl.said.len, 2);
    ck_assert_str_eq(cl.said.items[0], "log web: line 49.");
    q.since_ms = NOW - 3600 * 1000;
    cloud_run(&cl, logs);
    ck_assert_uint_eq(cl.said.len, 4);
    ck_assert_str_eq(cl.said.items[2], "log web: line 1.");
    finish();
}
END_TEST

START_TEST(the_window_ends_where_until_says)
{
    setup();
    cloud_reply(&cl, "FilterLogEvents", "{\"events\":[]}");
    q.until_ms = NOW - 24LL * 3600 * 1000;
    cloud_run(&cl, logs);
    cleanup_free char *end = xasprintf("\"endTime\":%lld", (long long)q.until_ms),
                      *start = xasprintf("\"startTime\":%lld", (long long)q.until_ms - 3600 * 1000);
    ck_assert(cloud_body_has(&cl, "FilterLogEvents", 0, end));
    ck_assert_msg(
        cloud_body_has(&cl, "FilterLogEvents", 0, start),
        "%s",
        cloud_body(&cl, "FilterLogEvents", 0));
    finish();
}
END_TEST

START_TEST(pages_are_read_to_the_end)
{
    setup();
    cleanup_free char *first = event("web/web_k3j2h4g5f6d7/t1", 1, NOW, "one"),
                      *second = event("web/web_k3j2h4g5f6d7/t1", 2, NOW, "two");
    cleanup_free char *a = xasprintf("{\"events\":[%s],\"nextToken\":\"n1\"}", first),
                      *b = xasprintf("{\"events\":[%s]}", second);
    cloud_reply(&cl, "FilterLogEvents", a);
    cloud_reply(&cl, "FilterLogEvents", b);
    cloud_run(&cl, logs);
    ck_assert_uint_eq(cl.said.len, 2);
    ck_assert(cloud_body_has(&cl, "FilterLogEvents", 1, "\"nextToken\":\"n1\""));
    finish();
}
END_TEST

START_TEST(more_than_can_be_read_is_said)
{
    setup();
    cloud_reply(&cl, "FilterLogEvents", "{\"events\":[],\"nextToken\":\"again\"}");
    cloud_run(&cl, logs);
    ck_assert_int_lt(cl.rc, 0);
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "--since"));
    finish();
}
END_TEST

START_TEST(no_more_is_read_than_a_limit_needs)
{
    setup();
    cleanup_free char *one = lines(1, 50), *page = NULL;
    one[strlen(one) - 1] = '\0';
    page = xasprintf("%s,\"nextToken\":\"more\"}", one);
    cloud_reply(&cl, "FilterLogEvents", page);
    q.since_ms = NOW - 3600 * 1000;
    q.limit = 60;
    cloud_run(&cl, logs);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cl.said.len, 60);
    ck_assert_uint_eq(cloud_count(&cl, "FilterLogEvents"), 2);
    finish();
}
END_TEST

START_TEST(a_group_that_is_not_there_has_no_lines)
{
    setup();
    q.build = q.ecs = true;
    cloud_fail(&cl, "FilterLogEvents", 400, "ResourceNotFoundException", "no group");
    cloud_run(&cl, logs);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "FilterLogEvents"), 3);
    finish();
}
END_TEST

static char *whose(void *arg, const char *task)
{
    return text_eq(task, "b1") ? xstrdup("api") : NULL;
}

START_TEST(build_lines_are_named_by_their_task)
{
    setup();
    q = (struct flow_log_query){.build = true, .build_service = whose};
    cleanup_free char *a = event("image/kaniko/b1", 1, NOW, "ours"),
                      *b = event("image/kaniko/b2", 2, NOW + 1, "whose"),
                      *both = xasprintf("{\"events\":[%s,%s]}", a, b);
    cloud_reply(&cl, "FilterLogEvents", both);
    cloud_run(&cl, logs);
    ck_assert_str_eq(cl.said.items[0], "log api: ours");
    ck_assert_str_eq(cl.said.items[1], "log build: whose");
    finish();
}
END_TEST

/* Like CloudWatch: what is not older than startTime; a line comes late; the clock of AWS is a
 * minute behind ours. */
struct group {
    int reads;
};

static void
filter(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct group *g = arg;
    cleanup_json json_t *in = NULL;
    ck_assert_int_eq(json_parse(call->body, strlen(call->body), &in, NULL), 0);
    long long from = json_int_or(in, "startTime", 0);

    const struct {
        int since_read;
        int64_t at_ms;
    } all[] = {{1, -70000}, {1, -61000}, {2, -60500}, {3, -60700}, {4, -59000}};
    cleanup_str struct str out = STR_INIT;
    g->reads++;
    str_append(&out, "{\"events\":[");
    for (size_t i = 0, n = 0; i < ARRAY_LEN(all); i++) {
        if (g->reads < all[i].since_read || NOW + all[i].at_ms < from)
            continue;
        cleanup_free char *text = xasprintf("line %zu.", i),
                          *e = event("web/web_k3j2h4g5f6d7/t1", (int)i, NOW + all[i].at_ms, text);
        str_appendf(&out, "%s%s", n++ ? "," : "", e);
    }
    str_append(&out, "]}");
    reply->text = str_take(&out);
}

START_TEST(following_shows_every_line_once)
{
    struct group g = {0};
    setup();
    q.follow = true;
    cloud_on(&cl, "FilterLogEvents", filter, &g);
    cloud_run_canceled(&cl, logs, 60 * 1000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cl.said.len, 5);
    for (int i = 0; i < 5; i++) {
        cleanup_free char *text = xasprintf("line %d.", i);
        ck_assert_msg(cloud_said(&cl, text) == 1, "%s", text);
    }
    ck_assert_uint_gt(cloud_count(&cl, "FilterLogEvents"), 10);
    finish();
}
END_TEST

/* Row 14. What streams have, and after which read CloudWatch shows it: times in seconds from the
 * beginning of the test. Many lines of one stream make a look a short one. */
struct late_line {
    const char *stream;
    int read, at_s;
};

struct streams {
    const struct late_line *lines;
    size_t count;
    int reads;
    bool busy; /* pages are said to be full */
};

static void
filter_streams(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct streams *s = arg;
    cleanup_json json_t *in = NULL;
    ck_assert_int_eq(json_parse(call->body, strlen(call->body), &in, NULL), 0);

    long long from = json_int_or(in, "startTime", 0);
    const json_t *only = json_array_get(json_object_get(in, "logStreamNames"), 0);
    const char *next = json_str(in, "nextToken");
    cleanup_str struct str out = STR_INIT;
    bool more = s->busy && !only && (!next || strlen(next) < 4);

    s->reads += !only && !next;
    str_append(&out, "{\"events\":[");
    for (size_t i = 0, n = 0; i < s->count && !more; i++) {
        const struct late_line *l = &s->lines[i];
        cleanup_free char *stream = xasprintf("web/web_k3j2h4g5f6d7/%s", l->stream);
        if (s->reads < l->read || NOW + l->at_s * 1000LL < from ||
            (only && strcmp(json_string_value(only), stream) != 0))
            continue;
        cleanup_free char *e = xasprintf(
            "{\"logStreamName\":\"%s\",\"eventId\":\"%zu\",\"timestamp\":%lld,"
            "\"ingestionTime\":%lld,\"message\":\"line %zu.\"}",
            stream,
            i,
            NOW + l->at_s * 1000LL,
            NOW + MIN(l->at_s, 10) * 1000LL,
            i);
        str_appendf(&out, "%s%s", n++ ? "," : "", e);
    }
    str_append(&out, "]");
    if (more)
        str_appendf(&out, ",\"nextToken\":\"%s+\"", next ? next : "");
    str_append(&out, "}");
    reply->text = str_take(&out);
}

START_TEST(survive_14_no_stream_loses_a_line_or_shows_one_twice)
{
    static const struct {
        const char *what;
        bool busy;
        struct late_line lines[8];
    } cases[] = {
        {"a stream arrives later, with what it wrote before",
         false,
         {{"a", 1, -5}, {"b", 4, -65}, {"b", 4, -31}, {"b", 4, -1}, {"a", 6, 5}}},
        {"the same where much is written",
         true,
         {{"a", 1, -5}, {"b", 4, -65}, {"b", 4, -31}, {"b", 4, -1}, {"a", 6, 5}}},
        {"a stream comes back after minutes, with all of them",
         true,
         {{"a", 1, -600},
          {"b", 1, -590},
          {"b", 2, -5},
          {"a", 5, -580},
          {"a", 5, -300},
          {"a", 5, -4}}},
        {"one whose clock is ahead takes nothing with it",
         false,
         {{"a", 1, -5}, {"b", 2, 3000}, {"a", 4, -2}, {"a", 5, 1}}},
        {"late and out of order within one stream",
         false,
         {{"a", 1, -5}, {"a", 3, -9}, {"a", 4, -50}, {"b", 4, -55}}},
        {"a whole stream comes late, and is silent then",
         false,
         {{"a", 1, -300}, {"a", 2, -1}, {"b", 5, -200}, {"b", 5, -199}}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t count = 0;

        while (count < 8 && cases[i].lines[count].stream)
            count++;
        struct streams s = {.lines = cases[i].lines, .count = count, .busy = cases[i].busy};

        setup();
        q.follow = true;
        cloud_on(&cl, "FilterLogEvents", filter_streams, &s);
        cloud_run_canceled(&cl, logs, 120 * 1000);
        ck_assert_int_eq(cl.rc, -ECANCELED);
        for (size_t k = 0; k < count; k++) {
            cleanup_free char *text = xasprintf("line %zu.", k);
            ck_assert_msg(
                cloud_said(&cl, text) == 1,
                "%s: line %zu %u times",
                cases[i].what,
                k,
                (unsigned)cloud_said(&cl, text));
        }
        ck_assert_uint_eq(cl.said.len, count);
        finish();
    }
}
END_TEST

START_TEST(following_since_skips_nothing)
{
    setup();
    q.follow = true;
    q.since_ms = NOW - 3600 * 1000;
    q.limit = 100;
    cleanup_free char *text = lines(1, 250);
    cloud_reply(&cl, "FilterLogEvents", text);
    cloud_reply(&cl, "FilterLogEvents", "{\"events\":[]}");
    cloud_run_canceled(&cl, logs, 30 * 1000);
    ck_assert_uint_eq(cl.said.len, 250);
    finish();
}
END_TEST

START_TEST(a_reader_that_left_ends_it)
{
    setup();
    q.follow = true;
    stop_after = 1;
    cleanup_free char *text = lines(1, 5);
    cloud_reply(&cl, "FilterLogEvents", text);
    cloud_run(&cl, logs);
    ck_assert_int_eq(cl.rc, -EPIPE);
    ck_assert_uint_eq(cl.said.len, 1);
    finish();
}
END_TEST

static char *tail;

static void read_tail(struct cloud *c)
{
    c->rc = flow_log_tail(&c->c, "/Defang/shop/beta/logs", "web/w/t", 40, &tail, &c->err);
}

START_TEST(the_tail_of_a_stream)
{
    setup();
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[{\"message\":\"a\"},{\"message\":\"b\"}]}");
    cloud_run(&cl, read_tail);
    ck_assert_str_eq(tail, "a\nb");
    free(tail);
    finish();
    setup();
    cloud_fail(&cl, "GetLogEvents", 400, "ResourceNotFoundException", "no stream");
    cloud_run(&cl, read_tail);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_ptr_null(tail);
    finish();
}
END_TEST

SUITE(
    "engine/logs",
    services_and_deployments_are_told_apart,
    a_limit_keeps_the_last_lines_or_with_since_the_first,
    the_window_ends_where_until_says,
    pages_are_read_to_the_end,
    more_than_can_be_read_is_said,
    no_more_is_read_than_a_limit_needs,
    a_group_that_is_not_there_has_no_lines,
    build_lines_are_named_by_their_task,
    following_shows_every_line_once,
    survive_14_no_stream_loses_a_line_or_shows_one_twice,
    following_since_skips_nothing,
    a_reader_that_left_ends_it,
    the_tail_of_a_stream)
