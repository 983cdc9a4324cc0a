/* Passwords and names of stores that CloudFormation does not read from SSM, and credentials of
 * registries, which ECS does not (plan_store_secret): copied from the config store into a secret of
 * Secrets Manager before apply, under a version id that stands in the template; removed with the
 * project.
 *
 * The version id is also the request's token: the same value under the same version is no new one,
 * so that a repeated deployment changes nothing. A value lives in this process only between two
 * calls, and is wiped. */
#include "engine/values/store_secrets.h"

#include "aws/model/operations.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "plan/passwords.h"

#include <string.h>

/* Frees it too. */
static void wipe(json_t *reply)
{
    size_t i;
    json_t *item;

    json_array_foreach(json_object_get(reply, "Parameters"), i, item) {
        const json_t *value = json_object_get(item, "Value");
        if (json_is_string(value))
            secret_wipe((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    }

    json_decref(reply);
}

/* Whether it stands there under this version already (any, where none is asked for): then nothing
 * is written, and nothing that looks like a change is asked of AWS. A list that is not up to date,
 * or that nobody may read, only means to write once more, which changes nothing. */
static bool stands(struct engine_context *c, const struct plan_store_secret *s)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_json json_t *list = NULL;
    json_t *by_name = object(key("Key", "name"), key("Values", texts(s->secret)));
    json_t *in = object(key("Filters", array(by_name)));
    size_t i;
    json_t *item;

    if (engine_call_all_optional(c, &aws_secretsmanager_ListSecrets, in, &list, &ignored) < 0)
        return false;
    json_array_foreach(list, i, item) {
        const json_t *versions = json_object_get(item, "SecretVersionsToStages");

        if (text_eq(json_str(item, "Name"), s->secret))
            return !s->version || json_object_get(versions, s->version);
    }
    return false;
}

/* A name is written once: the store that is there keeps it. */
static int write_version(
    struct engine_context *c, const struct plan_store_secret *s, json_t *value, struct error *err)
{
    if (stands(c, s))
        return 0;

    cleanup_error struct error local = ERROR_INIT;
    json_t *owner = object(key("Key", ENGINE_TAG_OWNER), key("Value", ENGINE_TAG_OWNER_VALUE));
    json_t *create = object(
        key("Name", s->secret),
        key("ClientRequestToken", s->version),
        key("Description",
            s->registry ? "Credentials of a registry, copied from config by defangd"
                        : "Of a managed store, copied from its config by defangd"),
        key("SecretString", json_incref(value)),
        key("Tags", array(owner)));

    int rc = engine_call(c, &aws_secretsmanager_CreateSecret, create, NULL, &local);
    if (rc == 0)
        return 0;
    if (!error_has_code(&local, "ResourceExistsException")) {
        error_move(err, &local);
        return rc;
    }
    if (!s->version)
        return 0;

    /* The same token with the same value is no new version. */
    json_t *put = object(
        key("SecretId", s->secret),
        key("ClientRequestToken", s->version),
        key("SecretString", json_incref(value)));
    return engine_call(c, &aws_secretsmanager_PutSecretValue, put, NULL, err);
}

static int refuse_unset(const struct plan_store_secret *s, struct error *err)
{
    int rc = error_raise(
        err,
        ERR_REFUSED,
        s->version ? "config %s is not set, and it is the password of %s"
                   : "config %s is not set, and it names a user or the database of %s",
        s->config,
        s->service);

    error_hint(
        err, "set it with `defangctl config set %s%s`", s->config, s->version ? " --random" : "");
    return rc;
}

static int refuse_name(const struct plan_store_secret *s, struct error *err)
{
    int rc = error_raise(
        err,
        ERR_REFUSED,
        "config %s names a user or the database of service %s, and %s does not take it",
        s->config,
        s->service,
        s->document ? "DocumentDB" : "RDS");

    error_hint(
        err,
        "it takes letters%s and digits, a letter first, at most 63, and not admin: set it with "
        "`defangctl config set %s`",
        s->document ? "" : ", underscores",
        s->config);
    return rc;
}

static int check_value(const struct plan_store_secret *s, const json_t *value, struct error *err)
{
    if (!json_is_string(value))
        return refuse_unset(s, err);
    if (!s->version)
        return plan_store_name_suits(json_string_value(value), s->document) ? 0
                                                                            : refuse_name(s, err);
    if (plan_password_suits(json_string_value(value)))
        return 0;

    int rc = error_raise(
        err,
        ERR_REFUSED,
        "config %s is the password of service %s, and DocumentDB does not take it",
        s->config,
        s->service);
    error_hint(
        err,
        "it takes 8 to 100 printable ASCII characters without / \" @ and space: `defangctl config "
        "set %s --random` makes one",
        s->config);
    return rc;
}

static void wipe_text(json_t *text)
{
    if (json_is_string(text))
        secret_wipe((char *)(uintptr_t)json_string_value(text), json_string_length(text));
    json_decref(text);
}

/* {"username": …, "password": …} as text; NULL where they are no UTF-8. */
static json_t *as_ecs_reads_it(const char *user, const char *password)
{
    json_t *secret = json_string(password);
    cleanup_json json_t *both =
        secret ? object(key("username", user), key("password", json_incref(secret))) : NULL;
    char *printed = both ? json_print(both, false, false) : NULL;
    json_t *text = printed ? json_string(printed) : NULL;

    if (printed)
        secret_wipe(printed, strlen(printed));
    free(printed);
    wipe_text(secret);
    return text;
}

/* What `registry login` keeps is base64 of "user:password". New, to be wiped; NULL with err filled
 * when it is something else. */
static json_t *registry_value(const struct plan_store_secret *s, json_t *kept, struct error *err)
{
    void *plain = NULL;
    size_t n = 0;
    json_t *value = NULL;

    if (json_is_string(kept) && digest_base64_decode(json_string_value(kept), &plain, &n) == 0) {
        char *both = xstrndup(plain, n);
        char *colon = strchr(both, ':');

        if (colon) {
            *colon = '\0';
            value = as_ecs_reads_it(both, colon + 1);
        }
        secret_wipe(both, n);
        secret_wipe(plain, n);
        free(both);
        free(plain);
    }
    if (value)
        return value;

    error_raise(
        err, ERR_REFUSED, "the credentials of %s are not there, or cannot be read", s->registry);
    error_hint(err, "keep them with `defangctl registry login %s`", s->registry);
    return NULL;
}

static int write_value(
    struct engine_context *c, const struct plan_store_secret *s, json_t *kept, struct error *err)
{
    if (!s->registry) {
        int rc = check_value(s, kept, err);
        return rc < 0 ? rc : write_version(c, s, kept, err);
    }

    json_t *value = registry_value(s, kept, err);
    int rc = value ? write_version(c, s, value, err) : -EACCES;
    wipe_text(value);
    return rc;
}

static int put_one(struct engine_context *c, const struct plan_store_secret *s, struct error *err)
{
    cleanup_free char *path = plan_config_path(c->settings, c->project);
    cleanup_free char *parameter = xasprintf("%s%s", path, s->config);
    json_t *reply = NULL;
    json_t *in = object(key("Names", texts(parameter)), key("WithDecryption", true));

    int rc = engine_call(c, &aws_ssm_GetParameters, in, &reply, err);
    if (rc == 0) {
        json_t *value = json_object_get(json_at(reply, "Parameters.0"), "Value");
        rc = write_value(c, s, value, err);
    }

    wipe(reply);
    if (rc < 0)
        return s->registry
                   ? error_wrap(err, "keeping the credentials of %s for ECS", s->registry)
                   : error_wrap(
                         err, "keeping what service %s is given for CloudFormation", s->service);
    return 0;
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
    json_t *by_name = object(key("Key", "name"), key("Values", texts(root + 1)));
    json_t *in = object(key("Filters", array(by_name)));

    int rc = engine_call_all(c, &aws_secretsmanager_ListSecrets, in, &list, err);
    if (rc < 0)
        return error_wrap(err, "listing the secrets under %s", root + 1);

    size_t i;
    json_t *item;

    json_array_foreach(list, i, item) {
        const char *name = json_str(item, "Name");
        if (rc < 0 || !text_starts(name, root + 1) || kept(keep, count, name))
            continue;

        /* Without recovery: a project that comes back makes a secret of the same name. */
        in = object(key("SecretId", name), key("ForceDeleteWithoutRecovery", true));
        rc = engine_call(c, &aws_secretsmanager_DeleteSecret, in, NULL, err);
    }

    return rc < 0 ? error_wrap(err, "removing the secrets under %s", root + 1) : 0;
}
