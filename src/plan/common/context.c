#include "plan/common/context.h"

bool plan_comes_later(
    const struct plan_ctx *c, const struct plan_service *s, const char *logical_id)
{
    bool later = c->r->stage && s->stage > c->r->stage;

    return later && !json_object_get(json_object_get(c->r->previous, "Resources"), logical_id);
}
