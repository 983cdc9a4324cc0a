/* `build.secrets`: what a RUN of a Dockerfile mounts and no layer keeps.
 *
 *   secrets: of the file ─▶ SSM ─▶ Secrets of the builder's container ─▶ --secret=id=X,env=V
 *                                        (ECS reads them)                ─▶ RUN --mount=type=secret
 *
 * Sources are those of a service's secrets (container/file_refs.c): a config value is its own
 * parameter, a file or a text becomes one whose name changes with its content. The task definition
 * of the builder names all of the project's, because a task that is run can be given a command and
 * variables in clear, and no secrets. A builder whose secrets are others is brought before the
 * first build (plan_builder_is_current).
 *
 * As with Docker a value has no part in the image's name: an image is not built anew because a
 * token is another. Which secrets there are has. Kaniko writes a variable's text into the file that
 * is mounted, so that bytes that are no text cannot be one, nor more than a parameter holds.
 * github.com/osscontainertools/kaniko README, "Flag --secret" */
#include "plan/build/secrets.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/container/environment.h"
#include "plan/container/pull.h"
#include "plan/container/references.h"
#include "plan/names.h"

#include <ctype.h>
#include <string.h>

#define VARIABLE "BUILD_SECRET_"
/* Of their parameters' names; a service of that name has others by their digest. */
#define OWNER "build"

/* "npm-token" → "BUILD_SECRET_NPM_TOKEN_1f2e3d": what is changed is told apart by a digest. */
static const char *variable_of(struct arena *a, const char *source)
{
    char *name = arena_strdup(a, source);
    bool changed = false;

    for (char *p = name; *p; p++) {
        char upper = (char)toupper((unsigned char)*p);

        if (!isalnum((unsigned char)upper) || (unsigned char)upper > 0x7f)
            upper = '_';
        changed = changed || upper != *p;
        *p = upper;
    }
    if (!changed)
        return arena_printf(a, VARIABLE "%s", name);

    cleanup_free char *digest = plan_hash_hex(source, 6);
    return arena_printf(a, VARIABLE "%s_%s", name, digest);
}

size_t plan_build_secrets(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_service *s,
    struct plan_build_secret **out)
{
    const struct compose_service as_service = {
        .name = OWNER, .secrets = s->build.secrets, .secret_count = s->build.secret_count};
    struct plan_task_file *files;
    size_t n = plan_files_of(a, p, &as_service, &files), count = 0;

    *out = arena_array(a, struct plan_build_secret, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct compose_file_ref *ref = files[i].ref;

        if (files[i].source)
            (*out)[count++] = (struct plan_build_secret){
                .id = text_empty(ref->target) ? ref->source : ref->target,
                .variable = variable_of(a, ref->source),
                .file = files[i]};
    }
    return count;
}

/* ---- of all builds ---- */

static bool is_listed(const struct compose_file_ref *list, size_t n, const char *source)
{
    for (size_t i = 0; i < n; i++)
        if (text_eq(list[i].source, source))
            return true;
    return false;
}

static int by_source(const void *x, const void *y)
{
    const struct compose_file_ref *a = x, *b = y;
    return strcmp(a->source, b->source);
}

/* A service that has the secrets of all builds, each once. */
static struct compose_service all_of(struct arena *a, const struct plan_view *v)
{
    size_t most = 0, n = 0;

    for (size_t i = 0; i < v->count; i++)
        most += v->services[i].s->build.secret_count;

    struct compose_file_ref *list = arena_array(a, struct compose_file_ref, most + 1);
    for (size_t i = 0; i < v->count; i++) {
        const struct plan_service *s = &v->services[i];
        bool built = plan_is_task(s) && plan_builds_image(s->s);

        for (size_t k = 0; built && k < s->s->build.secret_count; k++)
            if (!is_listed(list, n, s->s->build.secrets[k].source))
                list[n++] = s->s->build.secrets[k];
    }
    if (n)
        qsort(list, n, sizeof *list, by_source);
    return (struct compose_service){.name = OWNER, .secrets = list, .secret_count = n};
}

void plan_build_secrets_derived(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_view *v,
    struct plan_derived *out,
    size_t *count)
{
    const struct compose_service all = all_of(a, v);

    plan_files_derived(a, r, &all, out, count);
}

static json_t *entry(const char *variable, json_t *from)
{
    return object(key("Name", variable), key("ValueFrom", from));
}

static json_t *kept_at(struct arena *a, const struct plan_request *r, struct plan_task_file *f)
{
    if (f->reference)
        return plan_reference_value(f->reference);
    if (f->config) {
        cleanup_free char *path = plan_config_path(r->settings, r->project->name);
        return plan_parameter_arn(arena_printf(a, "%s%s", path, f->config));
    }

    const char *parameter = plan_file_parameter(a, r, OWNER, f);
    return parameter ? plan_parameter_arn(parameter) : NULL;
}

json_t *
plan_builder_secrets(struct arena *a, const struct plan_request *r, const struct plan_view *v)
{
    const struct compose_service all = all_of(a, v);
    struct plan_task_file *files;
    struct plan_derived login;
    json_t *list = array();

    if (plan_build_login(a, r, &login))
        json_push(list, entry("DOCKER_AUTH_CONFIG", plan_parameter_arn(login.parameter)));

    size_t n = plan_files_of(a, r->project, &all, &files);
    for (size_t i = 0; i < n; i++) {
        json_t *from = files[i].source ? kept_at(a, r, &files[i]) : NULL;

        if (from)
            json_push(list, entry(variable_of(a, files[i].ref->source), from));
    }
    return json_unless_empty(list);
}

/* ---- the builder that is deployed ---- */

bool plan_builder_is_current(struct arena *a, const struct plan_request *r)
{
    const json_t *builder = json_at(r->previous, "Resources.KanikoAmd64");
    json_t *deployed = json_at(builder, "Properties.ContainerDefinitions.0.Secrets");
    struct plan_view v;

    if (!builder)
        return true;

    plan_view_make(a, r->project, &v);
    cleanup_json json_t *wanted = plan_builder_secrets(a, r, &v);
    return wanted ? json_equal(deployed, wanted) : json_array_size(deployed) == 0;
}
