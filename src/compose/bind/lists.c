/* A service's ports, dependencies, networks, mounts, secrets, configs, ulimits and labels:
 * whatever it has several of.
 *
 * Each list is in its long form by now (spec/canon.c), so an entry is a mapping with known keys. A
 * dependency that need not be there and is not carries TAG_ABSENT and is left out. */
#include "base/str.h"
#include "compose/bind/bind.h"
#include "compose/template.h"

#include <stdlib.h>
#include <string.h>

static void bind_ports(struct arena *a, const struct yaml_node *seq, struct compose_service *s)
{
    s->ports = arena_array(a, struct compose_port, seq->len);
    s->port_count = seq->len;
    for (size_t i = 0; i < seq->len; i++) {
        const struct yaml_node *n = seq->items[i];
        s->ports[i] = (struct compose_port){
            .pos = n->pos,
            .target = (uint16_t)bind_int(n, "target", 0),
            .published = bind_text(a, n, "published"),
            .protocol = bind_text(a, n, "protocol"),
            .mode = bind_text(a, n, "mode"),
            .app_protocol = bind_text(a, n, "app_protocol"),
            .host_ip = bind_text(a, n, "host_ip"),
            .name = bind_text(a, n, "name"),
            .short_syntax = text_eq(n->tag, "!short"),
            .listener = bind_text(a, n, "x-defang-listener"),
        };
    }
}

void bind_expose(struct arena *a, const struct yaml_node *seq, struct compose_service *s)
{
    s->expose = arena_array(a, uint16_t, seq->len);
    for (size_t i = 0; i < seq->len; i++) {
        long from = strtol(seq->items[i]->value, NULL, 10);
        if (from > 0 && from <= 65535)
            s->expose[s->expose_count++] = (uint16_t)from;
    }
}

static enum compose_condition condition_of(const char *text)
{
    if (text_eq(text, "service_healthy"))
        return COMPOSE_HEALTHY;

    bool completed = text_eq(text, "service_completed_successfully");
    return completed ? COMPOSE_COMPLETED : COMPOSE_STARTED;
}

static void bind_depends_on(struct arena *a, const struct yaml_node *map, struct compose_service *s)
{
    const struct yaml_pair **pairs = bind_sorted(a, map);

    s->depends_on = arena_array(a, struct compose_dependency, map->len);
    for (size_t i = 0; i < map->len; i++) {
        const struct yaml_node *n = pairs[i]->value;
        if (text_eq(n->tag, TAG_ABSENT))
            continue;
        s->depends_on[s->depends_on_count++] = (struct compose_dependency){
            .pos = pairs[i]->key->pos,
            .service = pairs[i]->key->value,
            .condition = condition_of(bind_text(a, n, "condition")),
            .required = !yaml_get(n, "required") || bind_bool(n, "required"),
            .restart = bind_bool(n, "restart")};
    }
}

static void bind_networks(struct arena *a, const struct yaml_node *map, struct compose_service *s)
{
    const struct yaml_pair **pairs = bind_sorted(a, map);

    s->networks = arena_array(a, struct compose_service_network, map->len);
    s->network_count = map->len;
    for (size_t i = 0; i < map->len; i++) {
        s->networks[i].name = pairs[i]->key->value;
        s->networks[i].aliases =
            bind_texts(a, bind_seq(pairs[i]->value, "aliases"), &s->networks[i].alias_count);
    }
}

static void bind_mounts(
    struct arena *a,
    const struct yaml_node *mounts,
    const struct yaml_node *tmpfs,
    struct compose_service *s)
{
    size_t count = (mounts ? mounts->len : 0) + (tmpfs ? tmpfs->len : 0);

