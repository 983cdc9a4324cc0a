/* Types of values, for shape.c: which one a node has, how the wrong one is told, and the casts that
 * the table asks for. */
#pragma once

#include "compose/spec/shape.h"

unsigned shape_type_of(const struct yaml_node *n); /* one of T_NULL … T_MAP */

/* "services.web.ports must be a list, not a text" */
void shape_complain_type(
    struct shape *s, const struct yaml_node *n, const struct spec *spec, const struct spot *spot);

/* A text in a place of another type: what a variable gave, or what stands in quotes. `n` itself
 * when there is nothing to cast; NULL, with a diagnostic, when it cannot be done. */
struct yaml_node *
shape_cast(struct shape *s, struct yaml_node *n, const struct spec *spec, const struct spot *spot);
