/* Image builds: what to pack, the tag that names the content, Kaniko's arguments (defang.md 4.4).
 *
 * Of the reference's flags --reproducible is left out: it holds whole layers in memory, and the tag
 * already says what went in.
 * --compressed-caching=false and --snapshot-mode=redo keep memory and time of large images in
 * bounds. */
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/build/secrets.h"
#include "plan/build/source.h"
#include "plan/common/context.h"
#include "plan/common/rewrite.h"
#include "plan/names.h"
#include "plan/partial.h"
#include <limits.h>
#include <string.h>

#define CACHE_TTL "192h" /* eight days */
#define BUILDER   "kaniko"

static const struct compose_service *service_of(const struct plan_request *r, const char *name)
{
    return compose_service_get(r->project, name);
}

static void fill(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct plan_build *b)
{
    cleanup_free char *repository = plan_repository(r->settings, r->project->name);
    cleanup_free char *family = plan_task_family(
        r->settings,
        r->project->name,
        strcmp(s->arch, "aarch64") == 0 ? "kanikoArm64" : "kanikoAmd64");

    *b = (struct plan_build){
        .service = s->s->name,
        .arch = s->arch,
        .repository = arena_strdup(a, repository),
        .task_family = arena_strdup(a, family)};
    plan_build_source(a, &s->s->build, b);
}

/* Its arguments with an object key as long as one can be, so that what passes here fits later. */
static int check_length(
    struct arena *arena, const struct plan_request *r, struct plan_build *b, struct error *err)
{
    struct plan_build probe = *b;
    size_t bytes = 256;

    probe.all_count = 0; /* without the others: none has its key yet */
    probe.object_key =
        "uploads/sha256-0123456789012345678901234567890123456789012345678901234567890123.tar.gz";
    plan_build_finish(arena, r, &probe);
    for (size_t k = 0; k < probe.command_count; k++)
        bytes += plan_json_length(probe.command[k]) + 1;
    if (bytes <= LIMIT_PLAN_OVERRIDE_BYTES)
        return 0;

    const struct compose_service *s = service_of(r, probe.service);
    int rc = error_raise(
        err,
        ERR_USAGE,
        "service %s: its build needs %zu bytes of arguments, and ECS takes %d",
        probe.service,
        bytes,
        LIMIT_PLAN_OVERRIDE_BYTES);
    error_hint(err, "Shorten build.args, or put the values into a file of the build context.");
    error_at(err, s->build.pos.file, s->build.pos.line, s->build.pos.column);
    return rc;
}

int plan_builds(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_build **out,
    size_t *count,
    struct error *err)
{
    struct plan_view v;

    plan_view_make(arena, r->project, &v);
    *out = arena_array(arena, struct plan_build, v.count + 1);
    *count = 0;
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];
        if (plan_is_task(s) && plan_builds_image(s->s) && !plan_is_held(r, s->s->name))
            fill(arena, r, s, &(*out)[(*count)++]);
    }

    int rc = 0;
    for (size_t i = 0; i < *count; i++) {
        (*out)[i].all = *out;
        (*out)[i].all_count = *count;
    }
    for (size_t i = 0; i < *count && rc == 0; i++)
        rc = check_length(arena, r, &(*out)[i], err);
    return rc;
}

struct args {
    struct arena *a;
    const char **items;
    size_t len;
};

