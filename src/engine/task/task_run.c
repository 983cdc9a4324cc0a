/* One Fargate task from its start to its end; task_run.h says what stays in the journal.
 *
 *   [token, flushed] ─▶ RunTask ─ refused for now ─▶ wait for room, a new token ─▶ RunTask …
 *                          └─ started ─▶ [task, flushed] ─▶ follow: state and log, in turns
 *
 * RunTask is the effect: a cancel in the middle would leave a task that nobody knows, so it is
 * shielded, and a lost answer is asked for again under the same token. A refusal means that nothing
 * ran, so the next try has a token of its own.
 *
 * The log is read from where it was told to last; lines and the marker stand in one turn of the
 * loop. The last look at the log comes after the last look at the state, so that no line is lost.
 * Whoever stops looking stops the task, unless the daemon goes down: its next life attaches. */
#include "engine/task/task_run.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/task/tasks.h"
#include "loop/fiber.h"

#include <string.h>

#define ROOM_WAIT_MS  (20LL * 60 * 1000)
#define ROLE_WAIT_MS  (60LL * 1000)
#define ROOM_PAUSE_MS 10000
/* Until ECS must know what it has started: DescribeTasks is eventually consistent (API reference,
 * RunTask: "wait, with exponential backoff, up to several minutes"). */
#define UNSEEN_WAIT_MS (60LL * 1000)
#define LATE_LINES_MS  (20 * 1000) /* after the end, for lines that come late */
#define LOG_PAGES      20          /* in one turn; the rest comes with the next */

/* All keys of a task stand under its own, so that a job may run many. */
static int journal_put(struct task_run *t, const char *what, const char *value, struct error *err)
{
    cleanup_free char *key = xasprintf("%s.%s", t->key, what);
    return engine_journal_put(t->c, key, value, err);
}

static int journal_get(struct task_run *t, const char *what, char **value, struct error *err)
{
    cleanup_free char *key = xasprintf("%s.%s", t->key, what);
    return engine_journal_get(t->c, key, value, err);
}

static void show(struct task_run *t, const char *text, const char *more)
{
    engine_row(
        t->c,
        t->row_kind,
        t->row,
        ENGINE_ACTIVE,
        t->order,
        t->usual,
        "%s%s%s",
        t->row_prefix,
        text,
        more);
}

static json_t *input_with_token(const struct task_run *t, const char *token)
{
    json_t *in = json_copy((json_t *)t->input);
    json_add(in, "clientToken", json_of(token));
    return in;
}

/* Why ECS may refuse a task now and take it later: nothing ran then. The vCPU quota of a young
 * account is small (often 6), and builds run beside each other; ECS says so in `failures` or as an
 * exception. A role that was made seconds ago may not be known everywhere. */
