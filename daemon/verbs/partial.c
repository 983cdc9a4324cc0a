/* Some services of a project: what is deployed is asked, the rest of the model is put aside before
 * anything is judged or planned, and one line says what stays as it is and what stays out. */
#include "daemon/verbs/partial.h"

#include "base/env.h"
#include "base/str.h"
#include "engine/engine.h"
#include "plan/partial.h"

#include <string.h>

static bool is_kept(void *arg, const char *name)
{
    const struct plan_partial *p = arg;

    for (size_t i = 0; i < p->out_count; i++)
        if (text_eq(p->out[i], name))
            return false;
    return true;
}

static void list(struct str *text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        str_appendf(text, "%s%s", i ? ", " : "", names[i]);
}

static void note(struct verb_call *v, const struct plan_partial *p)
{
    cleanup_str struct str text = STR_INIT;

    str_append(&text, "of ");
    list(&text, p->only, p->only_count);
    str_append(&text, " only");
    if (p->held_count) {
        str_append(&text, "; left as deployed: ");
        list(&text, p->held, p->held_count);
    }
    if (p->out_count) {
        str_append(&text, "; not deployed, and left out: ");
        list(&text, p->out, p->out_count);
    }
    compose_diagnose(
        &v->project.diagnostics,
        COMPOSE_NOTE,
        (struct yaml_pos){0},
        "Without a service's name all of them are deployed.",
        "%s",
        str_get(&text));
}

int partial_engine(const struct verb_call *v, struct error *err)
{
    if (!v->engine->builds_images)
        return 0;
    error_raise(
        err,
        ERR_REFUSED,
        "engine %s deploys a project as a whole, and builds what it deploys",
        v->engine->name);
    error_hint(err, "`defangctl up` changes only what differs from what runs");
    return error_kind_errno(ERR_REFUSED);
}

int partial_choose(struct verb_call *v, char **names, size_t count, bool no_deps, struct error *err)
{
    if (!count && no_deps)
        return error_raise(err, ERR_USAGE, "--no-deps is for services that are named");
    if (!count)
        return 0;

    struct engine_context c = verb_context(v, NULL);
    struct engine_template deployed = {0};
    struct plan_partial p;
    int rc = partial_engine(v, err);
    if (rc == 0)
        rc = v->engine->deployed(&c, &deployed, err);
    if (rc == 0)
        rc = plan_partial(
            v->project.arena,
            v->project.model,
            (const char *const *)names,
            count,
            no_deps,
            deployed.exists ? deployed.json : NULL,
            &p,
            err);
    if (rc == 0) {
        compose_keep_services(v->project.model, is_kept, &p);
        v->project.only = p.only;
        v->project.only_count = p.only_count;
        note(v, &p);
    }
    engine_template_done(&deployed);
    return rc;
}

int build_args_take(struct verb_call *v, char **list, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = strcspn(list[i], "=");
        const char *name = arena_strndup(v->project.arena, list[i], n);
        const char *value = list[i][n] ? list[i] + n + 1 : env_get(v->session->env, name);

        if (!n)
            return error_raise(err, ERR_USAGE, "--build-arg %s: there is no name", list[i]);
        if (value)
            compose_take_build_arg(v->project.model, name, value);
    }
    return 0;
}
