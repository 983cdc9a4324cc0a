/* One walk over a parsed file: variables filled in, types cast, keys and types checked against the
 * table. The result is a tree of its own (aliases are no longer shared) without what was wrong:
 * every mistake is in the diagnostics, and the passes behind see only sound nodes. */
#pragma once

#include "compose/diag.h"
#include "compose/spec/spec.h"
#include "compose/template.h"

struct shape {
    struct arena *arena;
    struct compose_diagnostics *diags;
    template_lookup_fn *lookup; /* NULL: no interpolation */
    void *lookup_arg;
};

/* NULL when nothing sound is left. */
struct yaml_node *
shape_tree(struct shape *shape, const struct yaml_node *root, const struct spec *spec);
/* What can be judged only after merging, because another file may bring it: required keys, keys
 * with nothing behind them. */
void shape_check_whole(
    struct arena *arena,
    struct compose_diagnostics *diags,
    const struct yaml_node *root,
    const struct spec *spec);

#define TAG_BROKEN "!broken" /* in place of a required value that was wrong */
bool tag_is_reset(const struct yaml_node *n);
bool tag_is_override(const struct yaml_node *n);
