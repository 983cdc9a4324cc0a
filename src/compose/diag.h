/* Collecting mistakes: every pass adds what it finds and goes on; the loader stops after the pass
 * that found an error. */
#pragma once

#include "compose/compose.h"

/* Where in the tree a pass stands: a chain on the stack, from the leaf up. */
struct spot {
    const struct spot *up;
    const char *key; /* NULL: an item of a list */
    size_t index;
};

/* "services.web.ports[0]"; in the arena */
const char *spot_text(struct arena *arena, const struct spot *spot);

bool diag_has_errors(const struct compose_diagnostics *d);
/* Fills err with the first error (of `d`, in the order of file position), and returns its errno; 0
 * when there is none. */
int diag_to_error(const struct compose_diagnostics *d, struct error *err);
/* Adds what is in err to d as an error and empties err. */
void diag_add_error(struct compose_diagnostics *d, struct error *err);
/* By file (in order of first appearance), line, column; the same mistake once. */
void diag_sort(struct compose_diagnostics *d);
