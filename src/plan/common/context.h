/* What every room of the planner works with: one run of plan_make(), and JSON written as it reads
 * (data/object.h).
 *
 * Members of a resource keep the order in which they are written: a program of the pulumi engine
 * shows it, so another order is another program (tests/pulumi/golden).
 *
 * struct plan_ctx lives for one plan_make(): it borrows the request and builds into `g`; strings it
 * makes live in g->arena. A service's `id` is its part of every logical id: letters and digits, the
 * same for the same name for ever. */
#pragma once

#include "data/object.h"
#include "plan/diag.h"
#include "plan/graph/graph.h"
#include "plan/plan.h"
#include "plan/view/view.h"

json_t *plan_tags(const char *name, const char *service); /* [{Key, Value}]; either may be NULL */
size_t plan_json_length(const char *text); /* bytes of the text as a JSON string, quotes included */

struct plan_ctx {
    const struct plan_request *r;
    const struct compose_project *p;
    const struct plan_settings *s;
    const struct plan_facts *f;
    struct graph *g;
    struct arena *a; /* g's */
    struct plan_view v;
    struct plan_diag diag;
    const char *scope, *label, *domain, *config_path;
    const char **zones;
    unsigned zone_count;
    struct plan_route *routes;
    size_t route_count;
    unsigned *listeners;
    size_t listener_count;               /* ports the load balancer listens on, ascending */
    const char *public_domain;           /* of the project; NULL */
    const struct plan_zone *domain_zone; /* NULL: not in this account */
    const char *certificate;             /* ARN of one that the project brings */
    const char **certificates;
    size_t certificate_count; /* logical ids of those that are made */
};

/* In this stage s is not deployed yet, and this resource of it is not there from before. */
bool plan_comes_later(
    const struct plan_ctx *c, const struct plan_service *s, const char *logical_id);
