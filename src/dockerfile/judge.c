/* dockerfile_judge(): the stages of the target, in their order, as a build goes through them.
 *
 * What no build of this target comes to is not looked at: a stage that nothing uses may copy what
 * is not there. A stage begins with the variables and the image of the one it is FROM; one from
 * outside with nothing that is known. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <stdlib.h>
#include <string.h>

/* One stage on the way. */
struct walk {
    struct dockerfile_judge *j;
    struct dockerfile_scope scope;
    struct dockerfile_image image;
};

static void expose_one(struct walk *w, const struct dockerfile_instruction *in, const char *text)
{
    struct dockerfile_image *image = &w->image;
    unsigned from, to;
    bool udp;

    if (!dockerfile_read_port(text, &from, &to, &udp)) {
        dockerfile_say(
            w->j->f,
            DOCKERFILE_ERROR,
            in->line,
            "port",
            "Write EXPOSE 8080, or EXPOSE 53/udp.",
            "EXPOSE %.60s is no port",
            text);
        return;
    }

    for (unsigned port = from; port <= to && image->port_count < LIMIT_DOCKERFILE_PORTS; port++) {
        bool there = port == 0;

        for (size_t i = 0; i < image->port_count; i++)
            there = there || (image->ports[i].port == port && image->ports[i].udp == udp);
        if (!there)
            image->ports[image->port_count++] =
                (struct dockerfile_port){.port = (uint16_t)port, .udp = udp, .line = in->line};
    }
}

static void expose(struct walk *w, const struct dockerfile_instruction *in)
{
    for (size_t i = 0; i < in->arg_count; i++) {
        struct dockerfile_expanded out;

        if (!dockerfile_expand_in(w->j, &w->scope, in, in->args[i], &out) || out.unknown)
            continue;
        for (size_t k = 0; k < out.words.len; k++)
            expose_one(w, in, out.words.items[k]);
    }
}

static void set_variables(struct walk *w, const struct dockerfile_instruction *in)
{
    struct arena *a = w->j->a;
    struct dockerfile_scope before;

    /* ENV A=1 B=$A: all of one instruction are read with what was set before it. */
    dockerfile_scope_copy(a, &before, &w->scope);
    for (size_t i = 0; i + 1 < in->arg_count; i += 2) {
        struct dockerfile_expanded name, value;

        if (!dockerfile_expand_in(w->j, &before, in, in->args[i], &name) ||
            !dockerfile_expand_in(w->j, &before, in, in->args[i + 1], &value))
            continue;
        dockerfile_scope_set(a, &w->scope, name.text, value.unknown ? NULL : value.text, true);
    }
}

/* For what is said of their variables alone. */
static void expand_all(struct walk *w, const struct dockerfile_instruction *in)
{
    for (size_t i = 0; i < in->arg_count; i++) {
        struct dockerfile_expanded out;

        (void)dockerfile_expand_in(w->j, &w->scope, in, in->args[i], &out);
    }
}

static void set_user(struct walk *w, const struct dockerfile_instruction *in)
{
    struct dockerfile_expanded out;

    if (!dockerfile_expand_in(w->j, &w->scope, in, in->args[0], &out))
        return;
    w->image.user = out.unknown || !*out.text ? NULL : out.text;
    w->image.user_line = in->line;
}

static void copy(struct walk *w, const struct dockerfile_instruction *in)
{
    const char *from = in->kind == DOCKERFILE_COPY ? dockerfile_flag(in, "from") : NULL;

    for (size_t i = 0; i < in->arg_count; i++) {
        struct dockerfile_heredoc h;
        struct dockerfile_expanded out;
        bool heredoc = false;

        if (dockerfile_heredoc_of(w->j->a, in->args[i], &heredoc, &h) < 0 || heredoc)
            continue;
        if (!dockerfile_expand_in(w->j, &w->scope, in, in->args[i], &out) || out.unknown)
            continue;
        if (i + 1 < in->arg_count && text_empty(from))
            dockerfile_check_source(w->j, in, out.text);
    }
}

