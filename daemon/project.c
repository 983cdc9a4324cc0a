/* From a caller to a project: the Compose files as the caller's shell sees them.
 *
 * Each way in needs another part of the work. `compose config` reads and stops; `compose lint` and
 * `explain` go on after mistakes, because the mistakes are what was asked for; a deployment loads,
 * expands, resolves its settings and checks; ps, logs and config need a name only and read no file
 * when they can help it; a job comes back from the model that was frozen with it, and reads
 * nothing.
 *
 * Reading runs on the thread pool, on input that it owns: a slow disk stops no other call. What the
 * files say is never cached: a request means the asking shell, its variables and its files, now. */
#include "daemon/project.h"

#include "base/mem.h"
#include "base/str.h"
#include "daemon/look/dockerfiles.h"
#include "daemon/origin.h"
#include "daemon/session.h"
#include "engine/site/files.h"
#include "loop/work.h"

#include <errno.h>
#include <string.h>

struct load {
    struct compose_options options;
    struct compose_project *model;
    struct compose_diagnostics *diagnostics;
    struct error error;
    int rc;
};

/* On a thread of the pool: nothing but its own input is touched. */
static void load_on_pool(void *arg)
{
    struct load *l = arg;
    l->rc = compose_load(&l->options, &l->model, l->diagnostics, &l->error);
}

void project_done(struct project *p)
{
    compose_project_free(p->model);
    compose_diagnostics_done(&p->diagnostics);
    json_decref(p->origin);
    json_decref(p->released);
    json_decref(p->source);
    arena_wipe_ptr(&p->arena); /* what variables of the caller were filled in is in there */
    *p = (struct project){0};
}

