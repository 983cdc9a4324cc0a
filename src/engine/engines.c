/* The choice between the two engines.
 *
 * The only file beside account/stacks.c that knows both: an engine knows itself and what lies below
 * it, a flow is handed the engine of its project in the context. */
#include "engine/engines.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/cloudformation/cloudformation.h"
#include "engine/pulumi/pulumi.h"
#include "engine/stack/stack.h"

const struct engine *engine_get(const char *name)
{
    static const struct engine *const engines[] = {&engine_cloudformation, &engine_pulumi};

    for (size_t i = 0; i < ARRAY_LEN(engines); i++)
        if (text_eq(engines[i]->name, name))
            return engines[i];
    return NULL;
}

static int has_stack(struct engine_context *c, bool *has, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    struct cfn_stack stack = {0};

    int rc = cfn_stack_describe(c, name, &stack, err);
    *has = rc == 0 && stack.exists;
    cfn_stack_done(&stack);
    return rc;
}

int flow_engine_find(struct engine_context *c, const struct engine **out, struct error *err)
{
    bool by_cloudformation = false, by_pulumi = false;
    *out = NULL;

    int rc = has_stack(c, &by_cloudformation, err);
    if (rc == 0 && !by_cloudformation)
        rc = pulumi_has_run(c, &by_pulumi, err);
    if (rc < 0)
        return rc;

    if (by_cloudformation)
        *out = &engine_cloudformation;
    else if (by_pulumi)
        *out = &engine_pulumi;
    return 0;
}
