/* Settings of the ingress: the project's own domain. */
#include "base/env.h"
#include "base/str.h"
#include "plan/adopt.h"
#include "plan/ingress/ingress.h"

int plan_settings_ingress(
    struct arena *arena, const struct env *env, struct plan_settings *out, struct error *err)
{
    const char *domain = env_get_nonempty(env, "DEFANG_DOMAIN");
    out->domain = domain ? plan_shape_take(arena, PLAN_SHAPE_DOMAIN, domain) : NULL;
    if (domain && !out->domain)
        return error_raise(
            err, ERR_USAGE, "DEFANG_DOMAIN \"%s\" is no domain, as in shop.example.com", domain);
    return 0;
}
