/* What a task may do in AWS beside its volumes and its name: x-defang-policies and x-defang-llm. */
#pragma once

#include "plan/common/context.h"

/* ARN of a task role that the project brings (x-defang-aws); NULL: one is made. */
const char *plan_own_role(const struct plan_view *v, const struct plan_service *s);

/* Calls `each` for every policy that x-defang-policies of `s` names, in the file's order; `policy`
 * lives in `a`. False when the extension is neither text nor a list of texts. */
typedef void plan_policy_fn(void *arg, struct yaml_pos pos, const char *policy);
bool plan_policies_each(
    struct arena *a, const struct compose_service *s, plan_policy_fn *each, void *arg);

/* Pushes the statements of the task's role: Bedrock where one of its containers has
 * x-defang-llm. */
void plan_grant_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements);

/* ManagedPolicyArns of the task's role: of all its containers, each once. A new array, maybe
 * empty. */
json_t *plan_managed_policies(struct plan_ctx *c, const struct plan_service *s);
