/* Log groups that outlive their stack. The template retains them (DeletionPolicy), so that what a
 * failed first deployment said can be read after its roll back; their lines go by their own expiry,
 * and an empty group costs nothing. */
#pragma once

#include "base/vec.h"
#include "engine/context.h"

struct left_group {
    char *name, *arn;
    long long days; /* its lines go after so many; 0 = never */
};

struct left_groups {
    struct left_group *items;
    size_t len, cap;
};

/* Those of the context's project and stack that are in the account now and carry our tag, in a
 * stack or not. Without the right to list them: none. */
int left_groups_read(struct engine_context *c, struct left_groups *out, struct error *err);
void left_groups_done(struct left_groups *g);

/* Whether a change of `stack` to the graph would make a log group that is there already, because an
 * earlier stack left it: then the change set must import it. `deployed`: logical id → physical id
 * of what the stack has, NULL for a new one. ERR_REFUSED when the group is not ours. */
int left_groups_import(
    struct engine_context *c,
    const struct graph *g,
    const json_t *deployed,
    bool *import,
    struct error *err);

/* Those of the deployed template that are not there any more: *lost is an object, logical id →
 * name, new; NULL when none is, or when they may not be listed. */
int lost_groups_find(
    struct engine_context *c, const json_t *template, json_t **lost, struct error *err);

/* Makes them again, empty, with the retention of the template. May be repeated. */
int lost_groups_make(
    struct engine_context *c, const json_t *template, const json_t *lost, struct error *err);

/* With their lines. */
int left_groups_delete(struct engine_context *c, const struct left_groups *g, struct error *err);
