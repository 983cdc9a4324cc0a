/* Options of the kernel's that Fargate honours in part: what of them goes into a task, and the
 * questions by which check/linux.c says what does not. */
#pragma once

#include "plan/common/context.h"

/* ---- what a task takes ---- */

/* LinuxParameters and SystemControls of a container definition; NULL: there is nothing to say. */
json_t *plan_linux_parameters(const struct plan_ctx *c, const struct plan_service *s);
json_t *plan_system_controls(const struct plan_ctx *c, const struct compose_service *s);

/* EphemeralStorage and PidMode of a task definition, when there is something to say. */
void plan_task_options(const struct plan_ctx *c, const struct plan_service *s, json_t *task);

/* ---- memory as a folder (tmpfs.c) ---- */

/* Whether the mount is a tmpfs of its own, and no volume of the task. */
bool plan_is_tmpfs(const struct compose_service *s, const struct compose_mount *m);

/* Tmpfs and SharedMemorySize of LinuxParameters; NULL: there is none. */
json_t *plan_tmpfs(const struct plan_ctx *c, const struct plan_service *s);
json_t *plan_shared_memory(const struct plan_ctx *c, const struct plan_service *s);

/* ---- for the checks ---- */

/* The list under "cap_add" or "cap_drop"; NULL when there is none. */
const struct yaml_node *plan_capability_list(const struct compose_service *s, const char *key);

/* ECS's name of the capability that the node names, with or without "CAP_"; NULL: it has none. */
const char *plan_capability(const struct yaml_node *n);
bool plan_may_add_capability(const char *name);

struct plan_sysctl {
    const char *name, *value;
    struct yaml_pos pos;
};

/* The i-th of `sysctls`, a mapping or a list of "name=value"; false behind the last. In `a`. */
bool plan_sysctl_at(
    struct arena *a, const struct compose_service *s, size_t i, struct plan_sysctl *out);
bool plan_sysctl_ok(const char *name);
