/* The parts of plan_view_make(), a file each; in this order, each reads what those before it wrote.
 */
#pragma once

#include "plan/view/view.h"

/* Fills ports, ingress and open of one service. */
void plan_view_ports(struct arena *a, const struct compose_project *p, struct plan_service *v);
void plan_view_once(struct plan_view *v);
/* Fills networks, worn and admits; once it is known whose task each sidecar is in. */
void plan_view_networks(struct arena *a, const struct compose_project *p, struct plan_view *v);
void plan_view_aliases(struct arena *a, const struct compose_project *p, struct plan_view *v);
void plan_view_volumes(struct arena *a, const struct compose_project *p, struct plan_view *v);
