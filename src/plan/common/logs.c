#include "plan/common/logs.h"

json_t *plan_awslogs(const char *group_id, const char *prefix)
{
    return object(
        key("LogDriver", "awslogs"),
        key("Options",
            object(
                key("awslogs-group", graph_ref(group_id)),
                key("awslogs-region", graph_ref("AWS::Region")),
                key("awslogs-stream-prefix", prefix))));
}
