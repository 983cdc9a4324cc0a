#include "engine/service_role.h"

#include "aws/operations.h"
#include "base/str.h"

#include <string.h>


#define ROLE    "AWSServiceRoleForECS"
#define SERVICE "ecs.amazonaws.com"

void service_role_ensure(struct engine_context *c)
{
    cleanup_error struct error err = ERROR_INIT;
    int rc = engine_call(c, &aws_iam_GetRole, json_pack("{s:s}", "RoleName", ROLE), NULL, &err);
    if (rc == 0 || !aws_error_is_not_found(&err))
        return;
    error_done(&err);
    /* InvalidInput: another terminal was faster. */
    engine_call(c, &aws_iam_CreateServiceLinkedRole, json_pack("{s:s}", "AWSServiceName", SERVICE), NULL, &err);
}

bool service_role_was_late(const char *failure)
{
    return failure && strcasestr(failure, "service linked role") != NULL;
}
