/* A release in the place of a folder. Nothing of the caller's folder is read but the project's
 * name, and not even that with -p: the model, its mode and its settings are the release's, its
 * images are those in ECR, its config and secret files are what they were.
 *
 * What cannot go back is said before anything is begun: data, config values that were set anew
 * since, files of static sites, tags of foreign images. */
#include "daemon/past/released.h"

#include "daemon/engine_choice.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/engine.h"
#include "engine/release/release.h"
#include "engine/stack/cd.h"
#include "engine/values/config.h"

#include <string.h>

#define NAMED_MAX 5 /* releases that a refusal lists */

void released_done(struct released *r)
{
    json_decref(r->inputs);
    json_decref(r->record);
    *r = (struct released){0};
}

int released_list(
    struct verb_call *v,
    const Defang__Caller *caller,
    const char **bucket,
    json_t **entries,
    struct error *err)
{
    struct flow_cd cd = {0};
    bool exists = false;
    int rc = v->project.arena ? 0 : project_identify(v->daemon, caller, &v->project, err);
    if (rc < 0)
        return rc;

    struct engine_context c = verb_context(v, NULL);
    rc = flow_cd_describe(&c, &cd, &exists, err);
    *bucket = rc == 0 && exists ? arena_strdup(v->project.arena, cd.bucket) : NULL;
    flow_cd_done(&cd);
    if (rc == 0 && *bucket)
        rc = release_list(&c, *bucket, entries, err);
    else if (rc == 0)
        *entries = array();
    return rc;
}

/* "7 (SUCCEEDED), 6 (ROLLED_BACK)" */
static int
none_of_them(struct verb_call *v, const json_t *entries, const char *which, struct error *err)
{
    cleanup_str struct str list = STR_INIT;

    for (size_t i = 0; i < MIN(json_array_size(entries), (size_t)NAMED_MAX); i++) {
        const json_t *e = json_array_get(entries, i);
        str_appendf(
            &list,
            "%s%lld (%s)",
            i ? ", " : "",
            json_int_or(e, "number", 0),
            json_str_or(e, "state", "?"));
    }

    if (!list.len)
        error_raise(
            err,
            ERR_NOT_FOUND,
            "there is no release of %s/%s in this account and region",
            v->project.name,
            v->project.settings.stack);
    else if (text_empty(which))
        error_raise(
            err,
            ERR_NOT_FOUND,
            "there is no release before what runs that went well and differs from it; there is: "
            "%s",
            str_get(&list));
    else
        error_raise(
            err,
            ERR_NOT_FOUND,
            "there is no release %s of %s/%s; the newest are: %s",
            which,
            v->project.name,
            v->project.settings.stack,
            str_get(&list));
    error_hint(err, "`defangctl history` lists all");
    return error_kind_errno(ERR_NOT_FOUND);
}

static int choose(
    struct verb_call *v,
    const json_t *entries,
    const char *which,
    const json_t **out,
    struct error *err)
{
    struct engine_context c = verb_context(v, NULL);
    struct engine_template deployed = {0};
    bool named = !text_empty(which) && !text_eq(which, "previous");
    int rc = named ? 0 : v->engine->deployed(&c, &deployed, err);
    if (rc < 0)
        return rc;

    *out = named ? release_find(entries, which) : release_before(entries, deployed.exists);
    engine_template_done(&deployed);
    if (!*out)
        return none_of_them(v, entries, named ? which : "", err);
    if (named && json_object_get(*out, "partial")) {
        error_raise(
            err,
            ERR_REFUSED,
            "release %lld deployed some services alone: it is no state of the whole to go back to",
            json_int_or(*out, "number", 0));
        error_hint(err, "`defangctl history` shows the others");
        return error_kind_errno(ERR_REFUSED);
    }
    if (named && !text_eq(json_str(*out, "state"), "SUCCEEDED")) {
        error_raise(
            err,
            ERR_REFUSED,
            "release %lld did not go well (%s): it is no place to go back to",
            json_int_or(*out, "number", 0),
            json_str_or(*out, "state", "?"));
        error_hint(err, "`defangctl history` shows which did");
        return error_kind_errno(ERR_REFUSED);
    }
    return 0;
}

static struct env *env_of(const json_t *inputs)
{
    struct env *env = env_new();
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(inputs, "env"), name, value) {
        env_set(env, name, json_string_value(value));
    }
    return env;
}

