/* A roll back of a first deployment does not take everything: the foundation stays, and with it a
 * load balancer and a gateway that somebody pays for. What is said comes from the stack's own list
 * of resources, asked when it has come to rest, priced as `plan` prices (report/cost.h).
 *
 * Only what costs by being there is counted: a log group or a bucket costs by what is in it. A
 * project whose services run is none of this: what it costs is known from `plan`. */
#include "daemon/jobs/left.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"
#include "engine/engine.h"
#include "plan/report/cost.h"

/* By what is in them, or by their use. */
static bool costs_by_content(const char *type)
{
    static const char *const types[] = {
        "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::EFS::FileSystem"};

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (text_eq(types[i], type))
            return true;
    return false;
}

/* A service that stands serves somebody: then the project was deployed before. */
static bool serves(const json_t *template, const json_t *there)
{
    const char *id;
    json_t *physical;

    json_object_foreach((json_t *)there, id, physical) {
        const json_t *resource = json_object_get(json_object_get(template, "Resources"), id);
        if (text_eq(json_str(resource, "Type"), "AWS::ECS::Service"))
            return true;
    }

    return false;
}

/* "load balancer (USD 16.43), NAT gateway (USD 32.85)"; the sum is returned. */
static double list_costs(const struct cost *cost, const json_t *there, struct str *list)
{
    double sum = 0;

    for (size_t i = 0; i < cost->len; i++) {
        const struct cost_line *l = &cost->lines[i];

        if (costs_by_content(l->type) || !json_object_get(there, l->logical_id))
            continue;
        sum += l->month;
        str_appendf(list, "%s%s (USD %.2f)", list->len ? ", " : "", l->what, l->month);
    }

    return sum;
}

static void say(struct up *u, const json_t *template, const json_t *there)
{
    cleanup_cost struct cost cost = {0};
    cleanup_str struct str list = STR_INIT;
    struct engine_context *c = &u->j->context;

    cost_of(template, c->facts->region, &cost);
    double sum = list_costs(&cost, there, &list);
    size_t n = json_object_size(there);

    if (sum > 0)
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            "`defangctl up` goes on from there; `defangctl down` removes it",
            "%zu resources of %s stay, and cost about USD %.2f a month: %s",
            n,
            c->project,
            sum,
            str_get(&list));
    else if (n > 0)
        engine_note(
            c,
            ENGINE_SAY_NOTE,
            "`defangctl up` goes on from there; `defangctl down` removes it",
            "%zu resources of %s stay; none of them costs by being there",
            n,
            c->project);
    else
        engine_note(
            c, ENGINE_SAY_NOTE, NULL, "nothing of %s that costs was left behind", c->project);
}

void left_say(struct up *u)
{
    struct engine_context *c = &u->j->context;
    cleanup_json json_t *there = NULL, *template = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (!u->graph || !c->facts || engine_detaching(c))
        return;

    fiber_shield(true);
    int rc = c->engine->resources(c, &there, &ignored);
    fiber_shield(false);
    if (rc < 0)
        return;

    template = graph_template(u->graph);
    if (c->keep_failed || !serves(template, there))
        say(u, template, there);
}
