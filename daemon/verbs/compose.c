/* Verbs about the Compose files themselves: `compose config` and `compose lint`. AWS is not asked;
 * with --resolve-image-digests the registries are.
 *
 * `config` prints what the files come to, as Docker Compose does, so that both may be compared: the
 * resolved project without what nobody uses, or one list of it. `lint` answers with its findings,
 * also when the files cannot be loaded: then the mistakes are the findings. */
#include "daemon/digests.h"
#include "daemon/verb.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/work.h"

#include <stdlib.h>
#include <string.h>

/* As `docker compose config` prints them, one a line. */
static void list_names(const struct compose_project *p, const char *what, struct str *out)
{
    if (text_eq(what, "services"))
        for (size_t i = 0; i < p->service_count; i++)
            str_appendf(out, "%s\n", p->services[i].name);
    else if (text_eq(what, "volumes"))
        for (size_t i = 0; i < p->volume_count; i++)
            str_appendf(out, "%s\n", p->volumes[i].name);
    else if (text_eq(what, "networks"))
        for (size_t i = 0; i < p->network_count; i++)
            str_appendf(out, "%s\n", p->networks[i].name);
    else if (text_eq(what, "images"))
        for (size_t i = 0; i < p->service_count; i++)
            str_appendf(
                out,
                "%s%s%s\n",
                p->services[i].image ? p->services[i].image : p->name,
                p->services[i].image ? "" : "-",
                p->services[i].image ? "" : p->services[i].name);
}

/* A variable without a value is one that must not be shown. */
static void list_variables(const struct compose_project *p, struct str *out)
{
    for (size_t i = 0; i < p->variable_count; i++)
        str_appendf(
            out,
            "%s=%s\n",
            p->variables[i].key,
            p->variables[i].value ? p->variables[i].value : "***");
}

/* Whether `name` stands in a list with commas. */
static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = list; *p;) {
        if (strncmp(p, name, n) == 0 && (!p[n] || p[n] == ','))
            return true;

        p += strcspn(p, ",");
        p += *p == ',';
    }

    return false;
}

/* A name that is not there is a typing error, never an empty list. */
static int check_listed(const struct compose_project *p, const char *list, struct error *err)
{
    cleanup_free char *copy = xstrdup(list);
    char *rest = copy;

    for (char *name; (name = strsep(&rest, ","));)
        if (!compose_service_get(p, name))
            return error_raise(err, ERR_USAGE, "there is no service \"%s\" in this project", name);

    return 0;
}

/* "NAME HASH" a line; of the services named, with commas between, or of all for "*". */
static int
list_hashes(const struct compose_project *p, const char *wanted, struct str *out, struct error *err)
{
    bool all = text_eq(wanted, "*");
    int rc = all ? 0 : check_listed(p, wanted, err);

    for (size_t i = 0; rc == 0 && i < p->service_count; i++) {
        if (!all && !is_listed(wanted, p->services[i].name))
            continue;

        cleanup_str struct str text = STR_INIT;
        uint8_t sum[SHA256_BYTES];

        compose_show_hashed(&p->services[i], &text);
        digest_sha256(str_get(&text), text.len, sum);

        cleanup_free char *hex = digest_hex(sum, sizeof sum);
        str_appendf(out, "%s %s\n", p->services[i].name, hex);
    }

    return rc;
}

static void list_profiles(const struct compose_project *p, struct str *out)
{
    for (size_t i = 0; i < p->profile_count; i++)
        str_appendf(out, "%s\n", p->profiles[i]);
}

/* What is printed of a project, on the pool: a large one takes its time. */
struct printing {
    const struct compose_project *p;
    const Defang__ComposeConfigRequest *r;
    struct str text;
};

/* What --hash, --services and their like ask for, or the whole project. */
static int print_project(void *arg, struct error *err)
{
    struct printing *job = arg;
    const struct compose_project *p = job->p;
    const Defang__ComposeConfigRequest *r = job->r;
    struct str *text = &job->text;

    if (!text_empty(r->hash))
        return list_hashes(p, r->hash, text, err);

    if (text_eq(r->list, "profiles"))
        list_profiles(p, text);
    else if (text_eq(r->list, "environment"))
        list_variables(p, text);
    else if (!text_empty(r->list))
        list_names(p, r->list, text);
    else if (text_eq(r->format, "json"))
        compose_show_json(p, text);
    else
        compose_show_yaml(p, text);

    return 0;
}

static int drop_unused(void *arg, struct error *err)
{
    compose_drop_unused(arg);
    return 0;
}

static void reply_config(struct verb_call *v, const struct str *text)
{
    Defang__ComposeConfigReply reply = DEFANG__COMPOSE_CONFIG_REPLY__INIT;

    reply.text.data = (uint8_t *)(text->data ? text->data : (char *)"");
    reply.text.len = text->len;
    verb_diagnostics(
        v->project.arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    server_reply(v->call, &reply.base);
}

static int
verb_compose_config(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ComposeConfigRequest *r = (const Defang__ComposeConfigRequest *)request;
    struct loop *loop = v->daemon->loop;
    int rc = project_read(v->daemon, r->caller, r->no_interpolate, &v->project, err);
    if (rc < 0)
        return rc;

    struct printing job = {.p = v->project.model, .r = r};

    if (!r->no_interpolate)
        rc = work_call(loop, drop_unused, v->project.model, err);
    if (rc == 0 && r->resolve_image_digests)
        rc = digests_resolve(v->daemon, r->caller, &v->project, err);
    if (rc == 0)
        rc = work_call(loop, print_project, &job, err);
    if (rc == 0)
        reply_config(v, &job.text);
    str_done(&job.text);

    return rc;
}

static int
verb_compose_lint(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ComposeLintRequest *r = (const Defang__ComposeLintRequest *)request;
    int rc = project_lint(v->daemon, r->caller, r->mode, &v->project, err);
    if (rc < 0)
        return rc;

    Defang__ComposeLintReply reply = DEFANG__COMPOSE_LINT_REPLY__INIT;
    reply.project = verb_text(v->project.arena, v->project.name);
    verb_diagnostics(
        v->project.arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    server_reply(v->call, &reply.base);

    return 0;
}

void verbs_compose_register(struct daemon *d)
{
    verb_handle(d, RPC_COMPOSE_CONFIG, verb_compose_config);
    verb_handle(d, RPC_COMPOSE_LINT, verb_compose_lint);
}