/* The release's model takes the place of what was only a name. */
static int thaw(struct verb_call *v, struct released *r, struct error *err)
{
    cleanup_env struct env *env = env_of(r->inputs);
    struct project p;
    const char *stack = v->project.settings.stack;

    int rc = project_thaw(json_str(r->inputs, "model"), env, r->mode, stack, &p, err);
    if (rc == 0 && !p.model)
        rc = error_raise(err, ERR_FAILED, "release %lld holds no project", r->number);
    if (rc < 0) {
        project_done(&p);
        return rc;
    }

    release_files_give(p.model, r->files);
    p.origin = json_incref(json_object_get(r->record, "origin"));
    p.source = json_incref(json_object_get(r->record, "source"));
    p.released = json_incref(json_object_get(r->record, "services"));
    r->mode = arena_strdup(p.arena, r->mode);
    project_done(&v->project);
    v->project = p;
    return 0;
}

static void note(struct verb_call *v, const char *text)
{
    compose_diagnose(
        &v->project.diagnostics, COMPOSE_WARNING, (struct yaml_pos){0}, NULL, "%s", text);
}

static long long version_in(const struct flow_config *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(list[i].name, name))
            return list[i].version;
    return 0;
}

/* Values are not kept with a release, only their versions: tasks read what is set now. */
static int note_configs(struct verb_call *v, const struct released *r, struct error *err)
{
    struct engine_context c = verb_context(v, NULL);
    struct flow_config *list = NULL;
    size_t count = 0, i;
    json_t *config;
    const char **names = NULL;
    size_t wanted = 0;
    int rc = flow_config_list(&c, &list, &count, err);

    compose_config_names(v->project.model, &names, &wanted);
    json_array_foreach(json_object_get(r->record, "configs"), i, config) {
        const char *name = json_str_or(config, "name", "");
        long long then = json_int_or(config, "version", 0), now = version_in(list, count, name);
        bool used = false;

        for (size_t k = 0; k < wanted; k++)
            used = used || text_eq(names[k], name);
        if (!used || !now || now == then)
            continue;
        cleanup_free char *text = xasprintf(
            "config %s was set anew since release %lld (version %lld then, %lld now): the new "
            "value is used",
            name,
            r->number,
            then,
            now);
        note(v, text);
    }
    flow_config_list_done(list, count);
    return rc;
}

static void note_what_stays(struct verb_call *v)
{
    const struct compose_project *p = v->project.model;
    struct plan_static *sites;
    size_t count;
    bool foreign = false;

    plan_static_sites(v->project.arena, p, &sites, &count);
    for (size_t i = 0; i < count; i++) {
        cleanup_free char *text = xasprintf(
            "the files of site %s are not kept with a release: they stay as they are",
            sites[i].service);
        note(v, text);
    }

    for (size_t i = 0; i < p->service_count; i++) {
        const struct compose_service *s = &p->services[i];
        foreign = foreign || (!s->has_build && s->image && !strchr(s->image, '@'));
    }
    if (foreign)
        note(
            v,
            "images that are named by a tag are what the tag names now; with the setting resolve: "
            "digest a release keeps their digests");
    note(v, "data does not go back: databases, caches, volumes and buckets stay as they are");
}

int released_open(
    struct verb_call *v,
    const Defang__Caller *caller,
    const char *which,
    struct released *out,
    struct error *err)
{
    const char *bucket = NULL;
    cleanup_json json_t *entries = NULL;
    const json_t *entry = NULL;
    *out = (struct released){0};

    int rc = released_list(v, caller, &bucket, &entries, err);
    if (rc == 0)
        rc = engine_choose(v, "", err);
    if (rc == 0)
        rc = choose(v, entries, which, &entry, err);
    if (rc < 0)
        return rc;

    struct engine_context c = verb_context(v, NULL);
    const json_t *runs = release_current(entries);
    out->number = json_int_or(entry, "number", 0);
    out->current = runs ? json_int_or(runs, "number", 0) : 0;
    rc = release_fetch(&c, bucket, entry, &out->record, err);
    if (rc == 0)
        rc = release_open(&c, out->record, &out->inputs, err);
    if (rc < 0)
        return rc;

    out->mode = json_str(out->inputs, "mode");
    out->env = json_object_get(out->inputs, "env");
    out->files = json_object_get(out->inputs, "files");
    rc = thaw(v, out, err);
    if (rc < 0)
        return rc;

    c = verb_context(v, NULL);
    rc = release_images_check(&c, v->project.arena, out->record, err);
    if (rc == 0)
        rc = note_configs(v, out, err);
    if (rc == 0)
        note_what_stays(v);
    return rc;
}
