/* Where a container writes its log. */
#pragma once

#include "data/object.h"
#include "plan/graph/graph.h"

/* A container's LogConfiguration: streams "<prefix>/<container>/<task id>" in the group of this
 * logical id. */
json_t *plan_awslogs(const char *group_id, const char *prefix);
