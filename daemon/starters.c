/* A folder, read on the pool as far as its kind shows: names two levels deep, and the text of the
 * few files that starter_reads() asks for. Folders that tools fill are left out. What is made of it
 * goes into the model, which is frozen with a job: a job that resumes builds what was admitted. */
#include "daemon/project.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/diag.h"
#include "loop/work.h"
#include "plan/view/view.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES_MAX  4000
#define FILE_BYTES KIB(256)
#define DEPTH      3

struct look {
    struct arena *a;
    const char *folder;
    struct starter_file *files;
    size_t count;
};

static bool is_filled_by_tools(const char *name)
{
    static const char *const names[] = {
        ".git", "node_modules", "vendor", "target", ".venv", "venv", "__pycache__", ".next"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void take_file(struct look *l, const char *path, const char *full)
{
    struct starter_file *file = &l->files[l->count++];
    cleanup_str struct str text = STR_INIT;
    cleanup_error struct error ignored = ERROR_INIT;

    *file = (struct starter_file){.path = arena_strdup(l->a, path)};
    if (!starter_reads(path) || file_read(full, FILE_BYTES, &text, &ignored) < 0)
        return;
    file->text = arena_strndup(l->a, str_get(&text), text.len);
    file->n = text.len;
}

/* Links are not followed: what they lead to is not the folder's. */
static void walk(struct look *l, const char *below, unsigned depth)
{
    cleanup_free char *here = path_join(l->folder, below);
    DIR *dir = opendir(here);
    struct dirent *entry;

    while (dir && l->count < NAMES_MAX && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        cleanup_free char *path = *below ? path_join(below, name) : xstrdup(name);
        cleanup_free char *full = path_join(l->folder, path);
        struct stat st;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || lstat(full, &st) < 0)
            continue;
        if (S_ISREG(st.st_mode))
            take_file(l, path, full);
        else if (S_ISDIR(st.st_mode) && depth > 1 && !is_filled_by_tools(name))
            walk(l, path, depth - 1);
    }
    if (dir)
        closedir(dir);
}

static void look_on_pool(void *arg)
{
    struct look *l = arg;

    walk(l, "", DEPTH);
}

bool starters_look(
    struct daemon *d, struct arena *a, const char *folder, unsigned port, struct starter *out)
{
    struct look l = {
        .a = a, .folder = folder, .files = arena_array(a, struct starter_file, NAMES_MAX + 1)};

    if (work_run(d->loop, look_on_pool, &l, NULL) < 0)
        return false;

    struct starter_folder f = {.files = l.files, .count = l.count, .port = port};
    return starter_make(a, &f, out);
}

unsigned starters_port(const struct compose_service *s)
{
    if (s->port_count)
        return s->ports[0].target;
    return s->expose_count ? s->expose[0] : 0;
}

/* Docker takes "dockerfile" too where there is no "Dockerfile". */
bool starters_wanted(const struct compose_service *s)
{
    const struct compose_build *b = &s->build;

    if (!s->has_build || b->dockerfile_inline || !text_empty(b->target) || !b->context ||
        *b->context != '/' || !file_is_dir(b->context) || !text_eq(b->dockerfile, "Dockerfile"))
        return false;

    cleanup_free char *usual = path_join(b->context, "Dockerfile");
    cleanup_free char *small = path_join(b->context, "dockerfile");
    return !file_exists(usual) && !file_exists(small);
}

static void say(struct project *p, const struct compose_service *s, const struct starter *made)
{
    const char *hint = arena_printf(
        p->arena,
        "`defangctl init %s` shows it and writes it into %s, to keep and to change.",
        s->name,
        s->build.context);
    struct compose_diagnostics *d = &p->diagnostics;

    compose_diagnose(
        d,
        COMPOSE_NOTE,
        s->build.pos,
        hint,
        "service %s: its folder has no Dockerfile, so one for %s is used",
        s->name,
        made->kind);
    d->items[d->len - 1].rule = "build/starter";
}

void starters_give(struct daemon *d, struct project *p)
{
    struct plan_view v;

    plan_view_make(p->arena, p->model, &v);
    for (size_t i = 0; i < v.count; i++) {
        struct compose_service *s = (struct compose_service *)v.services[i].s;
        struct starter made;

        if (!plan_is_task(&v.services[i]) || !plan_builds_image(s) || !starters_wanted(s) ||
            !starters_look(d, p->arena, s->build.context, starters_port(s), &made))
            continue;

        compose_take_dockerfile(p->model, s, made.dockerfile);
        say(p, s, &made);
    }
}
