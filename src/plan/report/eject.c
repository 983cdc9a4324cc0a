/* Texts of `eject`: the project as files that a person keeps without defangd, a CloudFormation
 * template or a Pulumi program, and a README that says how to go on with them.
 *
 * The template's images become parameters, the program's are config values: what a person changes
 * most needs no edit. What the README says depends on whether the project runs, and by which
 * engine: a template is taken by the same stack, a program has to take its state over or begin
 * anew. No secret is in any of the files. */
#include "plan/report/eject.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "plan/graph/graph.h"
#include "plan/names.h"
#include <string.h>

void plan_files_done(struct plan_files *f)
{
    for (size_t i = 0; i < f->len; i++) {
        free(f->items[i].name);
        free(f->items[i].text);
    }
    f->len = 0;
}

static void add(struct plan_files *f, char *name, char *text)
{
    f->items[f->len++] = (struct plan_file){name, text};
}

/* ---- the template: images are parameters, so that a new one needs no edit ---- */
static void swap_image(json_t *j, const char *uri, const char *parameter)
{
    size_t i;
    const char *name;
    json_t *item;

    json_array_foreach(j, i, item) {
        swap_image(item, uri, parameter);
    }
    json_object_foreach(j, name, item) {
        if (strcmp(name, "Image") == 0 && text_eq(json_string_value(item), uri))
            json_object_set_new(j, "Image", graph_ref(parameter));
        else
            swap_image(item, uri, parameter);
    }
}

static char *template_text(const struct plan_eject_request *r)
{
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *template = graph_template(r->program.graph);
    json_t *resources = json_object_get(template, "Resources");
    cleanup_json json_t *parameters = object();

    for (size_t i = 0; i < r->program.build_count; i++) {
        const char *service = r->program.builds[i].service;
        const char *image = r->program.images[i];
        const char *name = arena_printf(a, "Image%s", plan_logical_id(a, service));

        json_t *parameter = object(
            key("Type", "String"),
            key("Default", image),
            key("Description", arena_printf(a, "Image of service %s", service)));
        json_add(parameters, name, parameter);
        swap_image(resources, image, name);
    }
    if (json_object_size(parameters))
        json_add(template, "Parameters", json_incref(parameters));

    cleanup_free char *text = json_print(template, true, false);
    return xasprintf("%s\n", text);
}

/* ---- the README ---- */
static void list_images(const struct plan_eject_request *r, struct arena *a, struct str *out)
{
    const struct plan_pulumi_request *p = &r->program;

    str_append(
        out,
        "\n## Images\n\nThese services are built from source. defangd builds them in your account; "
        "from here on you build them. Each image is a ");
    str_appendf(
        out,
        "%s with the image of now as its default:\n\n",
        r->cloudformation ? "parameter of the template" : "config value of the program");
    for (size_t i = 0; i < p->build_count; i++) {
        const struct plan_build *b = &p->builds[i];
        bool there = strstr(p->images[i], "@sha256:") != NULL;

        str_appendf(
            out,
            "- `%s%s`: `%s`%s\n",
            r->cloudformation ? "Image" : "image",
            plan_logical_id(a, b->service),
            p->images[i],
            there ? "" : " (**not built yet**: build it before the service is made)");
    }
}

/* Building by hand, with the first image as the example. */
static void build_example(const struct plan_eject_request *r, struct arena *a, struct str *out)
{
    const struct plan_pulumi_request *p = &r->program;
    const struct plan_build *b = &p->builds[0];
    cleanup_free char *uri = plan_pulumi_image_uri(p->facts, b);
    const char *repository = arena_printf(a, "%.*s", (int)(strlen(uri) - strlen(b->tag) - 1), uri);
    const char *platform = strcmp(b->arch, "aarch64") == 0 ? "arm64" : "amd64";

    str_appendf(out, "\nA new image of `%s`, for example:\n\n```\n", b->service);
    str_appendf(
        out,
        "aws ecr get-login-password --region %s | docker login --username AWS --password-stdin "
        "%.*s\n",
        p->facts->region,
        (int)strcspn(repository, "/"),
        repository);
    str_appendf(
        out,
        "docker build --platform linux/%s -f %s -t %s:new %s\ndocker push %s:new\n",
        platform,
        b->dockerfile,
        repository,
        "<its build context>",
        repository);

    if (r->cloudformation)
        str_appendf(
            out,
            "```\n\nand then give `Image%s=%s@sha256:…` (the digest that `docker push` printed) "
            "when you update the stack.\n",
            plan_logical_id(a, b->service),
            repository);
    else
        str_appendf(
            out,
            "pulumi config set image%s %s@sha256:…    # the digest that docker push printed\n```\n",
            plan_logical_id(a, b->service),
            repository);
}

static void images_section(const struct plan_eject_request *r, struct arena *a, struct str *out)
{
    if (!r->program.build_count)
        return;

    list_images(r, a, out);
    build_example(r, a, out);
    str_append(out, "The repository is made by this same ");
    str_appendf(
        out,
        "%s: on an empty account make it first (%s), push, then make the rest.\n",
        r->cloudformation ? "template" : "program",
        r->cloudformation ? "with an image from elsewhere as the parameter's value"
                          : "`pulumi up --target '**::BuildRepository'`");
}

static void config_section(const struct plan_eject_request *r, struct str *out)
{
    cleanup_free char *path = plan_config_path(r->program.settings, r->program.project);

    str_appendf(
        out,
        "\n## Config and secrets\n\nNo secret is in these files. Sensitive config stays where it "
        "is, in SSM Parameter Store under `%s`; the task definitions\n"
        "name the parameters. Set one with `aws ssm put-parameter --type SecureString --overwrite "
        "--name %s<NAME> --value …`.\n",
        path,
        path);
    if (!r->derived_count)
        return;
    str_append(
        out,
        "\nSome variables mix text with config. defangd composes each before a deployment and "
        "keeps it as a parameter of its own; when a config in it\n"
        "changes, write it yourself:\n\n");
    for (size_t i = 0; i < r->derived_count; i++)
        str_appendf(out, "- `%s`\n", r->derived[i]);
}

