/* plan_policy(): actions of the table, gathered under the resources they may touch.
 *
 * First the actions: those of the program itself, then those of each type in the plan. Each action
 * goes to the first place whose pattern it fits, and a place says which resources it may touch, by
 * the names that the plan gives (names.h); an action without a place may touch all, because AWS
 * knows no narrower right for it or its resources have no name before they are made. Actions of the
 * same resources are one statement, and in it they are sorted, so that the same plan gives the same
 * policy. */
#include "plan/report/policy.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/iam.h"
#include "plan/graph/graph.h"
#include "plan/names.h"
#include <stdlib.h>
#include <string.h>

/* CloudFormation cuts the stack's name when it names a resource with a short limit (64 for a role).
 */
#define STACK_NAME_KEPT 24

struct writer {
    struct arena *a;
    const char *account, *region, *partition;
    json_t *groups; /* resources, as JSON text → array of actions; in order of appearance */
};

/* Which resources an action may touch: all when there is none. */
struct place {
    const char *action; /* ends with '*': a beginning */
    const char *const *arns;
};

/* The names that resources of the project have, as patterns of ARNs. */
struct names {
    const char *stack, *cd_stack;
    const char *log_groups, *repositories, *rules;
    const char *role, *linked_role, *profile;
    const char
        *unmade_role; /* a service-linked one that is not there is asked for without a path */
    const char *config, *derived, *runs, *agent; /* parameters; agent may be NULL */
    const char *uploads, *uploaded, *bucket, *objects;
    const char *secrets, *made_secrets;
    const char *databases, *caches;
};

static const char *arn(struct writer *w, const char *service, const char *rest)
{
    return arena_printf(
        w->a, "arn:%s:%s:%s:%s:%s", w->partition, service, w->region, w->account, rest);
}

static bool matches(const char *pattern, const char *action)
{
    size_t n = strlen(pattern);
    bool beginning = n && pattern[n - 1] == '*';

    return beginning ? strncmp(pattern, action, n - 1) == 0 : strcmp(pattern, action) == 0;
}

/* The resources of the first place that fits, as an array: ["*"] when none does. */
static json_t *resources_of(const char *action, const struct place *places, size_t count)
{
    const char *const *found = NULL;
    json_t *list = array();

    for (size_t i = 0; i < count && !found; i++)
        if (matches(places[i].action, action))
            found = places[i].arns;
    for (size_t i = 0; found && found[i]; i++)
        json_push(list, json_string(found[i]));
    if (!json_array_size(list))
        json_push(list, json_string("*"));
    return list;
}

