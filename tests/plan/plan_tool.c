/* Test tool: prints what the planner makes of a Compose file, with fixed facts about the account.
 * For tests/plan/ (Python).
 *
 * plan_tool [options] FILE      template (or with --check diagnostics, --builds the image builds,
 * --diff OLD the changes) plan_tool --pulumi engine|eject [options] FILE   {"template", "yaml",
 * "config", "script", "notes", "builds"} of one plan plan_tool --cd [--no-pull-through] [--adopt
 * BUCKET] plan_tool --replace-table
 */
#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include "plan/pulumi/pulumi.h"
#include "plan/replace.h"
#include "plan/scripts/scripts.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *mode, *stack, *previous, *diff, *deployment, *adopt, *ecr_public, *zones, *pulumi;
    const char *pending[16];
    size_t pending_count;
    unsigned stage;
    struct env *env;
    struct plan_config configs[32];
    size_t config_count;
    struct plan_kept_volume volumes[8];
    size_t volume_count;
    struct plan_zone public_zones[8];
    struct plan_record records[8];
    size_t public_zone_count, record_count;
    int foundation, check, builds, step, cd, no_pull_through, table, indent, time, stages;
};

static int print_graph(const struct graph *g, int indent)
{
    struct error err = ERROR_INIT;
    if (graph_check(g, &err) < 0) {
        char *text = error_format(&err);
        fprintf(stderr, "%s\n", text);
        free(text);
        error_done(&err);
        return 1;
    }
    json_t *t = graph_template(g);
    char *text = json_print(t, indent != 0, true);
    puts(text);
    free(text);
    json_decref(t);
    return 0;
}

static int print_table(void)
{
    size_t n;
    const struct plan_replace_row *rows = plan_replace_rows(&n);
    for (size_t i = 0; i < n; i++)
        printf(
            "%s\t%s\t%s\n",
            rows[i].type,
            rows[i].path,
            rows[i].what == PLAN_REPLACE_YES ? "replace" : "may replace");
    return 0;
}

static void print_diagnostics(const struct compose_diagnostics *d)
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

static json_t *load_json(const char *path)
{
    json_error_t e;
    json_t *j = json_load_file(path, 0, &e);
    if (!j) {
        fprintf(stderr, "plan_tool: %s: %s\n", path, e.text);
        exit(2);
    }
    return j;
}

static void
print_builds(struct arena *a, const struct plan_request *r, struct plan_build *b, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        b[i].object_key = "uploads/sha256-47DEQpj8HBSa-_TImW_5JCeuQeRkm5NMpJWZG3hSuFU_.tar.gz";
        plan_build_finish(a, r, &b[i]);
        json_t *command = json_array();
        for (size_t k = 0; k < b[i].command_count; k++)
            json_push(command, json_string(b[i].command[k]));
        json_push(
            list,
            plan_json(
                "{s:s,s:s,s:s,s:s,s:s,s:o}",
                "service",
                b[i].service,
                "arch",
                b[i].arch,
                "repository",
                b[i].repository,
                "tag",
                b[i].tag,
                "family",
                b[i].task_family,
                "command",
                command));
    }
    char *text = json_print(list, true, true);
    puts(text);
    free(text);
    json_decref(list);
}

static void print_diff(const char *old_path, const struct graph *g)
{
    json_t *old = load_json(old_path);
    struct graph_diff d;
    graph_diff(old, g, &d);
    for (size_t i = 0; i < d.len; i++) {
        const struct graph_change *c = &d.changes[i];
        printf(
            "%c %s %s %s",
            c->action == GRAPH_ADD      ? '+'
            : c->action == GRAPH_REMOVE ? '-'
                                        : '~',
            c->group,
            c->logical_id,
            c->type);
        for (size_t k = 0; k < c->property_count; k++)
            printf("%s%s", k ? "," : " ", c->properties[k]);
        printf("%s%s\n", *c->replacement ? " " : "", c->replacement);
    }
    graph_diff_done(&d);
    json_decref(old);
}