static void cloudformation_section(const struct plan_eject_request *r, struct str *out)
{
    cleanup_free char *stack = plan_stack_name(r->program.settings, r->program.project);
    const char *region = r->program.facts->region;

    str_appendf(
        out,
        "`template.json` is the CloudFormation template of the whole project: the one that defangd "
        "keeps in the stack `%s`.\n\n## To go on\n\n",
        stack);
    if (text_eq(r->running_engine, "cloudformation"))
        str_appendf(
            out,
            "The project runs. The same stack takes this template, and nothing is made anew:\n\n");
    else
        str_append(out, "The project is not deployed by this engine. This makes it:\n\n");
    str_appendf(
        out,
        "```\naws cloudformation deploy --region %s --stack-name %s --template-file template.json "
        "--capabilities CAPABILITY_IAM%s\n```\n",
        region,
        stack,
        " --s3-bucket <a bucket of yours>");
    str_append(
        out,
        "\n`--s3-bucket` is needed when the template is larger than 51,200 bytes. Add `--tags` as "
        "you like; the tag `defang:ManagedBy` is how defangd knows a\n"
        "stack of its own: without it defangd leaves the stack alone for good.\n");
}

/* How the program and what is deployed come together. */
static void pulumi_start(const struct plan_eject_request *r, struct str *out)
{
    const char *stack = r->program.settings->stack;

    if (text_eq(r->running_engine, "pulumi"))
        str_appendf(
            out,
            "The project runs, and its state is in the CD bucket. Take it over; the passphrase is "
            "an SSM parameter of the CD stack (see `defangctl cd`):\n\n"
            "```\nexport PULUMI_CONFIG_PASSPHRASE=…\npulumi login "
            "'s3://%s?region=%s&awssdk=v2'\npulumi stack select %s\npulumi preview\n```\n",
            r->program.facts->bucket,
            r->program.facts->region,
            stack);
    else
        str_appendf(
            out,
            "This program knows nothing of what is already deployed: it would make everything once "
            "more, and names that an account holds once (the\n"
            "cluster, log groups, image repositories) would meet. So take the deployed project "
            "down first (`defangctl down`; config stays), or bring its\n"
            "resources into the state with `pulumi import`. Then:\n\n```\npulumi login --local    "
            "# or where you keep state\npulumi stack init %s\npulumi up\n```\n",
            stack);
}

static void pulumi_section(
    const struct plan_eject_request *r, const struct plan_pulumi_program *p, struct str *out)
{
    const struct plan_settings *s = r->program.settings;

    str_appendf(
        out,
        "`Pulumi.yaml` is the whole project as a Pulumi program in YAML, `Pulumi.%s.yaml` its "
        "stack config. It needs the Pulumi CLI (%s or newer) and the\n"
        "provider `aws` %s, which the CLI fetches. `pulumi convert --language typescript` makes a "
        "program of another language out of it.\n\n## To go on\n\n",
        s->stack,
        PLAN_PULUMI_VERSION,
        PLAN_PULUMI_AWS_VERSION);
    pulumi_start(r, out);

    if (p->note_count)
        str_append(out, "\n## What the provider cannot say\n\n");
    for (size_t i = 0; i < p->note_count; i++)
        str_appendf(out, "- `%s`\n", p->notes[i]);
    if (strstr(p->yaml, "${dropData}"))
        str_append(
            out,
            "\n## Removing data\n\nA database leaves a last snapshot when it is removed. `pulumi "
            "config set dropData true`, then `pulumi up`, says that it need not.\n");
}

static char *readme(const struct plan_eject_request *r, const struct plan_pulumi_program *p)
{
    const struct plan_pulumi_request *q = &r->program;
    cleanup_arena struct arena *a = arena_new();
    struct str out = STR_INIT;

    str_appendf(
        &out,
        "# %s without defangd\n\nWritten by `defangctl eject` for project `%s`, stack `%s`, in "
        "account %s, region %s (it is made for these: zones and ARNs are in\nit). ",
        q->project,
        q->project,
        q->settings->stack,
        q->facts->account,
        q->facts->region);
    if (r->cloudformation)
        cloudformation_section(r, &out);
    else
        pulumi_section(r, p, &out);
    images_section(r, a, &out);
    config_section(r, &out);
    str_append(
        &out,
        "\n## What defangd did beside this\n\nIt built images, composed parameters, waited until "
        "services were steady and said why one was not, and emptied buckets on `down`. Logs are "
        "where\n"
        "they were, in CloudWatch. The account's CD stack is needed no more once no project of the "
        "account is deployed by defangd: `defangctl cd teardown`.\n");
    return str_take(&out);
}

int plan_eject(const struct plan_eject_request *r, struct plan_files *out, struct error *err)
{
    *out = (struct plan_files){0};
    if (r->cloudformation) {
        add(out, xstrdup("template.json"), template_text(r));
        add(out, xstrdup("README.md"), readme(r, NULL));
        return 0;
    }

    struct plan_pulumi_program p;
    int rc = plan_pulumi(&r->program, &p, err);
    if (rc == 0) {
        add(out, xstrdup("Pulumi.yaml"), xstrdup(p.yaml));
        add(out, xasprintf("Pulumi.%s.yaml", r->program.settings->stack), xstrdup(p.config));
        add(out, xstrdup("README.md"), readme(r, &p));
    }

    plan_pulumi_program_done(&p);
    return rc;
}
