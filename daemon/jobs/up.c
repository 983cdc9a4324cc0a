/* The way of a deployment (DESIGN.md section 3), from the frozen inputs on:
 *
 *   bootstrap → pack → upload → (foundation ∥ build) → plan → apply ∥ observe → finish
 *
 * With services that run once the last part is done in stages (plan_stages): apply ∥ observe → run
 * the one-offs of the stage → the next. Every step may find that an earlier life of the daemon did
 * it. */
#include "daemon/jobs/up.h"
#include "daemon/account_lock.h"
#include "daemon/jobs/domains.h"

#include "base/env.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/account/adopted.h"
#include "engine/account/bootstrap.h"
#include "engine/account/domains.h"
#include "engine/account/facts.h"
#include "engine/build/images.h"
#include "engine/context.h"
#include "engine/engine.h"
#include "engine/keep/latest.h"
#include "engine/site/files.h"
#include "engine/stack/cd.h"
#include "engine/values/config.h"
#include "engine/values/derived.h"
#include "engine/values/renew.h"
#include "plan/build.h"
#include "plan/partial.h"

#include <errno.h>
#include <string.h>

/* What the account and the project's own things in AWS say before anything is planned. */
static int read_facts(struct up *u, struct plan_facts **facts, struct error *err)
{
    struct job *j = u->j;
    int rc = flow_facts(&j->context, j->arena, facts, err);
    if (rc < 0)
        return rc;

    j->context.facts = *facts;
    rc = flow_adopted(&j->context, j->arena, j->project.model, *facts, err);
    if (rc == 0 && plan_has_secret_files(j->project.model))
        rc = flow_file_key(&j->context, j->arena, true, &(*facts)->file_key, err);
    if (rc == 0)
        rc = flow_domains(&j->context, j->arena, j->project.model, *facts, err);
    if (rc == 0)
        rc = keep_facts(&j->context, j->arena, j->project.model, *facts, err);

    return rc;
}

int up_prepare_account(struct up *u, struct error *err)
{
    struct job *j = u->j;
    struct plan_facts *facts = NULL;
    struct flow_cd cd = {0};
    int rc = read_facts(u, &facts, err);
    if (rc < 0)
        return rc;

    rc = account_lock(j->daemon);
    if (rc < 0)
        return error_raise(err, ERR_CANCELED, "canceled while another job prepared the account");

    rc = flow_cd_ensure(&j->context, false, &cd, err);
    account_unlock(j->daemon);
    facts->bucket = arena_strdup(j->arena, cd.bucket);
    facts->ecr_public_prefix = arena_strdup(j->arena, cd.ecr_public_prefix);
    flow_cd_done(&cd);
    u->request.facts = facts;

    return rc;
}

/* With new numbers where a database's password would keep its old one. */
static int list_configs(struct up *u, struct flow_config **list, size_t *count, struct error *err)
{
    struct engine_context *c = &u->j->context;
    bool renewed = false;
    int rc = flow_config_list(c, list, count, err);
    if (rc == 0)
        rc = passwords_renew(c, u->deployed.json, *list, *count, &renewed, err);
    if (rc < 0 || !renewed)
        return rc;

    flow_config_list_done(*list, *count);
    return flow_config_list(c, list, count, err);
}

/* A config that was set anew makes the services that use it new. */
int up_read_configs(struct up *u, struct error *err)
{
    struct flow_config *list = NULL;
    size_t count = 0;
    int rc = list_configs(u, &list, &count, err);
    struct plan_config *configs = arena_array(u->j->arena, struct plan_config, count + 1);

    for (size_t i = 0; i < count; i++)
        configs[i] = (struct plan_config){
            .name = arena_strdup(u->j->arena, list[i].name),
            .version = list[i].version,
            .set_ms = list[i].set_ms};

    u->request.configs = configs;
    u->request.config_count = count;
    flow_config_list_done(list, count);

    return rc;
}

/* An engine that takes a failed apply back must be able to. */
static void hold_back(struct up *u)
{
    bool takes_back = u->j->engine->rolls_back;

    u->held = takes_back && !u->keeping ? plan_hold_back(u->graph, u->request.previous) : 0;
}

int up_make_graph(struct up *u, bool foundation, unsigned stage, struct error *err)
{
    struct compose_diagnostics d = {0}; /* said when the deployment was admitted */

    graph_free(u->graph);
    u->graph = NULL;
    u->request.foundation = foundation;
    u->request.stage = stage;
    u->request.images = u->images.uris;
    u->request.image_count = foundation ? 0 : u->images.uri_count;

    int rc = plan_make(&u->request, &u->graph, &d, err);
    if (rc == 0)
        rc = graph_check(u->graph, err);
    bool whole = !foundation && stage == 0;
    if (rc == 0 && whole)
        rc = plan_check_origin(&u->request, u->graph, err);
    if (rc == 0 && u->request.previous)
        rc = plan_check_previous(&u->request, u->graph, err);
    if (rc == 0)
        hold_back(u);
    compose_diagnostics_done(&d);

    return rc < 0 ? error_wrap(err, "planning %s", u->j->context.project) : 0;
}

