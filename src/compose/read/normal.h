/* The rest of the way, on the merged tree: it is made whole, then checked. compose.c calls these in
 * their order. All work in place, add what they find to the loader's diagnostics and go on. */
#pragma once

#include "compose/read/environment.h"

bool normalise_default_network(const struct normalise *z, struct yaml_node *root);
/* Takes out the services that no active profile names. */
void normalise_profiles(const struct normalise *z, struct yaml_node *root);
void normalise_tree(const struct normalise *z, struct yaml_node *root);

/* Contradictions inside one resource. */
void checks_run(struct loader *l, const struct yaml_node *root);

/* Whether what is referred to exists; drops dependencies that may be missing. `all`: every service,
 * inactive ones too. Ends with cycle_check(). */
void refs_check(struct loader *l, struct yaml_node *root, const struct yaml_node *all);
void cycle_check(struct loader *l, const struct yaml_node *services);
