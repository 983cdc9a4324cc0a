/* What is there, held against what the stack says: CloudFormation's own comparison
 * (DetectStackDrift). It takes minutes; the id of one that runs is kept in the journal. What it
 * cannot read (NOT_CHECKED) it leaves out. Suspends. */
#pragma once

#include "engine/stack/stack.h"

/* For each resource that was compared, as DescribeStackResourceDrifts tells it; borrowed. */
typedef void drift_fn(void *arg, const json_t *drift);

/* drift_possible(), or CloudFormation refuses. */
int drift_detect(
    struct engine_context *c,
    const struct cfn_stack *stack,
    drift_fn *fn,
    void *arg,
    struct error *err);

/* Whether a stack in this state can be compared. */
bool drift_possible(const char *status);

/* engine.gone */
int cloudformation_gone(struct engine_context *c, json_t **gone, struct error *err);
