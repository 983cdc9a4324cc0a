/* What a failure left, from the engine's sink into two places.
 *
 * In the store as it comes, an item at a time: it survives the daemon, and is trimmed with the
 * deployment's events. At the end, when the deployment has failed, as one object in the account's
 * bucket (plan_history_key), which every machine can read that has the account: a colleague, the
 * next CI run, this one after its disk.
 *
 *   {"version": 1, "deployment", "project", "stack", "account", "region", "kind", "engine",
 *    "created_ms", "ended_ms", "state", "error": {"message", "hint"}, "items": [item, …]}
 *   item: {"kind", "service", "subject", "reason", "time_ms", "containers"} (engine/sink.h)
 *
 * engine/run/kept.c reads both. The object is put once more by a later life of the job that ends
 * again: same key, same content. */
#include "daemon/jobs/job.h"

#include "aws/s3/s3.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/run/kept.h"
#include "engine/stack/events.h"

#include <string.h>

void evidence_take(void *arg, const struct engine_evidence *e)
{
    struct job *j = arg;
    cleanup_error struct error err = ERROR_INIT;
    cleanup_json json_t *item = object(
        key("kind", e->kind),
        key("service", e->service),
        key("subject", e->subject),
        key("reason", e->reason),
        key("time_ms", (long long)e->time_ms));
    if (e->containers)
        json_object_set(item, "containers", (json_t *)e->containers);

    cleanup_free char *text = json_print(item, false, true);
    if (store_evidence_put(j->daemon->store, j->row.id, e->key, text, &err) < 0)
        log_error("job", "evidence lost: deployment=%s error=\"%s\"", j->row.id, err.message);
}

/* Only a cause: what was stopped because of another says nothing. */
void evidence_resource(struct job *j, const char *row_id, const struct engine_resource *r)
{
    if (!text_ends(r->status, "_FAILED") || cfn_reason_is_bystander(r->reason))
        return;

    bool of_service = text_starts(row_id, "service/");
    cleanup_free char *key = xasprintf("stack/%s/%s", r->logical_id, r->status);
    cleanup_free char *subject = xasprintf("%s (%s)", r->logical_id, r->type);
    cleanup_free char *reason =
        xasprintf("%s: %s", r->status, r->reason ? r->reason : "no reason given");

    evidence_take(
        j,
        &(struct engine_evidence){
            .key = key,
            .kind = "stack",
            .service = of_service ? row_id + strlen("service/") : NULL,
            .subject = subject,
            .reason = reason,
            .time_ms = clock_wall_ms()});
}

static void add_item(void *arg, const char *data)
{
    json_t *item = NULL;

    if (json_parse(data, strlen(data), &item, NULL) == 0)
        json_push(arg, item);
}

static json_t *document(struct job *j, const char *state, const struct error *why)
{
    cleanup_error struct error ignored = ERROR_INIT;
    const struct store_deployment *row = &j->row;
    json_t *items = array();

    store_evidence_each(j->daemon->store, row->id, add_item, items, &ignored);

    return object(
        key("version", 1),
        key("deployment", row->id),
        key("project", row->project),
        key("stack", row->stack),
        key("account", row->account),
        key("region", row->region),
        key("kind", row->kind),
        key("engine", row->engine),
        key("created_ms", (long long)row->created_ms),
        key("ended_ms", (long long)clock_wall_ms()),
        key("state", state),
        key("error", object(key("message", why->message), key("hint", why->hint))),
        key("items", items));
}

/* Before there is a bucket nothing was tried that leaves anything. */
void evidence_publish(struct job *j, const char *state, const struct error *why)
{
    const struct plan_facts *facts = j->context.facts;
    if (!text_eq(j->row.kind, "up") || !facts || !facts->bucket)
        return;

    cleanup_error struct error err = ERROR_INIT;
    cleanup_json json_t *doc = document(j, state, why);
    cleanup_free char *text = json_print(doc, false, true);
    cleanup_free char *key = plan_history_key(j->row.project, j->row.stack, j->row.id);

    fiber_shield(true);
    int rc =
        s3_put(j->context.aws, facts->bucket, key, "application/json", text, strlen(text), &err);
    fiber_shield(false);
    if (rc < 0)
        engine_note(
            &j->context,
            ENGINE_SAY_WARNING,
            NULL,
            "what the failure left is kept on this machine only, not in s3://%s/%s: %s",
            facts->bucket,
            key,
            err.message);
}
