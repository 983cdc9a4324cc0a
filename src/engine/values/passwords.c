#include "engine/values/passwords.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#include <string.h>

#define REFERENCE "{{resolve:ssm-secure:"

/* CreateDBInstance, CreateDBCluster: 8 to 128 characters; printable ASCII except these, and no
 * space. */
bool password_suits(const char *password)
{
    size_t n = strlen(password);
    if (n < 8 || n > 128)
        return false;
    for (const char *p = password; *p; p++)
        if (*p <= ' ' || *p > '~' || strchr("/\"@", *p))
            return false;
    return true;
}

/* "{{resolve:ssm-secure:/Defang/shop/beta/NAME:3}}" → "/Defang/shop/beta/NAME"; NULL for anything
 * else. malloc'd. */
static char *parameter_of(const struct graph_resource *r)
{
    const char *text = text_eq(r->type, "AWS::RDS::DBInstance")
                           ? json_str(r->properties, "MasterUserPassword")
                           : NULL;
    if (!text_starts(text, REFERENCE))
        return NULL;
    text += strlen(REFERENCE);
    return xstrndup(text, strcspn(text, ":}"));
}

static int
check(struct engine_context *c, const char *parameter, const char *database, struct error *err)
{
    json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    int rc = engine_call(
        c,
        &aws_ssm_GetParameters,
        json_pack("{s:[s],s:b}", "Names", parameter, "WithDecryption", 1),
        &reply,
        &local);
    json_t *value = json_object_get(json_at(reply, "Parameters.0"), "Value");
    bool suits = rc < 0 || !json_is_string(value) || password_suits(json_string_value(value));
    if (json_is_string(value))
        secret_wipe((char *)json_string_value(value), json_string_length(value));
    json_decref(reply);
    if (suits)
        return 0;
    const char *name = strrchr(parameter, '/') + 1;
    error_raise(
        err,
        ERR_REFUSED,
        "config %s is the password of database %s, and RDS does not take it",
        name,
        database);
    error_hint(
        err,
        "RDS takes 8 to 128 printable ASCII characters without / \" @ and space: `defangctl config "
        "set %s --random` makes one",
        name);
    return error_kind_errno(ERR_REFUSED);
}

int passwords_check(struct engine_context *c, const struct graph *g, struct error *err)
{
    for (size_t i = 0; i < g->len; i++) {
        cleanup_free char *parameter = parameter_of(&g->resources[i]);
        const char *group = g->resources[i].group;
        if (!parameter || !strchr(parameter, '/'))
            continue;
        int rc = check(
            c, parameter, text_starts(group, "service/") ? group + strlen("service/") : group, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
