/* The old names of a project, found in the account itself, so that it does not matter which machine
 * deployed them.
 *
 * Three things tell that a deployed project is the caller's under another name. It comes from the
 * caller's folder: `name:` was changed. Or it is the caller's project in another stack. Or, where
 * there is no remote, it came from a folder of this machine and user that is not there any more,
 * with the same files: then the folder was renamed, and gave the project its name.
 *
 * Each is one template to read, so only so many are looked at, those of the same name first. */
#include "daemon/verbs/renamed.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "plan/origin.h"

#include <string.h>

#define LOOK_MAX  20 /* templates that are read */
#define NAMES_MAX 8  /* of what is deployed besides */

static bool is_itself(const struct verb_call *v, const struct flow_stack *s)
{
    return text_eq(s->project, v->project.name) && text_eq(s->stack, v->project.settings.stack);
}

/* The folder that it came from is gone, and everything else is as here. */
static bool folder_was_renamed(const json_t *origin, const json_t *here)
{
    const char *folder = json_str(origin, "folder");
    bool same = folder && text_eq(json_str(origin, "owner"), json_str(here, "owner")) &&
                text_eq(plan_origin_file(origin), plan_origin_file(here));

    return same && !json_str(here, "repository") && folder[0] == '/' && !file_exists(folder);
}

static bool comes_from_here(const json_t *origin, const json_t *here)
{
    return origin && here && (plan_origin_near(origin, here) || folder_was_renamed(origin, here));
}

/* The template as the engine that made it has it. */
static bool has_our_origin(struct verb_call *v, const struct flow_stack *s)
{
    struct plan_settings settings = v->project.settings;
    struct engine_context c = verb_context(v, NULL);
    struct engine_template deployed = {0};
    cleanup_error struct error ignored = ERROR_INIT;

    settings.stack = s->stack;
    c.settings = &settings;
    c.engine = s->engine;
    c.project = s->project;

    bool read = s->engine->deployed(&c, &deployed, &ignored) == 0 && deployed.exists;
    bool ours = read && comes_from_here(plan_origin_of(deployed.json), v->project.origin);
    engine_template_done(&deployed);

    return ours;
}

/* Options that the command needs in this shell, as they were given. */
static void append_options(
    const struct verb_call *v,
    const Defang__Caller *caller,
    const struct flow_stack *s,
    struct str *out)
{
    if (!text_eq(s->stack, v->project.settings.stack))
        str_appendf(out, " --stack %s", s->stack);
    if (!text_empty(caller->profile))
        str_appendf(out, " --profile %s", caller->profile);
    if (!text_empty(caller->region))
        str_appendf(out, " --region %s", caller->region);
}

static void
add(struct verb_call *v,
    const Defang__Caller *caller,
    const struct flow_stack *s,
    struct renamed *r)
{
    bool same_name = text_eq(s->project, v->project.name);

    str_appendf(
        &r->hint,
        "%s/%s is still deployed%s: `defangctl down -p %s",
        s->project,
        s->stack,
        same_name ? "" : " from here",
        s->project);
    append_options(v, caller, s, &r->hint);
    str_append(&r->hint, "` takes it down\n");
    r->found++;
    r->from_here = r->from_here || !same_name;
}

/* The same name in another stack needs no template to be known. */
static void compare(struct verb_call *v, const Defang__Caller *caller, struct renamed *r)
{
    size_t looked = 0;

    vec_each(s, &r->all) {
        r->itself = r->itself || is_itself(v, s);
        if (!is_itself(v, s) && text_eq(s->project, v->project.name))
            add(v, caller, s, r);
    }

    vec_each(s, &r->all) {
        if (text_eq(s->project, v->project.name) || !v->project.origin || looked == LOOK_MAX)
            continue;

        looked++;
        if (has_our_origin(v, s))
            add(v, caller, s, r);
    }
}

void renamed_find(struct verb_call *v, const Defang__Caller *caller, struct renamed *out)
{
    struct engine_context c = verb_context(v, NULL);
    cleanup_error struct error ignored = ERROR_INIT;

    *out = (struct renamed){0};
    out->listed = flow_stacks_list(&c, &out->all, &ignored) == 0;
    compare(v, caller, out);
}

void renamed_done(struct renamed *r)
{
    flow_stacks_done(&r->all);
    str_done(&r->hint);
}

void renamed_note(struct verb_call *v, const Defang__Caller *caller)
{
    struct renamed r;

    renamed_find(v, caller, &r);
    if (r.from_here)
        compose_diagnose(
            &v->project.diagnostics,
            COMPOSE_WARNING,
            (struct yaml_pos){0},
            str_get(&r.hint),
            "this folder's project is deployed under another name too, and runs on there");
    renamed_done(&r);
}

/* What else is there, by name. */
static void append_others(const struct renamed *r, struct str *out)
{
    size_t n = 0;

    str_append(out, "deployed there: ");
    vec_each(s, &r->all) {
        if (n < NAMES_MAX)
            str_appendf(out, "%s%s/%s", n ? ", " : "", s->project, s->stack);
        n++;
    }

    str_append(out, n > NAMES_MAX ? ", …" : "");
    str_append(out, n == 0 ? "nothing" : " (`defangctl cd ls`)");
}

/* Somewhere else, as this machine remembers: the shell may mean another region or account. */
static bool take_elsewhere(void *arg, const struct store_deployment *row)
{
    struct str *out = arg;

    str_appendf(
        out,
        "known here: %s/%s in %s of account %s (%s %s)\n",
        row->project,
        row->stack,
        row->region,
        row->account,
        row->kind,
        row->id);

    return false;
}

static void append_elsewhere(struct verb_call *v, struct str *out)
{
    cleanup_error struct error ignored = ERROR_INIT;
    struct store_filter f = {
        .project = v->project.name, .stack = v->project.settings.stack, .limit = 1};

    store_deployment_each(v->daemon->store, &f, take_elsewhere, out, &ignored);
}

int renamed_refuse(
    struct verb_call *v, const char *account, const struct renamed *r, struct error *err)
{
    cleanup_str struct str hint = STR_INIT;

    if (r->found)
        str_append(&hint, str_get(&r->hint));
    append_elsewhere(v, &hint);
    append_others(r, &hint);

    int rc = error_raise(
        err,
        ERR_NOT_FOUND,
        "project %s, stack %s is not deployed in %s of account %s",
        v->project.name,
        v->project.settings.stack,
        aws_session_region(v->session->aws),
        account);
    error_hint(err, "%s", str_get(&hint));

    return rc;
}
