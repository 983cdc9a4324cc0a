/* Following an operation of a stack to its end by its events. */
#pragma once

#include "engine/context.h"
#include "engine/stack/stack.h"

struct cfn_follow {
    /* What to follow; borrowed. */
    struct engine_context *context;
    const char *stack_id;
    const char *token; /* ClientRequestToken of the operation; NULL = any */

    /* In the journal: the last event seen, and beside it (".failure", ".changed") what it left for
     * the verdict. NULL = nothing is kept. */
    const char *journal_key;

    /* Whom to tell; either may be NULL. */
    const char *(*row_of)(void *arg, const char *logical_id); /* row id for a resource */
    void (*on_event)(void *arg, const struct engine_resource *r, const char *row_id);
    void *arg;

    /* What came of it; cfn_follow_done() frees it. */
    char *status;        /* terminal stack status */
    char *first_failure; /* "ApiService: reason" of the first failed resource, or NULL */
    unsigned changed;    /* resources that reached a complete state, each once */
};

void cfn_follow_done(struct cfn_follow *f);

/* Until the operation is terminal; how it ended is for the caller to judge. ERR_TIMEOUT when
 * nothing was heard for CFN_WAIT_MS. */
int cfn_follow(struct cfn_follow *f, struct error *err);

/* How an operation stands, by the stack's events: of one that has ended, whatever came after it. */
struct cfn_operation {
    bool begun;   /* CloudFormation knows it */
    bool last;    /* nothing was begun on the stack since */
    char *status; /* of the stack, the last one that is this operation's; NULL when not begun */
};

/* The one whose token is `token` or `other` (NULL = none): a creation and the delete that takes it
 * back are two. The newest of them counts. cfn_operation_done() is due. */
int cfn_operation_look(
    struct engine_context *c,
    const char *stack_id,
    const char *token,
    const char *other,
    struct cfn_operation *out,
    struct error *err);
void cfn_operation_done(struct cfn_operation *o);

/* Resources that were stopped because another one failed say nothing. */
bool cfn_reason_is_bystander(const char *reason);
