/* The planner's table says which change of a property replaces a resource; it is as old as this
 * program. AWS's answer is in the change set, before it is executed: what is replaced there is held
 * against the consent once more, so that a property that AWS made create-only since then does not
 * empty a database.
 *
 * Only "Replacement: True" is asked. A condition that AWS itself cannot judge beforehand has been
 * judged by the planner, and what is removed is in the template for all to see. */
#include "engine/cloudformation/last_word.h"

#include "aws/model/operations.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/object.h"
#include "engine/call.h"
#include "plan/consent.h"

#include <string.h>

#define PAGES_MAX 20 /* a template has at most 500 resources */

struct replaced {
    struct operation *o;
    struct arena *arena;
    VEC(struct plan_loss) losses;
};

static void take(struct replaced *r, const json_t *change)
{
    const char *id = json_str_or(change, "LogicalResourceId", "");
    const char *type = json_str_or(change, "ResourceType", "");
    const struct graph_resource *planned = graph_get(r->o->graph, id);
    enum plan_effect_kind kind = plan_effect_of_going(type);
    bool replaces = text_eq(json_str(change, "Replacement"), "True");

    if (!replaces || kind < PLAN_MOVES || !planned)
        return;

    const char *service = text_starts(planned->group, "service/")
                              ? planned->group + strlen("service/")
                              : planned->logical_id;
    struct plan_loss loss = {
        .name = service,
        .logical_id = planned->logical_id,
        .type = planned->type,
        .group = planned->group,
        .kind = kind,
        .what = arena_printf(r->arena, "%s (%s)", planned->logical_id, type),
        .text = "CloudFormation would replace it by a new one",
        .because = "",
        .keep = "",
        .holds = ""};
    vec_push(&r->losses, loss);
}

static int read_changes(struct replaced *r, const struct cfn_change *change, struct error *err)
{
    cleanup_json json_t *next = NULL;

    for (unsigned page = 0; page < PAGES_MAX; page++) {
        cleanup_json json_t *reply = NULL;
        json_t *in = object(
            key("StackName", change->stack_name),
            key("ChangeSetName", change->change_set_name),
            key("NextToken", json_incref(next)));
        int rc = engine_call(r->o->c, &aws_cloudformation_DescribeChangeSet, in, &reply, err);
        size_t i;
        json_t *item;

        if (rc < 0)
            return error_wrap(err, "reading what would change in %s", change->stack_name);
        json_array_foreach(json_object_get(reply, "Changes"), i, item)
            take(r, json_object_get(item, "ResourceChange"));

        json_decref(next);
        next = json_incref(json_object_get(reply, "NextToken"));
        if (!next)
            return 0;
    }

    return 0;
}

/* It would be found, and executed, by the next life of the job. */
static void forget(struct operation *o, const struct cfn_change *change)
{
    cleanup_error struct error ignored = ERROR_INIT;
    json_t *in =
        object(key("StackName", change->stack_name), key("ChangeSetName", change->change_set_name));

    engine_call_optional(o->c, &aws_cloudformation_DeleteChangeSet, in, NULL, &ignored);
}

int last_word_check(struct operation *o, const struct cfn_change *change, struct error *err)
{
    if (!o->c->consent || change->create)
        return 0;

    cleanup_arena struct arena *arena = arena_new();
    struct replaced r = {.o = o, .arena = arena};
    struct plan_losses left;

    int rc = read_changes(&r, change, err);
    if (rc == 0) {
        struct plan_losses all = {.items = r.losses.items, .len = r.losses.len};
        plan_losses_unallowed(arena, &all, o->c->consent, &left);
        rc = plan_losses_refuse(&left, "up", err);
        if (rc < 0)
            forget(o, change);
    }

    vec_free(&r.losses);
    return rc;
}