static void arg(struct args *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void arg(struct args *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    struct str text = STR_INIT;
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    l->items[l->len++] = arena_strdup(l->a, str_get(&text));
    str_done(&text);
}

static void build_args(struct args *l, const struct compose_service *s, const struct plan_view *v)
{
    struct plan_value of = {.asker = plan_view_get(v, s->name)};

    for (size_t i = 0; i < s->build.arg_count; i++) {
        const char *value =
            s->build.args[i].is_null ? NULL : compose_text_literal(l->a, &s->build.args[i].value);
        of.variable = s->build.args[i].name;
        if (value)
            arg(l, "--build-arg=%s=%s", of.variable, plan_rewrite(l->a, v, &of, value));
    }
}

/* Where each is mounted from; of its value nothing stands here. An empty one is none. */
static void secrets(struct args *l, const struct plan_request *r, const struct compose_service *s)
{
    struct plan_build_secret *list;
    size_t n = plan_build_secrets(l->a, r->project, s, &list);

    for (size_t i = 0; i < n; i++) {
        struct plan_task_file *f = &list[i].file;

        if (f->config || f->reference || plan_file_parameter(l->a, r, "", f))
            arg(l, "--secret=id=%s,env=%s", list[i].id, list[i].variable);
    }
}

static void labels(struct args *l, const struct compose_service *s)
{
    for (size_t i = 0; i < s->build.label_count; i++)
        arg(l,
            "--label=%s=%s",
            s->build.labels[i].key,
            s->build.labels[i].value ? s->build.labels[i].value : "");
}

static const char *registry(struct arena *a, const struct plan_facts *f)
{
    return arena_printf(a, "%s.dkr.ecr.%s.%s", f->account, f->region, f->dns_suffix);
}

static struct plan_build *build_of(const struct plan_build *b, const char *service)
{
    for (size_t i = 0; i < b->all_count; i++)
        if (strcmp(b->all[i].service, service) == 0)
            return &b->all[i];
    return NULL;
}

/* The image of a service that is built here too: that one is finished before. In circles nobody
 * waits, as the loader has refused them. */
static const char *
image_of(struct arena *a, const struct plan_request *r, struct plan_build *b, const char *service)
{
    struct plan_build *other = build_of(b, service);
    const struct compose_service *s = service_of(r, service);

    if (!other) /* not built: the image that it names */
        return s && s->image ? s->image : "";
    if (!other->tag && other->object_key && other != b)
        plan_build_finish(a, r, other);
    b->step = MAX(b->step, other->step + 1);
    return arena_printf(
        a, "%s/%s:%s", registry(a, r->facts), other->repository, other->tag ? other->tag : "");
}

static void context_args(struct args *l, const struct plan_request *r, struct plan_build *b)
{
    for (size_t i = 0; i < b->context_count; i++)
        if (b->contexts[i].service)
            arg(l,
                "--build-arg=" PLAN_BUILD_CONTEXT_ARG "%zu=%s",
                i,
                image_of(l->a, r, b, b->contexts[i].service));
}

/* Over all that goes into the image: context, Dockerfile, target, platform, arguments and labels.
 */
static const char *content_of(
    struct arena *a,
    const struct plan_build *b,
    const struct compose_service *s,
    const struct args *own)
{
    cleanup_str struct str all = STR_INIT;
    uint8_t sum[SHA256_BYTES];

    str_appendf(
        &all,
        "%s\n%s\n%s\n%s\n",
        b->object_key,
        b->beside ? PLAN_BUILD_DOCKERFILE : b->dockerfile,
        s->build.target ? s->build.target : "",
        b->arch);
    if (b->git && b->git->folder)
        str_appendf(&all, "%s\n", b->git->folder);
    for (size_t i = 0; i < own->len; i++)
        str_appendf(&all, "%zu:%s\n", strlen(own->items[i]), own->items[i]);
    digest_sha256(str_get(&all), all.len, sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    return arena_strdup(a, hex);
}

static void where(struct args *l, const struct plan_request *r, const struct plan_build *b)
{
    if (b->git) {
        const char *ref = b->git->ref;
        bool by_name = ref && !text_starts(ref, "refs/") && !plan_git_is_commit(ref);
        int place = (int)strcspn(b->object_key, "#");

        arg(l, "--context=%.*s", by_name ? place : INT_MAX, b->object_key);
        arg(l,
            "--git=branch=%s,single-branch=false,depth=0,recurse-submodules=true",
            by_name ? ref : "");
        if (b->git->folder)
            arg(l, "--context-sub-path=%s", b->git->folder);
        arg(l, "--dockerfile=%s", b->dockerfile);
        return;
    }

    arg(l, "--context=s3://%s/%s", r->facts->bucket, b->object_key);
    if (b->beside)
        arg(l, "--context-sub-path=" PLAN_BUILD_CONTEXT);
    arg(l, "--dockerfile=%s", b->beside ? "../" PLAN_BUILD_DOCKERFILE : b->dockerfile);
}

void plan_build_finish(struct arena *arena, const struct plan_request *r, struct plan_build *b)
{
    const struct compose_service *s = service_of(r, b->service);
    struct plan_view v;

    if (b->tag)
        return;

    plan_view_make(arena, r->project, &v);
    size_t most =
        s->build.arg_count + s->build.label_count + s->build.secret_count + b->context_count + 1;
    struct args own = {.a = arena, .items = arena_array(arena, const char *, most)};
    build_args(&own, s, &v);
    context_args(&own, r, b);
    labels(&own, s);
    secrets(&own, r, s);

    cleanup_free char *prefix = plan_image_prefix(s->name);
    b->content = content_of(arena, b, s, &own);
    b->tag = arena_printf(arena, "%s%.8s-%s", prefix, b->content, b->arch);

    const char *place = arena_printf(arena, "%s/%s", registry(arena, r->facts), b->repository);
    struct args l = {.a = arena, .items = arena_array(arena, const char *, own.len + 28)};
    where(&l, r, b);
    for (size_t i = 0; i < own.len; i++)
        arg(&l, "%s", own.items[i]);
    if (!text_empty(s->build.target))
        arg(&l, "--target=%s", s->build.target);
    arg(&l, "--destination=%s:%s", place, b->tag);
    arg(&l, "--cache=%s", s->build.no_cache ? "false" : "true");
    if (!s->build.no_cache) {
        arg(&l, "--cache-repo=%s/cache", place);
        arg(&l, "--cache-ttl=" CACHE_TTL);
        arg(&l, "--compressed-caching=false");
    }
    arg(&l, "--snapshot-mode=redo");
    arg(&l, "--custom-platform=linux/%s", strcmp(b->arch, "aarch64") == 0 ? "arm64" : "amd64");
    arg(&l, "--registry-mirror=public.ecr.aws/docker");
    arg(&l, "--push-retry=1");
    arg(&l, "--image-download-retry=2");
    arg(&l, "--log-format=text");
    arg(&l, "--force"); /* Fargate is not recognised as a container */
    arg(&l, "--label=io.defang.image.builder=" BUILDER);
    arg(&l, "--label=io.defang.image.name=%s-image", b->service);
    arg(&l, "--label=io.defang.image.tag=%s", b->tag);
    arg(&l, "--label=io.defang.image.etag=%s", r->deployment);
    b->command = l.items;
    b->command_count = l.len;
}