/* Images are named by tag, as the engine plans them: the digest is known within the Pulumi run. */
static int print_pulumi(
    struct arena *a,
    const struct options *o,
    struct plan_request *r,
    struct plan_build *b,
    size_t count,
    struct error *err)
{
    struct plan_image *images = arena_array(a, struct plan_image, count + 1);
    const char **uris = arena_array(a, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (!b[i].object_key)
            b[i].object_key = "uploads/sha256-47DEQpj8HBSa-_TImW_5JCeuQeRkm5NMpJWZG3hSuFU_.tar.gz";
        plan_build_finish(a, r, &b[i]);
        char *uri = plan_pulumi_image_uri(r->facts, &b[i]);
        uris[i] = arena_strdup(a, uri);
        images[i] = (struct plan_image){b[i].service, uris[i]};
        free(uri);
    }
    r->images = images;
    r->image_count = count;
    struct graph *g = NULL;
    int rc = plan_make(r, &g, NULL, err);
    if (rc < 0)
        return rc;
    json_t *tags =
        plan_json("{s:s,s:s}", "defang:ManagedBy", "defangd", "defang:project", r->project->name);
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
        .images = strcmp(o->pulumi, "eject") == 0 ? uris : NULL};
    struct plan_pulumi_program p;
    rc = plan_pulumi(&q, &p, err);
    if (rc == 0) {
        json_t *notes = json_array(), *names = json_array();
        for (size_t i = 0; i < p.note_count; i++)
            json_push(notes, json_string(p.notes[i]));
        for (size_t i = 0; i < count; i++)
            json_push(names, plan_json("{s:s,s:s}", "service", b[i].service, "uri", uris[i]));
        json_t *all = plan_json(
            "{s:o,s:s,s:s,s:s,s:o,s:o}",
            "template",
            graph_template(g),
            "yaml",
            p.yaml,
            "config",
            p.config,
            "script",
            p.builds ? plan_pulumi_image_script() : "",
            "notes",
            notes,
            "builds",
            names);
        char *text = json_print(all, false, false);
        puts(text);
        free(text);
        json_decref(all);
    }
    plan_pulumi_program_done(&p);
    json_decref(tags);
    graph_free(g);
    return rc;
}

static void
fill_images(struct arena *a, const struct plan_build *b, size_t count, struct plan_request *r)
{
    struct plan_image *images = arena_array(a, struct plan_image, count + 1);
    for (size_t i = 0; i < count; i++)
        images[i] = (struct plan_image){
            b[i].service,
            arena_printf(
                a,
                "123456789012.dkr.ecr.us-west-2.amazonaws.com/%s@sha256:%064zu",
                b[i].repository,
                i + 1)};
    r->images = images;
    r->image_count = count;
}

/* The one-offs: their stage, name, hash, and who waits; first how many stages there are. */
static void print_stages(struct arena *a, const struct plan_request *r, const struct graph *g)
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

static int fail(struct error *err)
{
    char *text = error_format(err);
    fprintf(stderr, "plan_tool: %s\n", text);
    free(text);
    error_done(err);
    return 1;
}

static int
run(const struct options *o,
    const char *file,
    struct arena *a,
    struct compose_diagnostics *d,
    struct error *err)
{
    char *cwd = getcwd(NULL, 0);
    const char *files[] = {file, NULL};
    struct compose_options co = {.cwd = arena_strdup(a, cwd), .files = files, .env = o->env};
    free(cwd);
    struct compose_project *p = NULL;
    if (compose_load(&co, &p, d, err) < 0)
        return fail(err);
    plan_models_expand(p);
    struct plan_settings s;
    int rc = plan_settings_resolve(a, p, o->env, o->mode, o->stack, &s, err);
    const char *zones[] = {"us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"};
    struct plan_facts f = {
        .account = "123456789012",
        .region = "us-west-2",
        .partition = "aws",
        .dns_suffix = "amazonaws.com",
        .zones = zones,
        .zone_count = 4,
        .bucket = "defang-cd-bucket-0123456789ab",
        .volumes = o->volumes,
        .volume_count = o->volume_count,
        .ecr_public_prefix = o->ecr_public,
        .zones_known = true,
        .public_zones = o->public_zones,
        .public_zone_count = o->public_zone_count,
        .records = o->records,
        .record_count = o->record_count};
    struct plan_request r = {
        .project = p,
        .settings = &s,
        .facts = &f,
        .deployment = o->deployment,
        .foundation = o->foundation != 0,
        .stage = o->stage,
        .pending = o->pending,
        .pending_count = o->pending_count,
        .configs = o->configs,
        .config_count = o->config_count,
        .previous = o->previous ? load_json(o->previous) : NULL};
    struct plan_build *builds = NULL;
    struct graph *g = NULL;
    size_t count = 0;
    if (rc == 0)
        rc = plan_check(p, &s, d, err);
    if (rc == 0)
        plan_domain_notes(p, &s, &f, r.previous, d);
    if (rc == 0)
        rc = plan_builds(a, &r, &builds, &count, err);
    if (rc == 0 && o->builds)
        print_builds(a, &r, builds, count);
    if (rc == 0 && o->pulumi) {
        rc = print_pulumi(a, o, &r, builds, count, err);
        rc = rc < 0 ? fail(err) : 0;
        json_decref((json_t *)r.previous);
        compose_project_free(p);
        return rc;
    }
    if (rc == 0)
        fill_images(a, builds, count, &r);
    if (rc == 0 && !o->builds)
        rc = plan_make(&r, &g, NULL, err); /* plan_check has made its warnings */
    if (rc == 0 && o->step)
        rc = plan_check_previous(&r, g, err);
    if (rc < 0)
        rc = fail(err);
    else if (g && o->stages)
        print_stages(a, &r, g);
    else if (g && o->diff)
        print_diff(o->diff, g);
    else if (g && !o->check)
        rc = print_graph(g, o->indent);
    graph_free(g);
    json_decref((json_t *)r.previous);
    compose_project_free(p);
    return rc;
}

static void add_pending(struct options *o, const char *service)
{
    if (o->pending_count == ARRAY_LEN(o->pending))
        exit(2);
    o->pending[o->pending_count++] = service;
}

