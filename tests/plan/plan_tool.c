/* Test tool: prints what the planner makes of a Compose file, with fixed facts about the account.
 * For tests/plan/ (Python).
 *
 *   plan_tool [options] FILE                        the template, or what a mode asks for
 *   plan_tool --pulumi engine|eject [options] FILE  one plan as a Pulumi program, and its template
 *   plan_tool --cd [--no-pull-through] [--adopt BUCKET]
 *   plan_tool --replace-table
 *
 * Modes: --check prints diagnostics alone, --builds the image builds, --diff OLD the changes,
 * --stages the one-offs.
 *
 * The account is always the same (facts_of): what an option does not say stands there, so that a
 * golden file is a function of its Compose file. Exit status: 0, 1 for a refused plan, 2 for wrong
 * usage. */
#include "base/env.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/plan.h"
#include "plan_print.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *mode, *stack, *previous, *diff, *deployment, *adopt, *ecr_public, *zones, *pulumi;
    const char *region, *cd_zone;
    struct plan_subnet subnets[8];
    struct plan_mount_target mounts[8];
    size_t subnet_count, mount_count;
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
    int foundation, check, builds, step, cd, no_pull_through, table, indent, time, stages, effects,
        losses, room;
};

/* As if every build had been made: digests are numbers. */
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

/* "subnet-0a=us-west-2a": where a subnet of the project's own VPC lies; "fs-0a=us-west-2a": a mount
 * target of somebody else's. */
static void add_place(struct options *o, char *text)
{
    char *eq = strchr(text, '=');

    if (!eq || o->subnet_count == ARRAY_LEN(o->subnets) || o->mount_count == ARRAY_LEN(o->mounts))
        exit(2);
    *eq = '\0';
    if (text_starts(text, "fs-"))
        o->mounts[o->mount_count++] = (struct plan_mount_target){text, eq + 1};
    else
        o->subnets[o->subnet_count++] = (struct plan_subnet){text, eq + 1};
}

static void add_variable(struct options *o, char *text)
{
    char *eq = strchr(text, '=');

    if (!eq)
        exit(2);
    *eq = '\0';
    env_set(o->env, text, eq + 1);
}

/* Where an option that is one text goes; NULL: it is another one. */
static const char **text_of(struct options *o, int option)
{
    switch (option) {
    case 'm':
        return &o->mode;
    case 's':
        return &o->stack;
    case 'p':
        return &o->previous;
    case 'd':
        return &o->diff;
    case 'i':
        return &o->deployment;
    case 'a':
        return &o->adopt;
    case 'u':
        return &o->ecr_public;
    case 'P':
        return &o->pulumi;
    case 'g':
        return &o->region;
    case 'Z':
        return &o->cd_zone;
    default:
        return NULL;
    }
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
        {"region", required_argument, NULL, 'g'},
        {"cd-zone", required_argument, NULL, 'Z'},
        {"place", required_argument, NULL, 'l'},
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
        {"effects", no_argument, &o->effects, 1},
        {"losses", no_argument, &o->losses, 1},
        {"room", no_argument, &o->room, 1},
        {"indent", no_argument, &o->indent, 1},
        {0}};
    int k;

    while ((k = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        const char **text = text_of(o, k);

        if (text)
            *text = optarg;
        else if (k == 'c')
            add_config(o, optarg);
        else if (k == 'v')
            add_volume(o, optarg);
        else if (k == 'l')
            add_place(o, optarg);
        else if (k == 'z' || k == 'r')
            add_dns(o, optarg, k == 'r');
        else if (k == 'N')
            add_pending(o, optarg);
        else if (k == 'S')
            set_stage(o, optarg);
        else if (k == 'e')
            add_variable(o, optarg);
        else if (k)
            return 2;
    }
    return 0;
}

static struct plan_facts facts_of(const struct options *o)
{
    static const char *const zones[] = {"us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"};

