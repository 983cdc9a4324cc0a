/* What goes into a build context: the folder is walked in the order of names, ignored paths left
 * out, extras put in. Further folders (`roots`) follow, each with the rules of its own
 * .dockerignore, as BuildKit has it for named contexts.
 *
 * First the Dockerfile is found, since it decides which ignore file counts
 * (Dockerfile.dockerignore before .dockerignore, as BuildKit has it), then the rules are read,
 * then the folders walked. Both files go along whatever the rules say: the builder needs them.
 *
 * An ignored folder is entered only when a "!" rule or one of those two files may lie below it. A
 * folder has an entry for its mode: when it is not ignored, also an empty one, and when something
 * below it goes along. The list is what pack_archive() reads from, in this order. */
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

#define LEFT_OUT_NAMED 5

struct walk {
    const struct pack_options *o;
    struct pack_list *list;
    const char *folder;                   /* that is walked now */
    const char *prefix;                   /* its name in the archive; "" at the root */
    const char *dockerfile, *ignore_file; /* of it; NULL ok */
    struct ignore *ignore;
    VEC(struct pack_entry) entries;
    struct str left_out;
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
        w->folder,
        doing,
        *rel ? rel : ".",
        strerror(number));

    error_hint(
        w->err,
        "If the build does not need it, name it in %s.",
        w->ignore_file ? w->ignore_file : ".dockerignore");

    return rc;
}

static char *name_in_archive(const struct walk *w, const char *rel)
{
    return path_join(w->prefix, rel);
}

static const struct pack_extra *find_extra(const struct pack_options *o, const char *name)
{
    for (size_t i = 0; i < o->extras_len; i++)
        if (!strcmp(o->extras[i].name, name))
            return &o->extras[i];
    return NULL;
}

/* The Dockerfile and the ignore file go along whatever the rules say. */
static bool forced(const struct walk *w, const char *rel)
{
    return text_eq(rel, w->dockerfile) || text_eq(rel, w->ignore_file);
}

static bool leads_to_forced(const struct walk *w, const char *rel)
{
    return (w->dockerfile && pack_path_below(w->dockerfile, rel)) ||
           (w->ignore_file && pack_path_below(w->ignore_file, rel));
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
            w->folder,
            LIMIT_PACK_ENTRIES);
    }

    w->list->files += e.kind != PACK_DIR;
    w->list->total_bytes += e.size;
    vec_push(&w->entries, e);

    return 0;
}

/* What is read from the folder that is walked. */
static struct pack_entry
found(const struct walk *w, const char *rel, enum pack_kind kind, unsigned mode)
{
    return (struct pack_entry){
        .path = name_in_archive(w, rel),
        .folder = w->folder,
        .rel = *w->prefix ? strlen(w->prefix) + 1 : 0,
        .kind = kind,
        .mode = mode & 07777};
}

static int add_link(struct walk *w, const char *rel, const char *full)
{
    char target[4096]; /* PATH_MAX: what the kernel allows */
    ssize_t n = readlink(full, target, sizeof target - 1);

    if (n < 0)
        return fail(w, errno, "read link", rel);
    target[n] = '\0';

    struct pack_entry e = found(w, rel, PACK_LINK, 0777);
    e.target = xstrdup(target);
    return push(w, e);
}

/* An ignored one counts when something below it does not: its entry is taken back otherwise. */
static int add_folder(
    struct walk *w, const char *rel, unsigned mode, unsigned depth, bool ignored, const bool *state)
{
    if (ignored && !ignore_may_reinclude(w->ignore, rel) && !leads_to_forced(w, rel))
        return 0;

    int rc = push(w, found(w, rel, PACK_DIR, mode));
    if (rc)
        return rc;

    size_t before = w->entries.len;
    rc = walk_folder(w, rel, depth + 1, ignored, state);
    if (ignored && w->entries.len == before)
        free(w->entries.items[--w->entries.len].path);
    return rc;
}

/* Docker leaves them out as well: an image cannot hold what is behind one. */
static void leave_out(struct walk *w, const char *rel, mode_t mode)
{
    const char *kind = S_ISSOCK(mode) ? "socket" : S_ISFIFO(mode) ? "fifo" : "device";

    if (w->list->left_out.count++ < LEFT_OUT_NAMED)
        str_appendf(&w->left_out, "%s%s (%s)", w->left_out.len ? ", " : "", rel, kind);
}

