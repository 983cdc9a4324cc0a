#include "engine/task/log_tail.h"

#include "aws/model/operations.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

int flow_log_tail(
    struct engine_context *c,
    const char *group,
    const char *stream,
    unsigned lines,
    char **text,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    json_t *in = object(
        key("logGroupName", group),
        key("logStreamName", stream),
        key("limit", lines),
        key("startFromHead", false));
    *text = NULL;

    int rc = engine_call(c, &aws_logs_GetLogEvents, in, &reply, &local);
    if (rc < 0 && aws_error_is_not_found(&local))
        return 0;
    if (rc < 0) {
        error_move(err, &local);
        return rc;
    }

    cleanup_str struct str out = STR_INIT;
    size_t i;
    json_t *event;

    json_array_foreach(json_object_get(reply, "events"), i, event) {
        str_appendf(&out, "%s%s", out.len ? "\n" : "", json_str_or(event, "message", ""));
    }

    if (out.len)
        *text = str_take(&out);
    return 0;
}
