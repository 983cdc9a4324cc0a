/* A plan: resources in CloudFormation's schema, with who asked for each. The graph is the template
 * of the `cloudformation` engine and the source of the program of the `pulumi` engine.
 * Deterministic: same input, same bytes. Owned by the arena of the graph; JSON values are owned
 * references. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "data/json.h"
#include <stdbool.h>

struct graph_resource {
    const char
        *logical_id;  /* [A-Za-z0-9], unique, stable while the thing it stands for stays the same */
    const char *type; /* "AWS::ECS::Service" */
    const char *group;  /* board row: "network", "cluster", "ingress", "dns", "builds", "roles" or
                           "service/<name>" */
    json_t *properties; /* with intrinsics */
    const char **depends_on;
    size_t depends_on_count;     /* explicit ones only */
    const char *deletion_policy; /* NULL, "Delete", "Retain", "Snapshot", "RetainExceptOnCreate" */
    const char *replace_policy;  /* UpdateReplacePolicy: what becomes of the old one when it is
                                    replaced; NULL = deleted */
    bool purge; /* a bucket that the stack retains: the engine empties and removes it after the
                   stack is gone */
    const char *usual; /* "usually 6-9 min", or NULL */
};

struct graph_output {
    const char *name, *description;
    json_t *value;
};

struct graph {
    struct arena *arena;
    const char *description;
    struct graph_resource *resources;
    size_t len, cap;
    struct graph_output *outputs;
    size_t output_count, output_cap;
    /* Of the template: {"Defang": {"revision": n, "origin": plan/origin.h, "services": {<name>:
     * {"deployment", "hash", "endpointOutput" (name of an output) or "endpoint" (text)}}}} */
    json_t *metadata;
    size_t *index, index_size; /* logical id → position + 1 */
};

struct graph *graph_new(const char *description);
void graph_free(struct graph *g);
void graph_free_ptr(struct graph **g);
#define cleanup_graph __attribute__((cleanup(graph_free_ptr)))
/* Adds; `properties` is stolen. A name already there is a programming error (aborts). The pointer
 * is good until the next add. */
struct graph_resource *graph_add(
    struct graph *g,
    const char *group,
    const char *logical_id,
    const char *type,
    json_t *properties);
void graph_depend(struct graph *g, const char *logical_id, const char *on);
struct graph_resource *graph_get(const struct graph *g, const char *logical_id);
void graph_output_add(
    struct graph *g, const char *name, json_t *value, const char *description); /* value stolen */
json_t *graph_ref(const char *logical_id);                                      /* {"Ref": …} */
json_t *graph_attr(const char *logical_id, const char *attribute); /* {"Fn::GetAtt": [..]} */
json_t *graph_sub(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* {"Fn::Sub": …} */

bool graph_refers(const json_t *j, const char *logical_id); /* by Ref, GetAtt or Sub */
bool graph_resolves(
    const struct graph *g,
    const json_t *j); /* every reference in it names a resource of the graph */
/* Every Ref/GetAtt/Sub/DependsOn resolves, no cycle, limits of CloudFormation (500 resources, 200
 * outputs, 1 MB) with the count per service. */
int graph_check(const struct graph *g, struct error *err);
/* Every resource carries {"Metadata": {"Group": <group>}}: rows of a teardown are made from the
 * deployed template alone. */
json_t *
graph_template(const struct graph *g); /* new reference; member order: AWSTemplateFormatVersion,
                                          Description, Metadata, Resources, Outputs */
char *graph_template_text(const struct graph *g); /* compact, sorted members, malloc'd */

enum graph_action { GRAPH_ADD, GRAPH_CHANGE, GRAPH_REMOVE };

struct graph_change {
    enum graph_action action;
    const char *logical_id, *type, *group;
    const char *replacement; /* "" | "replace" | "may replace": from a table of create-only
                                properties of our types */
    const char **properties;
    size_t property_count; /* top-level names that differ */
};

struct graph_diff {
    struct arena *arena;
    struct graph_change *changes;
    size_t len;
};

/* `old_template` may be NULL (nothing deployed). Sorted by group, then id. Differences in Metadata
 * alone are no change. */
void graph_diff(const json_t *old_template, const struct graph *g, struct graph_diff *out);
void graph_diff_done(struct graph_diff *d);
