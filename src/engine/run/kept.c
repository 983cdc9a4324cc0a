/* Evidence of a failure read back (daemon/jobs/evidence.c writes it and has its form): each item
 * becomes a line that says why, and a line for each that its containers said last.
 *
 * What is in the bucket was written by some version of this program, or by anybody who may write
 * there: every member is asked for with its kind, and what is missing is left out. */
#include "engine/run/kept.h"

#include "aws/s3/s3.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/stack/cd.h"

#include <string.h>

int kept_fetch(struct engine_context *c, const char *deployment, json_t **doc, struct error *err)
{
    struct flow_cd cd = {0};
    bool exists = false;
    cleanup_str struct str text = STR_INIT;
    cleanup_error struct error local = ERROR_INIT;
    cleanup_free char *key = plan_history_key(c->project, c->settings->stack, deployment);
    *doc = NULL;

    int rc = flow_cd_describe(c, &cd, &exists, err);
    if (rc == 0 && exists && cd.bucket) {
        rc = s3_get(c->aws, cd.bucket, key, LIMIT_HISTORY_BYTES, &text, &local);
        bool none = rc < 0 && aws_error_is_not_found(&local);
        if (rc == 0)
            rc = json_parse(str_get(&text), text.len, doc, err);
        else if (none)
            rc = 0;
        else
            error_move(err, &local);
    }

    flow_cd_done(&cd);
    return rc < 0 ? error_wrap(err, "reading what is kept of deployment %s", deployment) : 0;
}

static void push(struct kept_lines *out, const struct engine_log *line)
{
    if (out->len == out->cap) {
        out->cap = out->cap ? out->cap * 2 : 64;
        out->items = xrealloc(out->items, out->cap * sizeof *out->items);
    }

    out->items[out->len++] = *line;
}

/* task and build are the log types of the same services; what the stack and the load balancer said
 * goes with ECS's events. */
static bool kind_wanted(const struct flow_log_query *q, bool any_kind, const char *kind)
{
    if (any_kind)
        return true;
    if (text_eq(kind, "build"))
        return q->build;
    return text_eq(kind, "task") ? q->run || q->ecs : q->ecs;
}

static bool service_wanted(const struct flow_log_query *q, const char *service)
{
    for (size_t i = 0; i < q->service_count; i++)
        if (text_eq(q->services[i], service))
            return true;
    return q->service_count == 0;
}

static bool line_wanted(const struct flow_log_query *q, const struct engine_log *line)
{
    if (line->time_ms < q->since_ms || (q->until_ms && line->time_ms > q->until_ms))
        return false;
    return text_empty(q->filter) || strstr(line->text, q->filter);
}

/* One line each: the text of a line of another container names it. */
static void add_containers(
    struct arena *arena,
    const json_t *containers,
    const struct flow_log_query *q,
    struct engine_log line,
    struct kept_lines *out)
{
    bool several = json_array_size(containers) > 1;
    size_t i, k;
    json_t *container, *pair;

    json_array_foreach(containers, i, container) {
        const char *name = json_str_or(container, "name", "");

        json_array_foreach(json_object_get(container, "lines"), k, pair) {
            const char *text = json_string_value(json_array_get(pair, 1));

            if (!text)
                continue;
            line.time_ms = json_integer_value(json_array_get(pair, 0));
            line.error = strcasestr(text, "error:") != NULL;
            line.text =
                several ? arena_printf(arena, "%s | %s", name, text) : arena_strdup(arena, text);
            if (line_wanted(q, &line))
                push(out, &line);
        }
    }
}

static const char *
why(struct arena *arena, const char *kind, const char *subject, const char *reason)
{
    if (text_eq(kind, "task"))
        return arena_printf(arena, "task %s stopped: %s", subject, reason);
    if (text_eq(kind, "build"))
        return arena_printf(arena, "build task %s failed: %s", subject, reason);
    if (text_eq(kind, "target"))
        return arena_printf(arena, "target %s is %s", subject, reason);
    return arena_printf(arena, "%s: %s", subject, reason);
}

static void add_item(
    struct arena *arena,
    const json_t *item,
    const struct flow_log_query *q,
    bool any_kind,
    struct kept_lines *out)
{
    const char *kind = json_str_or(item, "kind", "");
    const char *service = json_str(item, "service");
    const char *subject = json_str_or(item, "subject", "?");
    bool of_build = text_eq(kind, "build");
    bool of_task = text_eq(kind, "task");

    if (text_empty(kind) || !kind_wanted(q, any_kind, kind) || !service_wanted(q, service))
        return;

    struct engine_log line = {
        .service = arena_strdup(arena, service ? service : "stack"),
        .source = of_build ? "build" : (of_task ? "run" : "ecs"),
        .host = arena_strdup(arena, of_build || of_task ? subject : ""),
        .text = why(arena, kind, subject, json_str_or(item, "reason", "no reason given")),
        .time_ms = json_int_or(item, "time_ms", 0),
        .error = true};
    if (line_wanted(q, &line))
        push(out, &line);
    if (of_build || of_task)
        add_containers(arena, json_object_get(item, "containers"), q, line, out);
}

void kept_lines_of(
    struct arena *arena,
    const json_t *items,
    const struct flow_log_query *q,
    bool any_kind,
    struct kept_lines *out)
{
    size_t i;
    json_t *item;

    json_array_foreach(items, i, item) {
        add_item(arena, item, q, any_kind, out);
    }
}

void kept_lines_end(
    struct arena *arena,
    const char *state,
    const char *message,
    int64_t ended_ms,
    struct kept_lines *out)
{
    const char *text = text_empty(message) ? arena_strdup(arena, state)
                                           : arena_printf(arena, "%s: %s", state, message);
    push(
        out,
        &(struct engine_log){
            .service = "deployment",
            .source = "ecs",
            .host = "",
            .text = text,
            .time_ms = ended_ms,
            .error = true});
}

void kept_lines_done(struct kept_lines *l)
{
    free(l->items);
    *l = (struct kept_lines){0};
}
