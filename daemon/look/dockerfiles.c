/* The Dockerfiles of a project's builds, looked at before anything is touched.
 *
 * On the thread pool: the Dockerfile is read, the context walked as it would be packed (names
 * only), and both judged together (src/dockerfile). Builds of the same folder and Dockerfile are
 * walked once. Back on the loop the findings become diagnostics, with positions in the Dockerfile,
 * or in the Compose file where that asks for what is not there (a folder, a target, an argument),
 * and what the image says of itself goes into the model, which is frozen with a job: a job that
 * resumes plans what was admitted, whatever the Dockerfile says by then.
 *
 * A context that is no folder of this machine is none of ours to look at. */
#include "daemon/look/dockerfiles.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/diag.h"
#include "dockerfile/dockerfile.h"
#include "loop/work.h"
#include "pack/pack.h"
#include "plan/view/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One build. The pool writes what stands below the line, nothing else. */
struct look {
    struct compose_service *s;
    const struct yaml_node *node; /* build: */
    const char *inline_text;      /* NULL: a file */
    const char *path;             /* of the Dockerfile, absolute */
    struct dockerfile_build build;
    size_t *arg_index; /* of an argument in the model */
    bool takes_image;  /* HEALTHCHECK and EXPOSE count */
    struct look *same; /* an earlier one whose walk serves this one too; NULL */
    atomic_bool *canceled;

    /* ---- */
    struct dockerfile_findings findings;
    struct dockerfile_image image;
    struct dockerfile_context context;
    struct pack_list list;
    bool walked;
    struct error error; /* the folder or the file cannot be read */
};

struct looks {
    struct look *items;
    size_t len;
    atomic_bool canceled;
};

/* ---- on a thread of the pool ---- */

static bool in_folder(void *arg, const char *path)
{
    cleanup_free char *full = path_join(arg, path);
    struct stat st;

    return lstat(full, &st) == 0;
}

static int by_path(const void *x, const void *y)
{
    const struct dockerfile_path *a = x, *b = y;
    return strcmp(a->path, b->path);
}

