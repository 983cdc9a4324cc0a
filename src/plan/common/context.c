#include "plan/common/context.h"
#include "plan/partial.h"

bool plan_comes_later(
    const struct plan_ctx *c, const struct plan_service *s, const char *logical_id)
{
    bool later = (c->r->stage && s->stage > c->r->stage) || plan_is_held(c->r, s->s->name);

    return later && !json_object_get(json_object_get(c->r->previous, "Resources"), logical_id);
}
