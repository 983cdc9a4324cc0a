/* A job's voice and memory: what the engines say becomes events, what they must remember goes into
 * the journal.
 *
 * Engines know neither protobuf nor the store: they call a sink and a journal, two small tables of
 * functions that are filled here. Every event goes through emit() and the bus, so that its number,
 * its time and its bytes are made in one place. An event that cannot be stored is logged and the
 * job goes on: it is the store that tells the daemon, and that pauses all jobs (pause.c).
 *
 * The last two events of every deployment are its result and its terminal state, in this order: a
 * watcher that has seen the state has seen all. */
#include "daemon/jobs/job.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/bus.h"
#include "engine/context.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static_assert(
    (int)ENGINE_ROW_SERVICE == (int)DEFANG__ROW_KIND__ROW_KIND_SERVICE, "row kinds agree");
static_assert((int)ENGINE_CANCELED == (int)DEFANG__ROW_STATE__ROW_CANCELED, "row states agree");
static_assert((int)ENGINE_DONE == (int)DEFANG__ROW_STATE__ROW_DONE, "row states agree");

static char *or_empty(const char *s)
{
    return (char *)(s ? s : ""); /* protobuf-c's structs want char *; packing only reads */
}

static void emit(struct job *j, Defang__Event *e)
{
    cleanup_error struct error err = ERROR_INIT;
    e->deployment = j->row.id;
    e->time_ms = clock_wall_ms();
    if (bus_emit(j->daemon->store, e, &err) < 0)
        log_error(
            "job",
            "event lost: deployment=%s error=\"%s\"",
            j->row.id,
            err.message ? err.message : "?");
}

static void on_row(void *arg, const struct engine_row *row)
{
    struct job *j = arg;
    Defang__Row r = DEFANG__ROW__INIT;
    r.id = or_empty(row->id);
    r.kind = (Defang__RowKind)row->kind;
    r.state = (Defang__RowState)row->state;
    r.title = or_empty(row->title);
    r.what = or_empty(row->what);
    r.usual = or_empty(row->usual);
    r.order = row->order;
    bus_row_times(j->daemon->store, j->row.id, &r, clock_wall_ms());
    Defang__Event e = DEFANG__EVENT__INIT;
    e.kind = DEFANG__EVENT_KIND__EVENT_ROW;
    e.row = &r;
    emit(j, &e);
}

static void on_resource(void *arg, const char *row_id, const struct engine_resource *resource)
{
    struct job *j = arg;
    Defang__Row row = DEFANG__ROW__INIT;
    row.id = or_empty(row_id);
    Defang__Resource r = DEFANG__RESOURCE__INIT;
    r.logical_id = or_empty(resource->logical_id);
    r.type = or_empty(resource->type);
    r.physical_id = or_empty(resource->physical_id);
    r.status = or_empty(resource->status);
    r.reason = or_empty(resource->reason);
    Defang__Event e = DEFANG__EVENT__INIT;
    e.kind = DEFANG__EVENT_KIND__EVENT_RESOURCE;
    e.row = &row;
    e.resource = &r;
    emit(j, &e);
}

static void fill_log(Defang__LogLine *l, const struct engine_log *line)
{
    l->service = or_empty(line->service);
    l->source = or_empty(line->source);
    l->host = or_empty(line->host);
    l->text = or_empty(line->text);
    l->time_ms = line->time_ms;
    l->error = line->error;
}

/* Which service a build task belonged to: its log stream does not say, `logs --type BUILD` asks. */
static void remember_build(struct job *j, const struct engine_log *line)
{
    if (!text_eq(line->source, "build") || text_eq(j->last_build_task, line->host))
        return;
    cleanup_free char *key = xasprintf("build-task/%s", line->host);
    cleanup_error struct error ignored = ERROR_INIT; /* only a name in a log */
    store_project_put(
        j->daemon->store,
        j->row.account,
        j->row.region,
        j->row.project,
        j->row.stack,
        key,
        line->service,
        &ignored);
    j->last_build_task = arena_strdup(j->arena, line->host);
}

static void on_log(void *arg, const struct engine_log *line)
{
    struct job *j = arg;
    remember_build(j, line);
    Defang__LogLine l = DEFANG__LOG_LINE__INIT;
    fill_log(&l, line);
    Defang__Event e = DEFANG__EVENT__INIT;
    e.kind = DEFANG__EVENT_KIND__EVENT_LOG;
    e.log = &l;
    emit(j, &e);
}

static void on_note(void *arg, enum engine_severity severity, const char *message, const char *hint)
{
    struct job *j = arg;
    Defang__Event e = DEFANG__EVENT__INIT;
    e.kind = DEFANG__EVENT_KIND__EVENT_NOTE;
    e.severity = (uint32_t)severity;
    e.message = or_empty(message);
    e.hint = or_empty(hint);
    emit(j, &e);
}

static int journal_get(void *arg, const char *key, char **value, struct error *err)
{
    struct job *j = arg;
    return store_intent_get(j->daemon->store, j->row.id, key, value, err);
}

static int journal_put(void *arg, const char *key, const char *value, struct error *err)
{
    struct job *j = arg;
    return store_intent_put(j->daemon->store, j->row.id, key, value, err);
}

