/* What a container runs and what it is labelled with (words.c). */
#pragma once

#include "compose/model.h"
#include "data/json.h"
#include "plan/common/context.h"

/* Whether the service takes the image's ENTRYPOINT away: `entrypoint: ""`, `[]` or `[""]`. */
bool plan_resets_entrypoint(const struct compose_service *s);

/* EntryPoint and Command of a container definition, new references; NULL: what the image says
 * holds. */
void plan_words(
    const struct plan_ctx *c, const struct plan_service *s, json_t **entrypoint, json_t **command);

/* DockerLabels of a container definition; NULL when it has none. */
json_t *plan_docker_labels(const struct compose_service *s);
