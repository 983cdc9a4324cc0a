/* The normalised tree in a fixed order: known keys as the table lists them, names and the rest
 * sorted. */
#pragma once

#include "base/str.h"
#include "compose/spec/spec.h"
#include "data/yaml.h"

struct print_pairs {
    const struct yaml_pair **items;
    const struct spec **specs;
    size_t len;
};
struct print_pairs
print_order(struct arena *arena, const struct yaml_node *map, const struct spec *spec);