    s->volumes = arena_array(a, struct compose_mount, count);
    for (size_t i = 0; mounts && i < mounts->len; i++) {
        const struct yaml_node *n = mounts->items[i];
        s->volumes[s->volume_count++] = (struct compose_mount){
            .pos = n->pos,
            .type = bind_text(a, n, "type"),
            .source = bind_text(a, n, "source"),
            .target = bind_text(a, n, "target"),
            .read_only = bind_bool(n, "read_only"),
            .copied = bind_bool(n, COMPOSE_COPIED_KEY),
            .size_bytes = bind_bytes(yaml_get(n, "tmpfs"), "size", 0),
            .mode = (int)bind_int(yaml_get(n, "tmpfs"), "mode", -1)};
    }

    for (size_t i = 0; tmpfs && i < tmpfs->len; i++) {
        const struct yaml_node *n = tmpfs->items[i];
        size_t target = strcspn(n->value, ":");

        s->volumes[s->volume_count++] = (struct compose_mount){
            .pos = n->pos,
            .type = "tmpfs",
            .target = arena_strndup(a, n->value, target),
            .options = n->value[target] ? n->value + target + 1 : NULL,
            .mode = -1};
    }
}

struct compose_file_ref *bind_file_refs(struct arena *a, const struct yaml_node *seq, size_t *count)
{
    *count = seq ? seq->len : 0;
    struct compose_file_ref *all = arena_array(a, struct compose_file_ref, *count + 1);

    for (size_t i = 0; i < *count; i++) {
        const struct yaml_node *n = seq->items[i];
        all[i] = (struct compose_file_ref){
            .pos = n->pos,
            .source = bind_text(a, n, "source"),
            .target = bind_text(a, n, "target"),
            .uid = bind_text(a, n, "uid"),
            .gid = bind_text(a, n, "gid"),
            .mode = (int)bind_int(n, "mode", -1),
            .folder = bind_text(a, n, COMPOSE_FOLDER_KEY)};
    }

    return all;
}

static void bind_ulimits(struct arena *a, const struct yaml_node *map, struct compose_service *s)
{
    const struct yaml_pair **pairs = bind_sorted(a, map);

    s->ulimits = arena_array(a, struct compose_ulimit, map->len);
    s->ulimit_count = map->len;
    for (size_t i = 0; i < map->len; i++) {
        const struct yaml_node *n = pairs[i]->value;
        long long both = -1;
        if (n->kind == YAML_KIND_SCALAR)
            (void)yaml_scalar_int(n, &both);
        s->ulimits[i] = (struct compose_ulimit){
            .name = pairs[i]->key->value,
            .soft = bind_int(n, "soft", both),
            .hard = bind_int(n, "hard", both)};
    }
}

struct compose_kv *bind_pairs(struct arena *a, const struct yaml_node *map, size_t *count)
{
    *count = map ? map->len : 0;
    if (!*count)
        return NULL;

    const struct yaml_pair **pairs = bind_sorted(a, map);
    struct compose_kv *all = arena_array(a, struct compose_kv, *count);

    for (size_t i = 0; i < *count; i++) {
        const struct yaml_node *value = pairs[i]->value;
        all[i] = (struct compose_kv){
            .key = pairs[i]->key->value,
            .value = yaml_is_null(value) ? NULL : template_plain(a, value->value),
            .pos = value->pos};
    }

    return all;
}

void bind_service_lists(struct arena *a, const struct yaml_node *n, struct compose_service *s)
{
    const struct yaml_node *part;

    if ((part = bind_seq(n, "ports")))
        bind_ports(a, part, s);
    if ((part = bind_seq(n, "expose")))
        bind_expose(a, part, s);
    if ((part = bind_map(n, "depends_on")))
        bind_depends_on(a, part, s);
    if ((part = bind_map(n, "networks")))
        bind_networks(a, part, s);
    bind_mounts(a, bind_seq(n, "volumes"), bind_seq(n, "tmpfs"), s);
    s->secrets = bind_file_refs(a, bind_seq(n, "secrets"), &s->secret_count);
    s->configs = bind_file_refs(a, bind_seq(n, "configs"), &s->config_count);
    if ((part = bind_map(n, "ulimits")))
        bind_ulimits(a, part, s);
    s->labels = bind_pairs(a, bind_map(n, "labels"), &s->label_count);
}
