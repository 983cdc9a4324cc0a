/* What a built image says of itself, taken over into the project as if the files said it: into the
 * tree, which a job freezes and prints, and into the typed model alike.
 *
 * The files win, as in Docker: a healthcheck of theirs without a test, times alone, asks what the
 * image asks, at their times. */
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/bind.h"
#include "compose/compose.h"
#include "compose/units.h"

#include <string.h>

static struct yaml_node *scalar(struct arena *a, struct yaml_pos pos, const char *text, bool plain)
{
    return yaml_new_scalar(a, pos, text, plain);
}

static bool has(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *n = yaml_get(map, key);

    return n && !yaml_is_null(n);
}

/* Only what the files leave open. */
static void
put(struct arena *a,
    struct yaml_node *map,
    struct yaml_pos pos,
    const char *key,
    struct yaml_node *value)
{
    if (!has(map, key))
        yaml_map_set(a, map, scalar(a, pos, key, true), value);
}

static void
put_time(struct arena *a, struct yaml_node *map, struct yaml_pos pos, const char *key, int64_t ms)
{
    cleanup_str struct str text = STR_INIT;

    if (ms < 0)
        return;
    units_format_duration_ns(ms * 1000000, &text);
    put(a, map, pos, key, scalar(a, pos, arena_strdup(a, str_get(&text)), true));
}

bool compose_take_health(
    struct compose_project *p, struct compose_service *s, const struct compose_image_health *h)
{
    struct arena *a = p->arena;
    struct yaml_node *map = bind_map(s->node, "healthcheck");

    if (s->healthcheck.disabled || s->healthcheck.test_count)
        return false;
    if (!map) {
        map = yaml_new_mapping(a, h->pos);
        yaml_map_set(a, s->node, scalar(a, h->pos, "healthcheck", true), map);
    }

    struct yaml_node *test = yaml_new_sequence(a, h->pos);
    for (size_t i = 0; i < h->test_count; i++)
        yaml_seq_push(a, test, scalar(a, h->pos, arena_strdup(a, h->test[i]), false));
    yaml_map_remove(map, "test");
    put(a, map, h->pos, "test", test);

    put_time(a, map, h->pos, "interval", h->interval_ms);
    put_time(a, map, h->pos, "timeout", h->timeout_ms);
    put_time(a, map, h->pos, "start_period", h->start_period_ms);
    put_time(a, map, h->pos, "start_interval", h->start_interval_ms);
    if (h->retries >= 0)
        put(a, map, h->pos, "retries", scalar(a, h->pos, arena_printf(a, "%d", h->retries), true));
    bind_healthcheck(a, map, &s->healthcheck);

    return true;
}

bool compose_take_expose(
    struct compose_project *p,
    struct compose_service *s,
    struct yaml_pos pos,
    const uint16_t *ports,
    size_t count)
{
    struct arena *a = p->arena;

    if (s->port_count || s->expose_count || !count)
        return false;

    struct yaml_node *list = yaml_new_sequence(a, pos);
    for (size_t i = 0; i < count; i++)
        yaml_seq_push(a, list, scalar(a, pos, arena_printf(a, "%u", ports[i]), false));
    yaml_map_set(a, s->node, scalar(a, pos, "expose", true), list);
    bind_expose(a, list, s);

    return true;
}
