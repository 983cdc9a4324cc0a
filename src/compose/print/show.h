/* The project as `docker compose config` shows it: the canonical tree without what says nothing,
 * with the defaults that the reference fills in. For people and for comparison; what a job freezes
 * is print.h's. */
#pragma once

#include "compose/spec/spec.h"
#include "data/yaml.h"

/* A tree that shares its leaves with `root`. `json`: JSON shows a few empty values that YAML does
 * not. */
struct yaml_node *
show_tree(struct arena *arena, const struct yaml_node *root, const struct spec *spec, bool json);
