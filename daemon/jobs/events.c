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
#include <stdarg.h>

static_assert(
    (int)ENGINE_ROW_SERVICE == (int)DEFANG__ROW_KIND__ROW_KIND_SERVICE, "row kinds agree");
static_assert((int)ENGINE_CANCELED == (int)DEFANG__ROW_STATE__ROW_CANCELED, "row states agree");
static_assert((int)ENGINE_DONE == (int)DEFANG__ROW_STATE__ROW_DONE, "row states agree");

static char *or_empty(const char *s)
{
    return (char *)(s ? s : ""); /* protobuf-c's structs want char *; packing only reads */
}

/* An event that cannot be stored is not worth a job: the store's failure pauses it anyway. */
void job_emit(struct job *j, Defang__Event *e)
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

/* Times are the daemon's business, not the engine's: they must hold over a restart. */
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
    job_emit(j, &e);
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
    job_emit(j, &e);
    evidence_resource(j, row_id, resource);
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

    cleanup_free char *key = xasprintf(STORE_BUILD_TASK "%s", line->host);
    cleanup_free char *value = xasprintf("%s\t%lld", line->service, (long long)clock_wall_ms());
    cleanup_error struct error ignored = ERROR_INIT; /* only a name in a log */

    store_project_put(
        j->daemon->store,
        j->row.account,
        j->row.region,
        j->row.project,
        j->row.stack,
        key,
        value,
        &ignored);
    j->last_build_task = arena_strdup(j->arena, line->host);
}

/* Borrowed from the engine for the call: the event is encoded before it returns. */
static void on_log(void *arg, const struct engine_log *line)
{
    struct job *j = arg;

    remember_build(j, line);

    Defang__LogLine l = DEFANG__LOG_LINE__INIT;
    fill_log(&l, line);

    Defang__Event e = DEFANG__EVENT__INIT;
    e.kind = DEFANG__EVENT_KIND__EVENT_LOG;
    e.log = &l;
    job_emit(j, &e);
}

static void on_note(void *arg, enum engine_severity severity, const char *message, const char *hint)
{
    struct job *j = arg;
    Defang__Event e = DEFANG__EVENT__INIT;

    e.kind = DEFANG__EVENT_KIND__EVENT_NOTE;
    e.severity = (uint32_t)severity;
    e.message = or_empty(message);
    e.hint = or_empty(hint);
    job_emit(j, &e);
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

/* Before an effect: what was intended is on the disk when this returns. */
static int journal_flush(void *arg, struct error *err)
{
    struct job *j = arg;
    return store_flush(j->daemon->store, err);
}

void job_events_init(struct job *j)
{
    j->sink = (struct engine_sink){
        .row = on_row,
        .resource = on_resource,
        .log = on_log,
        .note = on_note,
        .evidence = evidence_take,
        .arg = j};
    j->journal = (struct engine_journal){
        .get = journal_get, .put = journal_put, .flush = journal_flush, .arg = j};
}

/* The kind of a row follows from its id: image/…, service/…, else a step. */
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

    enum engine_row_kind kind = ENGINE_ROW_STEP;
    if (text_starts(row, "image/"))
        kind = ENGINE_ROW_IMAGE;
    else if (text_starts(row, "service/"))
        kind = ENGINE_ROW_SERVICE;

    engine_row(&j->context, kind, row, state, order, NULL, "%s", str_get(&what));
}

/* The event goes first and the row after it, in one transaction: after a terminal state nothing
 * can be written any more. */
void job_state_set(struct job *j, Defang__DeployState state, const char *message)
{
    if (j->row.state == (int)state)
        return;

    cleanup_error struct error err = ERROR_INIT;
    Defang__Event e = DEFANG__EVENT__INIT;

    e.kind = DEFANG__EVENT_KIND__EVENT_STATE;
    e.state = state;
    e.message = or_empty(message);
    job_emit(j, &e);

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
