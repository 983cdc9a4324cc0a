/* Merging canonical trees by the table: a later file over an earlier one, a service over the one
 * that it extends. */
#pragma once

#include "compose/diag.h"
#include "compose/spec/spec.h"
#include "data/yaml.h"

struct merge {
    struct arena *arena;
    struct compose_diagnostics *diags;
};

/* `over` on top of `base`; both may be changed and reused in the result. Either may be NULL. */
struct yaml_node *merge_tree(
    struct merge *m, struct yaml_node *base, struct yaml_node *over, const struct spec *spec);
/* Takes out what stays of !reset and !override tags, and doubles in lists with a key. */
struct yaml_node *merge_settle(struct merge *m, struct yaml_node *n, const struct spec *spec);
