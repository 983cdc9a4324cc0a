/* One CloudFormation stack behind a scripted AWS: change sets, executes, deletes and cancels move
 * it through what the test says ("beats"), one beat for each look at its events. Events are handed
 * out newest first, in pages. */
#pragma once

#include "unit/engine/cloud.h"

#define FAKE_STACK_ID "arn:aws:cloudformation:us-west-2:123456789012:stack/Defang-shop-beta/1"

#define FAKE_CHANGE_SET_ID                                                                         \
    "arn:aws:cloudformation:us-west-2:123456789012:changeSet/defang-abc-whole/1"

/* status: of the stack from then on; "GONE" = deleted. Events: "LogicalId|Type|STATUS[|reason]";
 * "*" is the stack itself. */
struct beat {
    const char *status;
    const char *events[6];
};

struct fake_stack {
    struct cloud *cl;
    const char *name, *id, *outputs; /* outputs: <member>… */
    const char *status;              /* NULL = it does not exist */
    bool foreign, protected_;
    const char *template; /* JSON */
    const struct beat *on_execute, *on_delete, *on_cancel, *now;
    const struct beat *on_delete_again[4]; /* the deletes after the first, while they are there */
    const struct beat *on_continue[8];     /* the roll backs that are continued, likewise */
    unsigned deletes, continues;
    char *token;
    unsigned page;                                         /* events a page, 0 = all */
    VEC(char *) events;                                    /* XML, oldest first */
    const char *change_status, *execution, *change_reason; /* change_status NULL = there is none */
    const char *changes;                                   /* XML of its Changes, or NULL */
    const char *refuse_with;                               /* change sets fail with this reason */
    const char *found_with;                                /* XML of DescribeEvents, or NULL */
    unsigned change_looks;                                 /* looks until it is ready */
    int64_t execute_delay_ms;                              /* between the effect and the answer */
    unsigned effects; /* executes and deletes that did something */
};

void fake_stack_init(struct fake_stack *s, struct cloud *cl, const char *name, const char *id);
void fake_stack_done(struct fake_stack *s);
/* Something happens on the stack under `token`, as if begun earlier or by someone else. */
void fake_stack_begin(struct fake_stack *s, const struct beat *beats, const char *token);
