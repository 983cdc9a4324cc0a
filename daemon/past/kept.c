/* What is known of a deployment whose log is asked for.
 *
 *   this machine's store ─ it is there ─▶ its evidence, and its own time as the window
 *      └─ not ─▶ history/… in the account's bucket, which another machine wrote
 *
 * One that runs or ended well has no evidence to show: its lines are in CloudWatch, and the last
 * hour is what people mean. */
#include "daemon/past/kept.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"

#include <string.h>

#define SLACK_MS (5LL * 60 * 1000) /* lines that CloudWatch shows late; clocks that differ */

void kept_place(
    struct verb_call *v, struct arena *arena, const char *deployment, Defang__Caller *caller)
{
    struct store_deployment row = {0};
    cleanup_error struct error ignored = ERROR_INIT;

    if (text_empty(deployment) || text_eq(deployment, "latest") ||
        store_deployment_get(v->daemon->store, deployment, &row, &ignored) < 0)
        return;

    struct {
        char **open;
        const char *value;
    } fill[] = {
        {&caller->project_name, row.project},
        {&caller->stack, row.stack},
        {&caller->region, row.region}};

    for (size_t i = 0; i < ARRAY_LEN(fill); i++)
        if (text_empty(*fill[i].open) && !text_empty(fill[i].value))
            *fill[i].open = arena_strdup(arena, fill[i].value);
    store_deployment_done(&row);
}

static void add_item(void *arg, const char *data)
{
    json_t *item = NULL;

    if (json_parse(data, strlen(data), &item, NULL) == 0)
        json_push(arg, item);
}

static bool went_well(int state)
{
    return !store_state_is_terminal(state) || text_eq(store_state_name(state), "SUCCEEDED");
}

/* One that runs, or ended well, has its lines in CloudWatch, and the window that people mean. */
static int from_store(
    struct verb_call *v,
    const char *deployment,
    bool any_kind,
    struct flow_log_query *q,
    struct kept *k,
    struct error *err)
{
    struct store_deployment row = {0};
    cleanup_json json_t *items = array();
    struct arena *arena = v->project.arena;

    if (store_deployment_get(v->daemon->store, deployment, &row, NULL) < 0)
        return 0;

    k->known = true;
    int rc = store_evidence_each(v->daemon->store, deployment, add_item, items, err);
    kept_lines_of(arena, items, q, any_kind, &k->lines);
    if (!went_well(row.state)) {
        k->begun_ms = row.created_ms;
        k->ended_ms = row.ended_ms;
        kept_lines_end(arena, store_state_name(row.state), row.summary, row.ended_ms, &k->lines);
    }

    store_deployment_done(&row);
    return rc;
}

/* Of another machine. That the account does not tell is said only when nothing else is there. */
static void from_account(
    struct verb_call *v,
    const char *deployment,
    bool any_kind,
    struct flow_log_query *q,
    struct kept *k)
{
    struct engine_context c = verb_context(v, NULL);
    struct arena *arena = v->project.arena;
    cleanup_json json_t *doc = NULL;

    if (kept_fetch(&c, deployment, &doc, &k->why) < 0 || !doc)
        return;

    k->known = true;
    k->begun_ms = json_int_or(doc, "created_ms", 0);
    k->ended_ms = json_int_or(doc, "ended_ms", 0);
    kept_lines_of(arena, json_object_get(doc, "items"), q, any_kind, &k->lines);
    kept_lines_end(
        arena,
        json_str_or(doc, "state", "FAILED"),
        json_str(doc, "error.message"),
        k->ended_ms,
        &k->lines);
}

int kept_find(
    struct verb_call *v,
    const char *deployment,
    bool any_kind,
    struct flow_log_query *q,
    struct kept *k,
    struct error *err)
{
    int rc = from_store(v, deployment, any_kind, q, k, err);
    if (rc == 0 && !k->known)
        from_account(v, deployment, any_kind, q, k);

    q->kept = k->lines.items;
    q->kept_count = k->lines.len;
    if (k->begun_ms) {
        q->window_from_ms = k->begun_ms - SLACK_MS;
        q->window_to_ms = k->ended_ms ? k->ended_ms + SLACK_MS : 0;
    }

    return rc;
}

void kept_done(struct kept *k)
{
    kept_lines_done(&k->lines);
    error_done(&k->why);
}