static void set_stage(struct options *o, const char *text)
{
    long long n;
    if (text_parse_int(text, 0, 99, &n) < 0)
        exit(2);
    o->stage = (unsigned)n;
}

static void add_config(struct options *o, char *text)
{
    char *eq = strchr(text, '=');
    long long version;
    if (!eq || text_parse_int(eq + 1, 0, 1000000, &version) < 0 ||
        o->config_count == ARRAY_LEN(o->configs))
        exit(2);
    *eq = '\0';
    o->configs[o->config_count++] = (struct plan_config){text, version};
}

/* "example.com=Z0123": a public zone of the account; "www.example.com=CNAME": a record that stands
 * there. */
static void add_dns(struct options *o, char *text, bool record)
{
    char *eq = strchr(text, '=');
    if (!eq || o->public_zone_count == ARRAY_LEN(o->public_zones) ||
        o->record_count == ARRAY_LEN(o->records))
        exit(2);
    *eq = '\0';
    if (record)
        o->records[o->record_count++] = (struct plan_record){text, eq + 1};
    else
        o->public_zones[o->public_zone_count++] = (struct plan_zone){text, eq + 1};
}

static void add_volume(struct options *o, char *text)
{
    char *eq = strchr(text, '=');
    if (!eq || o->volume_count == ARRAY_LEN(o->volumes))
        exit(2);
    *eq = '\0';
    o->volumes[o->volume_count++] = (struct plan_kept_volume){text, eq + 1};
}

static int parse(int argc, char **argv, struct options *o)
{
    const struct option longs[] = {
        {"mode", required_argument, NULL, 'm'},
        {"stack", required_argument, NULL, 's'},
        {"previous", required_argument, NULL, 'p'},
        {"diff", required_argument, NULL, 'd'},
        {"deployment", required_argument, NULL, 'i'},
        {"config", required_argument, NULL, 'c'},
        {"zone", required_argument, NULL, 'z'},
        {"record", required_argument, NULL, 'r'},
        {"env", required_argument, NULL, 'e'},
        {"adopt", required_argument, NULL, 'a'},
        {"ecr-public", required_argument, NULL, 'u'},
        {"pulumi", required_argument, NULL, 'P'},
        {"pending", required_argument, NULL, 'N'},
        {"stage", required_argument, NULL, 'S'},
        {"stages", no_argument, &o->stages, 1},
        {"foundation", no_argument, &o->foundation, 1},
        {"check", no_argument, &o->check, 1},
        {"builds", no_argument, &o->builds, 1},
        {"volume", required_argument, NULL, 'v'},
        {"cd", no_argument, &o->cd, 1},
        {"no-pull-through", no_argument, &o->no_pull_through, 1},
        {"step", no_argument, &o->step, 1},
        {"replace-table", no_argument, &o->table, 1},
        {"indent", no_argument, &o->indent, 1},
        {0}};
    int k;
    while ((k = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        const char **text = k == 'm'   ? &o->mode
                            : k == 's' ? &o->stack
                            : k == 'p' ? &o->previous
                            : k == 'd' ? &o->diff
                            : k == 'i' ? &o->deployment
                            : k == 'a' ? &o->adopt
                            : k == 'u' ? &o->ecr_public
                            : k == 'P' ? &o->pulumi
                                       : NULL;
        if (text)
            *text = optarg;
        else if (k == 'c')
            add_config(o, optarg);
        else if (k == 'v')
            add_volume(o, optarg);
        else if (k == 'z' || k == 'r')
            add_dns(o, optarg, k == 'r');
        else if (k == 'N')
            add_pending(o, optarg);
        else if (k == 'S')
            set_stage(o, optarg);
        else if (k == 'e' && strchr(optarg, '=')) {
            char *eq = strchr(optarg, '=');
            *eq = '\0';
            env_set(o->env, optarg, eq + 1);
        } else if (k)
            return 2;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {
        .deployment = "k3j2h4g5f6d7",
        .env = env_new(),
        .public_zones = {{"example.com", "Z0EXAMPLECOM"}},
        .public_zone_count = 1};
    int rc = parse(argc, argv, &o);
    if (rc == 0 && o.table) {
        rc = print_table();
    } else if (rc == 0 && o.cd) {
        struct plan_cd_settings s = {
            .cd_name = "defang-cd",
            .prefix = "Defang",
            .adopt_bucket = o.adopt,
            .retain_bucket = true,
            .pull_through = !o.no_pull_through};
        struct graph *g = plan_cd(&s);
        rc = print_graph(g, o.indent);
        graph_free(g);
    } else if (rc == 0 && optind + 1 == argc) {
        struct arena *a = arena_new();
        struct compose_diagnostics d = {0};
        struct error err = ERROR_INIT;
        rc = run(&o, argv[optind], a, &d, &err);
        print_diagnostics(&d);
        compose_diagnostics_done(&d);
        arena_free(a);
    } else {
        fprintf(stderr, "usage: plan_tool [options] FILE\n");
        rc = 2;
    }
    env_free(o.env);
    return rc;
}
