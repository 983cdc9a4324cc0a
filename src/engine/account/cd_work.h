/* Work on the CD stack: what making it and taking it away have in common. Private to the room. */
#pragma once

#include "engine/context.h"
#include "engine/stack/stack.h"

#define CD_ROW       "account"
#define CD_ROW_ORDER 1

struct cd_work {
    struct engine_context *c;
    const char *verb;   /* of the row: "creating" */
    const char *round;  /* "" or ".again": a token serves one operation, so each has its own keys */
    unsigned changed;   /* resources, by all operations so far */
    bool role_was_late; /* the last operation failed by the race of service_role.h */
};

/* Key of the journal in this round; malloc'd. */
char *cd_work_key(const struct cd_work *w, const char *name);

/* Follows an operation to its end, told on the row. ERR_CLOUD with the first reason when it did not
 * end well. */
int cd_work_follow(
    struct cd_work *w,
    const char *stack_id,
    const char *token,
    const char *last_event, /* cd_work_key of the marker */
    const char *verb,       /* of the error: "creating" */
    struct error *err);

/* A failed creation is removed; `stack` is empty then. */
int cd_work_clear(struct cd_work *w, struct cfn_stack *stack, struct error *err);

/* The stack is removed to its end, under `token`; `begun`: that was asked for already. */
int cd_work_remove(
    struct cd_work *w,
    const struct cfn_stack *stack,
    const char *token,
    bool begun,
    struct error *err);

/* A roll back that failed is continued; `stack` is described anew. */
int cd_work_roll_back(struct cd_work *w, struct cfn_stack *stack, struct error *err);

/* Until nothing runs on the stack. What an earlier life of this job began is followed, with its
 * events; anybody else's work is waited for. */
int cd_work_wait_idle(struct cd_work *w, struct cfn_stack *stack, struct error *err);
