/* Board rows over a stack's resources: one row a group, its state folded from its resources'
 * states. */
#pragma once

#include "engine/context.h"

struct rows;

struct rows *rows_from_graph(struct engine_context *c, const struct graph *g);
/* Groups as graph_template() left them in each resource's Metadata.Group; NULL template = one row
 * "stack". */
struct rows *rows_from_template(struct engine_context *c, const json_t *template);
/* Every resource will report (a first creation, a teardown): progress can be told as "3 of 12". */
void rows_count_all(struct rows *r);
void rows_free(struct rows *r); /* NULL ok */
const char *
rows_of(const struct rows *r, const char *logical_id); /* row id; "stack" when unknown */
void rows_resource(struct rows *r, const struct engine_resource *resource);
/* An operation that fails leaves what it made: nothing takes it back. */
void rows_keep_all(struct rows *r);
/* The operation ended: rows still active are done (ok) or failed/canceled. */
void rows_finish(struct rows *r, bool ok);
