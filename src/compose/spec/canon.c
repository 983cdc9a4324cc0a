/* Short forms become long ones: each value that the table gives a form is brought into it, from
 * the top down, in place.
 *
 * What can be written in several ways has one way behind this pass, so merging, checking and
 * binding know only that one. Forms with a grammar of their own are in canon_lists.c,
 * canon_ports.c, canon_volumes.c and canon_values.c; what they are made with is in canon_parts.c.
 * A value under !reset is left alone, since it only takes something away. */
#include "compose/spec/canon.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/spec/shape.h"
#include "compose/template.h"
#include "compose/units.h"

#include <string.h>

static struct yaml_node *
canon_command(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    if (n->kind != YAML_KIND_SCALAR || yaml_is_null(n))
        return n;

    const char **words;
    size_t count;
    int rc = units_split_words(c->arena, n->value, &words, &count);
    if (rc < 0) {
        canon_complain(
            c,
            n,
            "A shell line is written [\"sh\", \"-c\", \"…\"].",
            spot,
            "a quote is opened and never closed, or a bracket that only a shell understands");
        return n;
    }

    if (rc > 0)
        compose_diagnose(
            c->diags,
            COMPOSE_WARNING,
            n->pos,
            "A shell line is written [\"sh\", \"-c\", \"…\"].",
            "%s: no shell reads this: what stands from the first of ; & | < > on is dropped, as "
            "Docker does",
            spot_text(c->arena, spot));
    struct yaml_node *seq = canon_seq_like(c, n);
    for (size_t i = 0; i < count; i++)
        yaml_seq_push(c->arena, seq, canon_text(c, n, words[i]));

    return seq;
}

static struct yaml_node *canon_test(struct canon *c, struct yaml_node *n)
{
    if (n->kind != YAML_KIND_SCALAR || yaml_is_null(n))
        return n;
    struct yaml_node *seq = canon_seq_like(c, n);
    yaml_seq_push(c->arena, seq, canon_text(c, n, "CMD-SHELL"));
    yaml_seq_push(c->arena, seq, canon_text(c, n, n->value));
    return seq;
}

static struct yaml_node *wrap(struct canon *c, struct yaml_node *n, const char *key)
{
    if (n->kind != YAML_KIND_SCALAR || yaml_is_null(n))
        return n;
    struct yaml_node *map = canon_map_like(c, n);
    canon_set(c, map, key, canon_text(c, n, n->value));
    return map;
}

static struct yaml_node *canon_env_file(struct canon *c, struct yaml_node *n)
{
    struct yaml_node *map = wrap(c, n, "path");
    if (map->kind == YAML_KIND_MAPPING && !yaml_get(map, "required"))
        canon_set(c, map, "required", canon_plain(c, map, "true"));
    return map;
}

static struct yaml_node *canon_file_ref(struct canon *c, struct yaml_node *n)
{
    return wrap(c, n, "source");
}

static struct yaml_node *canon_device(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    if (n->kind != YAML_KIND_SCALAR)
        return n;

    struct yaml_node *map = canon_map_like(c, n);
    char *rest = arena_strdup(c->arena, n->value);
    const char *parts[3];
    size_t count = 0;
    for (char *part; count < 3 && (part = strsep(&rest, ":"));)
        parts[count++] = part;
    if (rest)
        canon_complain(
            c,
            n,
            "Write it in the long form: source, target, permissions.",
            spot,
            "\"%s\" is not a device",
            n->value);
    canon_set(c, map, "source", canon_text(c, n, parts[0]));
    canon_set(c, map, "target", canon_text(c, n, count > 1 && *parts[1] ? parts[1] : parts[0]));
    canon_set(c, map, "permissions", canon_text(c, n, count > 2 ? parts[2] : "rwm"));

    return map;
}

static struct yaml_node *canon_gpus(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    if (n->kind != YAML_KIND_SCALAR || yaml_is_null(n))
        return n;
    if (strcmp(n->value, "all") != 0)
        canon_complain(c, n, NULL, spot, "must be \"all\" or a list of devices");
    struct yaml_node *seq = canon_seq_like(c, n), *device = yaml_new_mapping(c->arena, n->pos);
    canon_set(c, device, "count", canon_plain(c, n, "-1"));
    yaml_seq_push(c->arena, seq, device);
    return seq;
}

