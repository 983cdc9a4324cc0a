/* The graph as a CloudFormation template, for the `cloudformation` engine and for records of what
 * was deployed. Text is compact with sorted members: equal graphs give equal bytes, so that
 * "nothing to apply" is a comparison. */
#include "data/object.h"
#include "plan/graph/graph.h"

static json_t *depends_on(const struct graph_resource *r)
{
    if (!r->depends_on_count)
        return NULL;

    json_t *on = array();
    for (size_t i = 0; i < r->depends_on_count; i++)
        json_push(on, json_string(r->depends_on[i]));
    return on;
}

static json_t *resource_json(const struct graph_resource *r)
{
    json_t *properties = json_object_size(r->properties) ? json_incref(r->properties) : NULL;
    json_t *purge = r->purge ? json_true() : NULL;

    return object(
        key("Type", r->type),
        key("Properties", properties),
        key("DependsOn", depends_on(r)),
        key("DeletionPolicy", r->deletion_policy),
        key("UpdateReplacePolicy", r->replace_policy),
        key("Metadata", object(key("Group", r->group), key("Purge", purge))));
}

static json_t *resources_json(const struct graph *g)
{
    json_t *resources = object();

    for (size_t i = 0; i < g->len; i++)
        json_add(resources, g->resources[i].logical_id, resource_json(&g->resources[i]));
    return resources;
}

static json_t *outputs_json(const struct graph *g)
{
    if (!g->output_count)
        return NULL;

    json_t *outputs = object();
    for (size_t i = 0; i < g->output_count; i++) {
        json_t *output = object(
            key("Description", g->outputs[i].description),
            key("Value", json_incref(g->outputs[i].value)));
        json_add(outputs, g->outputs[i].name, output);
    }
    return outputs;
}

json_t *graph_template(const struct graph *g)
{
    return object(
        key("AWSTemplateFormatVersion", "2010-09-09"),
        key("Description", g->description),
        key("Metadata", json_incref(g->metadata)),
        key("Resources", resources_json(g)),
        key("Outputs", outputs_json(g)));
}

char *graph_template_text(const struct graph *g)
{
    cleanup_json json_t *t = graph_template(g);

    return json_print(t, false, true);
}
