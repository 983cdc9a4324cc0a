/* Variables that mix text with config, as in postgres://shop:${PASSWORD}@db:5432/shop. ECS can give
 * a container a whole parameter only, and the text in clear would put the secret into the task
 * definition. So the engine composes the value and keeps it as a parameter of its own (see
 * plan_derived in plan.h).
 *
 * A parameter's name ends in a digest of its parts and of the configs' marks. A config that is set
 * anew thus gives another name, and with it a new task definition; the one before keeps its value,
 * so that a rollback finds it. */
#include "plan/container/derived.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/config.h"
#include "plan/common/rewrite.h"
#include "plan/names.h"
#include <string.h>

bool plan_is_derived(struct arena *a, const struct compose_env *e)
{
    return !compose_text_bare_config(&e->value) && !compose_text_literal(a, &e->value);
}

const char *plan_parts_digest(
    struct arena *a,
    const struct plan_request *r,
    const struct compose_part *parts,
    plan_mark_fn *mark)
{
    cleanup_str struct str all = STR_INIT;

    /* With each text's length: "a" and "b" beside each other are not "ab". */
    for (const struct compose_part *p = parts; p; p = p->next) {
        long long marked = p->is_config ? mark(r, p->text) : 0;

        str_appendf(&all, "%d:%zu:%s:%lld\n", p->is_config, strlen(p->text), p->text, marked);
    }

    cleanup_free char *digest = plan_hash_hex(str_get(&all), 12);
    return arena_strdup(a, digest);
}

const char *plan_derived_parameter(
    struct arena *a,
    const struct plan_request *r,
    const char *service,
    const char *what,
    const char *digest)
{
    unsigned flags = PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT;
    cleanup_free char *root = plan_derived_path(r->settings, r->project->name);
    cleanup_free char *of_service = plan_name_fit(service, flags, 100, 6);
    cleanup_free char *of_what = plan_name_fit(what, flags, 100, 6);

    return arena_printf(a, "%s%s/%s/%s", root, of_service, of_what, digest);
}

void plan_derive(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_view *v,
    const struct plan_service *s,
    const struct compose_env *e,
    struct plan_derived *out)
{
    const struct plan_value of = {.asker = s, .variable = e->name};
    const struct compose_part *parts = plan_rewrite_parts(a, v, &of, e->value.first);
    const char *digest = plan_parts_digest(a, r, parts, plan_config_mark);

    *out = (struct plan_derived){
        .service = s->s->name,
        .variable = e->name,
        .parts = parts,
        .parameter = plan_derived_parameter(a, r, s->s->name, e->name, digest)};
}
