/* What a task that failed left: read in the same breath in which its end was seen. A roll back
 * takes the service away, ECS forgets the task within an hour, and where the group goes the lines
 * go; what is handed to the sink stays with the deployment. */
#include "engine/task/left.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/task/log_tail.h"

static const json_t *container_named(const json_t *task, const char *name)
{
    size_t i;
    json_t *container;

    json_array_foreach(json_object_get(task, "containers"), i, container) {
        if (text_eq(json_str(container, "name"), name))
            return container;
    }

    return NULL;
}

/* When it stopped, by ECS; else now. */
static int64_t ended_ms(const json_t *task)
{
    double at = json_number_value(json_object_get(task, "stoppedAt"));
    return at > 0 ? (int64_t)(at * 1000) : clock_wall_ms();
}

/* The name, how it ended, and its lines. *lines: new or NULL. */
static json_t *read_container(
    struct engine_context *c,
    const struct task_left *t,
    const struct task_stream *s,
    json_t **lines)
{
    cleanup_error struct error ignored = ERROR_INIT;
    const json_t *container = container_named(t->task, s->container);
    json_t *item = object(
        key("name", s->container),
        key("exit_code", json_incref(json_object_get(container, "exitCode"))),
        key("reason", json_str(container, "reason")));

    flow_log_lines(c, t->group, s->stream, LIMIT_EVIDENCE_LINES, lines, &ignored);
    if (*lines)
        json_object_set(item, "lines", *lines);
    return item;
}

void task_left_keep(struct engine_context *c, const struct task_left *t, size_t most, char **tail)
{
    cleanup_json json_t *containers = array();
    cleanup_free char *key = xasprintf("task/%s", t->id);

    for (size_t i = 0; i < t->stream_count; i++) {
        cleanup_json json_t *lines = NULL;

        json_push(containers, read_container(c, t, &t->streams[i], &lines));
        if (i == 0 && tail)
            *tail = flow_lines_text(lines, most);
    }

    engine_keep(
        c,
        &(struct engine_evidence){
            .key = key,
            .kind = t->kind,
            .service = t->service,
            .subject = t->id,
            .reason = t->reason,
            .time_ms = ended_ms(t->task),
            .containers = containers});
}
