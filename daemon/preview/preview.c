/* What an `up` would do now, without doing it: shared by `plan`, `eject` and `cd preview`.
 *
 * It looks where an `up` looks, in the same order: facts of the account, the CD stack, what is
 * deployed, the configs, the images, then the plan and the services that run once. Nothing is
 * uploaded, built or changed; contexts are packed for their digests alone, because the digest
 * decides whether an image is there. What only an `up` could find out gets a stand-in, and
 * `unknowns` says so. */
#include "daemon/preview/preview.h"

#include "daemon/context.h"
#include "daemon/engine_choice.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/account/adopted.h"
#include "engine/account/domains.h"
#include "engine/account/facts.h"
#include "engine/build/build.h"
#include "engine/engine.h"
#include "engine/keep/latest.h"
#include "engine/run/gone.h"
#include "engine/stack/cd.h"
#include "engine/stack/log_groups.h"
#include "engine/values/config.h"
#include "engine/values/derived.h"
#include "loop/work.h"
#include "plan/consent.h"
#include "plan/pulumi/pulumi.h"

#include <string.h>

static char *say_missing(struct arena *arena, const char *name, int64_t making_ms)
{
    char since[25];

    if (!making_ms)
        return arena_printf(arena, "the CD stack %s does not exist yet: `up` makes it first", name);
    clock_format_iso(making_ms, since);
    return arena_printf(
        arena, "the CD stack %s is being made (since %s): `up` waits for it", name, since);
}

/* A CD stack that is not there yet is no failure: an `up` would make it, and its names are known
 * but for the bucket. */
static int read_account(struct preview *p, struct error *err)
{
    struct arena *arena = p->v->project.arena;
    struct flow_cd cd = {0};
    bool exists = false;
    int rc = flow_facts(&p->context, arena, &p->facts, err);

    p->context.facts = p->request.facts = p->facts;
    if (rc == 0)
        rc = flow_adopted(&p->context, arena, p->v->project.model, p->facts, err);
    if (rc == 0 && plan_has_secret_files(p->v->project.model))
        rc = flow_file_key(&p->context, arena, false, &p->facts->file_key, err);
    if (rc == 0)
        rc = flow_domains(&p->context, arena, p->v->project.model, p->facts, err);
    if (rc == 0)
        rc = keep_facts(&p->context, arena, p->v->project.model, p->facts, err);
    if (rc == 0)
        rc = flow_cd_describe(&p->context, &cd, &exists, err);
    if (rc < 0)
        return rc;

    p->facts->bucket = arena_strdup(arena, cd.bucket ? cd.bucket : "bucket-of-the-cd-stack");
    p->facts->ecr_public_prefix =
        arena_strdup(arena, exists ? cd.ecr_public_prefix : p->v->project.settings.cd_name);

    if (!exists)
        vec_push(&p->unknowns, say_missing(arena, p->v->project.settings.cd_name, cd.making_ms));

    flow_cd_done(&cd);
    return 0;
}

/* The archive itself is of no use here: it goes with its descriptor. */
static int pack_for_digest(struct preview *p, struct plan_build *b, struct error *err)
{
    cleanup_pack_result struct pack_result result = {0};
    cleanup_fd int fd = -1;

    if (b->git) /* the builder clones it */
        return 0;

    struct project *project = &p->v->project;
    int rc = context_pack(p->v->daemon, b, 0, NULL, &result, &fd, err);
    if (rc == 0)
        b->object_key = arena_strdup(project->arena, result.object_name);

    return rc;
}

static bool is_of_a_check(const struct error *err)
{
    return err->kind == ERR_REFUSED || err->kind == ERR_USAGE || err->kind == ERR_NOT_FOUND;
}

int preview_refusal(struct preview *p, struct error *err)
{
    struct arena *arena = p->v->project.arena;
    Defang__Diagnostic *d = arena_make(arena, Defang__Diagnostic);

    if (!p->gather || !is_of_a_check(err))
        return err->code;

    defang__diagnostic__init(d);
    d->message = verb_text(arena, err->message);
    d->hint = verb_text(arena, err->hint);
    d->file = verb_text(arena, err->file);
    d->line = err->line;
    d->column = err->column;
    vec_push(&p->refusals, d);
    error_done(err);
    return 0;
}

