/* Roles of least privilege (defang.md 7.4). Policies are inline, so that a role is whole when it
 * exists, and names are CloudFormation's own, so that CAPABILITY_IAM is enough. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/context.h"
#include "plan/network/network.h"
#include "plan/task/task.h"
#include "plan/task/volumes.h"
#include <string.h>

json_t *plan_trust(const char *service)
{
    return plan_json(
        "{s:s,s:[{s:s,s:{s:s},s:s}]}",
        "Version",
        "2012-10-17",
        "Statement",
        "Effect",
        "Allow",
        "Principal",
        "Service",
        service,
        "Action",
        "sts:AssumeRole");
}

/* Tasks of this account only: without the condition another account's ECS could be made to use the
 * role. */
static json_t *task_trust(void)
{
    json_t *trust = plan_trust("ecs-tasks.amazonaws.com");
    json_t *statement = json_array_get(json_object_get(trust, "Statement"), 0);
    json_add(
        statement,
        "Condition",
        plan_json("{s:{s:o}}", "StringEquals", "aws:SourceAccount", graph_ref("AWS::AccountId")));
    return trust;
}

static void
allow(json_t *statements, const char *sid, const char *const *actions, json_t *resources)
{
    json_t *list = json_array();
    for (; *actions; actions++)
        json_push(list, json_string(*actions));
    json_push(
        statements,
        plan_json(
            "{s:s,s:s,s:o,s:o}",
            "Sid",
            sid,
            "Effect",
            "Allow",
            "Action",
            list,
            "Resource",
            resources));
}

static void add_role(
    struct plan_ctx *c,
    const char *group,
    const char *id,
    const char *description,
    const char *policy,
    json_t *statements,
    const char *service)
{
    json_t *properties = plan_json(
        "{s:s,s:o}", "Description", description, "AssumeRolePolicyDocument", task_trust());
    if (statements && json_array_size(statements))
        json_add(
            properties,
            "Policies",
            plan_json(
                "[{s:s,s:{s:s,s:o}}]",
                "PolicyName",
                policy,
                "PolicyDocument",
                "Version",
                "2012-10-17",
                "Statement",
                statements));
    else
        json_decref(statements);
    if (service)
        json_add(properties, "Tags", plan_tags(NULL, service));
    graph_add(c->g, group, id, "AWS::IAM::Role", properties);
}

static const char *const PULL[] = {
    "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability", NULL};
static const char *const LOGIN[] = {"ecr:GetAuthorizationToken", NULL};

/* Repositories of this account and region that images name themselves. */
static void own_repositories(const struct plan_ctx *c, json_t *resources)
{
    const char *host =
        arena_printf(c->a, "%s.dkr.ecr.%s.%s/", c->f->account, c->f->region, c->f->dns_suffix);
    for (size_t i = 0; i < c->v.count; i++) {
        const char *image = c->v.services[i].s->image;
        if (!image || !text_starts(image, host))
            continue;
        const char *path = image + strlen(host);
        json_push(
            resources,
            graph_sub(
                "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/%.*s",
                (int)strcspn(path, ":@"),
                path));
    }
}

static void add_execution_role(struct plan_ctx *c)
{
    json_t *statements = json_array(), *repositories = json_array();
    if (c->v.builds)
        json_push(repositories, graph_attr("BuildRepository", "Arn"));
    own_repositories(c, repositories);
    allow(statements, "Login", LOGIN, json_string("*")); /* has no resource */
    if (json_array_size(repositories))
        allow(statements, "Pull", PULL, repositories);
    else
        json_decref(repositories);
    if (c->f->ecr_public_prefix) {
        static const char *const through[] = {
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchImportUpstreamImage",
            "ecr:CreateRepository",
            NULL};
        allow(
            statements,
            "PullThrough",
            through,
            graph_sub(
                "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/%s/*",
                c->f->ecr_public_prefix));
    }
    static const char *const logs[] = {"logs:CreateLogStream", "logs:PutLogEvents", NULL};
    allow(
        statements,
        "Logs",
        logs,
        plan_json("[o,o]", graph_attr("LogGroupBuilds", "Arn"), graph_attr("LogGroupLogs", "Arn")));
    static const char *const config[] = {"ssm:GetParameters", NULL};
    cleanup_free char *derived = plan_derived_path(c->s, c->p->name);
    const char *parameter = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter";
    allow(
        statements,
        "Config",
        config,
        plan_json(
            "[o,o]",
            graph_sub("%s%s*", parameter, c->config_path),
            graph_sub("%s%s*", parameter, derived)));
    add_role(
        c,
        "roles",
        "ExecutionRole",
        "ECS pulls images, reads config and writes logs for the project",
        "execution",
        statements,
        NULL);
}

static void add_kaniko_role(struct plan_ctx *c)
{
    json_t *statements = json_array();
    static const char *const read[] = {"s3:GetObject", NULL};
    static const char *const push[] = {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
        NULL};
    allow(
        statements,
        "Context",
        read,
        graph_sub("arn:${AWS::Partition}:s3:::%s/uploads/*", c->f->bucket));
    allow(statements, "Login", LOGIN, json_string("*"));
    allow(
        statements,
        "Push",
        push,
        plan_json(
            "[o,o]",
            graph_attr("BuildRepository", "Arn"),
            graph_attr("BuildCacheRepository", "Arn")));
    add_role(
        c,
        "builds",
        "KanikoRole",
        "Kaniko reads build contexts and pushes images and layers",
        "build",
        statements,
        NULL);
}

static void add_task_role(struct plan_ctx *c, const struct plan_service *s)
{
    json_t *statements = json_array();
    const char *id = arena_printf(c->a, "TaskRole%s", s->id);
    plan_discovery_statements(c, s, statements);
    plan_volume_statements(c, s, statements);
    plan_grant_statements(c, s, statements);
    add_role(
        c,
        s->group,
        id,
        arena_printf(c->a, "What service %s may do in AWS", s->s->name),
        "task",
        statements,
        s->s->name);
    plan_json_list(
        graph_get(c->g, id)->properties, "ManagedPolicyArns", plan_managed_policies(c, s));
}

void plan_roles(struct plan_ctx *c)
{
    add_execution_role(c);
    if (c->v.builds)
        add_kaniko_role(c);
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        if (s->kind == PLAN_CONTAINER && !plan_own_role(&c->v, s))
            add_task_role(c, s);
    }
}
