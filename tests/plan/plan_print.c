/* The output of plan_tool (plan_print.h): one function for each kind.
 *
 * Nothing is planned here but what a Pulumi program needs, which is a plan of its own: there images
 * are named by tag, because their digest is known only within the run. */
#include "plan_print.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/object.h"
#include "plan/consent.h"
#include "plan/graph/replace.h"
#include "plan/pulumi/pulumi.h"
#include "plan/scripts/scripts.h"
#include <stdio.h>
#include <string.h>

json_t *load_json(const char *path)
{
    json_error_t e;
    json_t *j = json_load_file(path, 0, &e);

    if (!j) {
        fprintf(stderr, "plan_tool: %s: %s\n", path, e.text);
        exit(2);
    }
    return j;
}

static void print_json(const json_t *j, bool indent, bool sorted)
{
    cleanup_free char *text = json_print(j, indent, sorted);

    puts(text);
}

int print_error(const char *who, struct error *err)
{
    cleanup_free char *text = error_format(err);

    fprintf(stderr, "%s%s\n", who, text);
    error_done(err);
    return 1;
}

void print_diagnostics(const struct compose_diagnostics *d)
{
    static const char *const names[] = {"error", "warning", "note"};

    for (size_t i = 0; i < d->len; i++) {
        const struct compose_diagnostic *x = &d->items[i];
        fprintf(
            stderr,
            "%s:%u:%u: %s: %s%s%s\n",
            x->pos.file ? path_basename(x->pos.file) : "-",
            x->pos.line,
            x->pos.column,
            names[x->severity],
            x->message,
            x->hint ? " | " : "",
            x->hint ? x->hint : "");
    }
}

int print_graph(const struct graph *g, bool indent)
{
    struct error err = ERROR_INIT;

    if (graph_check(g, &err) < 0)
        return print_error("", &err);

    cleanup_json json_t *template = graph_template(g);
    print_json(template, indent, true);
    return 0;
}

void print_effects(char **types)
{
    for (; *types; types++)
        printf(
            "%s\t%s\t%s\n",
            *types,
            plan_effect_knows(*types) ? "known" : "unknown",
            plan_effect_name(plan_effect_of_going(*types)));
}

void print_losses(struct arena *a, const struct plan_request *r, const struct graph *g)
{
    struct plan_losses losses;

    plan_losses_find(a, r, g, &losses);
    for (size_t i = 0; i < losses.len; i++) {
        const struct plan_loss *l = &losses.items[i];
        printf(
            "%s\t%s\t%s\t%u\t%s\t%s\n",
            plan_effect_name(l->kind),
            l->name,
            l->logical_id,
            l->pos.line,
            l->because,
            l->text);
    }
}

int print_room(struct arena *a, const json_t *previous, const struct graph *g, bool indent)
{
    const char *names;
    cleanup_graph struct graph *room = plan_make_room(a, previous, g, NULL, &names);

    if (!room)
        return 0;
    puts(names);
    return print_graph(room, indent);
}

void print_replace_table(void)
{
    size_t n;
    const struct plan_replace_row *rows = plan_replace_rows(&n);

    for (size_t i = 0; i < n; i++)
        printf(
            "%s\t%s\t%s\n",
            rows[i].type,
            rows[i].path,
            rows[i].what == PLAN_REPLACE_YES ? "replace" : "may replace");
}

/* An upload's key, which pack would have made. */
#define UPLOAD "uploads/sha256-47DEQpj8HBSa-_TImW_5JCeuQeRkm5NMpJWZG3hSuFU_.tar.gz"

static json_t *build_json(const struct plan_build *b)
{
    json_t *command = array();

    for (size_t i = 0; i < b->command_count; i++)
        json_push(command, json_string(b->command[i]));
    return object(
        key("service", b->service),
        key("arch", b->arch),
        key("repository", b->repository),
        key("tag", b->tag),
        key("family", b->task_family),
        key("command", command));
}

void print_builds(struct arena *a, const struct plan_request *r, struct plan_build *b, size_t count)
{
    cleanup_json json_t *list = array();

    for (size_t i = 0; i < count; i++) {
        b[i].object_key = UPLOAD;
        plan_build_finish(a, r, &b[i]);
        json_push(list, build_json(&b[i]));
    }
    print_json(list, true, true);
}

