/* Bind mounts of small files: plan_binds_expand().
 *
 * No folder of the user's machine is on AWS, but what most projects mount is a configuration: one
 * file, or a small folder of them. Such a mount becomes what `configs` with `file:` are, a copy
 * that is written into the task before the program starts (files.c), one entry for each file:
 *
 *     ./prometheus.yml:/etc/prometheus/prometheus.yml   ─▶ a file; the rest of the image's folder
 *                                                          is copied beside it
 *     ./conf.d:/etc/nginx/conf.d                        ─▶ its files, and the image's are hidden,
 *                                                          as Docker does
 *
 * Tree and typed model both get them, so that a frozen job knows which files it has; the mount
 * stays, marked as copied. What a symbolic link leads to counts, and has to lie in the project's
 * folder as well. Sources of a program are left to the image that was built from them.
 *
 * Owner and mode: those of the machine mean nothing there. The owner is the service's `user` where
 * that is a number, else root; the mode is the file's. */
#include "plan/expand/binds.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/names.h"
#include "plan/plan.h"
#include "plan/view/extensions.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool plan_is_system_folder(const char *folder)
{
    static const char *const whole[] = {
        "/",
        "/bin",
        "/boot",
        "/etc",
        "/lib",
        "/lib64",
        "/run",
        "/sbin",
        "/usr",
        "/usr/bin",
        "/usr/lib",
        "/usr/sbin",
        "/usr/local",
        "/usr/local/bin",
        "/var"};
    static const char *const below[] = {"/dev", "/proc", "/sys"};

    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        if (text_eq(whole[i], folder))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(below); i++)
        if (text_starts(folder, below[i]) &&
            (folder[strlen(below[i])] == '/' || !folder[strlen(below[i])]))
            return true;
    return false;
}

/* ---- what there is ---- */

/* Whether `path` is `folder` or lies below it; both are whole paths without links. */
static bool is_within(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return text_eq(folder, "/") ||
           (text_starts(path, folder) && (path[n] == '/' || path[n] == '\0'));
}

struct found {
    const char *name, *path; /* below the mount; on this machine, links resolved */
    unsigned mode;
};

/* The files below a folder. `root`: nothing outside of it counts. */
struct search {
    struct arena *a;
    const char *root;
    struct found files[LIMIT_BIND_FILES];
    size_t count, bytes;
    bool beyond; /* too many, too large, too deep, or not only files */
};

static void add_file(struct search *f, const char *name, const char *path, const struct stat *st)
{
    if (f->count == ARRAY_LEN(f->files) || !S_ISREG(st->st_mode) ||
        st->st_size > (off_t)LIMIT_TASK_FILE_BYTES) {
        f->beyond = true;
        return;
    }

    f->bytes += (size_t)st->st_size;
    f->files[f->count++] = (struct found){
        arena_strdup(f->a, name), arena_strdup(f->a, path), (unsigned)st->st_mode & 0777};
    f->beyond = f->beyond || f->bytes > LIMIT_TASK_FILE_BYTES;
}

static void add_folder(struct search *f, const char *below, const char *path, unsigned depth);

static void
add_entry(struct search *f, const char *below, const char *path, const char *entry, unsigned depth)
{
    cleanup_free char *name = *below ? path_join(below, entry) : xstrdup(entry);
    cleanup_free char *full = path_join(path, entry);
    cleanup_free char *real = realpath(full, NULL);
    struct stat st;

    if (!real || !is_within(real, f->root) || stat(real, &st) < 0) {
        f->beyond = true;
        return;
    }
    if (S_ISDIR(st.st_mode))
        add_folder(f, name, real, depth + 1);
    else
        add_file(f, name, real, &st);
}

static void add_folder(struct search *f, const char *below, const char *path, unsigned depth)
{
    DIR *folder = depth < LIMIT_BIND_DEPTH ? opendir(path) : NULL;
    const struct dirent *entry;

    f->beyond = f->beyond || !folder;
    while (folder && !f->beyond && (entry = readdir(folder)))
        if (!text_eq(entry->d_name, ".") && !text_eq(entry->d_name, ".."))
            add_entry(f, below, path, entry->d_name, depth);
    if (folder)
        closedir(folder);
}

static int by_found(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

/* ---- what becomes of a mount ---- */

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (text_eq(*list, text))
            return true;
    return false;
}

static bool is_volume_at(const struct compose_service *s, const char *folder)
{
    for (size_t i = 0; i < s->volume_count; i++)
        if (!text_eq(s->volumes[i].type, "bind") && text_eq(s->volumes[i].target, folder))
            return true;
    return false;
}

/* The folder that gets mounted for a file. */
static const char *folder_of(struct arena *a, const char *target)
{
    cleanup_free char *folder = path_dirname(target);

    return arena_strdup(a, folder);
}

