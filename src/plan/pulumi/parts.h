/* What the files of this room share: the table, the state of one program, and who makes what.
 *
 * From the bottom: node.c (names, parts, options), the rows (rows_*.c) and their lookup (rows.c),
 * image.c, value.c, convert.c, map.c, which applies the rows; pulumi.c calls them in order. */
#pragma once

#include "plan/common/context.h"
#include "plan/names.h"
#include "plan/plan.h"
#include "plan/pulumi/pulumi.h"

/* clang-format off */
/* A row's `rules` are words "From[=to][:kind]", one for each leaf that the planner may write.
 *
 * From is a path in the CloudFormation properties, "[]" any item of a list, "{key}" the item of a
 * key-value list (kind kv) of that key. `to` is a path in the Pulumi inputs; without it each step
 * of From begins with a small letter. "[]" takes the item's place over, "[0]" is the first;
 * "@part." is another resource ("@part[]." one for each item).
 *
 * Kinds:
 *   (none)     a scalar, a list of scalars, or an intrinsic
 *   kv         list of {Key, Value}: goes on with "{key}"
 *   tags       list of {Key or Name, Value} → map
 *   map        keys are data, values are converted
 *   json       object → JSON text
 *   api        as json, keys begin with a small letter (ECS containers)
 *   int bool   text → that type
 *   text       number or boolean → text
 *   on         "ENABLED" → true
 *   internal   "internal" → true
 *   pairs      {name: value} → list of {name, value}
 *   secret     marked as secret
 *   implied    says what another property or the type says: not carried
 *   lost       the provider has no such property: noted */
/* clang-format on */

/* A resource beside the row's own, whose input `link` is "${<id>.<attr>}". */
struct pulumi_part {
    const char *name, *token, *link, *attr;
    bool hashed; /* one for each item of a list is named by content, not by place */
};

struct pulumi_ctx;

struct pulumi_row {
    const char *type, *token;
    const char *ref; /* output that {"Ref"} is; NULL = "id" */
    const char
        *attrs; /* "Arn=arn Endpoint.Address=address" for Fn::GetAtt; "Arn=arn+:*" adds text */
    const char *rules;
    const struct pulumi_part *parts; /* end: name NULL; may be NULL */

    /* What rules cannot say; `node` is {"type", "properties", "options"?}. May be NULL. */
    int (*finish)(
        struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err);
};

struct pulumi_rule {
    char from[160], to[200], kind[12];
};

/* One program being made. Owned by plan_pulumi(); texts of the room live in `a`. */
struct pulumi_ctx {
    const struct plan_pulumi_request *r;
    const struct graph *g;
    struct arena *a;
    json_t *resources;  /* name → node, in the program's order */
    json_t *config;     /* name → {"type", "default"} */
    json_t *parts;      /* logical id → [names of its parts] */
    json_t *references; /* logical id → {logical id it refers to: true}, in order of appearance */
    json_t *notes;      /* texts */
    const struct graph_resource *current; /* whose values are converted; NULL: an output's */
    json_t *seen;                         /* references of `current` (borrowed from references) */
};

/* ---- nodes (node.c) ---- */
char *pulumi_escape(const char *text); /* '$' → "$$"; malloc'd */
char *pulumi_camel(const char *name);  /* "VpcId" → "vpcId", "DNSName" → "dnsName"; malloc'd */

/* A new node without properties, borrowed from c->resources; a part is "<id>_<name>" and is made
 * when it is not there. */
json_t *pulumi_node(struct pulumi_ctx *c, const char *name, const char *token);
json_t *pulumi_part_node(
    struct pulumi_ctx *c, const struct graph_resource *r, const char *name, const char *token);

json_t *pulumi_options(json_t *node); /* made when missing; borrowed */
void pulumi_ignore(json_t *node, const char *property);
void pulumi_set(json_t *node, const char *property, json_t *value); /* steals value */
const char *pulumi_text(json_t *node, const char *property); /* NULL when missing or no text */

/* "Defang-shop-beta-Role-", at most `max` characters; in lower case where the service asks for it.
 */
const char *
pulumi_prefix(struct pulumi_ctx *c, const struct graph_resource *r, size_t max, bool lower);

/* ---- rows (rows.c; the data in rows_*.c) ---- */
extern const struct pulumi_row pulumi_rows_network[], pulumi_rows_compute[], pulumi_rows_store[],
    pulumi_rows_edge[]; /* end: type NULL */

const struct pulumi_row *pulumi_row_get(const char *type); /* NULL: no row */

/* The rule of exactly that path into `out`, with `to` filled in. False when there is none; *below
 * when rules for paths under it exist. */
bool pulumi_rule_find(
    const struct pulumi_row *row, const char *path, struct pulumi_rule *out, bool *below);

/* ---- images (image.c) ---- */

/* What stands for that uri in the program, or NULL when it is not one of the builds'; in the arena.
 */
const char *pulumi_image_of(struct pulumi_ctx *c, const char *uri);

/* Adds the Command resources or config values. ERR_FAILED when the plan has no task to build with.
 */
int pulumi_images(struct pulumi_ctx *c, struct error *err);

/* ---- values (value.c, convert.c): new references; NULL and err on what has no meaning in a
 * program ---- */
bool pulumi_is_intrinsic(const json_t *v);
json_t *pulumi_value(struct pulumi_ctx *c, const json_t *v, struct error *err);
json_t *pulumi_convert(struct pulumi_ctx *c, const char *kind, const json_t *v, struct error *err);

/* ---- mapping (map.c) ---- */

/* Adds the resource's node and parts. ERR_FAILED names the type or property without a row. */
int pulumi_map(struct pulumi_ctx *c, const struct graph_resource *r, struct error *err);

/* ---- YAML (yaml.c) ---- */

/* Block style, members in their order. malloc'd. */
char *pulumi_yaml(const json_t *j);
