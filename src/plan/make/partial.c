/* `up SERVICE…`: which services it is about.
 *
 * As `docker compose up SERVICE` has it: the named ones and, without --no-deps, what they depend
 * on, and that again. On AWS two more go along: services of one task (sidecars), which one
 * definition describes, and services from whose image one is built.
 *
 * Of the rest those that are deployed are in the plan, for they share network, load balancer and
 * roles with it; their own resources are put back to what is deployed (stage.c). Those that are not
 * deployed are taken out of the model before it is planned. */
#include "plan/partial.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/view/view.h"

#include <errno.h>
#include <string.h>

struct choice {
    const struct plan_view *v;
    bool *chosen; /* by index in the view */
    bool no_deps;
};

static size_t index_of(const struct choice *c, const struct plan_service *s)
{
    return (size_t)(s - c->v->services);
}

static bool choose(struct choice *c, const struct plan_service *s)
{
    if (!s || c->chosen[index_of(c, s)])
        return false;
    c->chosen[index_of(c, s)] = true;
    return true;
}

/* What one that is chosen brings along; false: nothing new. */
static bool follow(struct choice *c, const struct plan_service *s)
{
    bool grown = false;

    for (size_t i = 0; !c->no_deps && i < s->s->depends_on_count; i++)
        grown |= choose(c, plan_view_get(c->v, s->s->depends_on[i].service));

    for (size_t i = 0; i < s->s->build.context_count; i++) {
        const char *value = s->s->build.contexts[i].value;

        if (value && text_starts(value, "service:"))
            grown |= choose(c, plan_view_get(c->v, value + strlen("service:")));
    }

    const struct plan_service *task = plan_task_of(s), *member;
    grown |= choose(c, task);
    for (size_t i = 0; task && (member = plan_task_member(c->v, task, i)); i++)
        grown |= choose(c, member);
    return grown;
}

static int choose_named(struct choice *c, const char *const *names, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct plan_service *s = plan_view_get(c->v, names[i]);

        if (!s)
            return error_raise(
                err, ERR_USAGE, "there is no service \"%s\" in this project", names[i]);
        choose(c, s);
    }

    for (bool grown = true; grown;) {
        grown = false;
        for (size_t i = 0; i < c->v->count; i++)
            if (c->chosen[i])
                grown |= follow(c, &c->v->services[i]);
    }
    return 0;
}

/* Something in the template is of its group; of a sidecar, of its task's. */
static bool is_deployed(const json_t *previous, const struct plan_service *s)
{
    const struct plan_service *task = plan_task_of(s);
    const char *group = task ? task->group : s->group, *id;
    json_t *resource;

    json_object_foreach(json_object_get(previous, "Resources"), id, resource) {
        if (text_eq(json_str(resource, "Metadata.Group"), group))
            return true;
    }
    return false;
}

int plan_partial(
    struct arena *a,
    const struct compose_project *p,
    const char *const *names,
    size_t count,
    bool no_deps,
    const json_t *previous,
    struct plan_partial *out,
    struct error *err)
{
    struct plan_view v;

    plan_view_make(a, p, &v);
    struct choice c = {.v = &v, .chosen = arena_array(a, bool, v.count + 1), .no_deps = no_deps};
    memset(c.chosen, 0, (v.count + 1) * sizeof *c.chosen);

    *out = (struct plan_partial){
        .only = arena_array(a, const char *, v.count + 1),
        .held = arena_array(a, const char *, v.count + 1),
        .out = arena_array(a, const char *, v.count + 1)};
    int rc = choose_named(&c, names, count, err);

    for (size_t i = 0; rc == 0 && i < v.count; i++) {
        const char *name = arena_strdup(a, v.services[i].s->name);

        if (c.chosen[i])
            out->only[out->only_count++] = name;
        else if (is_deployed(previous, &v.services[i]))
            out->held[out->held_count++] = name;
        else
            out->out[out->out_count++] = name;
    }
    return rc;
}