struct side {
    struct up *u;
    int (*fn)(struct up *u, struct error *err);
};

/* A function with its `up`, for a fiber of a group. */
static int run_side(void *arg, struct error *err)
{
    struct side *s = arg;
    return s->fn(s->u, err);
}

static int apply_foundation(struct up *u, struct error *err)
{
    return up_apply(u, "foundation", err);
}

static int build_images(struct up *u, struct error *err)
{
    return images_build(&u->images, &u->j->failure, err);
}

/* First deployment: the network and the stores come up while images build. Afterwards the place to
 * build is there already, unless the deployed builder logs in to other registries: then the
 * foundation brings the new one first. */
static int found_and_build(struct up *u, struct error *err)
{
    bool begun = false, done = false, ready = false;
    bool anew = !plan_builder_is_current(u->j->arena, &u->request);
    int rc = up_step_done(u, "foundation", &done, err);
    if (rc == 0)
        rc = up_phase_begun(u, "foundation", &begun, err);
    if (rc == 0 && !done && !begun)
        rc = images_place_ready(&u->images, &ready, err);
    if (rc < 0)
        return rc;
    rc = up_put_for_builds(u, err);
    if (rc < 0)
        return rc;
    if (done || (ready && !begun && !anew))
        return images_build(&u->images, &u->j->failure, err);

    rc = up_make_graph(u, true, 0, err);
    if (rc < 0)
        return rc;
    if (anew) {
        rc = apply_foundation(u, err);
        return rc < 0 ? rc : images_build(&u->images, &u->j->failure, err);
    }

    struct fiber_group *g = fiber_group_new(u->j->daemon->loop, 0);
    struct side sides[] = {{u, apply_foundation}, {u, build_images}};

    fiber_group_spawn(g, "foundation", run_side, &sides[0]);
    fiber_group_spawn(g, "build", run_side, &sides[1]);
    rc = fiber_group_wait(g, err);
    fiber_group_free(g);

    return rc;
}

static int read_endpoints(struct up *u, struct error *err)
{
    cleanup_json json_t *outputs = NULL;
    int rc = u->j->engine->outputs(&u->j->context, &outputs, err);
    if (rc < 0)
        return rc;

    job_endpoints(u->j, json_at(u->graph->metadata, "Defang.services"), outputs);
    domains_point(u->j, &u->request, outputs);

    return 0;
}

void up_now_deployed(struct up *u)
{
    engine_template_done(&u->deployed);
    u->deployed =
        (struct engine_template){.json = graph_template(u->graph), .exists = true, .settled = true};
    u->request.previous = u->deployed.json;
}

static struct build_images images_of(const struct up *u)
{
    return (struct build_images){
        .c = &u->j->context,
        .builds = u->images.builds,
        .uris = u->images.built,
        .count = u->images.count,
        .some = u->request.only_count > 0};
}

/* *changed: the graph was not what was there, or an earlier life had begun to make it so. */
static int apply_if_differs(struct up *u, const char *phase, bool *changed, struct error *err)
{
    bool begun = false;
    int rc = up_phase_begun(u, phase, &begun, err);
    if (rc < 0)
        return rc;
    if (!begun && up_nothing_differs(u))
        return 0;

    *changed = true;
    struct build_images images = images_of(u);
    images_hold(&images);
    rc = up_put_derived(u, false, err);
    if (rc == 0)
        rc = up_apply_and_observe(u, phase, err);
    if (rc == 0)
        up_now_deployed(u);

    return rc;
}

/* One stage: the last one is the whole. A stage that an earlier life finished is not looked at
 * again. */
static int run_stage(struct up *u, unsigned stage, bool *changed, struct error *err)
{
    bool last = stage == u->once.stages.count;
    bool done = false;
    cleanup_free char *phase = last ? xstrdup("whole") : xasprintf("stage-%u", stage);
    int rc = up_step_done(u, phase, &done, err);
    if (rc == 0 && (last || !done))
        rc = up_make_graph(u, false, last ? 0 : stage, err);
    if (rc == 0 && last)
        rc = up_note_rest(u, stage, err);
    if (rc == 0 && !done)
        rc = apply_if_differs(u, phase, changed, err);
    if (rc == 0 && done)
        *changed = true;

    return rc < 0 ? rc : once_run(&u->once, stage, err);
}

/* What was held back, now that all of it runs: a database is protected, and leaves a last snapshot.
 */
static int keep(struct up *u, bool *changed, struct error *err)
{
    if (!u->held)
        return 0;

    u->keeping = true;
    int rc = up_make_graph(u, false, 0, err);
    if (rc == 0)
        rc = up_apply(u, "keep", err);
    if (rc < 0)
        return error_wrap(err, "all of it runs; protecting what holds data failed");

    *changed = true;
    up_now_deployed(u);
    return 0;
}

