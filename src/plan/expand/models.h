/* Models and model providers: what of a project names one. plan_models_expand(), which makes
 * services of them, is in plan/plan.h. Nodes are the model's. */
#pragma once

#include "compose/model.h"

/* Whether the service has provider: {type: model}. `service` may be NULL. */
bool plan_provides_model(const struct yaml_node *service);

/* The model that such a service's provider.options name; NULL when they name none. */
const struct yaml_node *plan_provider_model(const struct yaml_node *service);

/* The project's top-level models:; NULL when there are none. */
const struct yaml_node *plan_models_of(const struct compose_project *p);

/* The service's binding of that model under its own models:; NULL when it has none. */
const struct yaml_pair *plan_model_binding(const struct yaml_node *service, const char *model);