/* Relative to the context; NULL when it lies outside of it. */
static const char *path_inside(const char *context, const char *path)
{
    cleanup_free char *root = path_absolute(context, "");
    size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);

    return strncmp(path, root, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

static void walk(struct look *l)
{
    const struct compose_build *b = &l->s->build;
    const char *inside = l->inline_text ? NULL : path_inside(b->context, l->path);
    cleanup_free char *rules = xasprintf("%s.dockerignore", l->path);
    struct pack_options options = {
        .context = b->context,
        .dockerfile = inside,
        .ignore_file = l->inline_text || inside ? NULL : rules,
        .dockerfile_optional = true,
        .canceled = l->canceled};

    if (pack_walk(&options, &l->list, &l->error) < 0)
        return;

    struct arena *a = l->findings.arena;
    struct dockerfile_path *paths = arena_array(a, struct dockerfile_path, l->list.len + 1);
    for (size_t i = 0; i < l->list.len; i++)
        paths[i] = (struct dockerfile_path){l->list.entries[i].path, l->list.entries[i].target};
    qsort(paths, l->list.len, sizeof *paths, by_path);

    l->context = (struct dockerfile_context){
        .paths = paths,
        .len = l->list.len,
        .ignore_file = l->list.ignore_file,
        .in_folder = in_folder,
        .arg = (void *)b->context};
    l->walked = true;
}

static void say_missing(struct look *l)
{
    cleanup_free char *folder = path_dirname(l->path);
    cleanup_free char *small = path_join(folder, "dockerfile");
    bool other_case = strcmp(path_basename(l->path), "Dockerfile") == 0 && file_exists(small);

    error_raise(&l->error, ERR_USAGE, "no Dockerfile at %s", l->path);
    error_hint(
        &l->error,
        other_case ? "There is one called dockerfile: rename it, or set build.dockerfile to it."
                   : "Set build.dockerfile to its place, relative to build.context.");
}

static void look_at(struct look *l, struct look *first)
{
    cleanup_str struct str text = STR_INIT;
    const char *context = l->s->build.context;

    if (!file_is_dir(context)) {
        error_raise(&l->error, ERR_USAGE, "the build context %s is not a folder", context);
        error_hint(
            &l->error,
            "Set build.context to the folder that holds the Dockerfile, relative to the Compose "
            "file.");
        return;
    }
    if (!l->inline_text) {
        if (!file_exists(l->path) || file_is_dir(l->path)) {
            say_missing(l);
            return;
        }
        if (file_read(l->path, LIMIT_DOCKERFILE_BYTES + 1, &text, &l->error) < 0)
            return;
    } else {
        str_append(&text, l->inline_text);
    }

    struct dockerfile d;
    dockerfile_parse(str_get(&text), text.len, &d, &l->findings);
    if (!first)
        walk(l);
    const struct look *walked = first ? first : l;
    l->build.context = walked->walked ? &walked->context : NULL;
    dockerfile_judge(&d, &l->build, &l->image, &l->findings);
}

static void look_on_pool(void *arg)
{
    struct looks *all = arg;

    for (size_t i = 0; i < all->len && !atomic_load(&all->canceled); i++)
        look_at(&all->items[i], all->items[i].same);
}

/* ---- before ---- */

static void name_contexts(struct arena *a, struct look *l)
{
    const struct yaml_node *n = l->node ? yaml_get(l->node, "additional_contexts") : NULL;

    if (!n || n->kind == YAML_KIND_SCALAR)
        return;

    const char **names = arena_array(a, const char *, n->len + 1);
    for (size_t i = 0; i < n->len; i++) {
        const char *name =
            n->kind == YAML_KIND_MAPPING ? n->pairs[i].key->value : n->items[i]->value;
        if (name)
            names[l->build.context_count++] = arena_strndup(a, name, strcspn(name, "="));
    }
    l->build.contexts = names;
}

/* What RUN may mount of the Compose file's: secrets by id, and contexts that are folders. */
static void name_mounts(struct arena *a, struct look *l)
{
    const struct compose_build *b = &l->s->build;
    const char **ids = arena_array(a, const char *, b->secret_count + 1);
    const char **folders = arena_array(a, const char *, b->context_count + 1);

    for (size_t i = 0; i < b->secret_count; i++)
        ids[i] = text_empty(b->secrets[i].target) ? b->secrets[i].source : b->secrets[i].target;
    for (size_t i = 0; i < b->context_count; i++)
        if (b->contexts[i].value && b->contexts[i].value[0] == '/')
            folders[l->build.folder_count++] = b->contexts[i].key;

    l->build.by_kaniko = true;
    l->build.secrets = ids;
    l->build.secret_count = b->secret_count;
    l->build.folders = folders;
}

/* An argument without a value is not given to the build. */
static void name_args(struct arena *a, struct look *l)
{
    const struct compose_build *b = &l->s->build;
    struct dockerfile_arg *args = arena_array(a, struct dockerfile_arg, b->arg_count + 1);

    l->arg_index = arena_array(a, size_t, b->arg_count + 1);
    for (size_t i = 0; i < b->arg_count; i++) {
        if (b->args[i].is_null)
            continue;
        l->arg_index[l->build.arg_count] = i;
        args[l->build.arg_count++] =
            (struct dockerfile_arg){b->args[i].name, compose_text_literal(a, &b->args[i].value)};
    }
    l->build.args = args;
}

static void begin(struct arena *a, const struct plan_service *v, struct looks *all)
{
    struct look *l = &all->items[all->len++];
    struct compose_service *s = (struct compose_service *)v->s;
    const struct compose_build *b = &s->build;
    const char *name = text_empty(b->dockerfile) ? "Dockerfile" : b->dockerfile;

    *l = (struct look){
        .s = s,
        .node = s->node ? yaml_get(s->node, "build") : NULL,
        .inline_text = b->dockerfile_inline,
        .path = path_absolute_in(a, b->context, name),
        .build = {.target = b->target},
        .takes_image = !v->once && v->kind == PLAN_CONTAINER,
        .canceled = &all->canceled,
        .findings = {.arena = arena_new()},
        .error = ERROR_INIT};
    name_args(a, l);
    name_contexts(a, l);
    name_mounts(a, l);

    for (size_t i = 0; i + 1 < all->len && !l->same; i++) {
        struct look *other = &all->items[i];
        bool is_same = strcmp(other->s->build.context, b->context) == 0 &&
                       strcmp(other->path, l->path) == 0 && !other->same;

        l->same = is_same && !other->inline_text == !l->inline_text ? other : NULL;
    }
}

/* ---- afterwards ---- */

struct telling {
    struct compose_project *p;
    struct compose_diagnostics *d;
    const char *cwd;
    struct error *first;
};

/* As a person in `cwd` would write it. */
static const char *shown(const char *cwd, const char *path)
{
    size_t n = cwd ? strlen(cwd) : 0;

    return n && text_starts(path, cwd) && path[n] == '/' ? path + n + 1 : path;
}

/* A line of an inline Dockerfile is one of the Compose file, below the key where it is a block. */
static struct yaml_pos line_of(const struct look *l, const char *cwd, unsigned line)
{
    if (!l->inline_text)
        return (struct yaml_pos){shown(cwd, l->path), line ? line : 1, 1};

    const struct yaml_node *n = l->node ? yaml_get(l->node, "dockerfile_inline") : NULL;
    struct yaml_pos pos = n ? n->pos : l->s->build.pos;
    bool block = n && !n->plain && strchr(l->inline_text, '\n');

    if (block && line) {
        pos.line += line;
        pos.column = 1;
    }

    return pos;
}

static struct yaml_pos
place_of(const struct look *l, const char *cwd, const struct dockerfile_finding *f)
{
    const struct compose_build *b = &l->s->build;
    const struct yaml_node *target = l->node ? yaml_get(l->node, "target") : NULL;

    switch (f->about) {
    case DOCKERFILE_TARGET:
        return target ? target->pos : b->pos;
    case DOCKERFILE_BUILD_ARG: {
        struct yaml_pos pos = b->args[l->arg_index[f->argument]].value.pos;
        return pos.line ? pos : b->pos;
    }
    default:
        return line_of(l, cwd, f->line);
    }
}

/* Services often share a Dockerfile: each finding once. */
static bool is_said(const struct compose_diagnostics *d, struct yaml_pos pos, const char *message)
{
    for (size_t i = 0; i < d->len; i++)
        if (d->items[i].pos.line == pos.line && text_eq(d->items[i].pos.file, pos.file) &&
            strcmp(d->items[i].message, message) == 0)
            return true;
    return false;
}

static void
say(const struct telling *t,
    enum compose_severity severity,
    struct yaml_pos pos,
    const char *rule,
    const char *message,
    const char *hint)
{
    struct compose_diagnostics *d = t->d;

    if (severity == COMPOSE_ERROR && !error_is_set(t->first)) {
        error_raise(t->first, ERR_USAGE, "%s", message);
        if (hint)
            error_hint(t->first, "%s", hint);
        if (pos.file)
            error_at(t->first, pos.file, pos.line, pos.column);
    }
    if (is_said(d, pos, message))
        return;
    compose_diagnose(d, severity, pos, hint, "%s", message);
    d->items[d->len - 1].rule = arena_strdup(d->arena, rule);
}

static void tell(const struct telling *t, const struct look *l)
{
    static const enum compose_severity severities[] = {
        [DOCKERFILE_ERROR] = COMPOSE_ERROR,
        [DOCKERFILE_WARNING] = COMPOSE_WARNING,
        [DOCKERFILE_NOTE] = COMPOSE_NOTE};

    if (error_is_set(&l->error)) {
        const struct error *e = &l->error;
        struct yaml_pos pos = {e->file ? shown(t->cwd, e->file) : NULL, e->line, e->line ? 1 : 0};
        const char *message = arena_printf(t->p->arena, "service %s: %s", l->s->name, e->message);

        say(t, COMPOSE_ERROR, e->file ? pos : l->s->build.pos, "build/context", message, e->hint);
    }

    for (size_t i = 0; i < l->findings.len; i++) {
        const struct dockerfile_finding *f = &l->findings.items[i];

        say(t, severities[f->severity], place_of(l, t->cwd, f), f->rule, f->message, f->hint);
    }
}

static void take_health(const struct telling *t, struct look *l)
{
    const struct dockerfile_health *h = &l->image.health;
    const struct compose_image_health health = {
        .pos = line_of(l, t->cwd, h->line),
        .test = h->test,
        .test_count = h->test_count,
        .interval_ms = h->interval_ms,
        .timeout_ms = h->timeout_ms,
        .start_period_ms = h->start_period_ms,
        .start_interval_ms = h->start_interval_ms,
        .retries = h->retries};

    if (h->line && !h->none && compose_take_health(t->p, l->s, &health))
        say(t,
            COMPOSE_NOTE,
            health.pos,
            "build/healthcheck-of-image",
            arena_printf(
                t->p->arena,
                "service %s: has no healthcheck of its own, so HEALTHCHECK of its Dockerfile is "
                "its healthcheck",
                l->s->name),
            "Write healthcheck: {disable: true} to have none.");
}

static void take_ports(const struct telling *t, struct look *l)
{
    uint16_t ports[LIMIT_DOCKERFILE_PORTS];
    cleanup_str struct str names = STR_INIT;
    unsigned line = 0;
    size_t n = 0;

    for (size_t i = 0; i < l->image.port_count; i++) {
        const struct dockerfile_port *port = &l->image.ports[i];

        if (port->udp)
            continue;
        str_appendf(&names, "%s%u", n ? ", " : "", port->port);
        line = line ? line : port->line;
        ports[n++] = port->port;
    }

    struct yaml_pos pos = line_of(l, t->cwd, line);
    if (n && !l->s->network_mode && compose_take_expose(t->p, l->s, pos, ports, n))
        say(t,
            COMPOSE_NOTE,
            pos,
            "build/expose-of-image",
            arena_printf(
                t->p->arena,
                "service %s: names no port, so EXPOSE of its Dockerfile (%s) is what other "
                "services reach it on",
                l->s->name,
                str_get(&names)),
            "Write ports: to open one to the internet.");
}

static void end(struct look *l)
{
    pack_list_done(&l->list);
    arena_free(l->findings.arena);
    error_done(&l->error);
}

/* What is built here: of a folder of this machine. */
static void choose(struct compose_project *p, struct looks *all)
{
    struct plan_view v;

    plan_view_make(p->arena, p, &v);
    all->items = arena_array(p->arena, struct look, v.count + 1);
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];
        const char *context = s->s->build.context;

        if (plan_is_task(s) && plan_builds_image(s->s) && context && *context == '/')
            begin(p->arena, s, all);
    }
}

int dockerfiles_look(
    struct loop *loop,
    const char *cwd,
    struct compose_project *p,
    struct compose_diagnostics *d,
    struct error *err)
{
    struct looks all = {0};
    cleanup_error struct error first = ERROR_INIT;
    const struct telling t = {.p = p, .d = d, .cwd = cwd, .first = &first};

    choose(p, &all);
    if (!all.len)
        return 0;

    int rc = work_run(loop, look_on_pool, &all, &all.canceled);
    for (size_t i = 0; i < all.len && rc == 0; i++) {
        struct look *l = &all.items[i];

        tell(&t, l);
        if (l->takes_image) {
            take_health(&t, l);
            take_ports(&t, l);
        }
    }
    for (size_t i = 0; i < all.len; i++)
        end(&all.items[i]);

    if (rc < 0)
        return error_raise_errno(err, ERR_CANCELED, -rc, "canceled while reading the Dockerfiles");
    if (!error_is_set(&first))
        return 0;
    error_move(err, &first);

    return -EINVAL;
}
