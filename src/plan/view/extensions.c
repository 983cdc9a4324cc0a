/* What a service's own extensions say (x-defang-…, defang.md 6.8), where more than one room asks:
 * the view, to tell what the service is, and the room that makes it.
 *
 * Nothing here says what is wrong: a wrong value reads as one that is not there, and the checks,
 * which have positions, tell people. */
#include "plan/view/extensions.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/units.h"
#include "plan/view/view.h"

#define CPU_PERCENT 85

const char *plan_ext_string(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *n = map ? yaml_get(map, key) : NULL;
    return n && n->kind == YAML_KIND_SCALAR ? n->value : NULL;
}

const struct yaml_node *plan_static_node(const struct compose_service *s)
{
    const struct yaml_node *n =
        s->extensions ? yaml_get(s->extensions, "x-defang-static-files") : NULL;
    return yaml_is_null(n) ? NULL : n;
}

bool plan_wants_llm(const struct compose_service *s)
{
    const struct yaml_node *n = s->extensions ? yaml_get(s->extensions, "x-defang-llm") : NULL;
    return n && (yaml_is_null(n) || n->kind == YAML_KIND_MAPPING ||
                 (n->kind == YAML_KIND_SCALAR && text_eq_nocase(n->value, "true")));
}

bool plan_llm_may_open(const struct compose_service *s)
{
    const struct yaml_node *n = s->extensions ? yaml_get(s->extensions, "x-defang-llm") : NULL;
    const char *public = n ? plan_ext_string(n, "public") : NULL;

    return !plan_wants_llm(s) || text_eq_nocase(public ? public : "", "true");
}

/* ---- x-defang-timeout ---- */

int64_t plan_once_timeout_ms(const struct compose_service *s)
{
    const char *text = s->extensions ? plan_ext_string(s->extensions, "x-defang-timeout") : NULL;
    int64_t ns = 0;

    if (text_empty(text))
        return 0;
    if (units_parse_duration_ns(text, &ns) < 0 || ns < 1000000000)
        return -1;
    return ns / 1000000;
}

/* ---- x-defang-autoscaling ---- */
static bool text_true(const struct yaml_node *n)
{
    return yaml_is_null(n) || (n->kind == YAML_KIND_SCALAR && text_eq_nocase(n->value, "true"));
}

static bool text_false(const struct yaml_node *n)
{
    return n->kind == YAML_KIND_SCALAR && text_eq_nocase(n->value, "false");
}

/* 0 when it is not said; false when it is no number from 1 to max. */
static bool take(const struct yaml_node *map, const char *key, long long max, unsigned *out)
{
    const struct yaml_node *n = yaml_get(map, key);
    long long v;

    *out = 0;
    if (!n)
        return true;
    if (n->kind != YAML_KIND_SCALAR || text_parse_int(n->value, 1, max, &v) < 0)
        return false;
    *out = (unsigned)v;
    return true;
}

const char *plan_scaling_read(
    const struct compose_service *s, unsigned replicas, struct plan_adopt_scaling *out)
{
    const struct yaml_node *n =
        s->extensions ? yaml_get(s->extensions, "x-defang-autoscaling") : NULL;
    struct plan_adopt_scaling v = {.min = MAX(replicas, 1u)};
    unsigned min = 0;

    if (!n || text_false(n))
        return NULL;
    if (n->kind == YAML_KIND_MAPPING) {
        if (!take(n, "min", LIMIT_PLAN_TASKS, &min) || !take(n, "max", LIMIT_PLAN_TASKS, &v.max) ||
            !take(n, "cpu", 100, &v.cpu_percent) || !take(n, "memory", 100, &v.memory_percent))
            return "min and max are numbers of tasks, cpu and memory percents from 1 to 100";
        for (size_t i = 0; i < n->len; i++)
            if (!text_eq(n->pairs[i].key->value, "min") &&
                !text_eq(n->pairs[i].key->value, "max") &&
                !text_eq(n->pairs[i].key->value, "cpu") &&
                !text_eq(n->pairs[i].key->value, "memory"))
                return "it knows min, max, cpu and memory";
    } else if (!text_true(n)) {
        return "it is true, false, or a mapping of min, max, cpu and memory";
    }
    v.present = true;
    v.pos = n->pos;
    v.min = min ? min : v.min;
    v.max = v.max ? v.max : v.min * 2;
    if (!v.cpu_percent && !v.memory_percent)
        v.cpu_percent = CPU_PERCENT;
    if (v.max < v.min)
        return "max is below min";
    *out = v;
    return NULL;
}
