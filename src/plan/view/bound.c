/* plan_bound(): whether a project can be planned at all, before anything looks at its services.
 *
 * What is planned ends with CloudFormation's 500 resources a stack, and everything here and in the
 * checks may compare services with each other because there are few. So who brings thousands is
 * told at once, by counting alone.
 *
 * The bound is the smallest that refuses nothing that would fit: a service of its own has at least
 * two resources, its task definition (or its store, or its bucket) and its security group (or its
 * distribution); one within another's task has none, and ECS takes ten containers a task. What it
 * needs exactly graph_check() counts. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/diag.h"
#include "plan/plan.h"

#define SERVICES_MAX (LIMIT_PLAN_RESOURCES / LIMIT_PLAN_SERVICE_RESOURCES)

/* Of one list: more than a task definition, a security group or a file system takes of anything,
 * and little enough to be compared with each other. */
#define LIST_MAX 1000

#define MEND "Split it into several projects, or leave services out with profiles."

struct count {
    size_t own, within;
    const struct compose_service *last_own, *last_within;
};

static struct count count_services(const struct compose_project *p)
{
    struct count n = {0};

    for (size_t i = 0; i < p->service_count; i++) {
        const struct compose_service *s = &p->services[i];

        if (s->network_mode && text_starts(s->network_mode, "service:")) {
            n.within++;
            n.last_within = s;
        } else {
            n.own++;
            n.last_own = s;
        }
    }

    return n;
}

static size_t list_length(const struct compose_service *s, const char *key)
{
    const struct yaml_node *n = s->node ? yaml_get(s->node, key) : NULL;

    return n && n->kind != YAML_KIND_SCALAR ? n->len : 0;
}

static void bound_lists(struct plan_diag *g, const struct compose_service *s)
{
    const struct {
        const char *key;
        size_t len;
    } lists[] = {
        {"ports", s->port_count},
        {"networks", s->network_count},
        {"volumes", s->volume_count},
        {"depends_on", s->depends_on_count},
        {"configs", s->config_count},
        {"secrets", s->secret_count},
        {"labels", s->label_count},
        {"links", list_length(s, "links")},
    };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (lists[i].len > LIST_MAX)
            plan_error(
                g,
                s->pos,
                "Leave some out, or split the service.",
                "service %s: %s has %zu items, and %d can be planned",
                s->name,
                lists[i].key,
                lists[i].len,
                LIST_MAX);
}

int plan_bound(const struct compose_project *p, struct compose_diagnostics *d, struct error *err)
{
    struct count n = count_services(p);
    struct plan_diag g = {.d = d, .err = err};

    if (n.own > SERVICES_MAX)
        plan_error(
            &g,
            n.last_own->pos,
            MEND,
            "the project has %zu services, and a CloudFormation stack holds %d resources, of which "
            "each service needs %d or more: at most %d services",
            n.own,
            LIMIT_PLAN_RESOURCES,
            LIMIT_PLAN_SERVICE_RESOURCES,
            SERVICES_MAX);
    else if (n.within > n.own * (LIMIT_PLAN_CONTAINERS - 1))
        plan_error(
            &g,
            n.last_within->pos,
            MEND,
            "the project has %zu services in the tasks of %zu others, and a task of ECS takes %d "
            "containers",
            n.within,
            n.own,
            LIMIT_PLAN_CONTAINERS);

    for (size_t i = 0; i < p->service_count && !g.rc; i++)
        bound_lists(&g, &p->services[i]);

    /* As what graph_check() says of too many resources: the files are right, there is no room. */
    if (g.rc && err) {
        err->kind = ERR_REFUSED;
        err->code = error_kind_errno(ERR_REFUSED);
    }
    return g.rc ? error_kind_errno(ERR_REFUSED) : 0;
}
