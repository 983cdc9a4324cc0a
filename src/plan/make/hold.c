/* What is made anew is not protected and leaves no last snapshot until it serves.
 *
 * A creation that fails is taken back by CloudFormation: it cannot delete what is protected, a
 * database that is still being created gives no last snapshot, and one of an empty database is a
 * bill for nothing (AWS: DeletionPolicy applies to a creation that is rolled back, too). So a
 * resource that is new, or that a change replaces, comes first without both. When the deployment is
 * through, the graph is applied as it was planned; it differs in this alone.
 *
 * What is deployed with protection keeps it meanwhile. */
#include "base/str.h"
#include "data/object.h"
#include "plan/plan.h"

#include <string.h>

#define LB_PROTECTED "deletion_protection.enabled"

/* Of a load balancer it is one attribute of many, and a text. */
static json_t *lb_attribute(const json_t *properties)
{
    size_t i;
    json_t *attribute;

    json_array_foreach(json_object_get(properties, "LoadBalancerAttributes"), i, attribute) {
        if (text_eq(json_str(attribute, "Key"), LB_PROTECTED))
            return attribute;
    }

    return NULL;
}

static bool is_protected(const json_t *properties)
{
    return json_bool_or(properties, "DeletionProtection", false) ||
           text_eq(json_str(lb_attribute(properties), "Value"), "true");
}

static void unprotect(json_t *properties)
{
    json_t *attribute = lb_attribute(properties);

    if (json_object_get(properties, "DeletionProtection"))
        json_object_set_new(properties, "DeletionProtection", json_false());
    if (attribute)
        json_object_set_new(attribute, "Value", json_string("false"));
}

/* Such a change may make a new one; which, only AWS knows. */
static bool replaced(const struct graph_diff *d, const char *id)
{
    for (size_t i = 0; i < d->len; i++)
        if (strcmp(d->changes[i].logical_id, id) == 0)
            return *d->changes[i].replacement != '\0';
    return false;
}

static bool hold_one(struct graph_resource *r, const json_t *before)
{
    bool was_protected = is_protected(json_object_get(before, "Properties"));
    const char *policy = json_str(before, "DeletionPolicy");
    bool held = false;

    if (is_protected(r->properties) && !was_protected) {
        unprotect(r->properties);
        held = true;
    }
    if (text_eq(r->deletion_policy, "Snapshot") && (!policy || text_eq(policy, "Delete"))) {
        r->deletion_policy = "Delete";
        held = true;
    }
    return held;
}

size_t plan_hold_back(struct graph *g, const json_t *previous)
{
    const json_t *resources = json_object_get(previous, "Resources");
    struct graph_diff diff;
    size_t held = 0;

    graph_diff(previous, g, &diff);
    for (size_t i = 0; i < g->len; i++) {
        struct graph_resource *r = &g->resources[i];
        const json_t *before = json_object_get(resources, r->logical_id);

        held += hold_one(r, replaced(&diff, r->logical_id) ? NULL : before);
    }
    graph_diff_done(&diff);
    return held;
}
