/* The CD stack's parts: what the files of this room add to one graph.
 *
 * `prefix` is that of the pull-through cache, in the arena of the graph; it is used only with
 * s->pull_through. */
#pragma once

#include "data/object.h"
#include "plan/plan.h"

#define CD_GROUP "account" /* the board row of all of them */

/* Tags with the name "<cd name>-<what>". */
json_t *cd_name_tag(struct graph *g, const struct plan_cd_settings *s, const char *what);

void cd_network(struct graph *g, const struct plan_cd_settings *s);
void cd_roles(struct graph *g, const struct plan_cd_settings *s, const char *prefix);
void cd_task(struct graph *g, const struct plan_cd_settings *s, const char *prefix);
