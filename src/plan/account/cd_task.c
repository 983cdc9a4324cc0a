/* The CD stack's task definition, which runs Pulumi for the `pulumi` engine. Its command is the
 * text of scripts/cd_task.sh. RunTask gives the environment that the script asks for: the program
 * comes from the bucket, its state goes there. */
#include "base/str.h"
#include "plan/account/parts.h"
#include "plan/common/logs.h"
#include "plan/pulumi/pulumi.h"
#include "plan/scripts/scripts.h"

#define PULUMI_IMAGE "pulumi/pulumi-base:" PLAN_PULUMI_VERSION /* in ECR Public */

/* One that is named is taken from where it is named. */
static json_t *image(const struct plan_cd_settings *s, const char *prefix)
{
    if (!text_empty(s->pulumi_image))
        return json_string(s->pulumi_image);
    if (!s->pull_through)
        return json_string("public.ecr.aws/" PULUMI_IMAGE);
    return graph_sub(
        "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/%s/" PULUMI_IMAGE, prefix);
}

static json_t *container(const struct plan_cd_settings *s, const char *prefix)
{
    json_t *region = object(key("Name", "AWS_REGION"), key("Value", graph_ref("AWS::Region")));

    return object(
        key("Command", texts(plan_cd_task_script())),
        key("EntryPoint", texts("/bin/sh", "-c")),
        key("Environment", array(region)),
        key("Essential", true),
        key("Image", image(s, prefix)),
        key("LogConfiguration", plan_awslogs("LogGroup", "defang")),
        key("Name", "main"),
        key("StopTimeout", 120)); /* the longest that Fargate grants */
}

void cd_task(struct graph *g, const struct plan_cd_settings *s, const char *prefix)
{
    json_t *platform =
        object(key("CpuArchitecture", "X86_64"), key("OperatingSystemFamily", "LINUX"));

    json_t *task = object(
        key("ContainerDefinitions", array(container(s, prefix))),
        key("Cpu", "2048"),
        key("ExecutionRoleArn", graph_attr("ExecutionRole", "Arn")),
        key("Memory", "4096"),
        key("NetworkMode", "awsvpc"),
        key("RequiresCompatibilities", texts("FARGATE")),
        key("RuntimePlatform", platform),
        key("TaskRoleArn", graph_attr("TaskRole", "Arn")));
    graph_add(g, CD_GROUP, "TaskDefinition", "AWS::ECS::TaskDefinition", task);
}
