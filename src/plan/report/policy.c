/* plan_policy(): actions of the table, gathered under the resources they may touch. */
#include "plan/report/policy.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/names.h"
#include <stdlib.h>
#include <string.h>

/* CloudFormation cuts the stack's name when it names a resource with a short limit (64 for a role).
 */
#define STACK_NAME_KEPT 24

struct writer {
    struct arena *a;
    const char *account, *region, *partition;
    json_t *groups; /* resources, as JSON text → array of actions */
};

struct place {
    const char *action;
    const char *const *arns;
}; /* action ends with '*': a beginning */

static const char *arn(struct writer *w, const char *service, const char *rest)
{
    return arena_printf(
        w->a, "arn:%s:%s:%s:%s:%s", w->partition, service, w->region, w->account, rest);
}

static bool matches(const char *pattern, const char *action)
{
    size_t n = strlen(pattern);
    return n && pattern[n - 1] == '*' ? strncmp(pattern, action, n - 1) == 0
                                      : strcmp(pattern, action) == 0;
}

static void add(struct writer *w, const char *action, const struct place *places, size_t count)
{
    const char *const *found = NULL;

    for (size_t i = 0; i < count && !found; i++)
        if (matches(places[i].action, action))
            found = places[i].arns;
    cleanup_json json_t *list = json_array();
    for (size_t i = 0; found && found[i]; i++)
        json_push(list, json_string(found[i]));
    if (!json_array_size(list))
        json_push(list, json_string("*"));
    cleanup_free char *key = json_print(list, false, false);
    json_t *actions = json_object_get(w->groups, key);
    if (!actions) {
        actions = json_array();
        json_add(w->groups, key, actions);
    }
    for (size_t i = 0; i < json_array_size(actions); i++)
        if (strcmp(json_string_value(json_array_get(actions, i)), action) == 0)
            return;
    json_push(actions, json_string(action));
}

static void add_all(struct writer *w, const char *actions, const struct place *places, size_t count)
{
    cleanup_free char *copy = xstrdup(actions);
    char *save = NULL;

    for (char *action = strtok_r(copy, " ", &save); action; action = strtok_r(NULL, " ", &save))
        add(w, action, places, count);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

static json_t *sorted(const json_t *actions)
{
    size_t n = json_array_size(actions);
    cleanup_free json_t **list = xcalloc(n + 1, sizeof *list);

    for (size_t i = 0; i < n; i++)
        list[i] = json_array_get(actions, i);
    qsort(list, n, sizeof *list, by_text);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append(out, list[i]);
    return out;
}

/* Roles of the stack may be given to tasks and instances, and to nobody else. */
static json_t *pass_role(const char *roles)
{
    return plan_json(
        "{s:s,s:s,s:s,s:{s:{s:[s,s,s]}}}",
        "Effect",
        "Allow",
        "Action",
        "iam:PassRole",
        "Resource",
        roles,
        "Condition",
        "StringEquals",
        "iam:PassedToService",
        "ecs-tasks.amazonaws.com",
        "ecs.amazonaws.com",
        "ec2.amazonaws.com");
}

static const struct policy_row *row_of(const char *type)
{
    size_t n;
    const struct policy_row *rows = policy_rows(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].type, type) == 0)
            return &rows[i];
    return NULL;
}

static void collect(
    struct writer *w,
    const struct graph *g,
    const struct place *places,
    size_t count,
    json_t *unknown)
{
    add_all(w, row_of("")->actions, places, count);
    for (size_t i = 0; i < g->len; i++) {
        const struct policy_row *row = row_of(g->resources[i].type);

        if (row)
            add_all(w, row->actions, places, count);
        else if (unknown)
            json_push(unknown, json_string(g->resources[i].type));
    }
}

static json_t *statements(struct writer *w, const char *roles)
{
    json_t *out = json_array();
    const char *key;
    json_t *actions;

    json_object_foreach(w->groups, key, actions)
    {
        json_t *resources = json_loads(key, 0, NULL);

        json_push(
            out,
            plan_json(
                "{s:s,s:o,s:o}",
                "Effect",
                "Allow",
                "Action",
                sorted(actions),
                "Resource",
                resources));
    }

    json_push(out, pass_role(roles));
    return out;
}

