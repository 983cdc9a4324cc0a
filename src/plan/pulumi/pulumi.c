/* plan_pulumi(): providers, the graph's resources, their order, images, outputs, and the two files.
 *
 * This file owns the order and calls the rest of the room: map.c makes the nodes of a resource by
 * the rows of its type, value.c and convert.c the values in them, image.c the builds, yaml.c the
 * text. Members stand in the program as they were added, so that the same graph gives the same
 * bytes. */
#include "plan/pulumi/pulumi.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <ctype.h>
#include <string.h>

/* What CloudFormation gives to everything of a stack; NULL when there is nothing. */
static json_t *default_tags(const struct pulumi_ctx *c)
{
    const char *name;
    json_t *value;

    if (!json_object_size(c->r->tags))
        return NULL;

    json_t *tags = object();
    json_object_foreach((json_t *)c->r->tags, name, value) {
        cleanup_free char *tag = pulumi_escape(name);
        cleanup_free char *text = pulumi_escape(json_string_value(value));

        json_add(tags, tag, json_string(text));
    }
    return object(key("tags", tags));
}

/* Both providers are named and pinned, and the stack's config forbids any other: a program means
 * the same on every machine, and touches no other account. */
static void add_providers(struct pulumi_ctx *c)
{
    const struct plan_facts *f = c->r->facts;
    bool builds = c->r->build_count && !c->r->images;

    json_t *aws = object(
        key("type", "pulumi:providers:aws"),
        key("defaultProvider", true),
        key("properties",
            object(
                key("region", f->region),
                key("allowedAccountIds", texts(f->account)),
                key("defaultTags", default_tags(c)))),
        key("options", object(key("version", PLAN_PULUMI_AWS_VERSION))));
    json_add(c->resources, "aws", aws);

    if (!builds)
        return;

    json_t *command = object(
        key("type", "pulumi:providers:command"),
        key("defaultProvider", true),
        key("options", object(key("version", PLAN_PULUMI_COMMAND_VERSION))));
    json_add(c->resources, "command", command);
}

/* What is purged goes with the stack: the provider empties and removes it (forceDestroy). Nor are
 * log groups left: Pulumi rolls nothing back, and could not take over one that is there. */
static bool retained(const struct graph_resource *r)
{
    const char *policy = r->deletion_policy;

    return !r->purge && !text_eq(r->type, "AWS::Logs::LogGroup") &&
           (text_eq(policy, "Retain") || text_eq(policy, "RetainExceptOnCreate"));
}

static const char *to(struct pulumi_ctx *c, const char *name)
{
    return arena_printf(c->a, "${%s}", name);
}

/* What refers to a role waits for its policies too: in CloudFormation they are one. */
static void depend_on_parts(struct pulumi_ctx *c, json_t *on, const char *id)
{
    size_t i;
    json_t *part;

    json_array_foreach(json_object_get(c->parts, id), i, part) {
        json_push(on, json_string(to(c, json_string_value(part))));
    }
}

/* First those that the plan names, then those that it refers to: a reference orders by itself, but
 * not behind the parts. */
static void set_order(struct pulumi_ctx *c, const struct graph_resource *r)
{
    json_t *node = json_object_get(c->resources, r->logical_id);
    json_t *seen = json_object_get(c->references, r->logical_id);
    cleanup_json json_t *on = array();
    const char *id;
    json_t *unused;

    for (size_t i = 0; i < r->depends_on_count; i++) {
        json_push(on, json_string(to(c, r->depends_on[i])));
        depend_on_parts(c, on, r->depends_on[i]);
        json_object_del(seen, r->depends_on[i]);
    }
    json_object_foreach(seen, id, unused) {
        depend_on_parts(c, on, id);
    }

    if (json_array_size(on))
        json_add(pulumi_options(node), "dependsOn", json_incref(on));
}

static void retain(struct pulumi_ctx *c, const char *name)
{
    json_t *node = json_object_get(c->resources, name);

    json_add(pulumi_options(node), "retainOnDelete", json_true());
}

static void set_options(struct pulumi_ctx *c, const struct graph_resource *r)
{
    size_t i;
    json_t *part;

    set_order(c, r);
    if (!retained(r))
        return;

    retain(c, r->logical_id);
    json_array_foreach(json_object_get(c->parts, r->logical_id), i, part) {
        retain(c, json_string_value(part));
    }
}

/* Options come last: only then all parts of all resources are known. */
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

static json_t *unless_empty(json_t *j)
{
    return json_object_size(j) ? json_incref(j) : NULL;
}

static char *program_text(struct pulumi_ctx *c, json_t *outputs)
{
    cleanup_json json_t *program = object(
        key("name", c->r->project),
        key("description", c->g->description),
        key("runtime", "yaml"),
        key("config", unless_empty(c->config)),
        key("resources", json_incref(c->resources)),
        key("outputs", unless_empty(outputs)));
    cleanup_free char *body = pulumi_yaml(program);
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
    str_append(&out, body);
    return str_take(&out);
}

static char *config_text(void)
{
    json_t *forbidden = texts("aws", "command");
    cleanup_json json_t *file =
        object(key("config", object(key("pulumi:disable-default-providers", forbidden))));

    return pulumi_yaml(file);
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

static void finish(struct pulumi_ctx *c, json_t *outputs, struct plan_pulumi_program *out)
{
    out->yaml = program_text(c, outputs);
    out->config = config_text();
    out->builds = c->r->build_count && !c->r->images;

    out->note_count = json_array_size(c->notes);
    out->notes = xcalloc(out->note_count + 1, sizeof *out->notes);
    for (size_t i = 0; i < out->note_count; i++)
        out->notes[i] = xstrdup(json_string_value(json_array_get(c->notes, i)));
}

int plan_pulumi(
    const struct plan_pulumi_request *r, struct plan_pulumi_program *out, struct error *err)
{
    struct pulumi_ctx c = {
        .r = r,
        .g = r->graph,
        .a = arena_new(),
        .resources = object(),
        .config = object(),
        .parts = object(),
        .references = object(),
        .notes = array()};
    cleanup_json json_t *outputs = object();

    *out = (struct plan_pulumi_program){0};
    add_providers(&c);
    int rc = add_resources(&c, err);
    if (!rc)
        rc = add_outputs(&c, outputs, err);
    if (!rc)
        finish(&c, outputs, out);
    ctx_done(&c);

    if (rc < 0 && err && !err->kind)
        return error_raise(err, ERR_FAILED, "pulumi: the program could not be made");
    return rc;
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

/* Providers begin with a small letter, logical ids do not. */
char *plan_pulumi_owner(const char *name)
{
    size_t n = 0;

    while (isalnum((unsigned char)name[n]))
        n++;

    bool is_id = isupper((unsigned char)*name) && (!name[n] || name[n] == '_');
    bool is_image = text_starts(name, "Image_");
    return is_id && !is_image ? xstrndup(name, n) : NULL;
}
