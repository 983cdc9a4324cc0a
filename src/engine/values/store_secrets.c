/* Passwords of stores that CloudFormation does not read from SSM (plan_store_secret): copied from
 * the config store into a secret of Secrets Manager before apply, under a version id that stands in
 * the template; removed with the project. A value lives in this process only between two calls, and
 * is wiped. */
#include "engine/flow.h"
#include "engine/values/passwords.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#include <string.h>

static void wipe(json_t *reply)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(reply, "Parameters"), i, item)
    {
        const json_t *value = json_object_get(item, "Value");
        if (json_is_string(value))
            secret_wipe((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    }
    json_decref(reply);
}

static int write_version(
    struct engine_context *c, const struct plan_store_secret *s, json_t *value, struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    json_t *create = json_pack(
        "{s:s,s:s,s:O,s:s,s:[{s:s,s:s}]}",
        "Name",
        s->secret,
        "ClientRequestToken",
        s->version,
        "SecretString",
        value,
        "Description",
        "Password of a managed store, copied from its config by defangd",
        "Tags",
        "Key",
        ENGINE_TAG_OWNER,
        "Value",
        ENGINE_TAG_OWNER_VALUE);
    int rc = engine_call(c, &aws_secretsmanager_CreateSecret, create, NULL, &local);
    if (rc == 0 || !error_has_code(&local, "ResourceExistsException")) {
        if (rc < 0)
            error_move(err, &local);
        return rc;
    }
    /* The same token with the same value is no new version. */
    return engine_call(
        c,
        &aws_secretsmanager_PutSecretValue,
        json_pack(
            "{s:s,s:s,s:O}",
            "SecretId",
            s->secret,
            "ClientRequestToken",
            s->version,
            "SecretString",
            value),
        NULL,
        err);
}

static int put_one(struct engine_context *c, const struct plan_store_secret *s, struct error *err)
{
    cleanup_free char *path = plan_config_path(c->settings, c->project),
                      *parameter = xasprintf("%s%s", path, s->config);
    json_t *reply = NULL;
    int rc = engine_call(
        c,
        &aws_ssm_GetParameters,
        json_pack("{s:[s],s:b}", "Names", parameter, "WithDecryption", 1),
        &reply,
        err);
    json_t *value = rc == 0 ? json_object_get(json_at(reply, "Parameters.0"), "Value") : NULL;
    if (rc == 0 && !json_is_string(value)) {
        rc = error_raise(
            err,
            ERR_REFUSED,
            "config %s is not set, and it is the password of %s",
            s->config,
            s->service);
        error_hint(err, "set it with `defangctl config set %s --random`", s->config);
    }
    if (rc == 0 && !password_suits(json_string_value(value))) {
        rc = error_raise(
            err,
            ERR_REFUSED,
            "config %s is the password of service %s, and DocumentDB does not take it",
            s->config,
            s->service);
        error_hint(
            err,
            "it takes 8 to 100 printable ASCII characters without / \" @ and space: `defangctl "
            "config set %s --random` makes one",
            s->config);
    }
    if (rc == 0)
        rc = write_version(c, s, value, err);
    wipe(reply);
    return rc < 0 ? error_wrap(
                        err, "keeping the password of service %s for CloudFormation", s->service)
                  : 0;
}

int flow_store_secrets_put(
    struct engine_context *c, const struct plan_store_secret *list, size_t count, struct error *err)
{
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = put_one(c, &list[i], err);
    return rc;
}

static bool kept(const struct plan_store_secret *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(list[i].secret, name))
            return true;
    return false;
}

int flow_store_secrets_prune(
    struct engine_context *c, const struct plan_store_secret *keep, size_t count, struct error *err)
{
    cleanup_free char *root = plan_derived_path(c->settings, c->project);
    cleanup_json json_t *list = NULL;
    int rc = engine_call_all(
        c,
        &aws_secretsmanager_ListSecrets,
        json_pack("{s:[{s:s,s:[s]}]}", "Filters", "Key", "name", "Values", root + 1),
        &list,
        err);
    if (rc < 0)
        return error_wrap(err, "listing the secrets under %s", root + 1);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *name = json_str(item, "Name");
        if (rc < 0 || !text_starts(name ? name : "", root + 1) || kept(keep, count, name))
            continue;
        rc = engine_call(
            c,
            &aws_secretsmanager_DeleteSecret,
            json_pack("{s:s,s:b}", "SecretId", name, "ForceDeleteWithoutRecovery", 1),
            NULL,
            err);
    }
    return rc < 0 ? error_wrap(err, "removing the secrets under %s", root + 1) : 0;
}
