/* Credentials of registries, kept in SSM beside the project's config, encrypted: base64 of
 * "user:password", because that is how Docker's configuration has them, and builds read that. What
 * tasks need is made of it at `up` (store_secrets.c). Everything in clear is wiped. */
#include "engine/values/registries.h"

#include "aws/model/operations.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "plan/registries.h"

#include <string.h>

static char *parameter_of(struct engine_context *c, const char *host)
{
    cleanup_arena struct arena *a = arena_new();
    cleanup_free char *path = plan_config_path(c->settings, c->project);

    return xasprintf("%s%s", path, plan_registry_config(a, host));
}

static int
check(const char *host, const char *username, const struct secret *password, struct error *err)
{
    if (text_empty(username) || password->len == 0)
        return error_raise(err, ERR_USAGE, "%s: a log-in has a user and a password", host);
    if (strchr(username, ':'))
        return error_raise(err, ERR_USAGE, "%s: a user's name has no colon", host);
    for (const char *p = secret_get(password); *p; p++)
        if (*p == '\n' || *p == '\r')
            return error_raise(err, ERR_USAGE, "%s: the password has more than one line", host);
    return 0;
}

static int put(struct engine_context *c, const char *host, const char *value, struct error *err)
{
    cleanup_free char *parameter = parameter_of(c, host);
    json_t *text = json_string(value);
    json_t *in = object(
        key("Name", parameter),
        key("Value", json_incref(text)),
        key("Type", "SecureString"),
        key("Overwrite", true),
        key("Tier", "Intelligent-Tiering"));

    int rc = engine_call(c, &aws_ssm_PutParameter, in, NULL, err);
    secret_wipe((char *)(uintptr_t)json_string_value(text), json_string_length(text));
    json_decref(text);
    return rc < 0 ? error_wrap(err, "keeping the credentials of %s", host) : 0;
}

int flow_registry_keep(
    struct engine_context *c,
    const char *host,
    const char *username,
    const struct secret *password,
    struct error *err)
{
    int rc = check(host, username, password, err);
    if (rc < 0)
        return rc;

    cleanup_str struct str both = STR_INIT;
    str_appendf(&both, "%s:%s", username, secret_get(password));
    char *value = digest_base64(str_get(&both), both.len);
    str_wipe(&both);

    if (strlen(value) > LIMIT_CONFIG_VALUE_BYTES)
        rc = error_raise(
            err,
            ERR_USAGE,
            "%s: user and password have %zu bytes as they are kept, SSM takes at most %zu",
            host,
            strlen(value),
            LIMIT_CONFIG_VALUE_BYTES);
    if (rc == 0)
        rc = put(c, host, value, err);
    secret_wipe(value, strlen(value));
    free(value);
    return rc;
}

int flow_registry_forget(
    struct engine_context *c, const char *host, bool *removed, struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    cleanup_free char *parameter = parameter_of(c, host);

    int rc = engine_call(c, &aws_ssm_DeleteParameter, object(key("Name", parameter)), NULL, &local);
    *removed = rc == 0;
    if (rc == 0 || aws_error_is_not_found(&local))
        return 0;
    error_move(err, &local);
    return error_wrap(err, "removing the credentials of %s", host);
}