/* A bind mount of the context itself needs what it names. */
static void run(struct walk *w, const struct dockerfile_instruction *in)
{
    size_t at = 0;

    for (const char *mount; (mount = dockerfile_flag_next(in, "mount", &at));) {
        struct dockerfile_mount m;
        struct dockerfile_expanded out;

        if (!dockerfile_read_mount(in, mount, true, &m, w->j->f))
            continue;
        dockerfile_check_mount(w->j, in, &m);
        if (!text_empty(m.from) || text_empty(m.source) ||
            (m.type && !text_eq_nocase(m.type, "bind")))
            continue;
        if (dockerfile_expand_in(w->j, &w->scope, in, m.source, &out) && !out.unknown)
            dockerfile_check_source(w->j, in, out.text);
    }

    dockerfile_check_run(w->j, &w->scope, in);
}

static void step(struct walk *w, const struct dockerfile_instruction *in)
{
    switch (in->kind) {
    case DOCKERFILE_ARG:
        dockerfile_declare(w->j, &w->scope, in);
        break;
    case DOCKERFILE_ENV:
        set_variables(w, in);
        break;
    case DOCKERFILE_ADD:
    case DOCKERFILE_COPY:
        copy(w, in);
        break;
    case DOCKERFILE_RUN:
        run(w, in);
        break;
    case DOCKERFILE_EXPOSE:
        expose(w, in);
        break;
    case DOCKERFILE_HEALTHCHECK:
        (void)dockerfile_read_health(in, &w->image.health, w->j->f);
        break;
    case DOCKERFILE_USER:
        set_user(w, in);
        break;
    case DOCKERFILE_LABEL:
    case DOCKERFILE_STOPSIGNAL:
    case DOCKERFILE_VOLUME:
    case DOCKERFILE_WORKDIR:
        expand_all(w, in);
        break;
    default:
        break;
    }
}

static void walk_stage(struct dockerfile_judge *j, size_t stage)
{
    const struct dockerfile_stage *s = &j->d->stages[stage];
    int base = dockerfile_base_of(j, stage);
    struct walk w = {.j = j};
    struct dockerfile_port *ports =
        arena_array(j->a, struct dockerfile_port, LIMIT_DOCKERFILE_PORTS);

    if (base >= 0) {
        dockerfile_scope_copy(j->a, &w.scope, &j->scopes[base]);
        w.image = j->images[base];
        if (w.image.port_count)
            memcpy(ports, w.image.ports, w.image.port_count * sizeof *ports);
    } else {
        w.scope.open = !j->bases[stage] || strcmp(j->bases[stage], "scratch") != 0;
    }
    w.image.ports = ports;

    for (size_t i = s->first; i < s->end; i++)
        step(&w, &j->d->items[i]);
    j->scopes[stage] = w.scope;
    j->images[stage] = w.image;
}

static int by_port(const void *x, const void *y)
{
    const struct dockerfile_port *a = x, *b = y;

    return a->port != b->port ? (a->port > b->port) - (a->port < b->port) : a->udp - b->udp;
}

void dockerfile_judge(
    const struct dockerfile *d,
    const struct dockerfile_build *b,
    struct dockerfile_image *image,
    struct dockerfile_findings *f)
{
    struct dockerfile_judge j = {.d = d, .b = b, .f = f, .a = f->arena};
    size_t n = d->stage_count;

    *image = (struct dockerfile_image){0};
    if (!n)
        return;

    j.scopes = arena_array(j.a, struct dockerfile_scope, n);
    j.images = arena_array(j.a, struct dockerfile_image, n);
    j.reached = arena_array(j.a, bool, n);
    memset(j.reached, 0, n * sizeof *j.reached);

    dockerfile_read_globals(&j);
    dockerfile_check_args(&j);
    int target = dockerfile_target_of(&j);
    if (target < 0)
        return;
    dockerfile_read_bases(&j);
    dockerfile_reach(&j, (size_t)target);

    for (size_t i = 0; i <= (size_t)target; i++)
        if (j.reached[i])
            walk_stage(&j, i);
    dockerfile_tell_built_in(&j);

    *image = j.images[target];
    if (image->port_count)
        qsort(image->ports, image->port_count, sizeof *image->ports, by_port);
}