/* Files of static sites go after the stages: their bucket is there now. */
static int put_static(struct up *u, bool *changed, struct error *err)
{
    struct plan_static *list;
    size_t count, files = 0;

    plan_static_sites(u->j->arena, u->request.project, &list, &count);
    if (u->j->project.released) /* no folder is there: files stay as they are */
        return 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!plan_is_held(&u->request, list[i].service))
            list[n++] = list[i];
    count = n;

    int rc = flow_static_put(&u->j->context, list, count, &files, err);
    *changed = *changed || files;

    return rc;
}

/* Whether what was deployed before had services that run once: else there is no record to
 * remove. */
static bool had_once(const struct up *u)
{
    const char *service;
    json_t *note;

    json_object_foreach(json_at(u->before, "Metadata.Defang.services"), service, note) {
        if (json_str(note, "once"))
            return true;
    }

    return false;
}

/* Nothing pending, nothing that differs, no file sent: then nothing was changed, and it is said
 * in one line. */
static int run_stages(struct up *u, struct error *err)
{
    bool changed = u->once.pending_count > 0 || u->lost_groups;
    int rc = up_make_room(u, &changed, err);

    for (unsigned stage = 1; rc == 0 && stage <= u->once.stages.count; stage++)
        rc = run_stage(u, stage, &changed, err);
    if (rc == 0)
        rc = put_static(u, &changed, err);
    if (rc == 0)
        rc = up_rest_is(u, u->held ? UP_REST_KEEP : NULL, err);
    if (rc == 0)
        rc = keep(u, &changed, err);
    if (rc == 0)
        rc = up_rest_is(u, NULL, err);
    if (rc < 0)
        return rc;

    if (!changed) {
        u->j->nothing_changed = u->j->images_built == 0;
        job_step(
            u->j, "plan", ENGINE_SKIPPED, 25, "nothing to change: what runs is what the files say");
        return 0;
    }

    once_say_skipped(&u->once);
    struct build_images images = images_of(u);
    images_release(&images);
    if (u->request.only_count) /* what the others draw on stays */
        return 0;
    rc = up_put_derived(u, true, err);
    if (rc == 0)
        rc = up_put_secrets(u, true, err);

    return rc < 0 || !had_once(u) ? rc : once_prune(&u->once, err);
}

static int run(struct up *u, struct error *err)
{
    struct job *j = u->j;
    int rc = up_prepare_account(u, err);
    if (rc == 0)
        rc = up_read_deployed(u, err);
    if (rc == 0)
        rc = up_read_configs(u, err);
    if (rc == 0)
        rc = up_consent(u, err);
    if (rc == 0)
        rc = up_make_groups(u, err);
    if (rc == 0)
        rc = up_put_secrets(u, false, err);
    if (rc == 0)
        rc = images_prepare(&u->images, j, &u->request, err);
    if (rc == 0 && images_missing(&u->images))
        rc = found_and_build(u, err);
    if (rc == 0)
        rc = up_make_graph(u, false, 0, err);
    if (rc == 0)
        rc = once_choose(&u->once, j, &u->request, u->graph, err);
    if (rc == 0)
        rc = run_stages(u, err);

    return rc < 0 ? rc : read_endpoints(u, err);
}

/* `up SERVICE…`: the names, in the job's arena. */
static void read_only(struct up *u)
{
    const json_t *names = json_object_get(u->j->inputs, "only");
    size_t n = json_array_size(names);
    const char **only = arena_array(u->j->arena, const char *, n + 1);

    for (size_t i = 0; i < n; i++)
        only[i] = arena_strdup(u->j->arena, json_string_value(json_array_get(names, i)));
    u->request.only = only;
    u->request.only_count = n;
}

void up_begin(struct up *u, struct job *j)
{
    *u = (struct up){.j = j};
    u->request = (struct plan_request){
        .project = j->project.model,
        .settings = &j->project.settings,
        .deployment = j->row.id,
        .origin = j->project.origin,
        .adopt = json_bool_or(j->inputs, "adopt", false),
        .no_snapshot = json_bool_or(j->inputs, "no_snapshot", false)};
    read_only(u);
}

void up_end(struct up *u)
{
    images_done(&u->images);
    engine_template_done(&u->deployed);
    json_decref(u->before);
    json_decref(u->gone);
    json_decref(u->lost_groups);
    graph_free(u->graph);
}

int job_run_up(struct job *j, struct error *err)
{
    struct up u;

    up_begin(&u, j);
    int rc = run(&u, err);
    release_note(&u, rc == 0);
    if (rc < 0) {
        struct build_images images = images_of(&u);
        images_let_go(&images);
        up_say_left(&u);
    }

    job_say_snapshots(j);
    up_end(&u);

    return rc;
}
