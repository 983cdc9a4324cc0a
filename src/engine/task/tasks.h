/* Reading what ECS says of tasks, in people's words. */
#pragma once

#include "data/json.h"
#include <stdbool.h>

const char *task_id(const char *task_arn); /* the last part; borrowed; "" for NULL */
bool task_is_over(const json_t *task);     /* DEPROVISIONING, STOPPED, DELETED */
/* A tag in the form of ECS, which writes its keys small. New object. */
json_t *task_tag(const char *name, const char *value);

/* Exit code of the container named `container` (NULL = the first essential-looking one); -1 when it
 * has none. */
int task_exit_code(const json_t *task, const char *container);
/* "exit code 3: Essential container in task exited", "ResourceInitializationError: …",
 * "CannotPullContainerError: …"; malloc'd. */
char *task_reason(const json_t *task, const char *container);
/* A Spot interruption is no failure of the service (defang issue 1581). */
bool task_was_spot_interrupted(const json_t *task);
