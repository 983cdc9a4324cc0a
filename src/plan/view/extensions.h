/* What a service's own extensions say: x-defang-static-files, x-defang-llm, x-defang-autoscaling.
 *
 * Nodes and texts are the model's and live as long as it does. */
#pragma once

#include "plan/plan.h"
#include "plan/view/adopt.h"

const char *plan_ext_string(const struct yaml_node *map, const char *key); /* scalar text or NULL */
const struct yaml_node *plan_static_node(const struct compose_service *s); /* NULL: it has none */
bool plan_wants_llm(const struct compose_service *s);
/* Whether its `mode: host` ports may be open to the internet: one with rights on Bedrock has to ask
 * for it, x-defang-llm: {public: true}, because whoever calls it spends its owner's money. */
bool plan_llm_may_open(const struct compose_service *s);
/* x-defang-timeout of a service that runs once, in ms; 0: it says none; -1: it is no duration. */
int64_t plan_once_timeout_ms(const struct compose_service *s);

/* x-defang-autoscaling over `replicas` tasks. `out` is left as it is where the extension is not
 * there or wrong; the answer is what is wrong with it (static text), or NULL. */
const char *plan_scaling_read(
    const struct compose_service *s, unsigned replicas, struct plan_adopt_scaling *out);
