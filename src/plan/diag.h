/* What the planner has to say about a project: errors, warnings, notes, each with a position and
 * what to do. */
#pragma once

#include "base/error.h"
#include "compose/compose.h"

#define PLAN_RULE_SECRET "aws/secret-clear"

struct plan_diag {
    struct compose_diagnostics *d;
    struct error *err;
    int rc;
    const char *rule; /* names the next finding; else its format does */
};

/* Every error goes into d; the first also into err and rc. */
void plan_error(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void plan_warn(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void plan_note(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
