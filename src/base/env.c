/* An environment as a value: names and values sorted by name, found by halving.
 *
 * A request of defangctl carries the caller's environment to the daemon, but only what AWS,
 * Compose and proxies read: the list stands below. Which of these names hold secrets is decided by
 * the name alone; the daemon keeps those in memory and nowhere else.
 *
 * Values are wiped whenever one is dropped or replaced, since nobody knows which of them was a
 * secret. */
#include "base/env.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/vec.h"
#include <string.h>

struct variable {
    char *name, *value;
};

struct env {
    VEC(struct variable) vars; /* sorted by name */
    char *cwd;
    long process;
};

struct env *env_new(void)
{
    return xcalloc(1, sizeof(struct env));
}

/* Index of name, or where it belongs. */
static size_t position(const struct env *env, const char *name, size_t name_len, bool *found)
{
    size_t low = 0, high = env->vars.len;
    *found = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strncmp(env->vars.items[mid].name, name, name_len);
        if (order == 0)
            order = env->vars.items[mid].name[name_len] != '\0';
        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }

    return low;
}

static void value_free(char *value)
{
    if (value)
        secret_wipe(value, strlen(value));
    free(value);
}

static void set(struct env *env, const char *name, size_t name_len, const char *value)
{
    bool found;
    size_t at = position(env, name, name_len, &found);

    if (found) {
        char *copy = xstrdup(value); /* first: value may be the old one */
        value_free(env->vars.items[at].value);
        env->vars.items[at].value = copy;
        return;
    }

    struct variable v = {xstrndup(name, name_len), xstrdup(value)};
    vec_push(&env->vars, v);
    memmove(env->vars.items + at + 1, env->vars.items + at, (env->vars.len - 1 - at) * sizeof v);
    env->vars.items[at] = v;
}

static void unset(struct env *env, const char *name)
{
    bool found;
    size_t at = position(env, name, strlen(name), &found);

    if (!found)
        return;

    struct variable *v = env->vars.items + at;
    free(v->name);
    value_free(v->value);
    memmove(v, v + 1, (env->vars.len - 1 - at) * sizeof *v);
    env->vars.len--;
}

struct env *env_from_process(char *const *envp)
{
    struct env *env = env_new();

    for (; envp && *envp; envp++) {
        const char *eq = strchr(*envp, '=');
        if (!eq || eq == *envp)
            continue;
        bool found;
        position(env, *envp, (size_t)(eq - *envp), &found);
        if (!found) /* the first of two wins, as with getenv() */
            set(env, *envp, (size_t)(eq - *envp), eq + 1);
    }

    return env;
}

struct env *env_dup(const struct env *env)
{
    struct env *copy = env_new();
    vec_each(v, &env->vars)
        set(copy, v->name, strlen(v->name), v->value);
    env_set_cwd(copy, env->cwd);
    copy->process = env->process;
    return copy;
}

void env_free(struct env *env)
{
    if (!env)
        return;
    vec_each(v, &env->vars) {
        free(v->name);
        value_free(v->value);
    }

    vec_free(&env->vars);
    free(env->cwd);
    free(env);
}

void env_free_ptr(struct env **env)
{
    env_free(*env);
    *env = NULL;
}

void env_set(struct env *env, const char *name, const char *value)
{
    if (text_empty(name))
        return;
    if (value)
        set(env, name, strlen(name), value);
    else
        unset(env, name);
}

const char *env_get(const struct env *env, const char *name)
{
    bool found;
    if (!env || text_empty(name))
        return NULL;
    size_t at = position(env, name, strlen(name), &found);
    return found ? env->vars.items[at].value : NULL;
}

const char *env_get_nonempty(const struct env *env, const char *name)
{
    const char *value = env_get(env, name);
    return text_empty(value) ? NULL : value;
}

void env_set_cwd(struct env *env, const char *cwd)
{
    char *copy = xstrdup_null(cwd); /* first: cwd may be the old one */

    free(env->cwd);
    env->cwd = copy;
}

const char *env_cwd(const struct env *env)
{
    return env->cwd;
}

void env_set_process(struct env *env, long pid)
{
    env->process = pid;
}

long env_process(const struct env *env)
{
    return env->process;
}

size_t env_count(const struct env *env)
{
    return env->vars.len;
}

const char *env_name(const struct env *env, size_t i)
{
    return env->vars.items[i].name;
}

const char *env_value(const struct env *env, size_t i)
{
    return env->vars.items[i].value;
}

/* What the AWS CLI, the Compose reference and a proxy-aware HTTP client read
 * (shared/reference/aws-access.md section 1). */
static const char *const request_prefixes[] = {"AWS_", "DEFANG_", "COMPOSE_", NULL};
static const char *const request_names[] = {
    "BOTO_CONFIG",
    "HOME",
    "LOGNAME",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "USER",
    "PWD",
    NULL,
};

bool env_name_in_request(const char *name)
{
    for (const char *const *p = request_prefixes; *p; p++)
        if (text_starts(name, *p))
            return true;
    for (const char *const *p = request_names; *p; p++)
        if (text_eq(name, *p))
            return true;
    return text_ends(name, "_proxy") || text_ends(name, "_PROXY");
}

struct env *env_select_for_request(const struct env *env)
{
    struct env *out = env_new();
    vec_each(v, &env->vars)
        if (env_name_in_request(v->name))
            set(out, v->name, strlen(v->name), v->value);
    env_set_cwd(out, env->cwd);
    out->process = env->process;
    return out;
}

/* The key id counts as secret too: half of a key pair found again after a restart would be an
 * error, none of it is not. */
static const char *const secret_parts[] = {
    "ACCESS_KEY",
    "APIKEY",
    "API_KEY",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE_KEY",
    "SECRET",
    "TOKEN",
    NULL,
};
/* Names of these endings say where a secret lies or how long it lives. */
static const char *const harmless_ends[] = {"_FILE", "_PATH", "_ARN", "_EXPIRATION", "_URL", NULL};

bool env_name_is_secret(const char *name)
{
    cleanup_free char *upper = xstrdup(name);

    for (char *p = upper; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    for (const char *const *p = harmless_ends; *p; p++)
        if (text_ends(upper, *p))
            return false;
    for (const char *const *p = secret_parts; *p; p++)
        if (strstr(upper, *p))
            return true;
    return false;
}