    return (struct plan_facts){
        .account = "123456789012",
        .region = o->region ? o->region : "us-west-2",
        .partition = "aws",
        .dns_suffix = "amazonaws.com",
        .zones = zones,
        .zone_count = ARRAY_LEN(zones),
        .bucket = "defang-cd-bucket-0123456789ab",
        .volumes = o->volumes,
        .volume_count = o->volume_count,
        .ecr_public_prefix = o->ecr_public,
        .zones_known = true,
        .public_zones = o->public_zones,
        .public_zone_count = o->public_zone_count,
        .records = o->records,
        .record_count = o->record_count,
        .subnets = o->subnets,
        .subnet_count = o->subnet_count,
        .mount_targets = o->mounts,
        .mount_target_count = o->mount_count};
}

static int print_plan(
    const struct options *o,
    struct arena *a,
    struct plan_request *r,
    struct plan_build *builds,
    size_t count,
    struct error *err)
{
    cleanup_graph struct graph *g = NULL;

    fill_images(a, builds, count, r);
    int rc = plan_make(r, &g, NULL, err); /* plan_check has made its warnings */
    if (rc == 0 && o->step)
        rc = plan_check_previous(r, g, err);
    if (rc < 0)
        return rc;

    if (o->losses)
        print_losses(a, r, g);
    else if (o->room)
        return print_room(a, r->previous, g, o->indent);
    else if (o->stages)
        print_stages(a, r, g);
    else if (o->diff)
        print_diff(o->diff, g);
    else if (!o->check)
        rc = print_graph(g, o->indent);
    return rc;
}

/* As a deployment does: settings, checks, notes about the account, builds, plan. */
static int plan_project(
    const struct options *o,
    struct compose_project *p,
    struct arena *a,
    struct compose_diagnostics *d,
    struct error *err)
{
    struct plan_settings s;
    struct plan_facts f = facts_of(o);
    cleanup_json json_t *previous = o->previous ? load_json(o->previous) : NULL;
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
        .previous = previous};
    struct plan_build *builds = NULL;
    size_t count = 0;

    int rc = plan_bound(p, d, err);
    if (rc < 0)
        return rc;
    plan_models_expand(p);
    plan_binds_expand(p);
    plan_literals_take(p);
    rc = plan_settings_resolve(a, p, o->env, o->mode, o->stack, &s, err);
    if (rc == 0)
        rc = plan_check(p, &s, d, err);
    if (rc == 0)
        plan_domain_notes(p, &s, &f, previous, d);
    if (rc == 0)
        rc = plan_builds(a, &r, &builds, &count, err);
    if (rc < 0)
        return rc;

    if (o->builds)
        print_builds(a, &r, builds, count);
    if (o->pulumi)
        return print_pulumi(a, o->pulumi, &r, builds, count, err);
    return o->builds ? 0 : print_plan(o, a, &r, builds, count, err);
}

static int run(const struct options *o, const char *file)
{
    struct arena *a = arena_new();
    struct compose_diagnostics d = {0};
    struct error err = ERROR_INIT;
    struct compose_project *p = NULL;
    cleanup_free char *cwd = getcwd(NULL, 0);
    const char *files[] = {file, NULL};
    struct compose_options co = {.cwd = cwd, .files = files, .env = o->env};

    int rc = compose_load(&co, &p, &d, &err);
    if (rc == 0)
        rc = plan_project(o, p, a, &d, &err);
    if (rc < 0)
        rc = print_error("plan_tool: ", &err);
    print_diagnostics(&d);

    compose_project_free(p);
    compose_diagnostics_done(&d);
    arena_free(a);
    return rc;
}

static int run_cd(const struct options *o)
{
    struct plan_cd_settings s = {
        .cd_name = "defang-cd",
        .prefix = "Defang",
        .adopt_bucket = o->adopt,
        .zone = o->cd_zone,
        .retain_bucket = true,
        .pull_through = !o->no_pull_through};
    cleanup_graph struct graph *g = plan_cd(&s);

    return print_graph(g, o->indent);
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
        print_replace_table();
    } else if (rc == 0 && o.effects) {
        print_effects(argv + optind);
    } else if (rc == 0 && o.cd) {
        rc = run_cd(&o);
    } else if (rc == 0 && optind + 1 == argc) {
        rc = run(&o, argv[optind]);
    } else {
        fprintf(stderr, "usage: plan_tool [options] FILE\n");
        rc = 2;
    }
    env_free(o.env);
    return rc;
}
