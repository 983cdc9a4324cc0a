/* What the hash of a service is taken of: the compact JSON that Go's encoder makes of the
 * reference's structure, without what does not change a container (build, pull policy, scale,
 * replicas, dependencies, profiles). Source: ServiceHash in docker/compose. */
#include "base/mem.h"
#include "compose/compose.h"
#include "compose/print/print.h"
#include "compose/print/show.h"
#include "compose/template.h"
#include "compose/units.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_text(struct str *out, const char *text)
{
    static const char plain[] = "\b\f\n\r\t", named[] = "bfnrt";

    str_append_char(out, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        const char *at = strchr(plain, *c);
        if (*c == '"' || *c == '\\')
            str_appendf(out, "\\%c", *c);
        else if (at)
            str_appendf(out, "\\%c", named[at - plain]);
        else if (*c < 0x20 || strchr("<>&", *c))
            str_appendf(out, "\\u%04x", *c);
        else if (*c == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9)) {
            str_appendf(out, "\\u20%02x", c[2] - 0x80);
            c += 2;
        } else
            str_append_char(out, (char)*c);
    }

    str_append_char(out, '"');
}

static void put_number(struct str *out, const struct yaml_node *n)
{
    char digits[YAML_DIGITS_MAX];
    double real = 0;

    if (yaml_scalar_type(n) == YAML_TYPE_INT && yaml_scalar_digits(n, digits)) {
        str_append(out, digits);
        return;
    }

    (void)yaml_scalar_float(n, &real);
    units_format_json_float(real, out);
}

static void put_scalar(struct arena *arena, struct str *out, const struct yaml_node *n)
{
    switch (yaml_scalar_type(n)) {
    case YAML_TYPE_NULL:
        str_append(out, "null");
        return;
    case YAML_TYPE_BOOL:
        str_append(out, yaml_scalar_bool(n) ? "true" : "false");
        return;
    case YAML_TYPE_INT:
    case YAML_TYPE_FLOAT:
        put_number(out, n);
        return;
    default:
        put_text(out, template_drop_parts(arena, n->value));
    }
}

/* These have no JSON names in the reference: Go takes the names of the fields. */
static void put_key(struct arena *arena, struct str *out, const char *key, const struct spec *spec)
{
    char *name = arena_strdup(arena, key);
    if (spec == &spec_throttle || spec == &spec_weight)
        name[0] = (char)toupper((unsigned char)name[0]);
    put_text(out, name);
}

/* The fields of a service in the order of the structure that Docker Compose is built with
 * (compose-go v2.14 in Docker Compose v5): newer versions of compose-go have them in parts, and so
 * in another order. */
/* clang-format off */
static const char *const ORDER[] = {
    "annotations", "attach", "develop", "blkio_config", "cap_add", "cap_drop", "cgroup_parent",
    "cgroup", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period",
    "cpu_rt_runtime", "cpus", "cpuset", "cpu_shares", "command", "configs", "container_name",
    "credential_spec", "deploy", "device_cgroup_rules", "devices", "dns", "dns_opt",
    "dns_search", "dockerfile", "domainname", "entrypoint", "provider", "environment",
    "env_file", "expose", "extends", "external_links", "extra_hosts", "group_add", "gpus",
    "hostname", "healthcheck", "image", "init", "ipc", "isolation", "labels", "label_file",
    "links", "logging", "log_driver", "log_opt", "mem_limit", "mem_reservation", "memswap_limit",
    "mem_swappiness", "mac_address", "models", "net", "network_mode", "networks",
    "oom_kill_disable", "oom_score_adj", "pid", "pids_limit", "platform", "ports", "privileged",
    "read_only", "restart", "runtime", "secrets", "security_opt", "shm_size", "stdin_open",
    "stop_grace_period", "stop_signal", "storage_opt", "sysctls", "tmpfs", "tty", "ulimits",
    "use_api_socket", "user", "userns_mode", "uts", "volume_driver", "volumes", "volumes_from",
    "working_dir", "pre_start", "post_start", "pre_stop",
};
/* clang-format on */

static size_t rank_of(const char *key)
{
    size_t i = 0;

    while (i < ARRAY_LEN(ORDER) && strcmp(ORDER[i], key) != 0)
        i++;
    return i;
}

/* Keys that it does not know stay behind the others. */
static void order_as_docker(struct print_pairs *order)
{
    for (size_t i = 1; i < order->len; i++)
        for (size_t k = i;
             k && rank_of(order->items[k - 1]->key->value) > rank_of(order->items[k]->key->value);
             k--) {
            const struct yaml_pair *pair = order->items[k];
            const struct spec *spec = order->specs[k];

            order->items[k] = order->items[k - 1];
            order->specs[k] = order->specs[k - 1];
            order->items[k - 1] = pair;
            order->specs[k - 1] = spec;
        }
}

static void
put_node(struct arena *arena, struct str *out, const struct yaml_node *n, const struct spec *spec)
{
    bool seq = n->kind == YAML_KIND_SEQUENCE, first = true;

    if (n->kind == YAML_KIND_SCALAR) {
        put_scalar(arena, out, n);
        return;
    }

    struct print_pairs order = {0};
    if (!seq)
        order = print_order(arena, n, spec);
    if (spec == &spec_service)
        order_as_docker(&order);
    str_append_char(out, seq ? '[' : '{');
    for (size_t i = 0; i < n->len; i++) {
        if (!seq && spec->keys && spec_is_extension(order.items[i]->key->value))
            continue;
        if (!first)
            str_append_char(out, ',');
        first = false;
        if (seq) {
            put_node(arena, out, n->items[i], spec->items ? spec->items : &spec_any);
            continue;
        }
        put_key(arena, out, order.items[i]->key->value, spec);
        str_append_char(out, ':');
        put_node(arena, out, order.items[i]->value, order.specs[i]);
    }

    str_append_char(out, seq ? ']' : '}');
}

void compose_show_hashed(const struct compose_service *s, struct str *out)
{
    static const char *const dropped[] = {
        "build", "pull_policy", "scale", "depends_on", "profiles"};
    cleanup_arena struct arena *arena = arena_new();
    struct yaml_node *shown = show_tree(arena, s->node, &spec_service, true);

    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
        yaml_map_remove(shown, dropped[i]);
    yaml_map_remove(yaml_get(shown, "deploy") ? yaml_get(shown, "deploy") : shown, "replicas");
    put_node(arena, out, shown, &spec_service);
}
