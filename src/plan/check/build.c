/* Where images come from: builds, of which Kaniko on Fargate does not do everything (defang.md
 * 6.1), and names.
 *
 * Refused: a context that is neither a folder of this machine nor a repository that the builder can
 * clone, a secret that the builder cannot be given, and config in a build argument: it would be
 * readable in the image. Warned of: an argument that looks like a secret; what the builder has
 * nothing for, and a build can do without, is in src/plan/keys. With image: beside build: the image
 * is built, as Compose does where it is not there, unless pull_policy has it pulled in any case.
 *
 * The image that a service names must be a name (the distribution reference grammar, as Docker has
 * it), and one that AWS can reach: a registry on this machine is none. ECS would say neither before
 * the first task fails to start, minutes after everything else was made. With build: the name is
 * what the image is called on a developer's machine: it is checked as well, for Docker refuses it
 * too, but nothing is pulled from a registry on localhost. */
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/image.h"
#include "plan/build/secrets.h"
#include "plan/check/check.h"
#include "plan/common/config.h"
#include "plan/common/context.h"
#include "plan/container/references.h"
#include <string.h>
#include <strings.h>

/* What stands between the commas of the builder's --secret. */
static bool is_secret_id(const char *id)
{
    return *id &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") ==
               strlen(id);
}

/* NULL: the builder can be given it. `f` has been read. */
static const char *secret_problem(struct plan_check *c, const struct plan_task_file *f)
{
    if (f->pieces > 1 || f->bytes > LIMIT_CONFIG_VALUE_BYTES)
        return arena_printf(
            c->a, "a build's secret has at most %zu bytes", LIMIT_CONFIG_VALUE_BYTES);
    if (f->encoded)
        return "a build's secret is text, without zero bytes and without {{";
    if (f->config && !plan_config_name_valid(f->config))
        return arena_printf(c->a, "it draws from config \"%s\", which is no valid name", f->config);
    if (f->reference && !plan_reference_ok(f->reference))
        return arena_printf(
            c->a, "\"%s\" is no secret of Secrets Manager and no parameter of SSM", f->reference);
    return NULL;
}

static void
check_secret(struct plan_check *c, const struct plan_service *s, struct plan_build_secret *secret)
{
    const struct compose_file_ref *ref = secret->file.ref;
    cleanup_error struct error why = ERROR_INIT;

    (void)plan_file_read(c->a, "", &secret->file, &why);
    const char *problem =
        error_is_set(&why) ? arena_strdup(c->a, why.message) : secret_problem(c, &secret->file);

    if (problem)
        plan_error(
            &c->diag,
            secret->file.source->pos,
            "Name a text file, or environment: NAME for one that `defangctl config set NAME` "
            "keeps.",
            "service %s: secret %s of its build: %s",
            s->s->name,
            ref->source,
            problem);
    else if (!is_secret_id(secret->id))
        plan_error(
            &c->diag,
            ref->pos,
            "Use letters, digits and _ - . /",
            "service %s: the builder takes no secret by the id \"%s\"",
            s->s->name,
            secret->id);
    else if (secret->file.empty)
        plan_warn(
            &c->diag,
            secret->file.source->pos,
            NULL,
            "service %s: secret %s of its build is empty: the builder mounts none",
            s->s->name,
            ref->source);
    else if (!text_empty(ref->uid) || !text_empty(ref->gid) || ref->mode >= 0)
        plan_warn(
            &c->diag,
            ref->pos,
            "Say uid, gid and mode at RUN --mount=type=secret.",
            "service %s: uid, gid and mode of secret %s have no effect in a build",
            s->s->name,
            ref->source);
}

static void check_secrets(struct plan_check *c, const struct plan_service *s)
{
    struct plan_build_secret *list;
    size_t n = plan_build_secrets(c->a, c->p, s->s, &list);

    for (size_t i = 0; i < n; i++)
        check_secret(c, s, &list[i]);
}

/* An argument can be read in the task, in the builder's log and in the image's history. */
static void check_arg_in_clear(
    struct plan_check *c, const struct plan_service *s, const struct compose_env *arg)
{
    const char *literal = compose_text_literal(c->a, &arg->value);
    struct yaml_pos pos = arg->value.pos.line ? arg->value.pos : s->s->build.pos;