static int64_t room_wait_ms(const char *why)
{
    static const struct {
        const char *text;
        int64_t wait_ms;
    } reasons[] = {
        {"reached the limit on the number of", ROOM_WAIT_MS},
        {"Capacity is unavailable", ROOM_WAIT_MS},
        {"RESOURCE:", ROOM_WAIT_MS},
        {"unable to assume the role", ROLE_WAIT_MS},
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (why && strstr(why, reasons[i].text))
            return reasons[i].wait_ms;
    return -1;
}

/* Shielded for the call alone: the waits between two tries may be canceled. */
static int run_task_call(struct task_run *t, const char *token, json_t **reply, struct error *err)
{
    struct engine_patience patience = {0};

    for (;;) {
        fiber_shield(true);
        int rc = aws_call(t->c->aws, &aws_ecs_RunTask, input_with_token(t, token), reply, err);
        fiber_shield(false);
        if (!engine_again(t->c, &patience, rc, err))
            return rc;
    }
}

/* In the reply's failures, or as the error. */
static char *refusal_of(int rc, const json_t *reply, const struct error *err)
{
    if (rc < 0)
        return xstrdup(err->message);
    return xasprintf(
        "%s %s",
        json_str_or(reply, "failures.0.reason", "no reason given"),
        json_str_or(reply, "failures.0.detail", ""));
}

/* One RunTask. *why is set when ECS refused. */
static int run_task(struct task_run *t, const char *token_key, char **why, struct error *err)
{
    cleanup_free char *token = NULL;
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;

    int rc = engine_token(t->c, token_key, &token, err);
    if (rc < 0)
        return rc;

    rc = run_task_call(t, token, &reply, &local);
    if (rc < 0 && room_wait_ms(local.message) < 0) {
        error_move(err, &local);
        return error_wrap(err, "starting %s", t->what);
    }

    t->task_arn = xstrdup_null(json_str(reply, "tasks.0.taskArn"));
    if (!t->task_arn)
        *why = refusal_of(rc, reply, &local);
    return 0;
}

/* Nothing ran under the token, so the next try has one of its own. */
static int wait_for_room(
    struct task_run *t, const char *token_key, const char *why, int64_t since_ms, struct error *err)
{
    if (loop_now_ms(t->c->loop) - since_ms >= room_wait_ms(why)) {
        int rc = error_raise(err, ERR_CLOUD, "ECS did not start %s: %s", t->what, why);
        if (room_wait_ms(why) == ROOM_WAIT_MS)
            error_hint(
                err,
                "end other Fargate tasks, or ask Service Quotas for more \"Fargate On-Demand vCPU "
                "resource count\"");
        return rc;
    }

    show(t, "waiting for ECS: ", why);
    int rc = engine_journal_put(t->c, token_key, NULL, err);
    if (rc == 0 && fiber_sleep(ROOM_PAUSE_MS) < 0)
        rc = error_raise(err, ERR_CANCELED, "canceled");
    return rc;
}

/* The token first, then the call, then the ARN: a kill between any two of them is found again by
 * what stands before it. */
static int start(struct task_run *t, struct error *err)
{
    int rc = journal_get(t, "task", &t->task_arn, err);
    cleanup_free char *token_key = xasprintf("%s.token", t->key);
    int64_t since_ms = loop_now_ms(t->c->loop);

    if (rc < 0 || t->task_arn)
        return rc;

    while (rc == 0 && !t->task_arn) {
        cleanup_free char *why = NULL;
        rc = run_task(t, token_key, &why, err);
        if (rc == 0 && why)
            rc = wait_for_room(t, token_key, why, since_ms, err);
    }

    if (rc == 0)
        rc = journal_put(t, "task", t->task_arn, err);
    return rc < 0 ? rc : engine_journal_flush(t->c, err);
}

/* Events of a program that speaks to us are no lines for people. */
static void tell_line(struct task_run *t, const json_t *event)
{
    const char *text = json_str_or(event, "message", "");
    const char *sign = text_eq(t->source, "build") ? "error" : "error:";

    if (t->take_line && t->take_line(t, text))
        return;

    t->c->sink->log(
        t->c->sink->arg,
        &(struct engine_log){
            .service = t->service,
            .source = t->source,
            .host = task_id(t->task_arn),
            .text = text,
            .time_ms = json_int_or(event, "timestamp", 0),
            .error = strcasestr(text, sign) != NULL});
    if (t->on_line)
        t->on_line(t, text);
}

/* The task does its work whether or not we may read what it prints. */
static int go_on_unread(struct task_run *t, const struct error *refused)
{
    t->unread = true;
    engine_note(
        t->c,
        ENGINE_SAY_WARNING,
        "`defangctl cd policy` lists the rights that a deployment needs",
        "the log of %s cannot be shown: %s",
        t->what,
        refused->message);
    return 0;
}

static int read_page(struct task_run *t, json_t **reply, struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    json_t *in = object(
        key("logGroupName", t->group),
        key("logStreamName", t->stream),
        key("nextToken", t->log_token),
        key("startFromHead", true));

    int rc = engine_call(t->c, &aws_logs_GetLogEvents, in, reply, &local);
    if (rc == 0 || aws_error_is_not_found(&local))
        return 0; /* the stream comes with the first line */
    if (aws_error_is_denied(&local))
        return go_on_unread(t, &local);

    error_move(err, &local);
    return error_wrap(err, "reading the log of %s", t->what);
}

/* New lines become events in the same turn as the marker that says so. */
static int drain_log(struct task_run *t, bool *news, struct error *err)
{
    for (int page = 0; page < LOG_PAGES && !t->unread; page++) {
        cleanup_json json_t *reply = NULL;

        int rc = read_page(t, &reply, err);
        if (rc < 0 || !reply)
            return rc;

        size_t i;
        json_t *event;

        json_array_foreach(json_object_get(reply, "events"), i, event) {
            *news = true;
            tell_line(t, event);
        }

        const char *next = json_str(reply, "nextForwardToken");
        bool end = !next || text_eq(next, t->log_token) || i == 0;

        if (next && !text_eq(next, t->log_token)) {
            free(t->log_token);
            t->log_token = xstrdup(next);
            rc = journal_put(t, "log", next, err);
            if (rc < 0)
                return rc;
        }

        if (end)
            return 0;
    }

    return 0;
}

/* CloudWatch Logs shows a line some time after it was written, and the last ones say why: they are
 * read until a look brings nothing new. */
static int drain_late_lines(struct task_run *t, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t until = loop_now_ms(t->c->loop) + LATE_LINES_MS;
    bool news = true;

    while (news && !t->unread && loop_now_ms(t->c->loop) < until) {
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
        news = false;
        int rc = drain_log(t, &news, err);
        if (rc < 0)
            return rc;
    }

    return 0;
}

static const char *phase_of(const struct task_run *t, const char *status)
{
    for (size_t i = 0; i < t->phase_count; i++)
        if (text_eq(t->phases[i].status, status))
            return t->phases[i].text;
    return "finishing";
}

static json_t *stop_input(const char *cluster, const char *task)
{
    return object(
        key("cluster", cluster), key("task", task), key("reason", "canceled by defangctl"));
}

static void stop_task(struct task_run *t)
{
    cleanup_error struct error ignored = ERROR_INIT;
    json_t *in;

    if (engine_detaching(t->c))
        return; /* the next life of the daemon attaches to it */

    in = stop_input(t->cluster, t->task_arn);
    fiber_shield(true);
    aws_call(t->c->aws, &aws_ecs_StopTask, in, NULL, &ignored);
    fiber_shield(false);
}

/* Never seen in this life, and it may not be known everywhere yet: to take it for gone would start
 * it a second time. True: look again. */
static bool may_come(struct task_run *t, bool seen, int64_t since_ms, struct engine_pace *pace)
{
    return !seen && loop_now_ms(t->c->loop) - since_ms < UNSEEN_WAIT_MS &&
           engine_pace_wait(pace) == 0;
}

/* Until the task is over; *task is what ECS said last, NULL when ECS does not know it any more. */
static int follow(struct task_run *t, json_t **task, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t since = loop_now_ms(t->c->loop), deadline = since + t->wait_ms;
    cleanup_free char *last = NULL;

    for (;;) {
        cleanup_json json_t *reply = NULL;
        json_t *in = object(key("cluster", t->cluster), key("tasks", texts(t->task_arn)));

        int rc = engine_call(t->c, &aws_ecs_DescribeTasks, in, &reply, err);
        if (rc < 0)
            return error_wrap(err, "watching %s", t->what);

        const json_t *now = json_at(reply, "tasks.0");
        if (!now && may_come(t, last != NULL, since, &pace))
            continue;
        if (!now)
            return fiber_is_canceled() ? error_raise(err, ERR_CANCELED, "canceled")
                                       : 0; /* ECS forgets a stopped task after an hour */

        const char *status = json_str_or(now, "lastStatus", "");
        bool news = !text_eq(status, last);

        if (news && !task_is_over(now))
            show(t, phase_of(t, status), "");
        free(last);
        last = xstrdup(status);
        bool over = task_is_over(now);
        rc = drain_log(t, &news, err);
        if (rc < 0)
            return rc;
        if (over) {
            *task = json_deep_copy(now);
            return drain_late_lines(t, err);
        }

        if (loop_now_ms(t->c->loop) > deadline)
            return error_raise(
                err,
                ERR_TIMEOUT,
                "%s did not end within %s and was stopped",
                t->what,
                t->wait_text);
        if (news)
            engine_pace_news(&pace);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

int task_run(struct task_run *t, json_t **task, struct error *err)
{
    *task = NULL;
    int rc = start(t, err);
    if (rc == 0) {
        t->stream = xasprintf("%s/%s", t->prefix, task_id(t->task_arn));
        rc = journal_get(t, "log", &t->log_token, err);
    }

    if (rc == 0)
        rc = follow(t, task, err);
    if (rc < 0 && t->task_arn)
        stop_task(t); /* canceled, timed out or out of sight: nobody waits for it any more */
    return rc;
}

void task_run_done(struct task_run *t)
{
    free(t->task_arn);
    free(t->stream);
    free(t->log_token);
    t->task_arn = t->stream = t->log_token = NULL;
}

/* By startedBy, which every task of a deployment carries: also those whose ARN was never written
 * down. */
void task_run_stop_all(struct engine_context *c, const char *cluster)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_json json_t *list = NULL;
    json_t *in = object(key("cluster", cluster), key("startedBy", c->deployment));

    if (engine_call(c, &aws_ecs_ListTasks, in, &list, &ignored) < 0)
        return;

    size_t i;
    json_t *arn;

    json_array_foreach(json_object_get(list, "taskArns"), i, arn) {
        in = stop_input(cluster, json_string_value(arn));
        engine_call(c, &aws_ecs_StopTask, in, NULL, &ignored);
    }
}