static bool target_ok(const char *target)
{
    size_t n = target ? strlen(target) : 0;

    return n > 1 && target[0] == '/' && target[n - 1] != '/' && !strstr(target, "/../") &&
           !strstr(target, "//") && !text_ends(target, "/..");
}

/* A folder that the image is built from: what is in it is in the image. */
static bool is_context(const struct compose_service *s, const char *path)
{
    cleanup_free char *context =
        s->has_build && s->build.context ? realpath(s->build.context, NULL) : NULL;

    return context && is_within(context, path);
}

static enum plan_bind
look_inside(struct search *f, const struct compose_service *s, const char *path, const char *target)
{
    struct stat st;

    if (!target_ok(target) || stat(path, &st) < 0)
        return PLAN_BIND_SYSTEM;
    if (!S_ISDIR(st.st_mode)) {
        const char *folder = folder_of(f->a, target);

        if (plan_is_system_folder(folder))
            return PLAN_BIND_SYSTEM;
        if (is_volume_at(s, folder))
            return PLAN_BIND_TAKEN;
        add_file(f, "", path, &st);
        return f->beyond ? PLAN_BIND_LARGE : PLAN_BIND_FILE;
    }

    if (is_context(s, path))
        return PLAN_BIND_SOURCES;
    add_folder(f, "", path, 0);
    if (f->beyond)
        return PLAN_BIND_LARGE;
    if (!f->count)
        return PLAN_BIND_EMPTY;
    return plan_is_system_folder(target) ? PLAN_BIND_SYSTEM : PLAN_BIND_FOLDER;
}

static enum plan_bind look(
    struct search *f,
    const struct compose_project *p,
    const struct compose_service *s,
    const struct compose_mount *m)
{
    static const char *const sockets[] = {"/var/run/docker.sock", "/run/docker.sock", NULL};
    static const char *const clocks[] = {"/etc/localtime", "/etc/timezone", NULL};
    const char *source = m->source ? m->source : "";
    const char *target = m->target ? m->target : "";

    if (is_one_of(source, sockets) || is_one_of(target, sockets))
        return PLAN_BIND_SOCKET;
    if (is_one_of(source, clocks) || is_one_of(target, clocks))
        return PLAN_BIND_CLOCK;

    cleanup_free char *root = realpath(p->working_dir, NULL);
    cleanup_free char *real = realpath(source, NULL);

    if (!root || !real)
        return root && is_within(source, p->working_dir) ? PLAN_BIND_MISSING : PLAN_BIND_OUTSIDE;
    if (is_context(s, real))
        return PLAN_BIND_SOURCES;
    if (!is_within(real, root))
        return PLAN_BIND_OUTSIDE;
    f->root = arena_strdup(f->a, root);
    return look_inside(f, s, real, target);
}

enum plan_bind plan_bind_look(
    const struct compose_project *p, const struct compose_service *s, const struct compose_mount *m)
{
    cleanup_arena struct arena *a = arena_new();
    struct search *f = arena_make(a, struct search);

    f->a = a;
    return look(f, p, s, m);
}

bool plan_keeps_image(const struct compose_service *s, const struct compose_mount *m)
{
    if (!text_eq(m->type, "volume") || !text_empty(m->source) || !m->target)
        return false;
    for (size_t i = 0; i < s->volume_count; i++) {
        const struct compose_mount *other = &s->volumes[i];
        size_t n = other->target ? strlen(other->target) : 0;

        if (text_eq(other->type, "bind") && n && text_starts(m->target, other->target) &&
            m->target[n] == '/')
            return true;
    }
    return false;
}

/* ---- into the model ---- */

static struct yaml_node *text_node(struct arena *a, struct yaml_pos pos, const char *text)
{
    return yaml_new_scalar(a, pos, text, false);
}

static void set(struct arena *a, struct yaml_node *map, const char *name, struct yaml_node *value)
{
    yaml_map_set(a, map, yaml_new_scalar(a, value->pos, name, true), value);
}

/* The list or mapping at this key, made when it is not there. */
static struct yaml_node *
part_of(struct arena *a, struct yaml_node *map, const char *name, bool list)
{
    struct yaml_node *n = yaml_get(map, name);

    if (!n || yaml_is_null(n)) {
        n = list ? yaml_new_sequence(a, map->pos) : yaml_new_mapping(a, map->pos);
        set(a, map, name, n);
    }
    return n;
}

/* "1000:1000" → "1000" and "1000"; NULL where it is no number. */
static const char *id_of(struct arena *a, const char *user, bool group)
{
    const char *colon = user ? strchr(user, ':') : NULL;
    const char *begin = group && colon ? colon + 1 : user;
    size_t n = begin ? strspn(begin, "0123456789") : 0;

    if (!n || (begin[n] && begin[n] != ':') || n > 9)
        return NULL;
    return arena_strndup(a, begin, n);
}

