/* Board rows over a stack's resources: one row a group, its state folded from its resources'
 * states. None of these suspends; NULL rows take everything and say nothing. */
#pragma once

#include "engine/context.h"

struct rows;

/* Of an apply. Copies what it needs of `g`. */
struct rows *rows_from_graph(struct engine_context *c, const struct graph *g);

/* Of a teardown. Groups as graph_template() left them in each resource's Metadata.Group; NULL
 * template = one row "stack". */
struct rows *rows_from_template(struct engine_context *c, const json_t *template);

void rows_free(struct rows *r);

/* Every resource will report (a first creation, a teardown): progress can be told as "3 of 12". */
void rows_count_all(struct rows *r);

/* An operation that fails leaves what it made: nothing takes it back. */
void rows_keep_all(struct rows *r);

/* Row id of a resource; "stack" when unknown. Borrowed. */
const char *rows_of(const struct rows *r, const char *logical_id);

/* An event of a resource: its row is shown anew. */
void rows_resource(struct rows *r, const struct engine_resource *resource);

/* The operation ended: rows that anything was said of are done (ok) or failed/canceled. */
void rows_finish(struct rows *r, bool ok);