static int journal_flush(void *arg, struct error *err)
{
    struct job *j = arg;
    return store_flush(j->daemon->store, err);
}

void job_events_init(struct job *j)
{
    j->sink = (struct engine_sink){
        .row = on_row, .resource = on_resource, .log = on_log, .note = on_note, .arg = j};
    j->journal = (struct engine_journal){
        .get = journal_get, .put = journal_put, .flush = journal_flush, .arg = j};
}

void job_step(
    struct job *j,
    const char *row,
    enum engine_row_state state,
    unsigned order,
    const char *fmt,
    ...)
{
    cleanup_str struct str what = STR_INIT;
    va_list ap;
    va_start(ap, fmt);
    str_vappendf(&what, fmt, ap);
    va_end(ap);
    enum engine_row_kind kind = text_starts(row, "image/")     ? ENGINE_ROW_IMAGE
                                : text_starts(row, "service/") ? ENGINE_ROW_SERVICE
                                                               : ENGINE_ROW_STEP;
    engine_row(&j->context, kind, row, state, order, NULL, "%s", str_get(&what));
}

void job_state_set(struct job *j, Defang__DeployState state, const char *message)
{
    if (j->row.state == (int)state)
        return;
    cleanup_error struct error err = ERROR_INIT;
    Defang__Event e = DEFANG__EVENT__INIT;
    e.kind = DEFANG__EVENT_KIND__EVENT_STATE;
    e.state = state;
    e.message = or_empty(message);
    emit(j, &e);
    if (store_deployment_move(j->daemon->store, j->row.id, (int)state, message, &err) < 0)
        log_error(
            "job",
            "state not stored: deployment=%s error=\"%s\"",
            j->row.id,
            err.message ? err.message : "?");
    else
        j->row.state = (int)state;
    log_info(
        "job",
        "state: deployment=%s project=%s stack=%s state=%s",
        j->row.id,
        j->row.project ? j->row.project : "-",
        j->row.stack ? j->row.stack : "-",
        protobuf_c_enum_descriptor_get_value(&defang__deploy_state__descriptor, (int)state)->name);
}

#define LAST_LOGS_MAX 40

/* The failure's last lines as LogLines; `lines` and `texts` hold them until the event is packed. */
static size_t last_logs(
    const struct engine_failure *f, Defang__LogLine *lines, Defang__LogLine **pointers, char **copy)
{
    *copy = xstrdup(f->logs ? f->logs : "");
    size_t n = 0;
    for (char *p = *copy; p && *p && n < LAST_LOGS_MAX;) {
        char *end = strchr(p, '\n');
        if (end)
            *end = '\0';
        defang__log_line__init(&lines[n]);
        lines[n].service = or_empty(f->service);
        lines[n].host = or_empty(f->task);
        lines[n].text = p;
        pointers[n] = &lines[n];
        n++;
        p = end ? end + 1 : NULL;
    }
    return n;
}

static void fill_endpoints(struct job *j, Defang__Result *r)
{
    size_t n = json_array_size(j->endpoints);
    r->endpoints = arena_array(j->arena, Defang__Endpoint *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(j->endpoints, i);
        Defang__Endpoint *e = arena_make(j->arena, Defang__Endpoint);
        defang__endpoint__init(e);
        e->service = or_empty(json_str(item, "service"));
        e->url = or_empty(json_str(item, "url"));
        e->is_public = json_bool_or(item, "public", false);
        r->endpoints[r->n_endpoints++] = e;
    }
}

static char *summary_of(struct job *j, Defang__DeployState state, const struct error *error)
{
    if (error_is_set(error))
        return xstrndup(error->message, 400);
    if (j->nothing_changed)
        return xstrdup("nothing changed");
    if (state == DEFANG__DEPLOY_STATE__SUCCEEDED)
        return xasprintf(
            "%u image%s built, %u resource%s changed",
            j->images_built,
            j->images_built == 1 ? "" : "s",
            j->resources_changed,
            j->resources_changed == 1 ? "" : "s");
    return xstrdup("");
}

void job_finish(struct job *j, Defang__DeployState state, const struct error *error)
{
    Defang__Result r = DEFANG__RESULT__INIT;
    Defang__LogLine lines[LAST_LOGS_MAX], *pointers[LAST_LOGS_MAX];
    cleanup_free char *logs = NULL;
    if (error_is_set(error)) {
        r.error_kind = (uint32_t)error->kind;
        r.error_message = or_empty(error->message);
        r.error_hint = or_empty(error->hint);
        r.failed_service = or_empty(j->failure.service);
        r.n_last_logs = last_logs(&j->failure, lines, pointers, &logs);
        r.last_logs = pointers;
    }
    r.nothing_changed = j->nothing_changed;
    r.images_built = j->images_built;
    r.uploads = j->uploads;
    r.resources_changed = j->resources_changed;
    r.kept = (char **)j->kept.items;
    r.n_kept = j->kept.len;
    fill_endpoints(j, &r);
    Defang__Event e = DEFANG__EVENT__INIT;
    e.kind = DEFANG__EVENT_KIND__EVENT_RESULT;
    e.result = &r;
    e.message = or_empty(error_is_set(error) ? error->message : NULL);
    emit(j, &e);
    cleanup_free char *summary = summary_of(j, state, error);
    job_state_set(j, state, summary);
    j->finished = true;
}
