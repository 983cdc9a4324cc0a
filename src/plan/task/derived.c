/* Variables that mix text with config, as in postgres://shop:${PASSWORD}@db:5432/shop. ECS can give
 * a container a whole parameter only, and the text in clear would put the secret into the task
 * definition. So the engine composes the value and keeps it as a parameter of its own (see
 * plan_derived in plan.h).
 *
 * They live beside the config, not under it: `config ls` shows what people set. A stack's name has
 * no hyphen, so no other stack's config is there. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/config.h"
#include "plan/names.h"
#include "plan/task/environment.h"
#include "plan/task/files.h"
#include "plan/view.h"
#include <string.h>

bool plan_is_derived(struct arena *a, const struct compose_env *e)
{
    return !compose_text_bare_config(&e->value) && !compose_text_literal(a, &e->value);
}

/* The parts with names of services rewritten, as in any other value. */
static const struct compose_part *
rewritten(struct arena *a, const struct plan_view *v, const struct compose_part *first)
{
    struct compose_part *head = NULL, **tail = &head;
    for (const struct compose_part *p = first; p; p = p->next) {
        struct compose_part *copy = arena_make(a, struct compose_part);
        *copy = (struct compose_part){
            .is_config = p->is_config,
            .text = p->is_config ? p->text : plan_rewrite(a, v, p->text)};
        *tail = copy;
        tail = &copy->next;
    }
    return head;
}

void plan_derive(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_view *v,
    const struct plan_service *s,
    const struct compose_env *e,
    struct plan_derived *out)
{
    *out = (struct plan_derived){
        .service = s->s->name, .variable = e->name, .parts = rewritten(a, v, e->value.first)};
    struct str all = STR_INIT;
    for (const struct compose_part *p = out->parts; p; p = p->next)
        str_appendf(
            &all,
            "%d:%zu:%s:%lld\n",
            p->is_config,
            strlen(p->text),
            p->text,
            p->is_config ? plan_config_mark(r, p->text) : 0);
    cleanup_free char *sum = plan_hash_hex(str_get(&all), 12);
    str_done(&all);
    cleanup_free char *root = plan_derived_path(r->settings, r->project->name);
    cleanup_free char *service =
        plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 100, 6);
    cleanup_free char *variable =
        plan_name_fit(e->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 100, 6);
    out->parameter = arena_printf(a, "%s%s/%s/%s", root, service, variable, sum);
}

void plan_derived(
    struct arena *arena, const struct plan_request *r, struct plan_derived **out, size_t *count)
{
    struct plan_view v;
    plan_view_make(arena, r->project, &v);
    plan_view_suffix(arena, r->settings, r->project->name, &v);
    size_t max = 0;
    for (size_t i = 0; i < v.count; i++)
        max += v.services[i].s->environment_count + v.services[i].s->secret_count +
               v.services[i].s->config_count;
    *out = arena_array(arena, struct plan_derived, max + 1);
    *count = 0;
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];
        for (size_t k = 0; plan_is_task(s) && k < s->s->environment_count; k++)
            if (plan_is_derived(arena, &s->s->environment[k]) &&
                !text_empty(s->s->environment[k].name))
                plan_derive(arena, r, &v, s, &s->s->environment[k], &(*out)[(*count)++]);
        if (plan_is_task(s))
            plan_files_derived(arena, r, s->s, *out, count);
    }
}
