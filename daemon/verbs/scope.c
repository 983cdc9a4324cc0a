/* The deployment that a command means without naming one.
 *
 * `cancel` typed in shop's folder must never reach acme, and not shop of another account either: so
 * the scope is project and stack of the folder (or -p, --stack) and account and region of the
 * shell, all four. `latest` means the same as no word at all; an id or --any is how one says more.
 *
 * When there is nothing in the scope, the error says what runs elsewhere and how to reach it, since
 * that is what somebody looks for who stands in the wrong folder.
 *
 * Who the caller is may be unknown: expired keys, no network. To end something, that is an error;
 * to look at something, the rows tell as long as they leave no choice. */
#include "daemon/verbs/scope.h"

#include "aws/settings/region.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>

#define SHOWN_MAX 5  /* what runs elsewhere */
#define LOOK_BACK 50 /* rows of a project that are compared when the account is not known */

const char *scope_name(struct arena *arena, const struct store_deployment *row)
{
    if (text_empty(row->project))
        return arena_printf(arena, "stack %s", row->stack);
    return arena_printf(arena, "%s/%s", row->project, row->stack);
}

/* What is going on, for a line about it. */
static const char *doing(const struct store_deployment *row)
{
    static const char *const words[][2] = {
        {"up", "deploying"},
        {"build", "building images"},
        {"down", "being taken down"},
        {"bootstrap", "being prepared"},
        {"teardown", "being removed"},
        {"preview", "being previewed"},
        {"refresh", "being compared"},
        {"cancel", "being freed"},
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (text_eq(words[i][0], row->kind))
            return words[i][1];
    return "busy";
}

/* A line a job, newest first, each with the command that reaches it. */
static void list_running(struct verb_call *v, const char *command, struct str *text)
{
    struct daemon *d = v->daemon;
    size_t shown = 0;

    for (size_t i = d->jobs.len; i > 0 && shown < SHOWN_MAX; i--) {
        const struct job *j = d->jobs.items[i - 1];
        if (j->finished)
            continue;

        str_appendf(
            text,
            "%s is %s in %s of account %s: `defangctl %s %s`\n",
            scope_name(v->project.arena, &j->row),
            doing(&j->row),
            j->row.region,
            j->row.account,
            command,
            j->row.id);
        shown++;
    }
}

/* What was said already comes first: it mends the cause. */
static void hint_at_others(struct verb_call *v, const char *command, struct error *err)
{
    cleanup_str struct str text = STR_INIT;

    if (err && err->hint)
        str_appendf(&text, "%s\n", err->hint);
    if (!v->project.name)
        str_append(&text, "-p NAME names the project without its files\n");
    list_running(v, command, &text);
    str_append(&text, "`defangctl ls` lists the deployments that this daemon knows");
    error_hint(err, "%s", str_get(&text));
}

/* STS is asked; where the region is not said, that is as much an error as not knowing who asks. */
static int
ask_who(struct verb_call *v, const Defang__Caller *caller, struct scope *out, struct error *err)
{
    struct aws_identity who = {0};
    int rc = verb_session(v, caller, err);
    if (rc < 0)
        return rc;

    const char *region = aws_session_region(v->session->aws);
    if (text_empty(region))
        return aws_region_missing(aws_session_profile(v->session->aws), err);
    out->region = region;

    rc = aws_session_identity(v->session->aws, &who, err);
    if (rc == 0)
        out->account = arena_strdup(v->project.arena, who.account);
    aws_identity_done(&who);

    return rc;
}

int scope_of_caller(
    struct verb_call *v, const Defang__Caller *caller, struct scope *out, struct error *err)
{
    *out = (struct scope){0};

    int rc = project_identify(v->daemon, caller, &v->project, err);
    if (rc < 0)
        return rc;

    out->project = v->project.name;
    out->stack = v->project.settings.stack;

    return ask_who(v, caller, out, err);
}

static bool is_in(const struct scope *s, const struct store_deployment *row)
{
    return text_eq(row->project, s->project) && text_eq(row->stack, s->stack) &&
           text_eq(row->account, s->account) && text_eq(row->region, s->region);
}

/* One job a project and stack; of several with `any` the last that was started. */
static struct job *running_in(struct daemon *d, const struct scope *s, bool any)
{
    for (size_t i = d->jobs.len; i > 0; i--) {
        struct job *j = d->jobs.items[i - 1];
        if (!j->finished && (any || is_in(s, &j->row)))
            return j;
    }

    return NULL;
}

int scope_running(
    struct verb_call *v,
    const Defang__Caller *caller,
    bool any,
    struct job **out,
    struct error *err)
{
    struct scope scope = {0};
    int rc = any ? 0 : scope_of_caller(v, caller, &scope, err);
    if (rc < 0) {
        hint_at_others(v, "cancel", err);
        return rc;
    }

    *out = running_in(v->daemon, &scope, any);
    if (*out)
        return 0;

    if (any)
        error_raise(err, ERR_NOT_FOUND, "nothing is running");
    else
        error_raise(
            err,
            ERR_NOT_FOUND,
            "nothing of %s/%s is running in %s of account %s",
            scope.project,
            scope.stack,
            scope.region,
            scope.account);
    hint_at_others(v, "cancel", err);

    return -ENOENT;
}

struct look {
    char *id, *account, *region; /* of the newest row */
    bool several;                /* more than one account or region */
};

static void look_done(struct look *l)
{
    free(l->id);
    free(l->account);
    free(l->region);
}

static bool take_row(void *arg, const struct store_deployment *row)
{
    struct look *l = arg;

    if (l->id) {
        l->several = !text_eq(row->account, l->account) || !text_eq(row->region, l->region);
        return !l->several;
    }

    l->id = xstrdup(row->id);
    l->account = xstrdup(row->account);
    l->region = xstrdup(row->region);

    return true;
}

static int none_known(struct verb_call *v, const struct scope *s, struct error *err)
{
    if (s->account)
        error_raise(
            err,
            ERR_NOT_FOUND,
            "no deployment of %s/%s in %s of account %s is known here",
            s->project,
            s->stack,
            s->region,
            s->account);
    else
        error_raise(
            err, ERR_NOT_FOUND, "no deployment of %s/%s is known here", s->project, s->stack);
    hint_at_others(v, "watch", err);

    return -ENOENT;
}

/* Why it is not known who asks is the cause to mend. */
static int
several_known(struct verb_call *v, const struct scope *s, struct error *unknown, struct error *err)
{
    error_move(err, unknown);
    error_wrap(err, "%s/%s is known in several accounts or regions", s->project, s->stack);
    hint_at_others(v, "watch", err);

    return -EINVAL;
}

int scope_newest(
    struct verb_call *v,
    const Defang__Caller *caller,
    struct store_deployment *out,
    struct error *err)
{
    struct scope scope = {0};
    cleanup_error struct error unknown = ERROR_INIT;
    int rc = scope_of_caller(v, caller, &scope, &unknown);
    bool lost = rc < 0 && !scope.project; /* without a project there is nothing to look for */

    if (lost) {
        error_move(err, &unknown);
        hint_at_others(v, "watch", err);
        return rc;
    }

    struct look look = {0};
    struct store_filter f = {
        .project = scope.project,
        .stack = scope.stack,
        .account = scope.account,
        .region = scope.region,
        .limit = scope.account ? 1 : LOOK_BACK};

    rc = store_deployment_each(v->daemon->store, &f, take_row, &look, err);
    if (rc == 0 && !look.id)
        rc = none_known(v, &scope, err);
    else if (rc == 0 && look.several)
        rc = several_known(v, &scope, &unknown, err);
    if (rc == 0)
        rc = store_deployment_get(v->daemon->store, look.id, out, err);
    look_done(&look);

    return rc;
}

/* ---- config ---- */

int scope_of_config(struct verb_call *v, const Defang__Caller *caller, struct error *err)
{
    int rc = verb_session(v, caller, err);
    if (rc == 0)
        rc = project_identify(v->daemon, caller, &v->project, err);
    if (rc == 0 && text_empty(aws_session_region(v->session->aws)))
        rc = aws_region_missing(aws_session_profile(v->session->aws), err);
    return rc;
}

char *scope_config_path(struct verb_call *v)
{
    cleanup_free char *path = plan_config_path(&v->project.settings, v->project.name);

    return verb_text(v->project.arena, path);
}
