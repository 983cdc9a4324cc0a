/* Why tasks of this deployment stopped, read while it still can be: a roll back takes the service
 * away, and an hour later ECS forgets the tasks.
 *
 * A stopped task is a failure when it is of this deployment (its container carries the deployment's
 * id), nobody stopped it on purpose, and it was not there before. What was seen is remembered, so
 * that each is told once, also by a restarted daemon. Of several the last one stands for the
 * service; its last log lines are read at once.
 *
 * A whole roll back may end between two looks, and takes the cluster with it. Then ECS answers
 * nothing, and what the project's own events say of its tasks is read instead. */
#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/run/observer.h"
#include "engine/run/stopped_events.h"
#include "engine/task/left.h"
#include "engine/task/tasks.h"

#include <stdlib.h>
#include <string.h>

#define TAIL_LINES         40
#define STREAMS_MAX        8    /* containers of one task whose lines are kept */
#define STOPPED_SEEN_MAX   2000 /* a crash loop of every service; later ones say nothing new */
#define DESCRIBE_TASKS_MAX 100
#define STREAM_PREFIX      "LogConfiguration.Options.awslogs-stream-prefix"

/* Journal: stopped before this deployment began, so none of its failures. */
#define KEY_BEFORE "observe.before"
#define KEY_SINCE  "observe.since" /* ms; when that list was made */

/* With the list full everything counts as known. */
static bool stopped_known(struct flow_observer *o, const char *arn)
{
    vec_each(seen, &o->stopped_seen) {
        if (text_eq(*seen, arn))
            return true;
    }

    return o->stopped_seen.len >= STOPPED_SEEN_MAX;
}

static void stopped_remember(struct flow_observer *o, const char *arn)
{
    vec_push(&o->stopped_seen, xstrdup(arn));
}

/* ECS itself stops tasks when it scales in or replaces them: no failure. */
static bool stopped_on_purpose(const json_t *task)
{
    const char *code = json_str_or(task, "stopCode", "");
    const char *reason = json_str_or(task, "stoppedReason", "");

    if (text_eq(code, "UserInitiated") || task_was_spot_interrupted(task))
        return true;
    return text_eq(code, "ServiceSchedulerInitiated") && !strstr(reason, "health check");
}

/* Said once in a deployment, also when a restarted daemon finds it again. */
static void say_once(struct flow_observer *o, const char *id)
{
    cleanup_free char *key = xasprintf("observe.said.%s", id);
    cleanup_free char *said = NULL;
    cleanup_error struct error ignored = ERROR_INIT; /* at worst it is said twice */

    engine_journal_get(o->c, key, &said, &ignored);
    if (said)
        return;

    engine_note(
        o->c,
        ENGINE_SAY_WARNING,
        NULL,
        "service %s: task %s stopped: %s",
        o->failure.service,
        id,
        o->failure.reason);
    engine_journal_put(o->c, key, "1", &ignored);
}

static const json_t *container_of_task(const json_t *task, const char *name)
{
    size_t i;
    json_t *container;

    json_array_foreach(json_object_get(task, "containers"), i, container) {
        if (text_eq(json_str(container, "name"), name))
            return container;
    }

    return NULL;
}

/* Ended badly by itself: when one container ends, ECS ends the others with these two. */
static bool ended_badly(long long code)
{
    return code != 0 && code != 143 && code != 137;
}

/* The container that brought the task down: the one with a reason of its own, else the one that
 * ended badly by itself, else the service's own. */
static const json_t *culprit(const struct watched *w, const json_t *task)
{
    const json_t *best = NULL;
    size_t i;
    json_t *definition;

    json_array_foreach(w->containers, i, definition) {
        const json_t *container = container_of_task(task, json_str(definition, "Name"));
        if (!text_empty(json_str(container, "reason")))
            return definition;
        if (!best && container && ended_badly(json_int_or(container, "exitCode", 0)))
            best = definition;
    }

    return best ? best : json_array_get(w->containers, 0);
}

