/* Lines of the CD task that begin with "@defang ": Pulumi's engine events, those about resources
 * cut short by cd_task.sh. They become the same resource events as CloudFormation's, so that the
 * board, the journal and tests know one language.
 *
 *   resourcePreEvent → …_IN_PROGRESS, resOutputsEvent → …_COMPLETE, resOpFailedEvent → …_FAILED
 *   diagnosticEvent → a log line; the first error is what the run is said to have failed of
 *   summaryEvent → how many resources changed
 *
 * A resource of the graph may be several of Pulumi's (plan_pulumi_owner): only its own is told,
 * unless a part fails. Format: pulumi/sdk/go/common/apitype/events.go (EngineEvent). */
#include "engine/pulumi/events.h"

#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/pulumi.h"

#include <string.h>

#define MARK        "@defang "
#define IMAGE_ORDER 20

void pulumi_events_done(struct pulumi_events *e)
{
    rows_free(e->rows);
    free(e->first_failure);
    e->rows = NULL;
    e->first_failure = NULL;
}

/* Messages carry colours as "<{%fg 1%}>"; and newlines, which a line of ours has not. */
static char *plain(const char *message)
{
    struct str out = STR_INIT;

    for (const char *p = message; *p;) {
        const char *end = text_starts(p, "<{%") ? strstr(p, "%}>") : NULL;
        if (end) {
            p = end + 3;
            continue;
        }

        str_append_char(&out, *p == '\n' ? ' ' : *p);
        p++;
    }
    while (out.len && out.data[out.len - 1] == ' ')
        out.data[--out.len] = '\0';
    return str_take(&out);
}

/* create, create-replacement, import → CREATE; NULL for what changes nothing. */
static const char *verb_of(const char *op)
{
    static const struct {
        const char *op, *verb;
    } verbs[] = {
        {"create", "CREATE"},
        {"create-replacement", "CREATE"},
        {"import", "CREATE"},
        {"update", "UPDATE"},
        {"delete", "DELETE"},
        {"delete-replaced", "DELETE"},
        {"discard", "DELETE"},
    };

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (text_eq(verbs[i].op, op))
            return verbs[i].verb;
    return NULL;
}

/* In CloudFormation's words where the graph knows the resource. */
static const char *type_of(const struct pulumi_events *e, const char *logical_id, const char *token)
{
    const struct graph_resource *r = e->graph ? graph_get(e->graph, logical_id) : NULL;
    return r ? r->type : token;
}

static void tell_image(struct pulumi_events *e, const char *service, const char *state)
{
    cleanup_free char *row = xasprintf("image/%s", service);
    enum engine_row_state now = ENGINE_ACTIVE;
    const char *usual = "usually 1-4 min", *what = "building";

    if (text_eq(state, "COMPLETE")) {
        now = ENGINE_DONE;
        usual = NULL;
        what = "built";
        e->images_built++;
    } else if (text_eq(state, "FAILED")) {
        now = ENGINE_FAILED;
        usual = NULL;
        what = "failed";
    }

    engine_row(e->c, ENGINE_ROW_IMAGE, row, now, IMAGE_ORDER, usual, "image: %s", what);
}

static void on_image(struct pulumi_events *e, const char *name, const char *state)
{
    for (size_t i = 0; i < e->c->build_count; i++) {
        const char *service = e->c->builds[i].service;
        cleanup_free char *own = plan_pulumi_image_name(service);

        if (text_eq(own, name))
            tell_image(e, service, state);
    }
}

static const char *state_of(const char *kind)
{
    if (text_eq(kind, "resourcePreEvent"))
        return "IN_PROGRESS";
    return text_eq(kind, "resOutputsEvent") ? "COMPLETE" : "FAILED";
}

static void on_resource(struct pulumi_events *e, const json_t *event)
{
    const char *colon = strrchr(json_str_or(event, "urn", ""), ':');
    const char *verb = verb_of(json_str_or(event, "op", ""));
    const char *state = state_of(json_str_or(event, "event", ""));
    bool failed = text_eq(state, "FAILED");

    if (!colon || (!verb && !failed))
        return;

    const char *name = colon + 1;
    cleanup_free char *owner = plan_pulumi_owner(name);

    if (!owner) {
        on_image(e, name, state);
        return;
    }

    bool part = !text_eq(owner, name);
    if (part && !failed)
        return; /* of a resource that is told as a whole */

    cleanup_free char *status = xasprintf("%s_%s", verb ? verb : "UPDATE", state);
    struct engine_resource r = {
        .logical_id = owner,
        .type = type_of(e, owner, json_str_or(event, "type", "")),
        .status = status,
        .reason = part ? name : NULL};
    e->c->sink->resource(e->c->sink->arg, e->rows ? rows_of(e->rows, owner) : "pulumi", &r);
    rows_resource(e->rows, &r);
}

/* Ephemeral ones are progress that the next line takes back. */
static void on_diagnostic(struct pulumi_events *e, const json_t *d)
{
    const char *name = strrchr(json_str_or(d, "urn", ""), ':');
    cleanup_free char *text = plain(json_str_or(d, "message", ""));
    bool error = text_eq(json_str_or(d, "severity", ""), "error");

    if (text_empty(text) || json_bool_or(d, "ephemeral", false))
        return;

    cleanup_free char *line = name && name[1] ? xasprintf("%s: %s", name + 1, text) : xstrdup(text);
    if (error && !e->first_failure)
        e->first_failure = xstrdup(line);
    e->c->sink->log(
        e->c->sink->arg,
        &(struct engine_log){
            .service = "pulumi", .source = "cd", .host = "pulumi", .text = line, .error = error});
}

/* Of the whole run, and it comes last: it replaces what was counted. */
static void on_summary(struct pulumi_events *e, const json_t *changes)
{
    const char *op;
    json_t *count;
    e->changed = 0;
    json_object_foreach((json_t *)(uintptr_t)changes, op, count) {
        bool changes_something = !text_eq(op, "same") && !text_eq(op, "read");
        if (changes_something && json_is_integer(count))
            e->changed += (unsigned)json_integer_value(count);
    }
}

bool pulumi_events_line(struct pulumi_events *e, const char *line)
{
    cleanup_json json_t *event = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (!text_starts(line, MARK))
        return false;

    const char *text = line + strlen(MARK);
    if (json_parse(text, strlen(text), &event, &ignored) < 0 || !json_is_object(event))
        return false; /* cut on its way: better seen than lost */

    const json_t *diagnostic = json_object_get(event, "diagnosticEvent");
    const json_t *summary = json_object_get(event, "summaryEvent");
    const json_t *failure = json_object_get(event, "errorEvent");

    if (json_object_get(event, "event"))
        on_resource(e, event);
    else if (diagnostic)
        on_diagnostic(e, diagnostic);
    else if (summary)
        on_summary(e, json_object_get(summary, "resourceChanges"));
    else if (failure && !e->first_failure)
        e->first_failure = plain(json_str_or(failure, "error", "Pulumi failed"));
    return true;
}
