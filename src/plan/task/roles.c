/* Roles of least privilege (defang.md 7.4).
 *
 * Three kinds: ECS's own for starting tasks of the project (ExecutionRole), that of the tasks that
 * build images (KanikoRole), and one for each service (TaskRole…), which is what its program may do
 * in AWS. Statements of a task role come from those who know: discovery, volumes, grants.
 *
 * Policies are inline, so that a role is whole when it exists, and names are CloudFormation's own,
 * so that CAPABILITY_IAM is enough. Every action has a resource as narrow as AWS allows; only
 * ecr:GetAuthorizationToken has none.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html,
 * …/task-iam-roles.html */
#include "plan/task/roles.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/iam.h"
#include "plan/container/pull.h"
#include "plan/container/references.h"
#include "plan/container/volumes.h"
#include "plan/network/network.h"
#include "plan/task/grants.h"
#include <string.h>

#define REPOSITORY "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/"
#define PARAMETER  "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"

/* Tasks of this account only: without the condition another account's ECS could be made to use the
 * role. */
static json_t *task_trust(void)
{
    json_t *account = object(key("aws:SourceAccount", graph_ref("AWS::AccountId")));

    return iam_trust("ecs-tasks.amazonaws.com", object(key("StringEquals", account)));
}

/* A role without a right has no policy: IAM takes none that is empty. Steals `statements`. */
static json_t *policies(const char *name, json_t *statements)
{
    statements = json_unless_empty(statements);
    if (!statements)
        return NULL;

    json_t *policy =
        object(key("PolicyName", name), key("PolicyDocument", iam_document(statements)));
    return array(policy);
}

static json_t *login(void)
{
    return iam_allow("Login", texts("ecr:GetAuthorizationToken"), json_string("*"));
}

/* Through the account's cache of public images. The first pull of an image makes its repository,
 * with the rights of whoever pulls. */
static void push_pull_through(const struct plan_ctx *c, json_t *statements)
{
    if (!c->f->ecr_public_prefix)
        return;

    json_t *actions = texts(
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchImportUpstreamImage",
        "ecr:CreateRepository");
    json_t *repositories = graph_sub(REPOSITORY "%s/*", c->f->ecr_public_prefix);
    json_push(statements, iam_allow("PullThrough", actions, repositories));
}

static json_t *write_logs(void)
{
    json_t *groups = array(graph_attr("LogGroupBuilds", "Arn"), graph_attr("LogGroupLogs", "Arn"));

    return iam_allow("Logs", texts("logs:CreateLogStream", "logs:PutLogEvents"), groups);
}

/* What people set, and what the engine composes of it (plan_derived in plan.h). */
static json_t *read_config(const struct plan_ctx *c)
{
    cleanup_free char *derived = plan_derived_path(c->s, c->p->name);
    json_t *parameters =
        array(graph_sub(PARAMETER "%s*", c->config_path), graph_sub(PARAMETER "%s*", derived));

    return iam_allow("Config", texts("ssm:GetParameters"), parameters);
}

static void add_execution_role(struct plan_ctx *c)
{
    json_t *statements = array();

    json_push(statements, login());
    plan_pull_statements(c, statements);
    push_pull_through(c, statements);
    json_push(statements, write_logs());
    json_push(statements, read_config(c));
    plan_reference_statements(c, statements);

    json_t *role = object(
        key("Description", "ECS pulls images, reads config and writes logs for the project"),
        key("AssumeRolePolicyDocument", task_trust()),
        key("Policies", policies("execution", statements)));
    graph_add(c->g, "roles", "ExecutionRole", "AWS::IAM::Role", role);
}

static void add_kaniko_role(struct plan_ctx *c)
{
    json_t *contexts = graph_sub("arn:${AWS::Partition}:s3:::%s/uploads/*", c->f->bucket);
    json_t *read = iam_allow("Context", texts("s3:GetObject"), contexts);

    json_t *push_actions = texts(
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart");
    json_t *repositories =
        array(graph_attr("BuildRepository", "Arn"), graph_attr("BuildCacheRepository", "Arn"));
    json_t *push = iam_allow("Push", push_actions, repositories);

    json_t *role = object(
        key("Description", "Kaniko reads build contexts and pushes images and layers"),
        key("AssumeRolePolicyDocument", task_trust()),
        key("Policies", policies("build", array(read, login(), push))));
    graph_add(c->g, "builds", "KanikoRole", "AWS::IAM::Role", role);
}

static void add_task_role(struct plan_ctx *c, const struct plan_service *s)
{
    const char *id = arena_printf(c->a, "TaskRole%s", s->id);
    const char *description = arena_printf(c->a, "What service %s may do in AWS", s->s->name);
    json_t *statements = array();

    plan_discovery_statements(c, s, statements);
    plan_volume_statements(c, s, statements);
    plan_grant_statements(c, s, statements);

    json_t *role = object(
        key("Description", description),
        key("AssumeRolePolicyDocument", task_trust()),
        key("Policies", policies("task", statements)),
        key("Tags", plan_tags(NULL, s->s->name)),
        key("ManagedPolicyArns", json_unless_empty(plan_managed_policies(c, s))));
    graph_add(c->g, s->group, id, "AWS::IAM::Role", role);
}

void plan_roles(struct plan_ctx *c)
{
    add_execution_role(c);
    if (c->v.builds)
        add_kaniko_role(c);

    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        bool made = s->kind == PLAN_CONTAINER && !plan_own_role(&c->v, s);

        if (made)
            add_task_role(c, s);
    }
}
