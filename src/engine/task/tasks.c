/* What DescribeTasks answers, in people's words. Where the cause of an end stands differs: an exit
 * code and a reason at the container, a reason at the task, or only a stop code; the words here
 * join what there is and say nothing twice. */
#include "engine/task/tasks.h"

#include "base/str.h"
#include "data/object.h"

#include <string.h>

const char *task_id(const char *task_arn)
{
    const char *slash = task_arn ? strrchr(task_arn, '/') : NULL;
    if (slash)
        return slash + 1;
    return task_arn ? task_arn : "";
}

/* DEPROVISIONING too: the containers have ended then, only the network is being cleaned up. */
bool task_is_over(const json_t *task)
{
    const char *status = json_str_or(task, "lastStatus", "");
    return text_eq(status, "DEPROVISIONING") || text_eq(status, "STOPPED") ||
           text_eq(status, "DELETED");
}

json_t *task_tag(const char *name, const char *value)
{
    return object(key("key", name), key("value", value));
}

static const json_t *find_container(const json_t *task, const char *container)
{
    size_t i;
    json_t *item;
    const json_t *first = NULL;

    json_array_foreach(json_object_get(task, "containers"), i, item) {
        if (container && text_eq(json_str(item, "name"), container))
            return item;
        if (!first)
            first = item;
    }

    return container ? NULL : first;
}

int task_exit_code(const json_t *task, const char *container)
{
    return (int)json_int_or(find_container(task, container), "exitCode", -1);
}

/* The exit code first: it is what people look for. */
char *task_reason(const json_t *task, const char *container)
{
    const json_t *c = find_container(task, container);
    int code = task_exit_code(task, container);
    const char *stopped = json_str_or(task, "stoppedReason", "");
    const char *inner = json_str_or(c, "reason", "");
    cleanup_str struct str text = STR_INIT;

    if (code >= 0)
        str_appendf(&text, "exit code %d", code);
    if (!text_empty(inner))
        str_appendf(&text, "%s%s", text.len ? ": " : "", inner);
    if (!text_empty(stopped) && !strstr(str_get(&text), stopped))
        str_appendf(&text, "%s%s", text.len ? ": " : "", stopped);
    if (text.len == 0)
        str_appendf(&text, "stopped (%s)", json_str_or(task, "stopCode", "no reason given"));
    return str_take(&text);
}

bool task_was_spot_interrupted(const json_t *task)
{
    return text_eq(json_str(task, "stopCode"), "SpotInterruption") ||
           text_eq(json_str(task, "stoppedReason"), "Your Spot Task was interrupted.");
}
