/* Reading Pulumi's state (its checkpoint), as pulumi_object() gives it. NULL is a state without
 * resources. Private to the room. */
#pragma once

#include "data/json.h"
#include <stdbool.h>

/* Provider plugins that the state's resources need, and ours: "aws=7.48.0 command=1.2.1"; malloc'd.
 */
char *pulumi_plugins(const json_t *checkpoint, bool builds);

/* Name of a resource in the state → its physical id. New object. */
json_t *pulumi_physical_ids(const json_t *checkpoint);
