/* What x-defang-autoscaling says wrong, and where it means nothing. */
#include "plan/check/check.h"
#include "plan/view/extensions.h"

void plan_check_scaling(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *n =
        s->s->extensions ? yaml_get(s->s->extensions, "x-defang-autoscaling") : NULL;
    struct plan_adopt_scaling ignored;
    const char *wrong = plan_scaling_read(s->s, s->replicas, &ignored);

    if (wrong)
        plan_error(
            &c->diag,
            n->pos,
            "As in x-defang-autoscaling: {min: 2, max: 10, cpu: 70}.",
            "service %s: x-defang-autoscaling: %s",
            s->s->name,
            wrong);
    else if (n && s->kind != PLAN_CONTAINER)
        plan_warn(
            &c->diag,
            n->pos,
            "Remove it.",
            "service %s: x-defang-autoscaling is ignored, it has no tasks of its own",
            s->s->name);
}
