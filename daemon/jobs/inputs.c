/* What a job is given when it is admitted: an id, and the inputs that it keeps for its whole life.
 *
 * Inputs reach the disk, so what they hold is chosen: variables that a request reads, without keys
 * and without proxies that carry a password; the model, in its canonical form, so that a job never
 * reads the user's files again. Keys of a shell's environment are not in it, only that there were
 * some: after a restart such a job waits until a terminal brings them (credentials.c). */
#include "daemon/jobs/job.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"

#include <string.h>

/* Twelve characters that are good in names of containers, streams and tags (defang.md). */
char *job_id_new(void)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char id[13];

    for (int i = 0; i < 12; i++)
        id[i] = digits[clock_random_below(36)];
    id[12] = '\0';
    return xstrdup(id);
}

/* Inputs reach the disk: no key, and no proxy's password either. */
static bool holds_secret(const char *name, const char *value)
{
    bool url = text_ends(name, "_proxy") || text_ends(name, "_PROXY") || text_ends(name, "_URL");
    return env_name_is_secret(name) || (url && strchr(value, '@'));
}

/* What is not UTF-8 is nothing that AWS or a Compose file could use: it is left out. */
static json_t *env_of(const struct env *env)
{
    json_t *kept = object();
    struct env *selected = env_select_for_request(env);

    for (size_t i = 0; i < env_count(selected); i++)
        if (!holds_secret(env_name(selected, i), env_value(selected, i)))
            json_object_set_new(kept, env_name(selected, i), json_string(env_value(selected, i)));

    env_free(selected);
    return kept;
}

json_t *job_inputs_new(
    const struct session *s,
    const Defang__Caller *caller,
    const struct project *p,
    bool has_env_credentials)
{
    cleanup_str struct str model = STR_INIT;

    if (p && p->model)
        compose_print_yaml(p->model, &model);

    const char *frozen = p && p->model ? str_get(&model) : NULL;
    return object(
        key("env", env_of(s->env)),
        key("profile", json_string(caller->profile)),
        key("region", json_string(caller->region)),
        key("stack", json_string(p ? p->settings.stack : caller->stack)),
        key("env_credentials", has_env_credentials),
        key("interactive", (bool)caller->interactive),
        key("origin", p ? json_incref(p->origin) : NULL),
        key("model", frozen ? json_string(frozen) : NULL));
}