static const char SIGNS[] = {[GRAPH_ADD] = '+', [GRAPH_CHANGE] = '~', [GRAPH_REMOVE] = '-'};

void print_diff(const char *old_path, const struct graph *g)
{
    cleanup_json json_t *old = load_json(old_path);
    struct graph_diff d;

    graph_diff(old, g, &d);
    for (size_t i = 0; i < d.len; i++) {
        const struct graph_change *c = &d.changes[i];
        printf("%c %s %s %s", SIGNS[c->action], c->group, c->logical_id, c->type);
        for (size_t k = 0; k < c->property_count; k++)
            printf("%s%s", k ? "," : " ", c->properties[k]);
        printf("%s%s\n", *c->replacement ? " " : "", c->replacement);
    }
    graph_diff_done(&d);
}

/* Images are named by tag, as the engine plans them: the digest is known within the Pulumi run. */
static const char **
name_images(struct arena *a, struct plan_request *r, struct plan_build *b, size_t count)
{
    struct plan_image *images = arena_array(a, struct plan_image, count + 1);
    const char **uris = arena_array(a, const char *, count + 1);

    for (size_t i = 0; i < count; i++) {
        if (!b[i].object_key)
            b[i].object_key = UPLOAD;
        plan_build_finish(a, r, &b[i]);
        cleanup_free char *uri = plan_pulumi_image_uri(r->facts, &b[i]);
        uris[i] = arena_strdup(a, uri);
        images[i] = (struct plan_image){b[i].service, uris[i]};
    }
    r->images = images;
    r->image_count = count;
    return uris;
}

static void print_program(
    const struct plan_pulumi_program *p, const struct plan_pulumi_request *q, const char **uris)
{
    json_t *notes = array();
    json_t *builds = array();

    for (size_t i = 0; i < p->note_count; i++)
        json_push(notes, json_string(p->notes[i]));
    for (size_t i = 0; i < q->build_count; i++)
        json_push(builds, object(key("service", q->builds[i].service), key("uri", uris[i])));

    cleanup_json json_t *all = object(
        key("template", graph_template(q->graph)),
        key("yaml", p->yaml),
        key("config", p->config),
        key("script", p->builds ? plan_pulumi_image_script() : ""),
        key("notes", notes),
        key("builds", builds));
    print_json(all, false, false);
}

int print_pulumi(
    struct arena *a,
    const char *how,
    struct plan_request *r,
    struct plan_build *b,
    size_t count,
    struct error *err)
{
    const char **uris = name_images(a, r, b, count);
    cleanup_graph struct graph *g = NULL;
    int rc = plan_make(r, &g, NULL, err);

    if (rc < 0)
        return rc;

    cleanup_json json_t *tags =
        object(key("defang:ManagedBy", "defangd"), key("defang:project", r->project->name));
    struct plan_pulumi_request q = {
        .project = r->project->name,
        .model = r->project,
        .settings = r->settings,
        .facts = r->facts,
        .graph = g,
        .tags = tags,
        .deployment = r->deployment,
        .builds = b,
        .build_count = count,
        .images = strcmp(how, "eject") == 0 ? uris : NULL};
    struct plan_pulumi_program p;

    rc = plan_pulumi(&q, &p, err);
    if (rc == 0)
        print_program(&p, &q, uris);
    plan_pulumi_program_done(&p);
    return rc;
}

/* The one-offs: their stage, name, hash, and who waits; first how many stages there are. */
void print_stages(struct arena *a, const struct plan_request *r, const struct graph *g)
{
    struct plan_stages s;

    plan_stages(a, r, g, &s);
    printf("stages %u\n", s.count);
    for (size_t i = 0; i < s.once_count; i++) {
        const struct plan_once *o = &s.once[i];
        printf(
            "%u %s %s %s%s before",
            o->stage,
            o->service,
            o->hash,
            o->output,
            o->optional ? " optional" : "");
        for (size_t k = 0; k < o->before_count; k++)
            printf(" %s", o->before[k]);
        puts("");
    }
}
