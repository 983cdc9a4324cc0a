/* Deletion protection, of what holds data (RDS, DocumentDB) or a public address (load balancer).
 *
 * What is protected is read from the deployed template, so that the refusal comes before anything
 * is touched and names everything at once. Lifting is a call of each service: neither engine can
 * delete a protected resource, and CloudFormation would find out only halfway. */
#include "engine/stack/protect.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/stack/stack.h"

#include <errno.h>

/* Of a load balancer it is one attribute of many, and a text. */
static bool load_balancer_protected(const json_t *properties)
{
    size_t i;
    json_t *attribute;

    json_array_foreach(json_object_get(properties, "LoadBalancerAttributes"), i, attribute) {
        if (text_eq(json_str(attribute, "Key"), "deletion_protection.enabled"))
            return text_eq(json_str(attribute, "Value"), "true");
    }

    return false;
}

/* One that is being made or changed takes no other change; who deletes it waits for it, and lifts
 * it then (keep/retire.c). */
static int lift_database(struct engine_context *c, const char *id, struct error *err)
{
    cleanup_error struct error local = ERROR_INIT;
    json_t *in = object(
        key("DBInstanceIdentifier", id),
        key("ApplyImmediately", true),
        key("DeletionProtection", false));

    int rc = engine_call(c, &aws_rds_ModifyDBInstance, in, NULL, &local);
    if (rc < 0 &&
        (aws_error_is_not_found(&local) || error_has_code(&local, "InvalidDBInstanceState")))
        return 0;
    if (rc < 0)
        error_move(err, &local);
    return rc;
}

static int lift_load_balancer(struct engine_context *c, const char *arn, struct error *err)
{
    json_t *attribute = object(key("Key", "deletion_protection.enabled"), key("Value", "false"));
    json_t *in = object(key("LoadBalancerArn", arn), key("Attributes", array(attribute)));

    return engine_call(c, &aws_elbv2_ModifyLoadBalancerAttributes, in, NULL, err);
}

static int lift_documents(struct engine_context *c, const char *id, struct error *err)
{
    json_t *in = object(
        key("DBClusterIdentifier", id),
        key("ApplyImmediately", true),
        key("DeletionProtection", false));
    return engine_call(c, &aws_docdb_ModifyDBCluster, in, NULL, err);
}

typedef int lift_fn(struct engine_context *c, const char *physical_id, struct error *err);

/* What of the template can be protected at all; NULL when this resource is not. */
static lift_fn *lift_of(const json_t *resource)
{
    const json_t *properties = json_object_get(resource, "Properties");
    const char *type = json_str(resource, "Type");
    bool flagged = json_bool_or(properties, "DeletionProtection", false);

    if (flagged && text_eq(type, "AWS::RDS::DBInstance"))
        return lift_database;
    if (flagged && text_eq(type, "AWS::DocDB::DBCluster"))
        return lift_documents;
    if (text_eq(type, "AWS::ElasticLoadBalancingV2::LoadBalancer") &&
        load_balancer_protected(properties))
        return lift_load_balancer;
    return NULL;
}

/* Where physical ids come from: a stack of CloudFormation, or a table of another engine's state. */
struct source {
    const char *stack;
    const json_t *ids;
};

static int physical_id(
    struct engine_context *c,
    const struct source *from,
    const char *logical_id,
    char **out,
    struct error *err)
{
    *out = NULL;
    if (from->ids) {
        *out = xstrdup_null(json_string_value(json_object_get(from->ids, logical_id)));
        return 0;
    }

    return cfn_stack_physical_id(c, from->stack, logical_id, out, err);
}

/* A resource that was never made, or is gone, has no protection to lift. */
static int lift_one(
    struct engine_context *c,
    const struct source *from,
    const char *logical_id,
    lift_fn *lift,
    struct error *err)
{
    cleanup_free char *physical = NULL;

    int rc = physical_id(c, from, logical_id, &physical, err);
    if (rc == 0 && !text_empty(physical))
        rc = lift(c, physical, err);
    return rc < 0 ? error_wrap(err, "lifting the deletion protection of %s", logical_id) : 0;
}

/* All names are gathered first, so that one refusal names everything. */
static int lift_all(
    struct engine_context *c,
    const struct source *from,
    const json_t *template,
    bool force,
    struct error *err)
{
    cleanup_str struct str names = STR_INIT;
    const char *id;
    json_t *resource;

    json_object_foreach(json_object_get(template, "Resources"), id, resource) {
        lift_fn *lift = lift_of(resource);
        if (!lift)
            continue;
        str_appendf(&names, "%s%s", names.len ? ", " : "", id);
        int rc = force ? lift_one(c, from, id, lift, err) : 0;
        if (rc < 0)
            return rc;
    }

    if (names.len == 0 || force)
        return 0;

    error_raise(
        err, ERR_REFUSED, "protected against deletion: %s; nothing was touched", str_get(&names));
    error_hint(
        err,
        "`defangctl down --force` lifts the protection and removes them; a store leaves a last "
        "snapshot");
    return -EPERM;
}

int protect_lift(
    struct engine_context *c,
    const char *stack,
    const json_t *template,
    bool force,
    struct error *err)
{
    return lift_all(c, &(struct source){.stack = stack}, template, force, err);
}

int protect_lift_ids(
    struct engine_context *c,
    const json_t *ids,
    const json_t *template,
    bool force,
    struct error *err)
{
    return lift_all(c, &(struct source){.ids = ids}, template, force, err);
}
