#include "plan/common/route.h"
#include "plan/common/context.h"

const char *plan_public_name(const struct plan_ctx *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].service == s && c->routes[i].host_count)
            return c->routes[i].hosts[0].name;
    return NULL;
}
