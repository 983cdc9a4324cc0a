#include "engine/run/stopped_events.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <string.h>

int stopped_events_each(
    struct engine_context *c,
    const char *word,
    int64_t since_ms,
    void (*fn)(void *arg, json_t *task),
    void *arg,
    struct error *err)
{
    cleanup_free char *group = plan_log_group(c->settings, c->project, "ecs");
    cleanup_free char *pattern = xasprintf("\"%s\"", word);
    cleanup_json json_t *events = NULL;
    json_t *since = since_ms > 0 ? json_integer(since_ms) : NULL;
    json_t *in =
        object(key("logGroupName", group), key("filterPattern", pattern), key("startTime", since));

    int rc = engine_call_all(c, &aws_logs_FilterLogEvents, in, &events, err);
    if (rc < 0 && aws_error_is_not_found(err)) {
        error_done(err);
        return 0;
    }
    if (rc < 0)
        return error_wrap(err, "looking for how %s ended in the log group %s", word, group);

    size_t i;
    json_t *item;

    json_array_foreach(events, i, item) {
        const char *text = json_str_or(item, "message", "");
        cleanup_json json_t *event = NULL;
        cleanup_error struct error ignored = ERROR_INIT; /* others may write there */

        if (json_parse(text, strlen(text), &event, &ignored) < 0)
            continue;

        json_t *task = json_object_get(event, "detail");
        if (text_eq(json_str(task, "lastStatus"), "STOPPED"))
            fn(arg, task);
    }
    return 0;
}