/* A volume of the local driver that is a bind mount in disguise. */
static void canon_device_path(struct canon *c, struct yaml_node *n)
{
    const struct yaml_node *driver = yaml_get(n, "driver"), *options = yaml_get(n, "driver_opts"),
                           *how = yaml_get(options, "o"), *device = yaml_get(options, "device");

    if (driver && how && device && how->kind == YAML_KIND_SCALAR &&
        device->kind == YAML_KIND_SCALAR && text_eq(driver->value, "local") &&
        text_eq(how->value, "bind"))
        canon_set(
            c,
            (struct yaml_node *)options,
            "device",
            canon_text(c, device, canon_path(c, device->value)));
}

/* The old `external: {name: x}`. */
static struct yaml_node *
canon_external(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    canon_device_path(c, n);
    struct yaml_node *external = yaml_get(n, "external");
    if (!external || external->kind != YAML_KIND_MAPPING)
        return n;

    struct yaml_node *old = yaml_get(external, "name"), *name = yaml_get(n, "name");
    canon_set(c, n, "external", canon_plain(c, external, "true"));
    if (old && name && !text_eq(old->value, name->value))
        canon_complain(c, external, "Keep only `name`.", spot, "name and external.name differ");
    else if (old && old->kind == YAML_KIND_SCALAR && !name)
        canon_set(c, n, "name", old);
    return n;
}

static struct yaml_node *
apply_form(struct canon *c, struct yaml_node *n, enum spec_form form, const struct spot *spot)
{
    if (tag_is_reset(n))
        return n;
    switch (form) {
    case FORM_BUILD:
        return wrap(c, n, "context");
    case FORM_COMMAND:
        return canon_command(c, n, spot);
    case FORM_DEPENDS_ON:
        return canon_depends_on(c, n, spot);
    case FORM_DEVICE:
        return canon_device(c, n, spot);
    case FORM_ENV_FILE:
        return canon_env_file(c, n);
    case FORM_DNS:
        return canon_dns(c, n);
    case FORM_ENV_FILES:
    case FORM_LIST:
        return canon_list(c, n);
    case FORM_EXTENDS:
        return wrap(c, n, "service");
    case FORM_EXTERNAL:
        return canon_external(c, n, spot);
    case FORM_SCHEDULE:
        return wrap(c, n, "cron");
    case FORM_TEXTS:
        return canon_list(c, n);
    case FORM_FILE_REF:
        return canon_file_ref(c, n);
    case FORM_GPUS:
        return canon_gpus(c, n, spot);
    case FORM_HOSTS:
        return canon_hosts(c, n);
    case FORM_INCLUDE:
        return wrap(c, n, "path");
    case FORM_KV:
    case FORM_SSH:
        return canon_kv(c, n, spot);
    case FORM_NAMES:
        return canon_names(c, n, spot);
    case FORM_PORTS:
        return canon_ports(c, n, spot);
    case FORM_TEST:
        return canon_test(c, n);
    case FORM_VOLUME:
        return canon_volume(c, n, spot);
    default:
        return n->kind == YAML_KIND_SCALAR ? canon_scalar(c, n, form, spot) : n;
    }
}

static struct yaml_node *
canon_node(struct canon *c, struct yaml_node *n, const struct spec *spec, const struct spot *spot)
{
    const char *tag = n->tag;
    bool null = yaml_is_null(n);

    if (spec->form && (!null || spec->form == FORM_LABEL))
        n = apply_form(c, n, spec->form, spot);
    if (!n->tag && (text_eq(tag, "!override") || text_eq(tag, "!reset")))
        n->tag = tag;
    for (size_t i = 0; n->kind == YAML_KIND_SEQUENCE && i < n->len; i++) {
        struct spot here = {.up = spot, .index = i};
        n->items[i] = canon_node(c, n->items[i], spec->items ? spec->items : &spec_any, &here);
    }

    for (size_t i = 0; n->kind == YAML_KIND_MAPPING && i < n->len; i++) {
        struct spot here = {.up = spot, .key = n->pairs[i].key->value};
        unsigned flags;
        const struct spec *below = spec_value_of(spec, n->pairs[i].key, &flags);
        if (below && below != &spec_any)
            n->pairs[i].value = canon_node(c, n->pairs[i].value, below, &here);
    }

    return n;
}

struct yaml_node *canon_tree(struct canon *c, struct yaml_node *root, const struct spec *spec)
{
    return canon_node(c, root, spec, NULL);
}
