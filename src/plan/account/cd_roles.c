/* The CD stack's roles. ECS takes the execution role on to start a task (image, log), the task
 * itself the task role: that runs Pulumi for the `pulumi` engine, so it may do what a project's
 * resources need.
 *
 * Both trust ECS for tasks of this account only. They carry no names of ours, so CAPABILITY_IAM is
 * enough to make them. */
#include "plan/account/parts.h"
#include "plan/common/iam.h"

/* `managed` may be NULL. */
static json_t *role(json_t *managed, json_t *statements)
{
    json_t *this_account =
        object(key("StringEquals", object(key("aws:SourceAccount", graph_ref("AWS::AccountId")))));
    json_t *policy =
        object(key("PolicyDocument", iam_document(statements)), key("PolicyName", "cd"));

    return object(
        key("AssumeRolePolicyDocument", iam_trust("ecs-tasks.amazonaws.com", this_account)),
        key("ManagedPolicyArns", managed),
        key("Policies", array(policy)));
}

/* An image that the cache does not hold yet is fetched in the name of who asks for it. */
static json_t *pull_through(const char *prefix)
{
    return iam_allow(
        "PullThrough",
        texts(
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchImportUpstreamImage",
            "ecr:CreateRepository"),
        graph_sub(
            "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/%s/*", prefix));
}

static void
add_execution_role(struct graph *g, const struct plan_cd_settings *s, const char *prefix)
{
    json_t *login = iam_allow("Login", json_string("ecr:GetAuthorizationToken"), json_string("*"));
    json_t *logs = iam_allow(
        "Logs", texts("logs:CreateLogStream", "logs:PutLogEvents"), graph_attr("LogGroup", "Arn"));
    json_t *statements = array(login, logs);

    json_push(statements, s->pull_through ? pull_through(prefix) : NULL);
    graph_add(g, CD_GROUP, "ExecutionRole", "AWS::IAM::Role", role(NULL, statements));
}

/* ---- the task role ---- */

static json_t *bucket_arn(const struct plan_cd_settings *s, const char *path)
{
    if (s->adopt_bucket)
        return graph_sub("arn:${AWS::Partition}:s3:::%s%s", s->adopt_bucket, path);
    return graph_sub("${Bucket.Arn}%s", path);
}

static json_t *state(const struct plan_cd_settings *s)
{
    return iam_allow(
        "State",
        texts("s3:GetObject", "s3:PutObject", "s3:ListBucket"),
        array(bucket_arn(s, ""), bucket_arn(s, "/*")));
}

static json_t *roles(void)
{
    return iam_allow(
        "Roles",
        texts(
            "iam:AttachRolePolicy",
            "iam:CreateInstanceProfile",
            "iam:CreateRole",
            "iam:DeleteInstanceProfile",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:AddRoleToInstanceProfile",
            "iam:RemoveRoleFromInstanceProfile",
            "iam:GetInstanceProfile",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
            "iam:ListRoleTags",
            "iam:PutRolePolicy",
            "iam:TagInstanceProfile",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
            "iam:UpdateRoleDescription"),
        array(
            graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"),
            graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:instance-profile/*")));
}

/* A role may be handed to tasks and to instances of a GPU service, to nobody else. */
static json_t *pass_role(void)
{
    json_t *to =
        object(key("iam:PassedToService", texts("ecs-tasks.amazonaws.com", "ec2.amazonaws.com")));

    return iam_allow_if(
        "PassRole",
        json_string("iam:PassRole"),
        graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"),
        object(key("StringEquals", to)));
}

static json_t *service_linked_roles(void)
{
    return iam_allow(
        "ServiceLinkedRoles",
        json_string("iam:CreateServiceLinkedRole"),
        graph_sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/*"));
}

/* Pulumi makes and removes whole projects: everything but IAM by PowerUserAccess; of IAM, roles and
 * what ECS and others need of them. */
static void add_task_role(struct graph *g, const struct plan_cd_settings *s)
{
    json_t *managed = array(graph_sub("arn:${AWS::Partition}:iam::aws:policy/PowerUserAccess"));
    json_t *statements = array(state(s), roles(), pass_role(), service_linked_roles());

    graph_add(g, CD_GROUP, "TaskRole", "AWS::IAM::Role", role(managed, statements));
}

void cd_roles(struct graph *g, const struct plan_cd_settings *s, const char *prefix)
{
    add_execution_role(g, s, prefix);
    add_task_role(g, s);
}