static bool has_text(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

static void add(struct writer *w, const char *action, const struct place *places, size_t count)
{
    cleanup_json json_t *resources = resources_of(action, places, count);
    cleanup_free char *group = json_print(resources, false, false);
    json_t *actions = json_object_get(w->groups, group);

    if (!actions) {
        actions = array();
        json_add(w->groups, group, actions);
    }
    if (!has_text(actions, action))
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
    json_t *to = texts("ecs-tasks.amazonaws.com", "ecs.amazonaws.com", "ec2.amazonaws.com");
    json_t *condition = object(key("StringEquals", object(key("iam:PassedToService", to))));

    return iam_allow_if(NULL, json_string("iam:PassRole"), json_string(roles), condition);
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
    json_t *out = array();
    const char *resources;
    json_t *actions;

    json_object_foreach(w->groups, resources, actions) {
        json_push(out, iam_allow(NULL, sorted(actions), json_loads(resources, 0, NULL)));
    }
    json_push(out, pass_role(roles));
    return out;
}

/* Names that CloudFormation makes from the stack's begin with it; buckets have it in lower case. */
static void
name_made(struct writer *w, const struct plan_settings *s, const char *project, struct names *n)
{
    struct arena *a = w->a;
    cleanup_free char *stack = plan_stack_name(s, project);
    cleanup_free char *lower = text_lower(stack);
    const char *name = arena_printf(a, "%.*s*", STACK_NAME_KEPT, stack);
    const char *low = arena_printf(a, "%.*s*", STACK_NAME_KEPT, lower);
    const char *iam = arena_printf(a, "arn:%s:iam::%s", w->partition, w->account);

    n->stack = arn(w, "cloudformation", arena_printf(a, "stack/%s/*", stack));
    n->cd_stack = arn(w, "cloudformation", arena_printf(a, "stack/%s/*", s->cd_name));
    n->role = arena_printf(a, "%s:role/%s", iam, name);
    n->linked_role = arena_printf(a, "%s:role/aws-service-role/*", iam);
    n->unmade_role = arena_printf(a, "%s:role/AWSServiceRoleFor*", iam);
    n->profile = arena_printf(a, "%s:instance-profile/%s", iam, name);
    n->bucket = arena_printf(a, "arn:%s:s3:::%s", w->partition, low);
    n->objects = arena_printf(a, "%s/*", n->bucket);
    n->made_secrets = arn(w, "secretsmanager", arena_printf(a, "secret:%s", name));
    n->databases = arn(w, "rds", "*");
    n->caches = arn(w, "elasticache", "*");
}

static void name_own(
    struct writer *w,
    const struct plan_settings *s,
    const struct policy_scope *scope,
    const struct graph *g,
    struct names *n)
{
    struct arena *a = w->a;
    cleanup_free char *config = plan_config_path(s, scope->project);
    cleanup_free char *derived = plan_derived_path(s, scope->project);
    cleanup_free char *runs = plan_runs_path(s, scope->project);
    cleanup_free char *logs = plan_log_group(s, scope->project, "");
    cleanup_free char *repository = plan_repository(s, scope->project);
    cleanup_free char *label = plan_global_label(s, scope->project);
    const char *bucket = scope->bucket ? scope->bucket : arena_printf(a, "%s-*", s->cd_name);

    n->log_groups = arn(w, "logs", arena_printf(a, "log-group:%s*", logs));
    n->repositories = arn(w, "ecr", arena_printf(a, "repository/%s*", repository));
    n->rules = arn(w, "events", arena_printf(a, "rule/%s*", label));
    n->config = arn(w, "ssm", arena_printf(a, "parameter%s*", config));
    n->derived = arn(w, "ssm", arena_printf(a, "parameter%s*", derived));
    n->runs = arn(w, "ssm", arena_printf(a, "parameter%s*", runs));
    n->uploads = arena_printf(a, "arn:%s:s3:::%s", w->partition, bucket);
    n->uploaded = arena_printf(a, "%s/*", n->uploads);

    /* The name of a secret has no slash at its beginning. */
    const char *secret = derived + (*derived == '/');
    n->secrets = arn(w, "secretsmanager", arena_printf(a, "secret:%s*", secret));

    /* AWS's own, which name images of instances. */
    if (graph_get(g, "EcsAgentProfile"))
        n->agent =
            arena_printf(a, "arn:%s:ssm:%s::parameter/aws/service/ecs/*", w->partition, w->region);
}

/* The first place that fits counts: exceptions stand before the rest of their service. */
static void
collect_all(struct writer *w, const struct names *n, const struct graph *g, json_t *unknown)
{
#define ARNS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
    const struct place places[] = {
        {"cloudformation:DescribeStackDriftDetectionStatus", ARNS()}, /* by an id of its own */
        {"cloudformation:DescribeStacks", ARNS()},                    /* `cd ls` asks for all */
        {"cloudformation:ListStacks", ARNS()},
        {"cloudformation:*", ARNS(n->stack, n->cd_stack)},
        {"logs:DescribeLogGroups", ARNS()},
        {"logs:DescribeResourcePolicies", ARNS()},
        {"logs:PutResourcePolicy", ARNS()},
        {"logs:DeleteResourcePolicy", ARNS()},
        {"logs:*", ARNS(n->log_groups)},
        {"ecr:*", ARNS(n->repositories)},
        {"iam:CreateServiceLinkedRole", ARNS(n->linked_role)},
        {"iam:GetRole", ARNS(n->role, n->linked_role, n->unmade_role)},
        {"iam:AddRoleToInstanceProfile", ARNS(n->profile)},
        {"iam:RemoveRoleFromInstanceProfile", ARNS(n->profile)},
        {"iam:CreateInstanceProfile", ARNS(n->profile)},
        {"iam:DeleteInstanceProfile", ARNS(n->profile)},
        {"iam:GetInstanceProfile", ARNS(n->profile)},
        {"iam:*", ARNS(n->role)},
        {"events:*", ARNS(n->rules)},
        {"ssm:DescribeParameters", ARNS()},
        {"ssm:*", ARNS(n->config, n->derived, n->runs, n->agent)},
        {"s3:AbortMultipartUpload", ARNS(n->uploads, n->uploaded)},
        {"s3:GetObject", ARNS(n->uploads, n->uploaded, n->objects)},
        {"s3:ListBucket", ARNS(n->uploads, n->uploaded)},
        {"s3:ListMultipartUploadParts", ARNS(n->uploads, n->uploaded)},
        {"s3:PutObject", ARNS(n->uploads, n->uploaded, n->objects)}, /* logs of builds are kept */
        {"s3:*", ARNS(n->bucket, n->objects)},
        {"secretsmanager:ListSecrets", ARNS()},
        {"secretsmanager:GetRandomPassword", ARNS()},
        {"secretsmanager:*", ARNS(n->secrets, n->made_secrets)},
        {"rds:Describe*", ARNS()},
        {"rds:*", ARNS(n->databases)},
        {"elasticache:Describe*", ARNS()},
        {"elasticache:*", ARNS(n->caches)},
    };
#undef ARNS

    collect(w, g, places, ARRAY_LEN(places), unknown);
}

json_t *plan_policy(
    const struct plan_settings *s,
    const struct policy_scope *scope,
    const struct graph *g,
    json_t *unknown)
{
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *groups = object();
    struct writer w = {
        .a = a,
        .account = scope->account ? scope->account : "*",
        .region = scope->region ? scope->region : "*",
        .partition = scope->partition ? scope->partition : "aws",
        .groups = groups};
    struct names n = {0};

    name_made(&w, s, scope->project, &n);
    name_own(&w, s, scope, g, &n);
    collect_all(&w, &n, g, unknown);
    return iam_document(statements(&w, n.role));
}
