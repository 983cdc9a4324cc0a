/* Settings of the ingress: the project's own domain, access logs. */
#include "base/env.h"
#include "base/str.h"
#include "plan/internal.h"
#include <string.h>

static int parse_switch(const char *name, const char *text, bool *out, struct error *err)
{
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        if (text_eq_nocase(text, yes[i]) || text_eq_nocase(text, no[i])) {
            *out = text_eq_nocase(text, yes[i]);
            return 0;
        }
    return error_raise(err, ERR_USAGE, "%s must be true or false, not \"%s\"", name, text);
}

int plan_settings_ingress(struct arena *arena, const struct compose_project *p, const struct env *env, struct plan_settings *out, struct error *err)
{
    const char *domain = env_get_nonempty(env, "DEFANG_DOMAIN"), *logs = env_get_nonempty(env, "DEFANG_ACCESS_LOGS");
    const char *name = logs ? "DEFANG_ACCESS_LOGS" : "x-defang-access-logs";
    out->domain = domain ? plan_shape_take(arena, PLAN_SHAPE_DOMAIN, domain) : NULL;
    if (domain && !out->domain)
        return error_raise(err, ERR_USAGE, "DEFANG_DOMAIN \"%s\" is no domain, as in shop.example.com", domain);
    /* What is stored costs a little: not where the mode is for trying out. */
    out->access_logs = out->mode == PLAN_BALANCED || out->mode == PLAN_HIGH_AVAILABILITY;
    if (!logs && p)
        logs = plan_ext_string(p->extensions, "x-defang-access-logs");
    return logs ? parse_switch(name, logs, &out->access_logs, err) : 0;
}
