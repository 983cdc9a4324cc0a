/* Service-linked roles, made before the services make them too late; service_role.h tells the
 * story. Best effort throughout: whoever has no right to look or to make one leaves it to the
 * service. */
#include "engine/stack/service_role.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <string.h>

struct service_role {
    const char *types, *role, *service;
};

static const struct service_role ROLES[] = {
    {"AWS::ECS::", "AWSServiceRoleForECS", "ecs.amazonaws.com"},
    {"AWS::ElasticLoadBalancingV2::",
     "AWSServiceRoleForElasticLoadBalancing",
     "elasticloadbalancing.amazonaws.com"},
    {"AWS::RDS::", "AWSServiceRoleForRDS", "rds.amazonaws.com"},
    {"AWS::ElastiCache::", "AWSServiceRoleForElastiCache", "elasticache.amazonaws.com"},
};

/* By the prefix of the resource's type: any of the service will make it use its role. */
static bool is_needed(const struct service_role *r, const struct graph *g)
{
    for (size_t i = 0; i < g->len; i++)
        if (text_starts(g->resources[i].type, r->types))
            return true;
    return false;
}

static void ensure(struct engine_context *c, const struct service_role *r)
{
    cleanup_error struct error err = ERROR_INIT;

    int rc =
        engine_call_optional(c, &aws_iam_GetRole, object(key("RoleName", r->role)), NULL, &err);
    if (rc == 0 || !aws_error_is_not_found(&err))
        return;

    error_done(&err);
    /* InvalidInput: another terminal was faster. */
    engine_call_optional(
        c, &aws_iam_CreateServiceLinkedRole, object(key("AWSServiceName", r->service)), NULL, &err);
}

void service_roles_ensure(struct engine_context *c, const struct graph *g)
{
    for (size_t i = 0; i < ARRAY_LEN(ROLES); i++)
        if (is_needed(&ROLES[i], g))
            ensure(c, &ROLES[i]);
}

/* The services word it differently, but all of them name it so. */
bool service_role_was_late(const char *failure)
{
    return failure && strcasestr(failure, "service linked role") != NULL;
}
