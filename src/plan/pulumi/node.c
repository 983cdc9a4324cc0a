/* What the nodes of a program are made of: names, parts, options, properties. The bottom of the
 * room: rows, values and images use it, and it uses none of them.
 *
 * A node is {"type", "properties", "options"?} in c->resources, under the name that it has in the
 * program. A part is a node "<LogicalId>_<part>" beside its resource, and is kept in c->parts too:
 * whoever waits for a resource waits for its parts. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <ctype.h>
#include <string.h>

char *pulumi_escape(const char *text)
{
    struct str out = STR_INIT;

    for (; *text; text++)
        str_append(&out, *text == '$' ? "$$" : (const char[]){*text, '\0'});
    return str_take(&out);
}

/* A run of capitals is one word: "DNSName" → "dnsName". */
char *pulumi_camel(const char *name)
{
    char *out = xstrdup(name);

    for (size_t i = 0; isupper((unsigned char)out[i]); i++) {
        if (i && islower((unsigned char)out[i + 1]))
            break;
        out[i] = (char)tolower((unsigned char)out[i]);
    }

    return out;
}

json_t *pulumi_node(struct pulumi_ctx *c, const char *name, const char *token)
{
    json_t *node = object(key("type", token), key("properties", object()));

    json_add(c->resources, name, node);
    return node;
}

json_t *pulumi_part_node(
    struct pulumi_ctx *c, const struct graph_resource *r, const char *name, const char *token)
{
    const char *id = arena_printf(c->a, "%s_%s", r->logical_id, name);
    json_t *node = json_object_get(c->resources, id);

    if (node)
        return node;
    node = pulumi_node(c, id, token);

    json_t *list = json_object_get(c->parts, r->logical_id);
    if (!list) {
        list = json_array();
        json_add(c->parts, r->logical_id, list);
    }
    json_push(list, json_string(id));
    return node;
}

json_t *pulumi_options(json_t *node)
{
    json_t *options = json_object_get(node, "options");

    if (!options) {
        options = json_object();
        json_add(node, "options", options);
    }
    return options;
}

void pulumi_ignore(json_t *node, const char *property)
{
    json_t *options = pulumi_options(node);
    json_t *list = json_object_get(options, "ignoreChanges");

    if (!list) {
        list = json_array();
        json_add(options, "ignoreChanges", list);
    }
    json_push(list, json_string(property));
}

void pulumi_set(json_t *node, const char *property, json_t *value)
{
    json_add(json_object_get(node, "properties"), property, value);
}

const char *pulumi_text(json_t *node, const char *property)
{
    return json_string_value(json_object_get(json_object_get(node, "properties"), property));
}

const char *
pulumi_prefix(struct pulumi_ctx *c, const struct graph_resource *r, size_t max, bool lower)
{
    cleanup_free char *scope = lower ? plan_global_label(c->r->settings, c->r->project)
                                     : plan_scope(c->r->settings, c->r->project);
    cleanup_free char *name = xasprintf("%s-%s", scope, r->logical_id);
    cleanup_free char *fit =
        plan_name_fit(name, lower ? PLAN_NAME_LOWER | PLAN_NAME_SINGLE : 0, max - 1, 6);

    return arena_printf(c->a, "%s-", fit);
}
