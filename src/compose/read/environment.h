/* What a service's environment becomes: its env_file entries below its own, and names without a
 * value taken from the project's. An included project needs it before it is merged, so it stands
 * here and not with the rest of what is done to the merged tree (normal.h). */
#pragma once

#include "compose/read/loader.h"

struct normalise {
    struct loader *loader;
    const struct scope *scope; /* whose folder and variables are meant */
    const char *project;
};

extern const char *const normalise_sections[]; /* services, jobs; ends with NULL */

/* Whether one of the active profiles is the service's; true for a service that names none. */
bool normalise_is_active(const struct loader *l, const char *name, const struct yaml_node *service);

/* Keys that normalise_environment() does, in hooks too: normalise_tree() leaves them alone. */
bool normalise_is_environment(const char *key);

/* In place. A file that is missing or wrong is a diagnostic. */
void normalise_environment(const struct normalise *z, struct yaml_node *root);