json_t *plan_policy(
    const struct plan_settings *s,
    const struct policy_scope *scope,
    const struct graph *g,
    json_t *unknown)
{
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *groups = json_object();
    struct writer w = {
        .a = a,
        .account = scope->account ? scope->account : "*",
        .region = scope->region ? scope->region : "*",
        .partition = scope->partition ? scope->partition : "aws",
        .groups = groups};
    cleanup_free char *stack = plan_stack_name(s, scope->project),
                      *config = plan_config_path(s, scope->project);
    cleanup_free char *derived = plan_derived_path(s, scope->project),
                      *runs = plan_runs_path(s, scope->project);
    cleanup_free char *logs = plan_log_group(s, scope->project, ""),
                      *repository = plan_repository(s, scope->project);
    cleanup_free char *label = plan_global_label(s, scope->project), *lower = text_lower(stack);
    const char *name = arena_printf(a, "%.*s*", STACK_NAME_KEPT, stack),
               *low = arena_printf(a, "%.*s*", STACK_NAME_KEPT, lower);
    const char *role = arena_printf(a, "arn:%s:iam::%s:role/%s", w.partition, w.account, name);
    const char *linked =
        arena_printf(a, "arn:%s:iam::%s:role/aws-service-role/*", w.partition, w.account);
    const char *bucket = arena_printf(

        a,
        "arn:%s:s3:::%s",
        w.partition,
        scope->bucket ? scope->bucket : arena_printf(a, "%s-*", s->cd_name));
    const char *own = arena_printf(a, "arn:%s:s3:::%s", w.partition, low);
    const char *const any[] = {NULL};
    const char *const stacks[] = {
        arn(&w, "cloudformation", arena_printf(a, "stack/%s/*", stack)),
        arn(&w, "cloudformation", arena_printf(a, "stack/%s/*", s->cd_name)),
        NULL};
    const char *const groups_of_logs[] = {
        arn(&w, "logs", arena_printf(a, "log-group:%s*", logs)), NULL};
    const char *const repositories[] = {
        arn(&w, "ecr", arena_printf(a, "repository/%s*", repository)), NULL};
    const char *const profiles[] = {
        arena_printf(a, "arn:%s:iam::%s:instance-profile/%s", w.partition, w.account, name), NULL};
    const char *const roles[] = {role, NULL}, *const linked_roles[] = {linked, NULL};
    const char *const rules[] = {arn(&w, "events", arena_printf(a, "rule/%s*", label)), NULL};
    const char *const parameters[] = {
        arn(&w, "ssm", arena_printf(a, "parameter%s*", config)),
        arn(&w, "ssm", arena_printf(a, "parameter%s*", derived)),
        arn(&w, "ssm", arena_printf(a, "parameter%s*", runs)),
        /* AWS's own, which name images */
        graph_get(g, "EcsAgentProfile")
            ? arena_printf(a, "arn:%s:ssm:%s::parameter/aws/service/ecs/*", w.partition, w.region)
            : NULL,
        NULL};
    const char *const objects[] = {bucket, arena_printf(a, "%s/*", bucket), NULL};
    const char *const buckets[] = {own, arena_printf(a, "%s/*", own), NULL};
    const char *const secrets[] = {
        arn(&w, "secretsmanager", arena_printf(a, "secret:%s*", derived + (*derived == '/'))),
        arn(&w, "secretsmanager", arena_printf(a, "secret:%s", name)),
        NULL};
    const char *const databases[] = {arn(&w, "rds", "*"), NULL}, *const caches[] = {
                                                                     arn(&w, "elasticache", "*"),
                                                                     NULL};
    const struct place places[] = {
        {"cloudformation:*", stacks},
        {"logs:DescribeLogGroups", any},
        {"logs:DescribeResourcePolicies", any},
        {"logs:PutResourcePolicy", any},
        {"logs:DeleteResourcePolicy", any},
        {"logs:*", groups_of_logs},
        {"ecr:*", repositories},
        {"iam:CreateServiceLinkedRole", linked_roles},
        {"iam:GetRole", (const char *const[]){role, linked, NULL}},
        {"iam:AddRoleToInstanceProfile", profiles},
        {"iam:RemoveRoleFromInstanceProfile", profiles},
        {"iam:CreateInstanceProfile", profiles},
        {"iam:DeleteInstanceProfile", profiles},
        {"iam:GetInstanceProfile", profiles},
        {"iam:*", roles},
        {"events:*", rules},
        {"ssm:DescribeParameters", any},
        {"ssm:*", parameters},
        {"s3:AbortMultipartUpload", objects},
        {"s3:GetObject", objects},
        {"s3:ListBucket", objects},
        {"s3:ListMultipartUploadParts", objects},
        {"s3:PutObject", objects},
        {"s3:*", buckets},
        {"secretsmanager:ListSecrets", any},
        {"secretsmanager:GetRandomPassword", any},
        {"secretsmanager:*", secrets},
        {"rds:Describe*", any},
        {"rds:*", databases},
        {"elasticache:Describe*", any},
        {"elasticache:*", caches},
    };
    collect(&w, g, places, ARRAY_LEN(places), unknown);
    return plan_json("{s:s,s:o}", "Version", "2012-10-17", "Statement", statements(&w, role));
}
