/* The password of a database, read from the config that the template names by a dynamic reference,
 * held against what RDS takes (API reference, CreateDBInstance and CreateDBCluster), and wiped. A
 * value that cannot be read is nobody's mistake here: CloudFormation reads it with the same rights
 * and says so. */
#include "engine/values/passwords.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "plan/passwords.h"

#include <string.h>

#define REFERENCE "{{resolve:ssm-secure:"

/* "{{resolve:ssm-secure:/Defang/shop/beta/NAME:3}}" → "/Defang/shop/beta/NAME"; NULL for anything
 * else. malloc'd. */
static char *parameter_of(const struct graph_resource *r)
{
    if (!text_eq(r->type, "AWS::RDS::DBInstance"))
        return NULL;

    const char *text = json_str(r->properties, "MasterUserPassword");
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
    json_t *in = object(key("Names", texts(parameter)), key("WithDecryption", true));

    int rc = engine_call(c, &aws_ssm_GetParameters, in, &reply, &local);
    json_t *value = json_object_get(json_at(reply, "Parameters.0"), "Value");
    bool suits = rc < 0 || !json_is_string(value) || plan_password_suits(json_string_value(value));

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
        bool of_a_service = text_starts(group, "service/");
        const char *database = of_a_service ? group + strlen("service/") : group;

        if (!parameter || !strchr(parameter, '/'))
            continue;

        int rc = check(c, parameter, database, err);
        if (rc < 0)
            return rc;
    }

    return 0;
}
