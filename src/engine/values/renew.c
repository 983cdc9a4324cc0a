/* `config rm X` and `config set X`: SSM numbers the new value from 1 again, and the reference that
 * CloudFormation compares reads as before. The same value is put again until its number passes the
 * deployed one. That also leaves the deployed number readable, so that a roll back finds a value
 * and not an error, and the same one that the services read.
 *
 * The value lives in this process only between two calls, and is wiped. */
#include "engine/values/renew.h"

#include "aws/model/operations.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "plan/common/config.h"
#include "plan/passwords.h"

#include <string.h>

static void wipe(const json_t *value)
{
    if (json_is_string(value))
        secret_wipe((char *)(uintptr_t)json_string_value(value), json_string_length(value));
}

static int
put(struct engine_context *c,
    const char *parameter,
    json_t *value,
    long long *version,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(
        key("Name", parameter),
        key("Value", json_incref(value)),
        key("Type", "SecureString"),
        key("Overwrite", true),
        key("Tier", "Intelligent-Tiering"));

    int rc = engine_call(c, &aws_ssm_PutParameter, in, &reply, err);
    *version = json_int_or(reply, "Version", *version + 1);
    return rc;
}

static int renew_one(struct engine_context *c, const struct plan_password *p, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(key("Name", p->parameter), key("WithDecryption", true));

    int rc = engine_call(c, &aws_ssm_GetParameter, in, &reply, err);
    json_t *value = json_at(reply, "Parameter.Value");
    long long version = json_int_or(reply, "Parameter.Version", 0);

    for (size_t i = 0; rc == 0 && value && version <= p->version; i++) {
        if (i == LIMIT_CONFIG_RENEWALS)
            rc = error_raise(
                err,
                ERR_REFUSED,
                "parameter %s was removed and set anew at version %lld, and %lld is deployed",
                p->parameter,
                version,
                p->version);
        else
            rc = put(c, p->parameter, value, &version, err);
    }

    wipe(value);
    return rc < 0 ? error_wrap(err, "numbering the new value of %s", p->parameter) : 0;
}

static const struct flow_config *
find(const struct flow_config *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(list[i].name, name))
            return &list[i];
    return NULL;
}

int passwords_renew(
    struct engine_context *c,
    const json_t *deployed,
    const struct flow_config *list,
    size_t count,
    bool *renewed,
    struct error *err)
{
    json_t *resources = json_object_get(deployed, "Resources");
    const char *id;
    json_t *resource;
    *renewed = false;

    json_object_foreach(resources, id, resource) {
        struct plan_password p;
        if (!plan_password_deployed(deployed, id, &p))
            continue;

        const struct flow_config *now = find(list, count, strrchr(p.parameter, '/') + 1);
        if (!now || !plan_password_is_new(&p, now->version, plan_mark(now->version, now->set_ms)))
            continue;

        *renewed = true;
        int rc = renew_one(c, &p, err);
        if (rc < 0)
            return rc;
    }

    return 0;
}
