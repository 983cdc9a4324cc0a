/* Which services that run once an `up` would run, and in which stage, for `plan`: the same question
 * as once.c asks, without a journal and without running anything. When some would run, the project
 * is planned again, because what waits for them comes in a later stage. */
#include "daemon/preview/once_preview.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"
#include "engine/run/once_record.h"

/* With those who wait for it, so that a plan says what stands still meanwhile. */
static void
add_run(struct arena *arena, const struct plan_once *o, const char *why, struct once_preview *out)
{
    Defang__PlanRun *m = arena_make(arena, Defang__PlanRun);

    defang__plan_run__init(m);
    m->service = verb_text(arena, o->service);
    m->why = verb_text(arena, why);
    m->before = arena_array(arena, char *, o->before_count + 1);
    for (size_t i = 0; i < o->before_count; i++)
        m->before[m->n_before++] = verb_text(arena, o->before[i]);
    out->runs[out->n_runs++] = m;
}

/* What waits for them comes later. */
static int plan_again(
    struct arena *arena,
    struct plan_request *r,
    struct graph **graph,
    struct plan_stages *s,
    struct error *err)
{
    graph_free(*graph);
    *graph = NULL;

    int rc = plan_make(r, graph, NULL, err);
    if (rc == 0)
        plan_stages(arena, r, *graph, s);
    return rc;
}

int once_preview(
    struct engine_context *c,
    struct arena *arena,
    struct plan_request *r,
    struct graph **graph,
    struct once_preview *out,
    struct error *err)
{
    struct plan_stages s;

    plan_stages(arena, r, *graph, &s);
    *out = (struct once_preview){
        .runs = arena_array(arena, Defang__PlanRun *, s.once_count + 1), .stages = 1};

    const char **names = arena_array(arena, const char *, s.once_count + 1),
               **pending = arena_array(arena, const char *, s.once_count + 1);
    cleanup_free struct flow_run *last = xcalloc(s.once_count + 1, sizeof *last);

    for (size_t i = 0; i < s.once_count; i++)
        names[i] = s.once[i].service;

    int rc = flow_runs_read(c, names, s.once_count, last, err);
    for (size_t i = 0; i < s.once_count; i++) {
        const char *why = rc < 0 ? NULL : flow_run_why(&last[i], s.once[i].hash);

        if (why) {
            add_run(arena, &s.once[i], why, out);
            pending[r->pending_count++] = names[i];
        }

        flow_run_done(&last[i]);
    }

    r->pending = pending;
    if (rc == 0 && r->pending_count)
        rc = plan_again(arena, r, graph, &s, err);
    out->stages = s.count;

    for (size_t i = 0; rc == 0 && i < out->n_runs; i++)
        for (size_t k = 0; k < s.once_count; k++)
            if (text_eq(s.once[k].service, out->runs[i]->service))
                out->runs[i]->stage = s.once[k].stage;

    return rc;
}