/* Those whose lines are kept: the culprit first, then the others that ended badly. */
struct streams {
    struct task_stream items[STREAMS_MAX];
    size_t len;
};

/* The stream is named by the container's own prefix, which for a sidecar is its Compose name. */
static const char *prefix_of(const struct watched *w, const json_t *definition)
{
    return json_str_or(definition, STREAM_PREFIX, w->service);
}

static void
add_stream(struct streams *list, const struct watched *w, const json_t *definition, const char *id)
{
    const char *name = json_str_or(definition, "Name", w->container);
    char *stream = xasprintf("%s/%s/%s", prefix_of(w, definition), name, id);

    list->items[list->len++] = (struct task_stream){.container = name, .stream = stream};
}

static void find_streams(
    struct streams *list,
    const struct watched *w,
    const json_t *task,
    const json_t *first,
    const char *id)
{
    size_t i;
    json_t *definition;

    add_stream(list, w, first, id);
    json_array_foreach(w->containers, i, definition) {
        const json_t *c = container_of_task(task, json_str(definition, "Name"));
        bool bad =
            c && (!text_empty(json_str(c, "reason")) || ended_badly(json_int_or(c, "exitCode", 0)));
        if (bad && definition != first && list->len < STREAMS_MAX)
            add_stream(list, w, definition, id);
    }
}

static void tell_failure(struct flow_observer *o, struct watched *w, const json_t *task)
{
    const char *id = task_id(json_str(task, "taskArn"));
    const json_t *container = culprit(w, task);
    const char *name = json_str_or(container, "Name", w->container);
    bool own = text_eq(name, w->container);

    engine_failure_done(&o->failure);
    o->failure.service = xstrdup(own ? w->service : prefix_of(w, container));
    o->failure.task = xstrdup(id);
    o->failure.reason = task_reason(task, name);
    say_once(o, id);

    cleanup_free char *group = plan_log_group(o->c->settings, o->c->project, "logs");
    struct streams streams = {0};
    find_streams(&streams, w, task, container, id);
    struct task_left left = {
        .kind = "task",
        .service = o->failure.service,
        .id = o->failure.task,
        .task = task,
        .reason = o->failure.reason,
        .group = group,
        .streams = streams.items,
        .stream_count = streams.len};
    task_left_keep(o->c, &left, TAIL_LINES, &o->failure.logs);
    for (size_t i = 0; i < streams.len; i++)
        free((char *)streams.items[i].stream);
}

static int
list_stopped(struct flow_observer *o, const struct watched *w, json_t **arns, struct error *err)
{
    json_t *in = object(
        key("cluster", o->cluster), key("family", w->family), key("desiredStatus", "STOPPED"));
    return engine_call_all(o->c, &aws_ecs_ListTasks, in, arns, err);
}

static int
look_at_tasks(struct flow_observer *o, struct watched *w, json_t *arns, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("cluster", o->cluster), key("tasks", arns));

    int rc = engine_call(o->c, &aws_ecs_DescribeTasks, in, &reply, err);
    size_t i;
    json_t *task;

    json_array_foreach(json_object_get(reply, "tasks"), i, task) {
        const char *arn = json_str(task, "taskArn");
        bool ours = container_of_task(task, w->container);
        bool failure = ours && !stopped_on_purpose(task);

        if (!arn || (failure && !task_is_over(task)))
            continue; /* on its way down: its exit code comes later, look again */
        stopped_remember(o, arn);
        if (failure)
            tell_failure(o, w, task);
    }

    return rc;
}

/* By family, not by service: a roll back takes the service away, its stopped tasks stay readable
 * for an hour. */
