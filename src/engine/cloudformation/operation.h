/* One phase of one deployment on the project's stack: its names, its journal keys, the rows that
 * tell of it. Private to the room.
 *
 * Journal, under "cfn.<phase>.": "token" (ClientRequestToken), "executed" (set and flushed before
 * the effect), "last-event" (stack/events.h), "buckets" (buckets.h). */
#pragma once

#include "engine/context.h"
#include "engine/stack/events.h"
#include "engine/stack/rows.h"
#include "engine/stack/stack.h"

struct operation {
    struct engine_context *c;
    const char *phase;
    const struct graph *graph; /* of an apply; NULL for the others */
    struct rows *rows;         /* NULL until somebody shows them */
    char *stack_name, *change_set, *token;
    char *key_token, *key_last, *key_executed, *key_buckets;
};

/* Sets all but graph and rows. operation_done() is due even when it fails. */
int operation_init(
    struct operation *o, struct engine_context *c, const char *phase, struct error *err);
void operation_done(struct operation *o);

/* A key of this phase; malloc'd. */
char *operation_key(const struct operation *o, const char *name);

/* Was the effect of this phase asked for, in this or an earlier life? */
int operation_executed(struct operation *o, bool *executed, struct error *err);
/* Durable before the effect. */
int operation_set_executed(struct operation *o, struct error *err);

/* Until nothing runs on the stack; says so once when it has to wait. */
int operation_wait_idle(struct operation *o, struct cfn_stack *stack, struct error *err);

/* Follows what runs under the operation's token, told on its rows. cfn_follow_done() is due. */
int operation_follow(
    struct operation *o, const char *stack_id, struct cfn_follow *f, struct error *err);

/* The same, for operations with tokens of their own: whom to tell, and nothing else set but the
 * marker in the journal. */
struct cfn_follow operation_told(struct operation *o);

/* What a creation made that did not end holds no data, and its deletion protection would keep half
 * of a stack for ever: it is lifted, and the stack's buckets are noted. Best effort: what stays
 * protected fails the delete, with its reason. */
void operation_lift_half_made(struct operation *o, const char *stack, const char *buckets_key);
