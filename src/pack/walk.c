/* What goes into a build context: the folder is walked in the order of names, ignored paths left
 * out, extras put in.
 *
 * First the Dockerfile is found, since it decides which ignore file counts
 * (Dockerfile.dockerignore before .dockerignore, as BuildKit has it), then the rules are read,
 * then the folders walked. Both files go along whatever the rules say: the builder needs them.
 *
 * An ignored folder is entered only when a "!" rule or one of those two files may lie below it. A
 * folder in which nothing is left is kept as an empty one. The list is what pack_archive() reads
 * from, in this order. */
#include "pack/internal.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "pack/ignore.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    const struct pack_options *o;
    struct pack_list *list;
    struct ignore *ignore;
    VEC(struct pack_entry) entries;
    struct error *err;
};

static int
walk_folder(struct walk *w, const char *rel, unsigned depth, bool ignored, const bool *state);

static int fail(struct walk *w, int number, const char *doing, const char *rel)
{
    int rc = error_raise_errno(
        w->err,
        ERR_FAILED,
        number,
        "build context %s: cannot %s %s: %s",
        w->o->context,
        doing,
        *rel ? rel : ".",
        strerror(number));

    error_hint(
        w->err,
        "If the build does not need it, name it in %s.",
        w->list->ignore_file ? w->list->ignore_file : ".dockerignore");

    return rc;
}

static const struct pack_extra *find_extra(const struct pack_options *o, const char *rel)
{
    for (size_t i = 0; i < o->extras_len; i++)
        if (!strcmp(o->extras[i].name, rel))
            return &o->extras[i];
    return NULL;
}

/* The Dockerfile and the ignore file go along whatever the rules say. */
static bool forced(const struct walk *w, const char *rel)
{
    return text_eq(rel, w->list->dockerfile) || text_eq(rel, w->list->ignore_file);
}

static bool leads_to_forced(const struct walk *w, const char *rel)
{
    return (w->list->dockerfile && pack_path_below(w->list->dockerfile, rel)) ||
           (w->list->ignore_file && pack_path_below(w->list->ignore_file, rel));
}

static int push(struct walk *w, struct pack_entry e)
{
    if (w->entries.len >= LIMIT_PACK_ENTRIES) {
        free(e.path);
        free(e.target);
        return error_raise_errno(
            w->err,
            ERR_REFUSED,
            E2BIG,
            "build context %s holds more than %d files",
            w->o->context,
            LIMIT_PACK_ENTRIES);
    }

    w->list->files += e.kind != PACK_DIR;
    w->list->total_bytes += e.size;
    vec_push(&w->entries, e);

    return 0;
}

static int add_link(struct walk *w, const char *rel, const char *full)
{
    char target[4096]; /* PATH_MAX: what the kernel allows */
    ssize_t n = readlink(full, target, sizeof target - 1);

    if (n < 0)
        return fail(w, errno, "read link", rel);
    target[n] = '\0';
    return push(
        w, (struct pack_entry){.path = xstrdup(rel), .kind = PACK_LINK, .target = xstrdup(target)});
}

static int
add_folder(struct walk *w, const char *rel, unsigned depth, bool ignored, const bool *state)
{
    if (ignored && !ignore_may_reinclude(w->ignore, rel) && !leads_to_forced(w, rel))
        return 0;

    size_t before = w->entries.len;
    int rc = walk_folder(w, rel, depth + 1, ignored, state);
    if (rc == 0 && !ignored && w->entries.len == before)
        rc = push(w, (struct pack_entry){.path = xstrdup(rel), .kind = PACK_DIR});
    return rc;
}