/* Equal builds share one image: what is said of the first holds for the others. An image that is
 * missing gets the name that it would have. Those that could not be packed have no key. */
static int
look_images_up(struct preview *p, struct plan_build *builds, size_t count, struct error *err)
{
    struct arena *arena = p->v->project.arena;
    int rc = 0;

    for (size_t i = 0; i < count; i++)
        if (builds[i].object_key)
            plan_build_finish(arena, &p->request, &builds[i]);
    plan_builds_share(builds, count);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        cleanup_free char *uri = NULL;
        size_t first = builds[i].same_as ? (size_t)(builds[i].same_as - builds) : i;

        if (!builds[i].object_key)
            continue;

        rc = flow_image_lookup(&p->context, &builds[i], &uri, err);
        if (!uri && first == i)
            vec_push(&p->builds, arena_strdup(arena, builds[i].service));
        if (!uri && first != i)
            uri = xstrdup(p->images[first].uri);

        if (!uri || p->context.engine->builds_images) {
            free(uri); /* the tag stands for the digest that only a build can tell */
            uri = plan_pulumi_image_uri(p->facts, &builds[i]);
        }

        p->images[i] =
            (struct plan_image){.service = builds[i].service, .uri = arena_strdup(arena, uri)};
    }
    return rc;
}

/* Those of the release that would be deployed again. */
static void take_released(struct preview *p)
{
    const json_t *list = p->v->project.released;
    size_t i;
    json_t *one;

    p->images = arena_array(p->v->project.arena, struct plan_image, json_array_size(list) + 1);
    json_array_foreach(list, i, one) {
        const char *uri = json_str(one, "image"), *service = json_str(one, "service");

        if (uri && service && json_bool_or(one, "built", false))
            p->images[p->request.image_count++] =
                (struct plan_image){.service = service, .uri = uri};
    }
    p->request.images = p->images;
}

static int find_images(struct preview *p, struct error *err)
{
    struct arena *arena = p->v->project.arena;
    if (p->v->project.released) {
        take_released(p);
        return 0;
    }

    struct plan_build *builds = NULL;
    size_t count = 0;
    int rc = plan_builds(arena, &p->request, &builds, &count, err);

    p->images = arena_array(arena, struct plan_image, count + 1);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = pack_for_digest(p, &builds[i], err);
        if (rc < 0) {
            p->images[i] = (struct plan_image){.service = builds[i].service, .uri = "unknown"};
            rc = preview_refusal(p, err);
        }
    }

    if (rc == 0)
        rc = look_images_up(p, builds, count, err);

    p->request.images = p->images;
    p->request.image_count = count;
    p->plan_builds = builds;
    p->plan_build_count = count;

    return rc;
}

static int read_configs(struct preview *p, struct error *err)
{
    struct arena *arena = p->v->project.arena;
    struct flow_config *list = NULL;
    size_t count = 0;
    int rc = flow_config_list(&p->context, &list, &count, err);
    struct plan_config *configs = arena_array(arena, struct plan_config, count + 1);

    for (size_t i = 0; i < count; i++)
        configs[i] = (struct plan_config){
            .name = arena_strdup(arena, list[i].name),
            .version = list[i].version,
            .set_ms = list[i].set_ms};

    flow_config_list_done(list, count);
    p->request.configs = configs;
    p->request.config_count = count;

    return rc;
}

static int plan_on_pool(void *arg, struct error *err)
{
    struct preview *p = arg;

    return plan_make(&p->request, &p->graph, NULL, err);
}

static int make_plan(struct preview *p, struct error *err)
{
    return work_call(p->context.loop, plan_on_pool, p, err);
}

static int begin(struct preview *p, struct verb_call *v, struct error *err)
{
    struct project *project = &v->project;

    *p = (struct preview){.v = v, .context = verb_context(v, NULL)};
    p->request = (struct plan_request){
        .project = project->model,
        .settings = &project->settings,
        .deployment = p->context.deployment,
        .origin = project->origin,
        .only = project->only,
        .only_count = project->only_count};

    int rc = v->engine ? 0 : engine_choose(v, "", err);
    p->context.engine = v->engine;
    return rc;
}

