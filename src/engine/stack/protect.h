/* Deletion protection of what holds data or a public address: found in the deployed template,
 * lifted only on demand. */
#pragma once

#include "engine/context.h"

/* 0 when nothing is protected, or when `force` lifted it (asks RDS and ELB to). ERR_REFUSED, with
 * nothing touched, otherwise. */
int protect_lift(
    struct engine_context *c,
    const char *stack,
    const json_t *template,
    bool force,
    struct error *err);

/* The same where another engine knows the physical ids: logical id → physical id. */
int protect_lift_ids(
    struct engine_context *c,
    const json_t *ids,
    const json_t *template,
    bool force,
    struct error *err);