    if (!literal || !plan_looks_secret(arg->name, literal))
        return;
    c->diag.rule = "secret in clear";
    plan_warn(
        &c->diag,
        pos,
        arena_printf(
            c->a,
            "Give it as a secret: build.secrets: [%s], secrets: {%s: {environment: %s}}, RUN "
            "--mount=type=secret,id=%s,env=%s in the Dockerfile, and `defangctl config set %s`.",
            arg->name,
            arg->name,
            arg->name,
            arg->name,
            arg->name,
            arg->name),
        "service %s: build argument %s looks like a secret; it can be read in the build's task, "
        "its "
        "log and the image's history",
        s->s->name,
        arg->name);
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void check_args(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_build *b = &s->s->build;
    const char **bad = arena_array(c->a, const char *, b->arg_count + 1);
    size_t n = 0;

    for (size_t i = 0; i < b->arg_count; i++) {
        if (b->args[i].is_null)
            plan_warn(
                &c->diag,
                b->pos,
                NULL,
                "service %s: skipping unset build argument %s",
                s->s->name,
                b->args[i].name);
        else if (!compose_text_literal(c->a, &b->args[i].value))
            bad[n++] = b->args[i].name;
        else
            check_arg_in_clear(c, s, &b->args[i]);
    }

    if (!n)
        return;

    qsort(bad, n, sizeof *bad, by_text);
    cleanup_str struct str names = STR_INIT;
    for (size_t i = 0; i < n; i++)
        str_appendf(&names, "%s%s.build.args.%s", i ? ", " : "", s->s->name, bad[i]);
    plan_error(
        &c->diag,
        b->pos,
        "Give them as secrets of the build (build.secrets), or define the variables in .env.",
        "build args do not support config interpolation [%s]: they would be readable in the image",
        str_get(&names));
}

static void check_context(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_build *b = &s->s->build;
    struct plan_git git;
    const char *why;

    if (text_empty(b->context)) {
        plan_error(
            &c->diag,
            b->pos,
            "Name the folder.",
            "service %s: build.context is required",
            s->s->name);
        return;
    }
    if (b->context[0] == '/')
        return;

    if (!plan_git_parse(c->a, b->context, &git, &why))
        plan_error(
            &c->diag,
            b->pos,
            "Write https://host/owner/name.git#ref:folder, or check it out and name the folder.",
            "service %s: build.context \"%s\" cannot be built from: %s",
            s->s->name,
            b->context,
            why);
    else if (b->dockerfile_inline || b->context_count)
        plan_error(
            &c->diag,
            b->pos,
            "Check it out and name the folder.",
            "service %s: build.context \"%s\" is cloned by the builder: nothing of this machine "
            "can "
            "stand beside it (%s)",
            s->s->name,
            b->context,
            b->dockerfile_inline ? "dockerfile_inline" : "additional_contexts");
    else if (!git.ref || !plan_git_is_commit(git.ref))
        plan_note(
            &c->diag,
            b->pos,
            "Name a commit, or run `defangctl up --build` when it has changed.",
            "service %s: %s of %s is built as it is when it is built first; later commits are not "
            "noticed",
            s->s->name,
            git.ref ? git.ref : "the default branch",
            git.url);
}

/* Folders, images, and what is built here too. */
static void check_contexts(struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < s->s->build.context_count; i++) {
        const struct compose_kv *kv = &s->s->build.contexts[i];
        const char *value = kv->value ? kv->value : "";

        if (*value != '/' && !text_starts(value, "docker-image://") &&
            !text_starts(value, "service:"))
            plan_error(
                &c->diag,
                kv->pos,
                "Name a folder, docker-image://NAME or service:NAME.",
                "service %s: build.additional_contexts.%s: \"%s\" cannot be copied from",
                s->s->name,
                kv->key,
                value);
    }
}

static void check_platforms(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_build *b = &s->s->build;

    if (b->platform_count > 1)
        plan_warn(
            &c->diag,
            b->pos,
            "Name the one that it is to run on.",
            "service %s: build.platforms names %zu platforms, and a task runs one: it is built for "
            "linux/%s",
            s->s->name,
            b->platform_count,
            strcmp(s->arch, "aarch64") == 0 ? "arm64" : "amd64");
}

void plan_check_build(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_build *b = &s->s->build;

    if (!s->s->has_build)
        return;
    if (!plan_builds_image(s->s)) {
        plan_warn(
            &c->diag,
            b->pos,
            "Say pull_policy: build to build.",
            "service %s has image and build: with pull_policy %s the image is pulled, nothing is "
            "built",
            s->s->name,
            s->s->pull_policy);
        return;
    }

    if (s->s->image)
        plan_note(
            &c->diag,
            b->pos,
            NULL,
            "service %s has build and image: it is built into the project's repository in ECR, and "
            "nothing is pushed to %s",
            s->s->name,
            s->s->image);

    check_args(c, s);
    check_secrets(c, s);
    check_context(c, s);
    check_contexts(c, s);
    check_platforms(c, s);
}

/* "localhost", "127.0.0.1:5000", "[::1]:5000": the machine that asks, which here is the task's. */
static bool is_this_machine(const char *registry)
{
    size_t host = *registry == '[' ? strcspn(registry, "]") + 1 : strcspn(registry, ":");

    if (host == strlen("localhost") && strncasecmp(registry, "localhost", host) == 0)
        return true;
    if (text_starts(registry, "[::1]"))
        return true;

    return text_starts(registry, "127.") && strspn(registry, "0123456789.") >= host;
}

void plan_check_image(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *node = s->s->node ? yaml_get(s->s->node, "image") : NULL;
    struct yaml_pos pos = node ? node->pos : s->s->pos;
    cleanup_error struct error err = ERROR_INIT;
    struct image_name name;

    if (!s->s->image)
        return;

    if (text_eq(s->s->pull_policy, "never") && !s->s->has_build)
        plan_warn(
            &c->diag,
            pos,
            "Add build:, or remove pull_policy.",
            "service %s: with pull_policy never an image must be there already, and on AWS none "
            "is: it is pulled",
            s->s->name);
    if (image_name_parse(c->a, s->s->image, &name, &err) < 0)
        plan_error(
            &c->diag,
            pos,
            "Write it as [registry/]name[:tag], for example nginx:1.27 or ghcr.io/team/app:main.",
            "service %s: %s",
            s->s->name,
            err.message);
    else if (is_this_machine(name.registry) && !s->s->has_build)
        plan_error(
            &c->diag,
            pos,
            "Push it to a registry that AWS can reach, or let it be built: build: .",
            "service %s: the image is in a registry on this machine (%s), which no task on AWS can "
            "reach",
            s->s->name,
            name.registry);
}