/* What is deployed is read first: where nothing is, nothing more is asked. */
int preview_compare(struct preview *p, struct verb_call *v, struct error *err)
{
    int rc = begin(p, v, err);
    if (rc == 0)
        rc = p->context.engine->deployed(&p->context, &p->deployed, err);
    if (rc < 0 || !p->deployed.exists || !p->deployed.json)
        return rc;

    p->request.previous = p->deployed.json;
    rc = read_account(p, err);
    if (rc == 0)
        rc = read_configs(p, err);
    if (rc < 0)
        return rc;

    plan_images_pretend(
        v->project.arena, v->project.model, &p->request.images, &p->request.image_count);
    rc = make_plan(p, err);
    return rc < 0 ? rc : graph_check(p->graph, err);
}

/* What somebody deleted from outside is compared as what is not there: an `up` makes it anew. */
static int leave_out_gone(struct preview *p, struct error *err)
{
    struct arena *arena = p->v->project.arena;
    cleanup_json json_t *gone = NULL, *groups = NULL;
    const char *id;
    json_t *unused, *name;

    if (!p->deployed.settled)
        return 0;
    int rc = flow_services_gone(&p->context, p->deployed.json, &gone, err);
    if (rc == 0)
        rc = lost_groups_find(&p->context, p->deployed.json, &groups, err);
    if (rc < 0)
        return rc;

    json_object_foreach(groups, id, name) {
        vec_push(
            &p->unknowns,
            arena_printf(
                arena,
                "log group %s was deleted from outside: `up` makes it anew, and empty",
                json_string_value(name)));
    }
    if (!gone)
        return 0;

    json_object_foreach(gone, id, unused) {
        vec_push(
            &p->unknowns,
            arena_printf(arena, "%s was deleted from outside: `up` makes it anew", id));
    }
    json_t *rest = plan_without(p->deployed.json, gone);
    json_decref(p->deployed.json);
    p->deployed.json = rest;
    return 0;
}

int preview_make(struct preview *p, struct verb_call *v, bool gather, struct error *err)
{
    struct project *project = &v->project;
    int rc = begin(p, v, err);

    p->gather = gather;
    if (rc == 0)
        rc = read_account(p, err);
    if (rc == 0)
        rc = p->context.engine->deployed(&p->context, &p->deployed, err);
    bool refused = gather && p->deployed.refused; /* then it is told as a refusal */
    if (rc == 0 && p->deployed.stuck && !refused)
        vec_push(
            &p->unknowns,
            arena_printf(
                project->arena,
                "what is deployed is %s: %s",
                p->deployed.status,
                p->deployed.stuck));
    if (rc == 0)
        rc = leave_out_gone(p, err);
    if (rc < 0)
        return rc;

    p->request.previous = p->deployed.exists ? p->deployed.json : NULL;
    plan_domain_notes(
        project->model, &project->settings, p->facts, p->request.previous, &project->diagnostics);
    rc = read_configs(p, err);
    if (rc == 0)
        rc = find_images(p, err);
    if (rc == 0)
        rc = make_plan(p, err);
    if (rc == 0)
        rc = once_preview(&p->context, project->arena, &p->request, &p->graph, &p->once, err);

    return rc < 0 ? rc : graph_check(p->graph, err);
}

int preview_unchangeable(const struct preview *p, struct error *err)
{
    if (!p->deployed.refused)
        return 0;

    error_raise(err, ERR_REFUSED, "%s", p->deployed.refused);
    if (p->deployed.stuck)
        error_hint(err, "%s", p->deployed.stuck);
    return error_kind_errno(ERR_REFUSED);
}

void preview_done(struct preview *p)
{
    engine_template_done(&p->deployed);
    graph_free(p->graph);
    vec_free(&p->builds);
    vec_free(&p->unknowns);
    vec_free(&p->refusals);
}
