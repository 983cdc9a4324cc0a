/* What of cap_add, cap_drop, sysctls, storage_opt and pid a task cannot have. Most of it is left
 * out with a warning, because the program starts all the same. A disk larger than ECS gives is an
 * error: no task would start.
 *
 * What is honoured is decided in task/linux_options.c; sources are there. */
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/compute/sizing.h"
#include "plan/container/linux_options.h"
#include "plan/view/extensions.h"
#include <string.h>

#define STORAGE_MAX_GIB 200

static void
check_capabilities(struct plan_check *c, const struct plan_service *s, const char *key, bool add)
{
    const struct yaml_node *n = plan_capability_list(s->s, key);

    for (size_t i = 0; n && i < n->len; i++) {
        const struct yaml_node *item = n->items[i];
        const char *name = plan_capability(item);
        const char *text = item->kind == YAML_KIND_SCALAR ? item->value : "";

        if (!name)
            plan_warn(
                &c->diag,
                item->pos,
                "Remove it.",
                "service %s: %s names %s, which ECS does not know",
                s->s->name,
                key,
                text);
        else if (add && !plan_may_add_capability(name))
            plan_warn(
                &c->diag,
                item->pos,
                "Remove it.",
                "service %s: cap_add %s is ignored, Fargate grants SYS_PTRACE and no other",
                s->s->name,
                text);
    }
}

/* One of the machine's: it is not this task's to set. */
static void check_sysctls(struct plan_check *c, const struct plan_service *s)
{
    struct plan_sysctl one;

    for (size_t i = 0; plan_sysctl_at(c->a, s->s, i, &one); i++)
        if (!plan_sysctl_ok(one.name))
            plan_warn(
                &c->diag,
                one.pos,
                "Remove it.",
                "service %s: sysctl %s is ignored, a task sets those of its network and of IPC "
                "only",
                s->s->name,
                one.name);
}

static void check_storage(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *n = s->s->node ? yaml_get(s->s->node, "storage_opt") : NULL;
    unsigned asked = plan_task_storage(&c->v, s);
    double gib;

    for (size_t i = 0; n && n->kind == YAML_KIND_MAPPING && i < n->len; i++)
        if (!text_eq(n->pairs[i].key->value, "size"))
            plan_warn(
                &c->diag,
                n->pairs[i].key->pos,
                "Remove it.",
                "service %s: storage_opt.%s is ignored, only size means something on Fargate",
                s->s->name,
                n->pairs[i].key->value);

    if (!plan_storage_size(s->s, &gib))
        plan_error(
            &c->diag,
            n->pos,
            "As in storage_opt: {size: 50G}.",
            "service %s: storage_opt.size is no size",
            s->s->name);
    else if (s->kind == PLAN_CONTAINER && asked > STORAGE_MAX_GIB)
        plan_error(
            &c->diag,
            n ? n->pos : s->s->pos,
            "Ask for less, or use a named volume.",
            "service %s asks for %u GiB of disk, and a Fargate task has at most %d",
            s->s->name,
            asked,
            STORAGE_MAX_GIB);
}

static void check_pid(struct plan_check *c, const struct plan_service *s)
{
    const char *pid = s->s->node ? plan_ext_string(s->s->node, "pid") : NULL;

    if (text_empty(pid))
        return;

    bool names_service = text_starts(pid, "service:");
    const struct plan_service *with =
        names_service ? plan_view_get(&c->v, pid + strlen("service:")) : NULL;
    bool same_task = with && plan_is_task(with) && plan_task_of(with) == plan_task_of(s);

    if (!same_task)
        plan_warn(
            &c->diag,
            yaml_get(s->s->node, "pid")->pos,
            "Remove pid, or run both in one task (network_mode: service:…).",
            "service %s: pid \"%s\" is ignored, only containers of one task share processes",
            s->s->name,
            pid);
}

void plan_check_linux(struct plan_check *c, const struct plan_service *s)
{
    check_capabilities(c, s, "cap_add", true);
    check_capabilities(c, s, "cap_drop", false);
    check_sysctls(c, s);
    check_storage(c, s);
    check_pid(c, s);
}