static int add(struct walk *w, const char *rel, unsigned depth, const bool *parent)
{
    if (pack_canceled(w->o))
        return error_raise(w->err, ERR_CANCELED, "packing %s was canceled", w->folder);

    cleanup_free char *name = name_in_archive(w, rel);
    if (find_extra(w->o, name))
        return 0; /* an extra stands for it */

    cleanup_free char *full = path_join(w->folder, rel);
    struct stat st;
    if (lstat(full, &st) != 0)
        return fail(w, errno, "stat", rel);
    if (S_ISDIR(st.st_mode)) {
        cleanup_free bool *own = xcalloc(ignore_count(w->ignore), sizeof *own);
        bool ignored = ignore_match(w->ignore, rel, parent, own);
        return add_folder(w, rel, st.st_mode, depth, ignored, own);
    }

    if (ignore_match(w->ignore, rel, parent, NULL) && !forced(w, rel))
        return 0;
    if (S_ISLNK(st.st_mode))
        return add_link(w, rel, full);
    if (!S_ISREG(st.st_mode)) {
        leave_out(w, rel, st.st_mode);
        return 0;
    }

    struct pack_entry e = found(w, rel, PACK_FILE, st.st_mode);
    e.size = (uint64_t)st.st_size;
    return push(w, e);
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

    cleanup_free char *full = path_join(w->folder, rel);
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

/* Without "..", "." and "//". */
static bool is_inside(const char *name)
{
    cleanup_free char *folded = path_absolute("/", name);

    return *name && strcmp(folded + 1, name) == 0;
}

static int bad_name(struct walk *w, const char *name)
{
    return error_raise(w->err, ERR_FAILED, "\"%s\" is no name inside of a build context", name);
}

static int add_extras(struct walk *w)
{
    int rc = 0;

    for (size_t i = 0; i < w->o->extras_len && rc == 0; i++) {
        const struct pack_extra *x = &w->o->extras[i];
        if (!is_inside(x->name))
            return bad_name(w, x->name);
        rc = push(
            w,
            (struct pack_entry){
                .path = xstrdup(x->name),
                .kind = PACK_EXTRA,
                .mode = x->mode ? x->mode : 0644,
                .size = x->n,
                .extra = x});
    }

    if ((w->o->extras_len || w->o->prefix) && w->entries.len)
        qsort(w->entries.items, w->entries.len, sizeof *w->entries.items, entry_order);
    return rc;
}

static int no_dockerfile(struct walk *w, const char *full)
{
    int rc = error_raise(w->err, ERR_NOT_FOUND, "no Dockerfile at %s", full);

    error_hint(w->err, "Set build.dockerfile to its place, relative to build.context.");
    return rc;
}

/* Beside a context that has a place of its own in the archive stands the Dockerfile, an extra. */
static int find_dockerfile(struct walk *w)
{
    const char *wanted = w->o->dockerfile ? w->o->dockerfile : "Dockerfile";
    cleanup_free char *full = path_absolute(w->folder, wanted),
                      *root = path_absolute(w->folder, "");

    if (w->o->prefix) {
        w->list->dockerfile = find_extra(w->o, wanted) ? xstrdup(wanted) : NULL;
        return w->list->dockerfile || w->o->dockerfile_optional ? 0 : no_dockerfile(w, wanted);
    }

    if (!pack_path_below(full, strcmp(root, "/") ? root : ""))
        return error_raise(
            w->err,
            ERR_USAGE,
            "the Dockerfile %s lies outside of the build context %s",
            wanted,
            w->folder);

    const char *rel = full + (strcmp(root, "/") ? strlen(root) : 0) + 1;
    if (find_extra(w->o, rel) || (file_exists(full) && !file_is_dir(full))) {
        w->list->dockerfile = xstrdup(rel);
        w->dockerfile = w->list->dockerfile;
        return 0;
    }

    return w->o->dockerfile_optional ? 0 : no_dockerfile(w, full);
}

/* -ENOENT when there is none of that name. */
static int load_rules(struct walk *w, const char *full)
{
    cleanup_str struct str text = STR_INIT;
    struct error own = ERROR_INIT;
    int rc = file_read(full, LIMIT_IGNORE_BYTES, &text, &own);

    if (rc == -ENOENT) {
        error_done(&own);
        return rc;
    }

    if (rc == 0)
        rc = ignore_parse(full, str_get(&text), text.len, &w->ignore, &own);
    if (rc < 0 && w->err && !error_is_set(w->err))
        error_move(w->err, &own);
    error_done(&own);

    return rc;
}

/* Of a name in the folder; *used: it, when it is there. */
static int load_rules_of(struct walk *w, const char *rel, char **used)
{
    cleanup_free char *full = path_join(w->folder, rel);
    int rc = load_rules(w, full);

    if (rc == 0)
        *used = xstrdup(rel);
    return rc;
}

/* Of the context: beside the Dockerfile, wherever that is, before the context's own. */
static int find_rules(struct walk *w)
{
    int rc = w->o->ignore_file ? load_rules(w, w->o->ignore_file) : -ENOENT;

    if (rc == 0) {
        w->list->ignore_file = xstrdup(w->o->ignore_file);
        return 0;
    }

    if (rc == -ENOENT && w->dockerfile) {
        cleanup_free char *own = xasprintf("%s.dockerignore", w->dockerfile);
        rc = load_rules_of(w, own, &w->list->ignore_file);
    }

    if (rc == -ENOENT)
        rc = load_rules_of(w, ".dockerignore", &w->list->ignore_file);
    if (rc == -ENOENT) {
        w->ignore = ignore_default();
        rc = 0;
    }

    /* The builder filters once more, by the file that it finds. */
    w->ignore_file = w->o->prefix ? NULL : w->list->ignore_file;
    return rc;
}

/* Also an empty folder is there to copy from. */
static int push_root(struct walk *w, const char *folder, const char *name)
{
    return push(
        w,
        (struct pack_entry){
            .path = xstrdup(name),
            .folder = folder,
            .rel = strlen(name),
            .kind = PACK_DIR,
            .mode = 0755});
}

static int walk_context(struct walk *w)
{
    w->folder = w->o->context;
    w->prefix = w->o->prefix ? w->o->prefix : "";
    if (!file_is_dir(w->folder))
        return error_raise(
            w->err, ERR_NOT_FOUND, "the build context %s is not a folder", w->folder);
    if (w->o->prefix && !is_inside(w->o->prefix))
        return bad_name(w, w->o->prefix);

    int rc = find_dockerfile(w);
    if (rc == 0)
        rc = find_rules(w);
    if (rc == 0 && w->o->prefix)
        rc = push_root(w, w->folder, w->o->prefix);
    return rc ? rc : walk_folder(w, "", 0, false, NULL);
}

static int walk_root(struct walk *w, const struct pack_root *root)
{
    cleanup_free char *used = NULL;

    w->folder = root->folder;
    w->prefix = root->name;
    w->dockerfile = w->ignore_file = NULL;
    ignore_free(w->ignore);
    w->ignore = NULL;

    if (!file_is_dir(root->folder))
        return error_raise(
            w->err, ERR_NOT_FOUND, "the additional context %s is not a folder", root->folder);
    if (!is_inside(root->name))
        return bad_name(w, root->name);

    int rc = load_rules_of(w, ".dockerignore", &used);
    if (rc == -ENOENT) {
        w->ignore = ignore_default();
        rc = 0;
    }

    if (rc == 0)
        rc = push_root(w, root->folder, root->name);
    return rc ? rc : walk_folder(w, "", 0, false, NULL);
}

int pack_walk(const struct pack_options *o, struct pack_list *out, struct error *err)
{
    struct walk w = {.o = o, .list = out, .left_out = STR_INIT, .err = err};
    *out = (struct pack_list){0};

    int rc = walk_context(&w);
    for (size_t i = 0; i < o->roots_len && rc == 0; i++)
        rc = walk_root(&w, &o->roots[i]);
    if (rc == 0)
        rc = add_extras(&w);

    ignore_free(w.ignore);
    out->entries = w.entries.items;
    out->len = w.entries.len;
    if (out->left_out.count > LEFT_OUT_NAMED)
        str_append(&w.left_out, ", …");
    out->left_out.names = w.left_out.len ? str_take(&w.left_out) : NULL;
    str_done(&w.left_out);
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
    free(list->left_out.names);
    *list = (struct pack_list){0};
}