static int add(struct walk *w, const char *rel, unsigned depth, const bool *parent)
{
    if (pack_canceled(w->o))
        return error_raise(w->err, ERR_CANCELED, "packing %s was canceled", w->o->context);
    if (find_extra(w->o, rel))
        return 0; /* an extra stands for it */

    cleanup_free char *full = path_join(w->o->context, rel);
    struct stat st;
    if (lstat(full, &st) != 0)
        return fail(w, errno, "stat", rel);
    if (S_ISDIR(st.st_mode)) {
        cleanup_free bool *own = xcalloc(ignore_count(w->ignore), sizeof *own);
        bool ignored = ignore_match(w->ignore, rel, parent, own);
        return add_folder(w, rel, depth, ignored, own);
    }

    if (ignore_match(w->ignore, rel, parent, NULL) && !forced(w, rel))
        return 0;
    if (S_ISLNK(st.st_mode))
        return add_link(w, rel, full);
    if (S_ISREG(st.st_mode))
        return push(
            w,
            (struct pack_entry){
                .path = xstrdup(rel),
                .kind = PACK_FILE,
                .executable = st.st_mode & S_IXUSR,
                .size = (uint64_t)st.st_size});
    int rc = error_raise_errno(
        w->err,
        ERR_USAGE,
        EINVAL,
        "build context %s: %s is a %s, which an image cannot be built from",
        w->o->context,
        rel,
        S_ISSOCK(st.st_mode)   ? "socket"
        : S_ISFIFO(st.st_mode) ? "fifo"
                               : "device");
    error_hint(
        w->err, "Name it in %s.", w->list->ignore_file ? w->list->ignore_file : ".dockerignore");

    return rc;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

/* The names are read whole and the folder closed before going down: depth costs no descriptors. */
static int
walk_folder(struct walk *w, const char *rel, unsigned depth, bool ignored, const bool *state)
{
    if (depth > LIMIT_PACK_DEPTH)
        return fail(w, ENAMETOOLONG, "go deeper than 128 folders into", rel);

    cleanup_free char *full = path_join(w->o->context, rel);
    struct dirent **names = NULL;
    int n = scandir(full, &names, not_dots, by_bytes), rc = 0;
    if (n < 0)
        return ignored ? 0 : fail(w, errno, "read folder", rel);
    for (int i = 0; i < n; i++) {
        if (rc == 0) {
            cleanup_free char *child = path_join(rel, names[i]->d_name);
            rc = add(w, child, depth, state);
        }
        free(names[i]);
    }

    free(names);

    return rc;
}

static int entry_order(const void *a, const void *b)
{
    return pack_path_order(
        ((const struct pack_entry *)a)->path, ((const struct pack_entry *)b)->path);
}

static int add_extras(struct walk *w)
{
    int rc = 0;

    for (size_t i = 0; i < w->o->extras_len && rc == 0; i++) {
        const struct pack_extra *x = &w->o->extras[i];
        cleanup_free char *folded = path_absolute("/", x->name);
        if (strcmp(folded + 1, x->name) != 0 || !*x->name)
            return error_raise(
                w->err, ERR_FAILED, "\"%s\" is no name inside of a build context", x->name);
        rc = push(
            w,
            (struct pack_entry){
                .path = xstrdup(x->name),
                .kind = PACK_EXTRA,
                .executable = x->executable,
                .size = x->n,
                .extra = x});
    }

    if (w->o->extras_len && w->entries.len)
        qsort(w->entries.items, w->entries.len, sizeof *w->entries.items, entry_order);
    return rc;
}

static int find_dockerfile(struct walk *w)
{
    const char *wanted = w->o->dockerfile ? w->o->dockerfile : "Dockerfile";
    cleanup_free char *full = path_absolute(w->o->context, wanted),
                      *root = path_absolute(w->o->context, "");

    if (!pack_path_below(full, strcmp(root, "/") ? root : "")) {
        error_raise(
            w->err,
            ERR_USAGE,
            "the Dockerfile %s lies outside of the build context %s",
            wanted,
            w->o->context);
        return error_is_set(w->err) ? w->err->code : -EINVAL;
    }

    const char *rel = full + (strcmp(root, "/") ? strlen(root) : 0) + 1;
    if (find_extra(w->o, rel) || (file_exists(full) && !file_is_dir(full))) {
        w->list->dockerfile = xstrdup(rel);
        return 0;
    }

    if (w->o->dockerfile_optional)
        return 0;

    int rc = error_raise(w->err, ERR_NOT_FOUND, "no Dockerfile at %s", full);
    error_hint(w->err, "Set build.dockerfile to its place, relative to build.context.");

    return rc;
}

/* -ENOENT when there is none of that name. */
static int load_rules(struct walk *w, const char *rel)
{
    cleanup_free char *full = path_join(w->o->context, rel);
    cleanup_str struct str text = STR_INIT;
    struct error own = ERROR_INIT;
    int rc = file_read(full, LIMIT_IGNORE_BYTES, &text, &own);

    if (rc == -ENOENT) {
        error_done(&own);
        return rc;
    }

    if (rc == 0)
        rc = ignore_parse(full, str_get(&text), text.len, &w->ignore, &own);
    if (rc == 0)
        w->list->ignore_file = xstrdup(rel);
    else if (w->err && !error_is_set(w->err))
        error_move(w->err, &own);
    error_done(&own);

    return rc;
}

static int find_rules(struct walk *w)
{
    int rc = -ENOENT;

    if (w->list->dockerfile) {
        cleanup_free char *own = xasprintf("%s.dockerignore", w->list->dockerfile);
        rc = load_rules(w, own);
    }

    if (rc == -ENOENT)
        rc = load_rules(w, ".dockerignore");
    if (rc == -ENOENT) {
        w->ignore = ignore_default();
        rc = 0;
    }

    return rc;
}

int pack_walk(const struct pack_options *o, struct pack_list *out, struct error *err)
{
    struct walk w = {.o = o, .list = out, .err = err};
    *out = (struct pack_list){0};
    if (!file_is_dir(o->context))
        return error_raise(err, ERR_NOT_FOUND, "the build context %s is not a folder", o->context);

    int rc = find_dockerfile(&w);
    if (rc == 0)
        rc = find_rules(&w);
    if (rc == 0)
        rc = walk_folder(&w, "", 0, false, NULL);
    if (rc == 0)
        rc = add_extras(&w);
    ignore_free(w.ignore);
    out->entries = w.entries.items;
    out->len = w.entries.len;
    if (rc)
        pack_list_done(out);
    return rc;
}

void pack_list_done(struct pack_list *list)
{
    for (size_t i = 0; i < list->len; i++) {
        free(list->entries[i].path);
        free(list->entries[i].target);
    }

    free(list->entries);
    free(list->ignore_file);
    free(list->dockerfile);
    *list = (struct pack_list){0};
}
