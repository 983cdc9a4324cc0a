/* What the files of this room share. The table (rows_*.c) says how each CloudFormation type
 * translates; map.c applies it.
 *
 * A row's `rules` are words "From[=to][:kind]", one for each leaf that the planner may write. From
 * is a path in the CloudFormation properties, "[]" any item of a list, "{key}" the item of a
 * key-value list (kind kv) of that key. `to` is a path in the Pulumi inputs; without it each step
 * of From begins with a small letter. "[]" takes the item's place over, "[0]" is the first;
 * "@part." is another resource ("@part[]." one for each item). Kinds: (none)   a scalar, a list of
 * scalars, or an intrinsic       kv       list of {Key, Value}: goes on with "{key}" tags     list
 * of {Key or Name, Value} → map                         map      keys are data, values are
 * converted json     object → JSON text                                 api      as json, keys
 * begin with a small letter (ECS containers) int bool text   text or number → that type on
 * "ENABLED" → true internal "internal" → true pairs    {name: value} → list of {name, value} secret
 * marked as secret                                   implied  says what another property or the
 * type says: not carried lost     the provider has no such property: noted            */
#pragma once

#include "plan/common/context.h"
#include "plan/names.h"
#include "plan/plan.h"
#include "plan/pulumi/pulumi.h"

struct pulumi_part {
    const char *name, *token, *link, *attr;
    bool hashed;
}; /* link = "${<id>.<attr>}"; hashed: named by content, not by place */

struct pulumi_ctx;

struct pulumi_row {
    const char *type, *token;
    const char *ref; /* output that {"Ref"} is; NULL = "id" */
    const char
        *attrs; /* "Arn=arn Endpoint.Address=address" for Fn::GetAtt; "Arn=arn+:*" adds text */
    const char *rules;
    const struct pulumi_part *parts;
    /* What rules cannot say; `node` is {"type", "properties", "options"?}. */
    int (*finish)(
        struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err);
};
const struct pulumi_row *pulumi_row_get(const char *type); /* NULL: no row */
extern const struct pulumi_row pulumi_rows_network[], pulumi_rows_compute[], pulumi_rows_store[],
    pulumi_rows_edge[]; /* end: type NULL */

struct pulumi_ctx {
    const struct plan_pulumi_request *r;
    const struct graph *g;
    struct arena *a;
    json_t *resources;  /* name → node, in the program's order */
    json_t *config;     /* name → {"type", "default"} */
    json_t *parts;      /* logical id → [names of its parts] */
    json_t *references; /* logical id → {logical id it refers to: true}, in order of appearance */
    json_t *notes;      /* texts */
    const struct graph_resource *current; /* whose values are converted */
    json_t *seen;                         /* references of `current` (borrowed from references) */
};

/* ---- values (value.c): new references; NULL and err on what has no meaning in a program ---- */
json_t *pulumi_value(struct pulumi_ctx *c, const json_t *v, struct error *err);
char *pulumi_escape(const char *text); /* '$' → "$$"; malloc'd */
bool pulumi_is_intrinsic(const json_t *v);

/* ---- mapping (map.c) ---- */
int pulumi_map(struct pulumi_ctx *c, const struct graph_resource *r, struct error *err);
json_t *pulumi_part_node(
    struct pulumi_ctx *c,
    const struct graph_resource *r,
    const char *name,
    const char *token);               /* "<id>_<name>"; made if new; borrowed */
char *pulumi_camel(const char *name); /* "VpcId" → "vpcId", "DNSName" → "dnsName"; malloc'd */
json_t *pulumi_options(json_t *node); /* made when missing; borrowed */
const char *pulumi_prefix(
    struct pulumi_ctx *c,
    const struct graph_resource *r,
    size_t max,
    bool lower); /* "Defang-shop-beta-Role-" */
void pulumi_ignore(json_t *node, const char *property);
void pulumi_set(json_t *node, const char *property, json_t *value); /* steals value */
const char *pulumi_text(json_t *node, const char *property); /* NULL when missing or no text */

/* ---- images (image.c) ---- */
int pulumi_images(
    struct pulumi_ctx *c, struct error *err); /* adds the Command resources or config values */
const char *pulumi_image_of(
    struct pulumi_ctx *c,
    const char *uri); /* what stands for that uri in the program, or NULL; in arena */

/* ---- YAML (yaml.c) ---- */
/* Block style, members in their order. malloc'd. */
char *pulumi_yaml(const json_t *j);
