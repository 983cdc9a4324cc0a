/* Fills the tables' structs (aws/model.h) from the JSON of the published protocol tests. Everything
 * lives in the arena. */
#pragma once

#include "aws/model/model.h"
#include "base/arena.h"
#include "data/json.h"

struct model_loader {
    struct arena *arena;
    const json_t *shapes;
    struct aws_service *service;
    struct model_slot *slots; /* shapes made so far */
};

/* metadata and shapes of one suite. */
void model_loader_init(
    struct model_loader *m, struct arena *arena, const json_t *metadata, const json_t *shapes);
/* "given" of one case. */
const struct aws_operation *model_operation(struct model_loader *m, const json_t *given);
