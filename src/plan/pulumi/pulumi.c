/* plan_pulumi(): providers, the graph's resources, their order, images, outputs, and the two files.
 */
#include "plan/pulumi/pulumi.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <ctype.h>
#include <string.h>

static void add_providers(struct pulumi_ctx *c)
{
    const struct plan_facts *f = c->r->facts;
    json_t *tags = json_object();
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)c->r->tags, key, value)
    {
        cleanup_free char *name = pulumi_escape(key);
        cleanup_free char *text = pulumi_escape(json_string_value(value));
        json_add(tags, name, json_string(text));
    }

    json_t *aws = plan_json("{s:s,s:[s]}", "region", f->region, "allowedAccountIds", f->account);
    if (json_object_size(tags))
        json_add(aws, "defaultTags", plan_json("{s:o}", "tags", tags));
    else
        json_decref(tags);
    json_add(
        c->resources,
        "aws",
        plan_json(
            "{s:s,s:b,s:o,s:{s:s}}",
            "type",
            "pulumi:providers:aws",
            "defaultProvider",
            1,
            "properties",
            aws,
            "options",
            "version",
            PLAN_PULUMI_AWS_VERSION));
    if (c->r->build_count && !c->r->images)
        json_add(
            c->resources,
            "command",
            plan_json(
                "{s:s,s:b,s:{s:s}}",
                "type",
                "pulumi:providers:command",
                "defaultProvider",
                1,
                "options",
                "version",
                PLAN_PULUMI_COMMAND_VERSION));
}

static bool retained(const struct graph_resource *r)
{
    return !r->purge && (text_eq(r->deletion_policy, "Retain") ||
                         text_eq(r->deletion_policy, "RetainExceptOnCreate"));
}

static void depend(struct pulumi_ctx *c, json_t *on, const char *id, bool itself)
{
    size_t i;
    json_t *part;

    if (itself)
        json_push(on, json_string(arena_printf(c->a, "${%s}", id)));
    /* What refers to a role waits for its policies too: in CloudFormation they are one. */
    json_array_foreach(json_object_get(c->parts, id), i, part)
        json_push(on, json_string(arena_printf(c->a, "${%s}", json_string_value(part))));
}

static void set_options(struct pulumi_ctx *c, const struct graph_resource *r)
{
    json_t *node = json_object_get(c->resources, r->logical_id);
    json_t *on = json_array(), *seen = json_object_get(c->references, r->logical_id);

    for (size_t i = 0; i < r->depends_on_count; i++) {
        depend(c, on, r->depends_on[i], true);
        json_object_del(seen, r->depends_on[i]);
    }
    const char *id;
    json_t *unused;
    json_object_foreach(seen, id, unused) depend(c, on, id, false);
    if (json_array_size(on))
        json_add(pulumi_options(node), "dependsOn", on);
    else
        json_decref(on);
    if (!retained(r))
        return;
    json_add(pulumi_options(node), "retainOnDelete", json_true());
    size_t i;
    json_t *part;
    json_array_foreach(json_object_get(c->parts, r->logical_id), i, part) json_add(
        pulumi_options(json_object_get(c->resources, json_string_value(part))),
        "retainOnDelete",
        json_true());
}

static int add_resources(struct pulumi_ctx *c, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; i < c->g->len && !rc; i++)
        rc = pulumi_map(c, &c->g->resources[i], err);
    if (!rc)
        rc = pulumi_images(c, err);
    for (size_t i = 0; i < c->g->len && !rc; i++)
        set_options(c, &c->g->resources[i]);
    return rc;
}

static int add_outputs(struct pulumi_ctx *c, json_t *outputs, struct error *err)
{
    for (size_t i = 0; i < c->g->output_count; i++) {
        json_t *value = pulumi_value(c, c->g->outputs[i].value, err);

        if (!value)
            return error_wrap(err, "output %s", c->g->outputs[i].name);
        json_add(outputs, c->g->outputs[i].name, value);
    }

    return 0;
}

static char *program_text(struct pulumi_ctx *c, json_t *outputs)
{
    cleanup_json json_t *program = plan_json(
        "{s:s,s:s*,s:s}",
        "name",
        c->r->project,
        "description",
        c->g->description,
        "runtime",
        "yaml");

    if (json_object_size(c->config))
        json_add(program, "config", json_incref(c->config));
    json_add(program, "resources", json_incref(c->resources));
    if (json_object_size(outputs))
        json_add(program, "outputs", json_incref(outputs));
    struct str out = STR_INIT;
    str_append(
        &out,
        "# Written by defangd: the plan of the Compose project as a Pulumi program. A name with "
        "\"_\" is a part of the resource before it.\n");
    for (size_t i = 0; i < json_array_size(c->notes); i++)
        str_appendf(
            &out,
            "# Not in here, because the provider cannot say it: %s\n",
            json_string_value(json_array_get(c->notes, i)));
    cleanup_free char *body = pulumi_yaml(program);
    str_append(&out, body);
    return str_take(&out);
}

static char *config_text(const struct pulumi_ctx *c)
{
    cleanup_json json_t *j =
        plan_json("{s:{s:[s,s]}}", "config", "pulumi:disable-default-providers", "aws", "command");

    (void)c;
    return pulumi_yaml(j);
}

static void ctx_done(struct pulumi_ctx *c)
{
    json_decref(c->resources);
    json_decref(c->config);
    json_decref(c->parts);
    json_decref(c->references);
    json_decref(c->notes);
    arena_free(c->a);
}

int plan_pulumi(
    const struct plan_pulumi_request *r, struct plan_pulumi_program *out, struct error *err)
{
    *out = (struct plan_pulumi_program){0};
    struct pulumi_ctx c = {
        .r = r,
        .g = r->graph,
        .a = arena_new(),
        .resources = json_object(),
        .config = json_object(),
        .parts = json_object(),
        .references = json_object(),
        .notes = json_array()};
    cleanup_json json_t *outputs = json_object();
    add_providers(&c);
    int rc = add_resources(&c, err);
    if (!rc)
        rc = add_outputs(&c, outputs, err);
    if (!rc) {
        out->yaml = program_text(&c, outputs);
        out->config = config_text(&c);
        out->builds = r->build_count && !r->images;
        out->note_count = json_array_size(c.notes);
        out->notes = xcalloc(out->note_count + 1, sizeof *out->notes);
        for (size_t i = 0; i < out->note_count; i++)
            out->notes[i] = xstrdup(json_string_value(json_array_get(c.notes, i)));
    }

    ctx_done(&c);
    return rc < 0 && err && !err->kind
               ? error_raise(err, ERR_FAILED, "pulumi: the program could not be made")
               : rc;
}

void plan_pulumi_program_done(struct plan_pulumi_program *p)
{
    for (size_t i = 0; i < p->note_count; i++)
        free(p->notes[i]);
    free(p->notes);
    free(p->yaml);
    free(p->config);
    *p = (struct plan_pulumi_program){0};
}

char *plan_pulumi_owner(const char *name)
{
    size_t n = 0;

    while (isalnum((unsigned char)name[n]))
        n++;
    if (!isupper((unsigned char)*name) || (name[n] && name[n] != '_') ||
        (n == 5 && strncmp(name, "Image_", 6) == 0))
        return NULL;
    return xstrndup(name, n);
}
