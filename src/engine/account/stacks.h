/* What is deployed with us in c's region and CD stack, whatever the project of c. */
#pragma once

#include "engine/engine.h"

struct flow_stack {
    char *project, *stack;
    char *name; /* of the stack in CloudFormation, or "s3://…" of Pulumi's state */
    char *status;
    const struct engine *engine;
    int64_t changed_ms; /* since 1970; 0 when not known */
    unsigned pending;   /* operations that Pulumi began and did not end */
};

/* Zero at the start. */
struct flow_stacks {
    struct flow_stack *items;
    size_t len, cap;
};

void flow_stacks_done(struct flow_stacks *s);

/* Adds to out. */
int flow_stacks_list(struct engine_context *c, struct flow_stacks *out, struct error *err);

/* Those that the account has enabled: a new array of names, also on an error. */
int flow_regions(struct engine_context *c, json_t **names, struct error *err);