/* protobuf has no list that is not there; the loader has. */
static const char *const *list_or_null(struct arena *arena, char **items, size_t n)
{
    if (n == 0)
        return NULL;

    const char **list = arena_array(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = arena_strdup(arena, items[i]);
    return list;
}

static const char *null_if_empty(const char *s)
{
    return text_empty(s) ? NULL : s;
}

/* A fiber that is canceled while the pool works waits for it nevertheless: the input is on its
 * stack. */
static int read_files(
    struct daemon *d,
    const Defang__Caller *caller,
    const struct env *env,
    bool no_interpolate,
    struct project *p,
    struct error *err)
{
    struct load l = {.diagnostics = &p->diagnostics, .error = ERROR_INIT};
    cleanup_free char *stdin_text =
        caller->has_stdin_compose
            ? xstrndup((const char *)caller->stdin_compose.data, caller->stdin_compose.len)
            : NULL;

    l.options = (struct compose_options){
        .cwd = caller->cwd,
        .files = list_or_null(p->arena, caller->files, caller->n_files),
        .env_files = list_or_null(p->arena, caller->env_files, caller->n_env_files),
        .profiles = list_or_null(p->arena, caller->profiles, caller->n_profiles),
        .named = list_or_null(p->arena, caller->services, caller->n_services),
        .project_name = null_if_empty(caller->project_name),
        .env = env,
        .stdin_text = stdin_text,
        .no_interpolate = no_interpolate,
    };

    int rc = work_run(d->loop, load_on_pool, &l, NULL);
    p->model = l.model;
    if (rc == 0)
        rc = l.rc;

    if (rc < 0 && error_is_set(&l.error))
        error_move(err, &l.error);
    else if (rc < 0)
        error_raise_errno(err, ERR_CANCELED, -rc, "canceled while reading the Compose files");

    error_done(&l.error);

    return rc;
}

int project_read(
    struct daemon *d,
    const Defang__Caller *caller,
    bool no_interpolate,
    struct project *p,
    struct error *err)
{
    *p = (struct project){.arena = arena_new()};

    cleanup_env struct env *env = session_env_of(caller);
    int rc = read_files(d, caller, env, no_interpolate, p, err);
    if (rc == 0)
        p->name = p->model->name;
    return rc;
}

/* What the planner does with a project that was read, a step at a time; each on the pool. */
struct step {
    struct project *p;
    const struct env *env;
    const char *mode, *stack;
};

/* Nothing but counting comes before the bound. */
static int expand_on_pool(void *arg, struct error *err)
{
    struct project *p = ((struct step *)arg)->p;
    int rc = plan_bound(p->model, &p->diagnostics, err);
    if (rc < 0)
        return rc;

    plan_models_expand(p->model);
    plan_binds_expand(p->model);
    plan_literals_take(p->model);
    return 0;
}

static int settings_on_pool(void *arg, struct error *err)
{
    struct step *s = arg;
    struct project *p = s->p;

    return plan_settings_resolve(p->arena, p->model, s->env, s->mode, s->stack, &p->settings, err);
}

static int check_on_pool(void *arg, struct error *err)
{
    struct project *p = ((struct step *)arg)->p;

    return plan_check(p->model, &p->settings, &p->diagnostics, err);
}

static int lint_on_pool(void *arg, struct error *err)
{
    struct project *p = ((struct step *)arg)->p;

    return plan_lint(p->model, &p->settings, &p->diagnostics, err);
}

/* From what was read to what is checked. */
static int prepare(
    struct daemon *d,
    const Defang__Caller *caller,
    const char *mode,
    const struct env *env,
    struct project *p,
    struct error *err)
{
    struct step s = {
        .p = p, .env = env, .mode = null_if_empty(mode), .stack = null_if_empty(caller->stack)};
    int rc = work_call(d->loop, expand_on_pool, &s, err);
    if (rc < 0)
        return rc;

    starters_give(d, p);
    p->name = p->model->name;
    return work_call(d->loop, settings_on_pool, &s, err);
}

/* The loader's mistakes end the work, and so do too many services; what went wrong otherwise (no
 * file, no such setting) is no finding. */
int project_lint(
    struct daemon *d,
    const Defang__Caller *caller,
    const char *mode,
    struct project *p,
    struct error *err)
{
    *p = (struct project){.arena = arena_new()};

    cleanup_env struct env *env = session_env_of(caller);
    struct error found = ERROR_INIT;
    int rc = read_files(d, caller, env, false, p, err);
    if (rc < 0 && p->diagnostics.len) {
        error_done(err);
        return 0;
    }

    if (rc < 0)
        return rc;

    rc = prepare(d, caller, mode, env, p, err);
    if (rc < 0 && err->kind == ERR_REFUSED) {
        p->name = p->model->name;
        error_done(err);
        return 0;
    }
    if (rc < 0)
        return rc;

    rc = dockerfiles_look(d->loop, caller->cwd, p->model, &p->diagnostics, &found);
    if (rc != -ECANCELED)
        rc = work_call(d->loop, lint_on_pool, &(struct step){.p = p}, &found);
    if (rc == -ECANCELED)
        error_move(err, &found);
    error_done(&found);
    if (rc == 0)
        rc = flow_static_look(d->loop, p->model, false, &p->diagnostics, err);

    return rc == -ECANCELED ? rc : 0;
}

/* Mistakes in Dockerfiles and mistakes in the Compose files are told together: who mends some hears
 * of no others afterwards. */
static int
check(struct daemon *d, const Defang__Caller *caller, struct project *p, struct error *err)
{
    int looked = dockerfiles_look(d->loop, caller->cwd, p->model, &p->diagnostics, err);

    if (looked == -ECANCELED)
        return looked;
    int rc = work_call(d->loop, check_on_pool, &(struct step){.p = p}, err);

    return looked < 0 ? looked : rc;
}

/* Everything that a deployment needs of a project is right when this is 0. */
int project_load(
    struct daemon *d,
    const Defang__Caller *caller,
    const char *mode,
    bool strict,
    struct project *p,
    struct error *err)
{
    *p = (struct project){.arena = arena_new()};

    cleanup_env struct env *env = session_env_of(caller);
    int rc = read_files(d, caller, env, false, p, err);
    if (rc == 0)
        rc = prepare(d, caller, mode, env, p, err);
    if (rc == 0)
        rc = check(d, caller, p, err);
    if (rc == 0)
        rc = flow_static_look(d->loop, p->model, strict, &p->diagnostics, err);
    if (rc == 0) {
        plan_static_expand(p->model);
        rc = origin_find(d, caller, p->model, &p->origin, &p->source, err);
    }

    return rc;
}

/* -p and COMPOSE_PROJECT_NAME say the name without a file, unless files were named as well. */
int project_identify(
    struct daemon *d, const Defang__Caller *caller, struct project *p, struct error *err)
{
    *p = (struct project){.arena = arena_new()};

    cleanup_env struct env *env = session_env_of(caller);
    const char *given = null_if_empty(caller->project_name);

    if (!given)
        given = env_get_nonempty(env, "COMPOSE_PROJECT_NAME");

    if (!given || caller->n_files > 0) {
        int rc = read_files(d, caller, env, false, p, err);
        if (rc < 0) {
            if (err && err->kind == ERR_NOT_FOUND && !err->hint)
                error_hint(
                    err, "go to the folder of the compose.yaml, or name the project with -p NAME");
            return rc;
        }
    }

    p->name = p->model ? p->model->name : arena_strdup(p->arena, given);
    if (p->model) {
        int rc = plan_bound(p->model, NULL, err);
        if (rc == 0)
            rc = origin_find(d, caller, p->model, &p->origin, &p->source, err);
        if (rc < 0)
            return rc;
    }

    return plan_settings_resolve(
        p->arena, p->model, env, NULL, null_if_empty(caller->stack), &p->settings, err);
}

/* The canonical form of a model that was checked when it was admitted: it is not checked again. */
int project_thaw(
    const char *model,
    const struct env *env,
    const char *mode,
    const char *stack,
    struct project *p,
    struct error *err)
{
    *p = (struct project){.arena = arena_new()};

    int rc = 0;
    if (model) {
        rc = compose_load_canonical(model, strlen(model), &p->model, err);
        if (rc < 0)
            return error_wrap(err, "reading the frozen project");

        plan_models_expand(p->model);
        p->name = p->model->name;
    }

    return plan_settings_resolve(
        p->arena, p->model, env, null_if_empty(mode), null_if_empty(stack), &p->settings, err);
}
