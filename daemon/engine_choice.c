/* Which engine a project has.
 *
 * Each engine keeps its own state, so a second one would make everything a second time: the first
 * deployment decides, and it is remembered here. When this machine does not remember, AWS is asked,
 * which holds the truth (another machine may have deployed). Only a project that is deployed
 * nowhere may choose: --engine, then DEFANG_ENGINE, then x-defang-engine of the Compose file, then
 * cloudformation.
 *
 * Saying another engine than the one that the project has is refused, with what to do instead;
 * saying none is always right. */
#include "daemon/engine_choice.h"

#include "base/env.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"
#include "engine/engine.h"
#include "engine/engines.h"

#include <errno.h>

#define KEY "engine"

/* What this call asks for; NULL when nothing does. */
static const char *asked_for(const struct verb_call *v, const char *wanted)
{
    const char *said =
        text_empty(wanted) ? env_get_nonempty(v->session->env, "DEFANG_ENGINE") : wanted;

    if (said || !v->project.model || !v->project.model->extensions)
        return said;

    const struct yaml_node *n = yaml_get(v->project.model->extensions, "x-defang-engine");
    return n && n->kind == YAML_KIND_SCALAR ? n->value : NULL;
}

/* What is remembered here; NULL when nothing is, or what is no engine of this daemon. */
static int remembered(const struct verb_call *v, const struct engine **engine, struct error *err)
{
    cleanup_free char *known = NULL;
    struct aws_identity who = {0};
    int rc = aws_session_identity(v->session->aws, &who, err);
    if (rc == 0)
        rc = store_project_get(
            v->daemon->store,
            who.account,
            aws_session_region(v->session->aws),
            v->project.name,
            v->project.settings.stack,
            KEY,
            &known,
            err);

    aws_identity_done(&who);
    *engine = known ? engine_get(known) : NULL;

    return rc;
}

/* The one thing that nobody can want: two engines that both believe to own the project. */
static int refuse_another(
    const struct verb_call *v, const struct engine *has, const char *said, struct error *err)
{
    error_raise(
        err,
        ERR_REFUSED,
        "project %s is deployed with engine %s, not %s: each keeps its own state and would "
        "make everything a second time",
        v->project.name,
        has->name,
        said);
    error_hint(
        err, "leave --engine out, take the project down first, or deploy it under another --stack");
    return -EPERM;
}

int engine_choose(struct verb_call *v, const char *wanted, struct error *err)
{
    const char *said = asked_for(v, wanted);
    const struct engine *has = NULL;

    if (said && !engine_get(said)) {
        error_raise(err, ERR_USAGE, "unknown engine \"%s\"", said);
        error_hint(err, "the engines are cloudformation and pulumi");
        return -EINVAL;
    }

    int rc = remembered(v, &has, err);
    if (rc < 0)
        return rc;

    if (!has) {
        struct engine_context c = verb_context(v, NULL);
        rc = flow_engine_find(&c, &has, err);
    }

    bool another = has && said && !text_eq(has->name, said);
    if (rc == 0 && another)
        return refuse_another(v, has, said, err);

    v->engine = has ? has : engine_get(said ? said : ENGINE_DEFAULT);

    return rc;
}

int engine_remember(
    struct daemon *d, const struct store_deployment *row, const char *name, struct error *err)
{
    return store_project_put(
        d->store, row->account, row->region, row->project, row->stack, KEY, name, err);
}
