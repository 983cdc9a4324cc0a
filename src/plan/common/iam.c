#include "plan/common/iam.h"

json_t *iam_document(json_t *statements)
{
    return object(key("Version", "2012-10-17"), key("Statement", statements));
}

json_t *iam_allow(const char *sid, json_t *action, json_t *resource)
{
    return iam_allow_if(sid, action, resource, NULL);
}

json_t *iam_allow_if(const char *sid, json_t *action, json_t *resource, json_t *condition)
{
    return object(
        key("Sid", sid),
        key("Effect", "Allow"),
        key("Action", action),
        key("Resource", resource),
        key("Condition", condition));
}

json_t *
iam_admit(const char *sid, const char *service, json_t *action, json_t *resource, json_t *condition)
{
    return object(
        key("Sid", sid),
        key("Effect", "Allow"),
        key("Principal", object(key("Service", service))),
        key("Action", action),
        key("Resource", resource),
        key("Condition", condition));
}

json_t *iam_trust(const char *service, json_t *condition)
{
    json_t *statement = object(
        key("Effect", "Allow"),
        key("Principal", object(key("Service", service))),
        key("Action", "sts:AssumeRole"),
        key("Condition", condition));

    return iam_document(array(statement));
}
