/* IAM documents that read as IAM documents: statements of what is allowed, and who may take a role
 * on.
 *
 * Grammar: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. All values are
 * stolen; an action, a resource or a condition is JSON (one text or an array, as the page that it
 * is checked against has it). */
#pragma once

#include "data/object.h"

/* {"Version": "2012-10-17", "Statement": statements}; `statements` is an array. */
json_t *iam_document(json_t *statements);

/* One statement; `sid` may be NULL. */
json_t *iam_allow(const char *sid, json_t *action, json_t *resource);
json_t *iam_allow_if(const char *sid, json_t *action, json_t *resource, json_t *condition);

/* One statement of a resource's own policy (a bucket's, a topic's): the service may do this to it.
 */
json_t *iam_admit(
    const char *sid, const char *service, json_t *action, json_t *resource, json_t *condition);

/* A role's AssumeRolePolicyDocument: the service ("ecs-tasks.amazonaws.com") may take it on. With a
 * condition (may be NULL), only where that holds. */
json_t *iam_trust(const char *service, json_t *condition);