int stopped_look(struct flow_observer *o, struct watched *w, struct error *err)
{
    cleanup_json json_t *list = NULL;
    if (!w->container || !w->family)
        return 0;

    int rc = list_stopped(o, w, &list, err);
    if (rc < 0)
        return rc;

    json_t *fresh = array();
    size_t i;
    json_t *arn;

    json_array_foreach(list, i, arn) {
        bool fits = json_array_size(fresh) < DESCRIBE_TASKS_MAX;
        if (fits && json_is_string(arn) && !stopped_known(o, json_string_value(arn)))
            json_array_append(fresh, arn);
    }

    if (json_array_size(fresh))
        return look_at_tasks(o, w, fresh, err);

    json_decref(fresh);
    return 0;
}

struct from_events {
    struct flow_observer *o;
    struct watched *w;
};

static void take_event(void *arg, json_t *task)
{
    struct from_events *f = arg;
    const char *arn = json_str(task, "taskArn");
    bool ours = container_of_task(task, f->w->container) && !stopped_on_purpose(task);

    if (!arn || !ours || stopped_known(f->o, arn))
        return;
    stopped_remember(f->o, arn);
    tell_failure(f->o, f->w, task);
}

/* When this deployment began to look, in its first life. */
static int64_t since(struct flow_observer *o)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *text = NULL;

    engine_journal_get(o->c, KEY_SINCE, &text, &ignored);
    return text ? strtoll(text, NULL, 10) : 0;
}

void stopped_look_back(struct flow_observer *o)
{
    int64_t since_ms = o->vanished && !o->failure.reason ? since(o) : 0;

    vec_each(w, &o->services) {
        struct from_events f = {.o = o, .w = w};
        cleanup_error struct error ignored = ERROR_INIT; /* a reason that is missing stays so */

        if (since_ms && !w->steady && w->container && !o->failure.reason)
            stopped_events_each(o->c, w->container, since_ms, take_event, &f, &ignored);
    }
}

/* What is not there yet, or no more, is nothing to report. */
int stopped_forgive_missing(int rc, struct error *err)
{
    if (rc == 0)
        return 0;

    bool missing = aws_error_is_not_found(err) || error_has_code(err, "ClusterNotFoundException") ||
                   error_has_code(err, "ServiceNotFoundException");
    if (!missing)
        return rc;

    error_done(err);
    return 0;
}

/* All tasks that are stopped now; new array. */
static int list_before(struct flow_observer *o, json_t **before, struct error *err)
{
    int rc = 0;
    *before = array();

    vec_each(w, &o->services) {
        cleanup_json json_t *list = NULL;
        if (rc == 0 && w->family)
            rc = stopped_forgive_missing(list_stopped(o, w, &list, err), err);
        if (list)
            json_array_extend(*before, list);
    }

    return rc;
}

/* A service that does not change keeps its container's name, so what stopped in it earlier must be
 * told apart: once in a deployment, at its first look. A later life of the daemon finds the list in
 * the journal. */
static int read_before(struct flow_observer *o, json_t **before, struct error *err)
{
    cleanup_free char *text = NULL;

    int rc = engine_journal_get(o->c, KEY_BEFORE, &text, err);
    if (rc < 0)
        return rc;
    if (text && json_parse(text, strlen(text), before, err) < 0)
        return error_wrap(err, "reading the journal");
    if (text)
        return 0;

    cleanup_free char *now = xasprintf("%lld", (long long)clock_wall_ms());
    rc = list_before(o, before, err);
    cleanup_free char *made = json_print(*before, false, true);
    if (rc == 0)
        rc = engine_journal_put(o->c, KEY_BEFORE, made, err);
    return rc < 0 ? rc : engine_journal_put(o->c, KEY_SINCE, now, err);
}

int stopped_know_before(struct flow_observer *o, struct error *err)
{
    cleanup_json json_t *before = NULL;
    if (o->before_known)
        return 0;

    int rc = read_before(o, &before, err);
    if (rc < 0)
        return rc;

    size_t i;
    json_t *arn;

    json_array_foreach(before, i, arn) {
        if (json_is_string(arn) && !stopped_known(o, json_string_value(arn)))
            stopped_remember(o, json_string_value(arn));
    }

    o->before_known = true;
    return 0;
}
