/* Extensions that the specification has adopted under a name of its own: x-develop, and
 * x-initialSync of its rules. */
#pragma once

#include "compose/read/merge.h"
#include "data/yaml.h"

/* In place, before anything else looks at the document; NULL and whatever is no mapping are left as
 * they are. New nodes live in the merge's arena. */
void aliases_promote(struct merge *m, struct yaml_node *document);
