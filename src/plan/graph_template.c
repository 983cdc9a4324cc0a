#include "plan/context.h"
#include "plan/graph.h"
#include <string.h>

static json_t *resource_json(const struct graph_resource *r)
{
    json_t *j = plan_json("{s:s,s:O}", "Type", r->type, "Properties", r->properties);
    if (!json_object_size(r->properties))
        json_object_del(j, "Properties");
    if (r->deletion_policy)
        json_add(j, "DeletionPolicy", json_string(r->deletion_policy));
    if (r->replace_policy)
        json_add(j, "UpdateReplacePolicy", json_string(r->replace_policy));
    if (r->depends_on_count) {
        json_t *on = json_array();
        for (size_t i = 0; i < r->depends_on_count; i++)
            json_push(on, json_string(r->depends_on[i]));
        json_add(j, "DependsOn", on);
    }
    json_t *metadata = plan_json("{s:s}", "Group", r->group);
    if (r->purge)
        json_add(metadata, "Purge", json_true());
    json_add(j, "Metadata", metadata);
    return j;
}

json_t *graph_template(const struct graph *g)
{
    json_t *t = plan_json(
        "{s:s,s:s*,s:O*}",
        "AWSTemplateFormatVersion",
        "2010-09-09",
        "Description",
        g->description,
        "Metadata",
        g->metadata);
    json_t *resources = json_object();
    for (size_t i = 0; i < g->len; i++)
        json_add(resources, g->resources[i].logical_id, resource_json(&g->resources[i]));
    json_add(t, "Resources", resources);
    if (g->output_count) {
        json_t *outputs = json_object();
        for (size_t i = 0; i < g->output_count; i++)
            json_add(
                outputs,
                g->outputs[i].name,
                plan_json(
                    "{s:O,s:s*}",
                    "Value",
                    g->outputs[i].value,
                    "Description",
                    g->outputs[i].description));
        json_add(t, "Outputs", outputs);
    }
    return t;
}

char *graph_template_text(const struct graph *g)
{
    cleanup_json json_t *t = graph_template(g);
    return json_print(t, false, true);
}
