/* Bind mounts (binds.c): which of them become files in a container, and why the others do not. */
#pragma once

#include "plan/view/view.h"

enum plan_bind {
    PLAN_BIND_FILE,    /* becomes a file */
    PLAN_BIND_FOLDER,  /* becomes a folder of files */
    PLAN_BIND_SOCKET,  /* Docker's */
    PLAN_BIND_CLOCK,   /* /etc/localtime, /etc/timezone */
    PLAN_BIND_OUTSIDE, /* not in the project's folder */
    PLAN_BIND_MISSING,
    PLAN_BIND_EMPTY,   /* a folder without files: the program's data go there */
    PLAN_BIND_SOURCES, /* the folder that the image is built from, or one around it */
    PLAN_BIND_LARGE,   /* too large, or too many files */
    PLAN_BIND_SYSTEM,  /* its place is in a folder that no mount may hide */
    PLAN_BIND_TAKEN,   /* a volume is mounted at its place */
};

/* One mount of type bind; reads names and sizes, no content. */
enum plan_bind plan_bind_look(
    const struct compose_project *p,
    const struct compose_service *s,
    const struct compose_mount *m);

/* A volume without a name in a folder that is bound (`.:/app`, `/app/node_modules`): it is there to
 * keep what the image has from being hidden. Here nothing hides it, and an empty folder of ECS's
 * would. */
bool plan_keeps_image(const struct compose_service *s, const struct compose_mount *m);

/* Folders that no program goes without: a mount there would hide them, and a copy would make them
 * as old as the task. */
bool plan_is_system_folder(const char *folder);