static void add_to_tree(
    struct compose_project *p,
    struct compose_service *s,
    const struct compose_file_ref *r,
    const char *path)
{
    struct arena *a = p->arena;
    struct yaml_node *source = yaml_new_mapping(a, r->pos);
    struct yaml_node *ref = yaml_new_mapping(a, r->pos);

    set(a, source, "name", text_node(a, r->pos, r->source));
    set(a, source, "file", text_node(a, r->pos, path));
    set(a, part_of(a, p->root, "configs", false), r->source, source);

    set(a, ref, "source", text_node(a, r->pos, r->source));
    set(a, ref, "target", text_node(a, r->pos, r->target));
    if (r->uid)
        set(a, ref, "uid", text_node(a, r->pos, r->uid));
    if (r->gid)
        set(a, ref, "gid", text_node(a, r->pos, r->gid));
    set(a, ref, "mode", yaml_new_scalar(a, r->pos, arena_printf(a, "%d", r->mode), true));
    if (r->folder)
        set(a, ref, COMPOSE_FOLDER_KEY, text_node(a, r->pos, r->folder));
    yaml_seq_push(a, part_of(a, s->node, "configs", true), ref);
}

/* Room for one more; lists of a model are short. */
#define APPEND(a, list, count, item)                                                               \
    do {                                                                                           \
        typeof(list) all_ = arena_array((a), typeof(*(list)), (count) + 1);                        \
        if (count)                                                                                 \
            memcpy(all_, (list), (count) * sizeof *all_);                                          \
        all_[(count)++] = (item);                                                                  \
        (list) = all_;                                                                             \
    } while (0)

static void add_config(
    struct compose_project *p,
    struct compose_service *s,
    const struct compose_mount *m,
    const struct found *file,
    bool folder)
{
    struct arena *a = p->arena;
    const char *target = folder ? arena_printf(a, "%s/%s", m->target, file->name) : m->target;
    cleanup_free char *hash = plan_hash_hex(target, 8);
    const struct compose_file_ref ref = {
        .pos = m->pos,
        .source = arena_printf(a, "bind-%s-%s", s->name, hash),
        .target = target,
        .uid = id_of(a, s->user, false),
        .gid = id_of(a, s->user, true),
        .mode = (int)file->mode,
        .bound = true,
        .folder = folder ? m->target : NULL};
    const struct compose_file_source source = {
        .name = ref.source, .pos = m->pos, .file = arena_strdup(a, file->path)};

    add_to_tree(p, s, &ref, source.file);
    APPEND(a, s->configs, s->config_count, ref);
    APPEND(a, p->configs, p->config_count, source);
}

static void mark_copied(struct compose_project *p, struct compose_service *s, size_t i)
{
    struct yaml_node *list = yaml_get(s->node, "volumes");

    s->volumes[i].copied = true;
    for (size_t k = 0; list && list->kind == YAML_KIND_SEQUENCE && k < list->len; k++) {
        const struct yaml_node *target = yaml_get(list->items[k], "target");

        if (target && text_eq(target->value, s->volumes[i].target))
            set(p->arena,
                list->items[k],
                COMPOSE_COPIED_KEY,
                yaml_new_scalar(p->arena, list->items[k]->pos, "true", true));
    }
}

static void expand(struct compose_project *p, struct compose_service *s, size_t i, size_t *bytes)
{
    cleanup_arena struct arena *a = arena_new();
    struct search *f = arena_make(a, struct search);

    f->a = a;
    enum plan_bind what = look(f, p, s, &s->volumes[i]);
    bool fits = *bytes + f->bytes <= LIMIT_TASK_FILES_BYTES;

    if ((what != PLAN_BIND_FILE && what != PLAN_BIND_FOLDER) || !fits)
        return;
    *bytes += f->bytes;
    qsort(f->files, f->count, sizeof *f->files, by_found);
    for (size_t k = 0; k < f->count; k++)
        add_config(p, s, &s->volumes[i], &f->files[k], what == PLAN_BIND_FOLDER);
    mark_copied(p, s, i);
}

void plan_binds_expand(struct compose_project *p)
{
    for (size_t i = 0; i < p->service_count; i++) {
        struct compose_service *s = &p->services[i];
        bool no_task =
            s->postgres.enabled || s->redis.enabled || s->mongodb.enabled || plan_static_node(s);
        size_t bytes = 0;

        for (size_t k = 0; s->node && !no_task && k < s->volume_count; k++)
            if (text_eq(s->volumes[k].type, "bind") && !s->volumes[k].copied)
                expand(p, s, k, &bytes);
    }
}
