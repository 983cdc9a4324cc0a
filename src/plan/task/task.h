/* The task room: cluster, roles, task definitions, services, scaling. */
#pragma once

#include "base/str.h"
#include "plan/context.h"

json_t *plan_cluster_ref(const struct plan_ctx *c);     /* Ref, or the name of the project's own */
const char *plan_cluster_sub(const struct plan_ctx *c); /* the same inside Fn::Sub */
const char *plan_image_uri(
    const struct plan_ctx *c,
    const char *image); /* through the account's cache where there is one */
void plan_scaling(struct plan_ctx *c, const struct plan_service *s);
void plan_grant_statements(
    struct plan_ctx *c, const struct plan_service *s, json_t *statements); /* for the task role */
const char *plan_own_role(
    const struct plan_view *v,
    const struct plan_service
        *s); /* ARN of a task role that the project brings; NULL: one is made */
json_t *plan_managed_policies(struct plan_ctx *c, const struct plan_service *s);
void plan_linux_options(
    const struct plan_ctx *c, const struct compose_service *s, json_t *container);
void plan_task_options(const struct plan_ctx *c, const struct plan_service *s, json_t *task);
unsigned plan_task_storage(
    const struct plan_view *v,
    const struct plan_service *s); /* GiB of disk that its containers ask for */
void plan_cluster(struct plan_ctx *c);
void plan_logs(struct plan_ctx *c);
void plan_roles(struct plan_ctx *c);
int plan_container(struct plan_ctx *c, const struct plan_service *s);
void plan_keep_container(struct plan_ctx *c, const struct plan_service *s);
json_t *plan_service_network(
    const struct plan_ctx *c, const struct plan_service *s, bool public); /* NetworkConfiguration */
void plan_once_add(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, const char *hash);
json_t *plan_trust(const char *service); /* AssumeRolePolicyDocument */
/* One container of a task (container.c). */
int plan_container_definition(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t *task,
    json_t **out);
void plan_json_list(
    json_t *object, const char *key, json_t *list); /* steals; left out when empty */
/* "NAME=version" of every config that the task's containers draw from: a new version is a new task.
 */
void plan_task_configs(struct plan_ctx *c, const struct plan_service *s, struct str *out);
/* What the task's containers ask for together: for plan_fargate_size. */
void plan_task_needs(
    const struct plan_view *v, const struct plan_service *s, double *vcpus, double *memory_mib);
/* Properties of AWS::ECS::TaskDefinition. */
int plan_task_definition(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t **out);
bool plan_provides_model(const struct yaml_node *service); /* provider: {type: model} */
/* `s` waits for `on`, a container of the same task: "START", "HEALTHY" or "SUCCESS". */
const char *
plan_container_condition(const struct compose_dependency *d, const struct plan_service *on);
