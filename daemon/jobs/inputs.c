/* What a job is given when it is admitted: an id, and the inputs that it keeps for its whole life.
 *
 * Inputs reach the disk, sealed (store/seal.c), and what they hold is chosen: variables that a
 * request reads, without keys; the model, in its canonical form, so that a job never reads the
 * user's files again. Keys of a shell's environment are not in it, only that there were some: they
 * are kept for themselves, for as long as the job and they live (credentials.c). */
#include "daemon/jobs/job.h"

#include "base/clock.h"
#include "base/digest.h"
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

/* JSON has no bytes: what is not UTF-8 (a path, say) is kept as {"base64": …}. */
static json_t *bytes_json(const char *text)
{
    if (text_utf8_valid(text, strlen(text)))
        return json_string(text);

    cleanup_free char *coded = digest_base64(text, strlen(text));
    return object(key("base64", json_string(coded)));
}

/* malloc'd; NULL when it is neither form. */
static char *json_bytes(const json_t *j)
{
    void *bytes = NULL;
    size_t n = 0;

    if (json_is_string(j))
        return xstrdup(json_string_value(j));
    if (!json_str(j, "base64") || digest_base64_decode(json_str(j, "base64"), &bytes, &n) < 0)
        return NULL;

    char *text = xstrndup(bytes, n);
    free(bytes);
    return text;
}

/* A name that is not UTF-8 is none that a request reads. */
static json_t *env_of(const struct env *env)
{
    json_t *kept = object();
    struct env *selected = env_select_for_request(env);

    for (size_t i = 0; i < env_count(selected); i++) {
        const char *name = env_name(selected, i), *value = env_value(selected, i);
        if (!env_name_is_secret(name) && text_utf8_valid(name, strlen(name)))
            json_object_set_new(kept, name, bytes_json(value));
    }

    env_free(selected);
    return kept;
}

struct env *job_inputs_env(const json_t *inputs)
{
    struct env *env = env_new();
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(inputs, "env"), name, value) {
        cleanup_free char *text = json_bytes(value);
        env_set(env, name, text);
    }

    cleanup_free char *cwd = json_bytes(json_object_get(inputs, "cwd"));
    env_set_cwd(env, cwd);
    env_set_process(env, -1); /* gone, and its number may be another's by now */
    return env;
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
        key("cwd", env_cwd(s->env) ? bytes_json(env_cwd(s->env)) : NULL),
        key("profile", json_string(caller->profile)),
        key("region", json_string(caller->region)),
        key("stack", json_string(p ? p->settings.stack : caller->stack)),
        key("env_credentials", has_env_credentials),
        key("interactive", (bool)caller->interactive),
        key("origin", p ? json_incref(p->origin) : NULL),
        key("source", p ? json_incref(p->source) : NULL),
        key("model", frozen ? json_string(frozen) : NULL));
}
