/* All parameters that the engine composes before it applies a plan: of each container the variables
 * that mix text with config (derived.c), then the files that are no config value (files.c), and of
 * builds what they log in to registries with (pull.c) and their secrets (build/secrets.c). The task
 * definitions name the same ones, because both sides ask the same functions. */
#include "base/str.h"
#include "plan/build/secrets.h"
#include "plan/container/derived.h"
#include "plan/container/files.h"
#include "plan/container/pull.h"
#include "plan/partial.h"

/* As many as there can be. */
static size_t most(const struct plan_view *v)
{
    size_t count = 1; /* what builds log in with */

    for (size_t i = 0; i < v->count; i++) {
        const struct compose_service *s = v->services[i].s;

        count += s->environment_count;
        count += (s->secret_count + s->config_count + s->build.secret_count) * PLAN_PIECES_MAX;
    }
    return count;
}

void plan_derived(
    struct arena *arena, const struct plan_request *r, struct plan_derived **out, size_t *count)
{
    struct plan_view v;

    plan_view_make(arena, r->project, &v);
    plan_view_suffix(arena, r->settings, r->project->name, &v);

    *out = arena_array(arena, struct plan_derived, most(&v) + 1);
    *count = 0;
    if (v.builds && plan_build_login(arena, r, &(*out)[0]))
        *count = 1;
    if (v.builds)
        plan_build_secrets_derived(arena, r, &v, *out, count);
    for (size_t i = 0; i < *count; i++)
        (*out)[i].for_builds = true;
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];

        if (!plan_is_task(s) || plan_is_held(r, s->s->name))
            continue;
        for (size_t k = 0; k < s->s->environment_count; k++) {
            const struct compose_env *e = &s->s->environment[k];

            if (plan_is_derived(arena, e) && !text_empty(e->name))
                plan_derive(arena, r, &v, s, e, &(*out)[(*count)++]);
        }
        plan_files_derived(arena, r, s->s, *out, count);
    }
}
