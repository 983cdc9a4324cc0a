/* GetLogEvents from the end of one stream. Once as pairs of time and text, bounded line by line and
 * together, for what is kept of a failure; once as one uncut text, for the whole log of a build. */
#include "engine/task/log_tail.h"

#include "aws/model/operations.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/secrets.h"
#include "data/object.h"
#include "engine/call.h"

#include <string.h>

#define LINE_BYTES 4096 /* of one line; what is longer is data, not words */

/* *reply NULL: there is no such stream. */
static int read_stream(
    struct engine_context *c,
    const char *group,
    const char *stream,
    unsigned lines,
    json_t **reply,
    struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    json_t *in = object(
        key("logGroupName", group),
        key("logStreamName", stream),
        key("limit", lines),
        key("startFromHead", false));
    *reply = NULL;

    int rc = engine_call(c, &aws_logs_GetLogEvents, in, reply, &local);
    if (rc < 0 && aws_error_is_not_found(&local))
        return 0;
    if (rc < 0)
        error_move(err, &local);
    return rc;
}

/* The first line that is held, so that all from it on keep to the bound. */
static size_t first_held(const json_t *events)
{
    size_t first = json_array_size(events), bytes = 0;

    while (first > 0) {
        const json_t *event = json_array_get(events, first - 1);
        bytes += MIN(strlen(json_str_or(event, "message", "")), (size_t)LINE_BYTES);
        if (bytes > LIMIT_EVIDENCE_LOG_BYTES)
            break;
        first--;
    }

    return first;
}

/* At most LINE_BYTES of UTF-8, cut between two characters, without what is known for a secret by
 * its form. New. */
static json_t *line_text(const char *line)
{
    cleanup_free char *masked = secrets_masked(line);
    const char *text = masked ? masked : line;
    size_t n = strlen(text);

    if (n > LINE_BYTES)
        for (n = LINE_BYTES; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
            n--;
    return json_stringn(text, n);
}

int flow_log_lines(
    struct engine_context *c,
    const char *group,
    const char *stream,
    unsigned lines,
    json_t **out,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    *out = NULL;

    int rc = read_stream(c, group, stream, lines, &reply, err);
    const json_t *events = json_object_get(reply, "events");
    if (rc < 0 || json_array_size(events) == 0)
        return rc;

    *out = array();
    for (size_t i = first_held(events); i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        json_t *line = array(json_of((long long)json_int_or(event, "timestamp", 0)));
        json_push(line, line_text(json_str_or(event, "message", "")));
        json_push(*out, line);
    }

    return 0;
}

char *flow_lines_text(const json_t *lines, size_t most)
{
    size_t n = json_array_size(lines);
    cleanup_str struct str out = STR_INIT;

    if (n == 0)
        return NULL;
    for (size_t i = n > most ? n - most : 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(json_array_get(lines, i), 1));
        str_appendf(&out, "%s%s", out.len ? "\n" : "", text ? text : "");
    }

    return str_take(&out);
}

int flow_log_tail(
    struct engine_context *c,
    const char *group,
    const char *stream,
    unsigned lines,
    char **text,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    *text = NULL;

    int rc = read_stream(c, group, stream, lines, &reply, err);
    if (rc < 0)
        return rc;

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
