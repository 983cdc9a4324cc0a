/* Engine `cloudformation`: the graph is the template. Change set → execute → stack events. No state
 * outside AWS, roll back by AWS. */
#pragma once

#include "engine/engine.h"

extern const struct engine engine_cloudformation;
