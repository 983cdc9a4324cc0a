/* Why a build ended badly: what it did itself, or where it ran. */
#pragma once

#include "data/json.h"

enum build_fault {
    BUILD_OWN,      /* an instruction failed, a file is missing: it fails again */
    BUILD_PLATFORM, /* it did not start, was taken away, or a registry did not answer */
    BUILD_MEMORY,   /* killed for want of memory */
    BUILD_STORAGE,  /* its disk is full */
};

/* `task`: what ECS said last, NULL when it knows it no more. `tail`: the last lines of its log,
 * '\n' between, or NULL. */
enum build_fault build_fault_of(const json_t *task, const char *container, const char *tail);

/* What the builder says of it, without what stands before it in every such line: "exit status 1",
 * "503 Service Unavailable". malloc'd; NULL when it says nothing. */
char *build_fault_words(const char *tail);
