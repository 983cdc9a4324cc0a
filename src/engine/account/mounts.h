/* Mount targets of file systems that the project names by their id. */
#pragma once

#include "engine/context.h"

/* Adds those that are not the project's own to `facts`: a zone that has one takes no other.
 * ERR_REFUSED, with the place in the file, for a file system that is not there, and for one that is
 * mounted in another VPC than `vpc` (NULL: the project's own), because EFS mounts in one VPC only.
 * No call for a project that names none. */
int flow_mount_targets(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    const char *vpc,
    struct plan_facts *facts,
    struct error *err);
