/* The least that an identity must be allowed to deploy a project: the calls that this program makes
 * itself, and those that CloudFormation makes in the caller's name for each type in the plan
 * (create, read, update and delete, as AWS's resource schemas list them under
 * handlers.permissions).
 *
 * The account's CD stack must be there: an administrator makes it once. Reads of services without
 * resource-level permissions are allowed as a pattern (ec2:Describe*): names of resources that do
 * not exist yet cannot be listed. */
#pragma once

#include "plan/plan.h"

struct policy_scope {
    const char *project;
    const char *account, *region, *partition; /* NULL: "*", "*" and "aws" */
    const char *bucket;                       /* of the CD stack; NULL: any named after it */
};

/* ---- the table (policy_table.c) ---- */
struct policy_row {
    const char *type;    /* "AWS::ECS::Service"; "" for the program's own calls */
    const char *actions; /* blank-separated: "ecs:CreateService ecs:UpdateService" */
};

const struct policy_row *policy_rows(size_t *count);

/* ---- the policy ---- */

/* {"Version", "Statement": […]}; new reference. It never fails: types without a row are named in
 * `unknown` (array of texts, may be NULL), and whatever they need is missing in the policy. */
json_t *plan_policy(
    const struct plan_settings *s,
    const struct policy_scope *scope,
    const struct graph *g,
    json_t *unknown);
