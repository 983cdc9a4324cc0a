/* The last two events of a deployment: what came of it, then its terminal state.
 *
 * The result holds what a person needs at the end without asking again: how much was built and
 * changed, the addresses, what was kept on purpose; or the reason, which service it was, and its
 * last lines of log, gathered before anything was cleaned up. The texts are borrowed: the event is
 * encoded before this returns. */
#include "daemon/jobs/job.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/keep/keep.h"
#include "loop/fiber.h"

#include <string.h>

#define LAST_LOGS_MAX 40
#define SUMMARY_MAX   400 /* bytes: one line of a list */

static char *or_empty(const char *s)
{
    return (char *)(s ? s : ""); /* protobuf-c's structs want char *; packing only reads */
}

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

static void
add_endpoint(json_t *list, const char *service, const json_t *outputs, const char *output)
{
    const char *url = json_str(outputs, output);

    if (url)
        json_push(list, object(key("service", service), key("url", url), key("public", true)));
}

void job_endpoints(struct job *j, const json_t *services, const json_t *outputs)
{
    json_t *list = array();
    const char *service;
    json_t *entry;

    json_object_foreach((json_t *)(uintptr_t)services, service, entry) {
        const char *output = json_str(entry, "endpointOutput");
        const char *private = output ? NULL : json_str(entry, "endpoint");
        const json_t *more = json_object_get(entry, "moreOutputs");

        if (output)
            add_endpoint(list, service, outputs, output);
        for (size_t i = 0; i < json_array_size(more); i++)
            add_endpoint(list, service, outputs, json_string_value(json_array_get(more, i)));
        if (private)
            json_push(
                list, object(key("service", service), key("url", private), key("public", false)));
    }

    json_decref(j->endpoints);
    j->endpoints = list;
}

/* In the job's arena, which outlives the event. */
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

char *job_summary(struct job *j, Defang__DeployState state, const struct error *error)
{
    if (error_is_set(error))
        return xstrndup(error->message, SUMMARY_MAX);
    if (j->canceled_late)
        return xstrdup("canceled too late: it runs");
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

/* What stores left, whichever way the job ended. */
void job_say_snapshots(struct job *j)
{
    const char **said;
    size_t count;

    if (engine_detaching(&j->context))
        return;

    fiber_shield(true);
    keep_say(&j->context, j->arena, &said, &count);
    for (size_t i = 0; i < count; i++)
        vec_push(&j->kept, (char *)(uintptr_t)said[i]);
    fiber_shield(false);
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
    r.canceled_late = j->canceled_late;
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
    job_emit(j, &e);

    cleanup_free char *summary = job_summary(j, state, error);
    job_state_set(j, state, summary);
    j->finished = true;
}
