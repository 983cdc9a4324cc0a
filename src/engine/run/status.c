/* `ps`: what runs now, from the deployed template and the services' own word.
 *
 *   engine: template, outputs, resources ─▶ a row a service (service_state.c) ─▶ those that run
 * once
 *
 * The template is the deployed one, whichever engine holds it: its groups say which resources are a
 * service, its Metadata what the planner noted (endpoint, deployment, sidecars, once). */
#include "engine/run/status.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/engine.h"
#include "engine/run/once_record.h"
#include "engine/run/service_state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void flow_status_done(struct flow_status *s)
{
    for (size_t i = 0; i < s->len; i++) {
        struct flow_service_status *x = &s->services[i];
        char *const owned[] = {
            x->name, x->kind, x->deployment, x->state, x->endpoint, x->health, x->image, x->reason};
        for (size_t k = 0; k < ARRAY_LEN(owned); k++)
            free(owned[k]);
    }

    free(s->services);
    *s = (struct flow_status){0};
}

/* ---- services that run once: the deployed template's notes name them ---- */

static const char *family_of(const struct status_reader *r, const char *service)
{
    cleanup_free char *group = xasprintf("service/%s", service);
    const char *family = NULL, *id;
    json_t *resource;

    json_object_foreach(json_object_get(r->template, "Resources"), id, resource) {
        bool is_definition = text_eq(json_str(resource, "Type"), "AWS::ECS::TaskDefinition");
        if (is_definition && text_eq(json_str(resource, "Metadata.Group"), group))
            family = json_str(resource, "Properties.Family");
    }

    return family;
}

/* By family: the task has no service that would know it. */
static int runs_now(struct status_reader *r, const char *service, bool *now, struct error *err)
{
    const char *family = family_of(r, service);
    cleanup_json json_t *list = NULL;
    int rc = 0;

    if (family && r->cluster) {
        json_t *in = object(key("cluster", r->cluster), key("family", family));
        rc = engine_call(r->c, &aws_ecs_ListTasks, in, &list, err);
    }

    *now = json_len(list, "taskArns") > 0;
    return rc < 0 ? error_wrap(err, "looking for tasks of %s", service) : 0;
}

/* "2026-11-23T01:08:45Z" */
static void time_text(int64_t ms, char *out, size_t n)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, n, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void fill_ended(struct flow_service_status *row, const struct flow_run *last)
{
    bool well = last->exit_code == 0;
    char when[40];

    time_text(last->ended_ms, when, sizeof when);
    row->state = xstrdup(well ? "COMPLETED" : "FAILED");
    if (well)
        row->reason = xasprintf("exited 0 at %s", when);
    else
        row->reason = xasprintf("%s, at %s", last->reason ? last->reason : "failed", when);
    free(row->deployment);
    row->deployment = xstrdup_null(last->deployment);
}

static int read_once(struct status_reader *r, const char *service, struct error *err)
{
    struct flow_service_status *row = status_row_add(r, service, "once");
    struct flow_run last = {0};
    bool now = false;

    row->image = xstrdup_null(json_str(status_containers(r, service), "0.Image"));
    int rc = runs_now(r, service, &now, err);
    if (rc == 0)
        rc = flow_runs_read(r->c, &service, 1, &last, err);
    if (rc < 0)
        return rc;

    row->desired = row->running = now;
    if (now)
        row->state = xstrdup("RUNNING");
    else if (!last.known)
        row->state = xstrdup("NOT RUN");
    else
        fill_ended(row, &last);
    flow_run_done(&last);
    return 0;
}

static int read_onces(struct status_reader *r, struct error *err)
{
    const char *service;
    json_t *note;
    int rc = 0;

    json_object_foreach(json_at(r->template, "Metadata.Defang.services"), service, note) {
        if (rc == 0 && json_str(note, "once"))
            rc = read_once(r, service, err);
    }

    return rc;
}

static int read_services(struct status_reader *r, struct error *err)
{
    const char *id;
    json_t *resource;
    int rc = 0;

    json_object_foreach(json_object_get(r->template, "Resources"), id, resource) {
        const char *group = json_str_or(resource, "Metadata.Group", "");
        status_fn *read = status_reader_of(json_str(resource, "Type"));

        if (rc == 0 && read && text_starts(group, "service/"))
            rc = read(r, group + strlen("service/"), id, err);
    }

    return rc;
}

/* Cluster: the stack's own, or the one that a service's ARN names. */
static void find_cluster(struct status_reader *r)
{
    const char *id;
    json_t *resource;

    json_object_foreach(json_object_get(r->template, "Resources"), id, resource) {
        const char *type = json_str(resource, "Type");
        if (!r->cluster && text_eq(type, "AWS::ECS::Cluster"))
            r->cluster = xstrdup_null(status_physical(r, id));
        if (!r->cluster && text_eq(type, "AWS::ECS::Service"))
            r->cluster = status_cluster_of(status_physical(r, id));
    }
}

static int by_name(const void *a, const void *b)
{
    const struct flow_service_status *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int refuse_absent(struct engine_context *c, struct error *err)
{
    int rc = error_raise(
        err,
        ERR_NOT_FOUND,
        "project %s (stack %s) is not deployed in %s",
        c->project,
        c->settings->stack,
        aws_session_region(c->aws));
    error_hint(err, "deploy it with `defangctl up`");
    return rc;
}

/* What was read stays in *out, also when the rest failed: it is the caller's to free. */
int flow_status(struct engine_context *c, struct flow_status *out, struct error *err)
{
    const struct engine *engine = c->engine;
    struct engine_template deployed = {0};
    cleanup_json json_t *outputs = NULL, *resources = NULL;

    int rc = engine->deployed(c, &deployed, err);
    if (rc == 0 && !deployed.exists)
        rc = refuse_absent(c, err);
    if (rc == 0)
        rc = engine->outputs(c, &outputs, err);
    if (rc == 0)
        rc = engine->resources(c, &resources, err);

    struct status_reader r = {
        .c = c, .template = deployed.json, .outputs = outputs, .resources = resources};
    find_cluster(&r);
    if (rc == 0)
        rc = read_services(&r, err);
    if (rc == 0)
        rc = read_onces(&r, err);

    if (r.rows.len)
        qsort(r.rows.items, r.rows.len, sizeof *r.rows.items, by_name);
    *out = (struct flow_status){.services = r.rows.items, .len = r.rows.len};
    free(r.cluster);
    engine_template_done(&deployed);
    return rc;
}
